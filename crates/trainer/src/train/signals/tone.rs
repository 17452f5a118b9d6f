//! A tone head over the turn and the one before it, held against the head over the sentence vector alone.

use rapport_conversation::{Label, Sentiment};
use rapport_inference::{argmax, softmax};
use rayon::prelude::*;
use serde::Serialize;

use super::SignalOptions;
use super::figures::weights;
use crate::metrics::{ConfusionMatrix, Interval, Scored, log_loss};
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row, class_weights};
use crate::train::temperature;

const TONES: usize = Sentiment::ALL.len();
/// Power of the inverse class frequency: the tones of sales talk are mostly neutral.
const CLASS_WEIGHTS: f64 = 0.5;

/// A turn with a tone.
#[derive(Debug, Clone)]
pub(crate) struct ToneTurn {
    /// The whole row: its dense part ends in the sentence vector.
    pub row: Row,
    /// The tone.
    pub tone: Sentiment,
    /// Its conversation.
    pub group: usize,
    /// The part that it is kept back with.
    pub fold: usize,
}

/// A text outside conversations with a tone.
#[derive(Debug, Clone)]
pub(crate) struct ToneText {
    /// Its sentence vector.
    pub vector: Vec<f32>,
    /// The tone.
    pub tone: Sentiment,
}

/// One head on turns of conversations that it never saw.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ToneScores {
    /// Share right.
    pub accuracy: Interval,
    /// Mean F1 of the tones.
    pub macro_f1: Interval,
    /// Mean negative logarithm of the true tone's probability.
    pub log_loss: Interval,
}

/// The comparison.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ToneFigures {
    /// Turns.
    pub turns: usize,
    /// Share of the most frequent tone.
    pub majority: f64,
    /// The head over the sentence vector alone, trained on the texts and on the turns of the other folds.
    pub vector_alone: ToneScores,
    /// The head over the turn and the one before.
    pub with_context: ToneScores,
    /// Accuracy with context less that without.
    pub gain_accuracy: Interval,
    /// The same of macro F1.
    pub gain_macro_f1: Interval,
    /// Log loss without context less that with it.
    pub gain_log_loss: Interval,
    /// True when the head with context ships: log loss and macro F1 are better beyond doubt.
    pub ships: bool,
}

/// A fitted head.
#[derive(Debug, Clone)]
pub(crate) struct ToneHead {
    /// Over the whole row.
    pub model: Logistic,
    /// Divisor of its logits.
    pub temperature: f32,
}

fn fit(rows: &[&Row], tones: &[Sentiment], sparse: usize, (l2_dense, l2_sparse): (f64, f64)) -> Logistic {
    let labels: Vec<usize> = tones.iter().map(|t| t.index()).collect();
    let options = LogisticOptions {
        l2_dense,
        l2_sparse,
        class_weights: class_weights(&labels, TONES, CLASS_WEIGHTS),
        lbfgs: LbfgsOptions { iterations: 60, tolerance: 1e-1, ..Default::default() },
    };
    Logistic::fit(rows, &labels, TONES, sparse, &options)
}

fn vector_of(row: &Row, dimensions: usize) -> Row {
    Row { dense: row.dense[row.dense.len() - dimensions..].to_vec(), sparse: Vec::new() }
}

/// The head with context: what texts alone say of the vector goes in as three numbers before the rest is fitted, so that
/// the many texts and the few turns each teach what they can. The result is linear in the row again.
fn with_context(
    of_texts: &Logistic,
    turns: &[&ToneTurn],
    sparse: usize,
    options: &SignalOptions,
) -> Logistic {
    let dimensions = of_texts.dense;
    let rows: Vec<Row> = turns
        .par_iter()
        .map(|turn| {
            let said = of_texts.logits(&vector_of(&turn.row, dimensions));
            Row { dense: [said, turn.row.dense.clone()].concat(), sparse: turn.row.sparse.clone() }
        })
        .collect();
    let tones: Vec<Sentiment> = turns.iter().map(|t| t.tone).collect();
    let refs: Vec<&Row> = rows.iter().collect();
    let stacked = fit(&refs, &tones, sparse, (options.l2_dense, options.l2_sparse));
    folded(&stacked, of_texts)
}

/// Takes the three numbers out again: they are linear in the vector, which stands at the end of the dense part.
fn folded(stacked: &Logistic, of_texts: &Logistic) -> Logistic {
    let (first, rest) = stacked.weights.split_at(TONES * TONES);
    let dense = stacked.dense - TONES;
    let mut model = Logistic {
        classes: TONES,
        dense,
        sparse: stacked.sparse,
        weights: rest.to_vec(),
        bias: stacked.bias.clone(),
    };
    let start = dense - of_texts.dense;
    for (said, weights) in first.chunks_exact(TONES).enumerate() {
        for (class, weight) in weights.iter().enumerate() {
            model.bias[class] += of_texts.bias[said] * weight;
            for i in 0..of_texts.dense {
                model.weights[(start + i) * TONES + class] += of_texts.weights[i * TONES + said] * weight;
            }
        }
    }
    model
}

/// Probabilities of turns kept back, each fold's temperature fitted on the other folds.
fn tempered(raw: &[Vec<f32>], turns: &[ToneTurn], folds: usize) -> Vec<Scored> {
    let mut scored: Vec<Scored> = turns
        .iter()
        .map(|t| Scored { truth: t.tone.index(), probabilities: Vec::new(), group: t.group })
        .collect();
    for fold in 0..folds {
        let others: Vec<usize> = (0..turns.len()).filter(|&i| turns[i].fold != fold).collect();
        let divisor = temperature::fit(
            &others.iter().map(|&i| raw[i].clone()).collect::<Vec<_>>(),
            &others.iter().map(|&i| turns[i].tone.index()).collect::<Vec<_>>(),
        );
        for i in (0..turns.len()).filter(|&i| turns[i].fold == fold) {
            scored[i].probabilities = temperature::apply(&raw[i], divisor);
        }
    }
    scored
}

fn macro_f1(scored: &[Scored], draw: &[f64]) -> f64 {
    let pairs = scored
        .iter()
        .zip(draw)
        .flat_map(|(s, w)| std::iter::repeat_n((s.truth, argmax(&s.probabilities)), *w as usize));
    ConfusionMatrix::from_pairs(TONES, pairs).macro_f1()
}

/// Weighted mean of a figure of each turn.
fn mean(values: &[f64], draw: &[f64]) -> f64 {
    values.iter().zip(draw).map(|(v, w)| v * w).sum::<f64>() / draw.iter().sum::<f64>()
}

/// Fits both heads without each fold, compares them on the turns of that fold, and fits the head with context on all.
pub(crate) fn fit_and_compare(
    texts: &[ToneText],
    turns: &[ToneTurn],
    sparse: usize,
    options: &SignalOptions,
) -> (ToneHead, ToneFigures) {
    let text_rows: Vec<Row> =
        texts.iter().map(|t| Row { dense: t.vector.clone(), sparse: Vec::new() }).collect();
    let text_refs: Vec<&Row> = text_rows.iter().collect();
    let text_tones: Vec<Sentiment> = texts.iter().map(|t| t.tone).collect();
    let of_texts = fit(&text_refs, &text_tones, 0, (1.0, 1.0));
    let vectors: Vec<Row> = turns.iter().map(|t| vector_of(&t.row, of_texts.dense)).collect();
    let models: Vec<(Logistic, Logistic)> = (0..options.folds)
        .into_par_iter()
        .map(|fold| {
            let kept: Vec<usize> = (0..turns.len()).filter(|&i| turns[i].fold != fold).collect();
            let rows: Vec<&Row> =
                text_refs.iter().copied().chain(kept.iter().map(|&i| &vectors[i])).collect();
            let tones: Vec<Sentiment> =
                text_tones.iter().copied().chain(kept.iter().map(|&i| turns[i].tone)).collect();
            let alone = fit(&rows, &tones, 0, (1.0, 1.0));
            let own: Vec<&ToneTurn> = kept.iter().map(|&i| &turns[i]).collect();
            (alone, with_context(&of_texts, &own, sparse, options))
        })
        .collect();
    let raw = |context: bool| -> Vec<Vec<f32>> {
        (0..turns.len())
            .map(|i| {
                let (alone, with) = &models[turns[i].fold];
                let logits = if context { with.logits(&turns[i].row) } else { alone.logits(&vectors[i]) };
                softmax(&logits, 1.0)
            })
            .collect()
    };
    let (raw_alone, raw_with) = (raw(false), raw(true));
    let (alone, with) =
        (tempered(&raw_alone, turns, options.folds), tempered(&raw_with, turns, options.folds));

    let all: Vec<&ToneTurn> = turns.iter().collect();
    let truths: Vec<usize> = turns.iter().map(|t| t.tone.index()).collect();
    let head = ToneHead {
        model: with_context(&of_texts, &all, sparse, options),
        temperature: temperature::fit(&raw_with, &truths),
    };
    (head, compare(&alone, &with, options))
}

/// Two heads on the same turns.
pub(crate) fn compare(alone: &[Scored], with: &[Scored], options: &SignalOptions) -> ToneFigures {
    let groups: Vec<usize> = alone.iter().map(|s| s.group).collect();
    let draws = weights(&groups, options);
    let ones = vec![1.0; alone.len()];
    let interval = |figure: &dyn Fn(&[f64]) -> f64| {
        Interval::from_resamples(figure(&ones), draws.iter().map(|w| figure(w)).collect())
    };
    let right = |scored: &[Scored]| -> Vec<f64> {
        scored.iter().map(|s| f64::from(u8::from(s.predicted() == s.truth))).collect()
    };
    let losses = |scored: &[Scored]| -> Vec<f64> { scored.iter().map(|s| log_loss([s])).collect() };
    let scores = |scored: &[Scored]| {
        let (right, losses) = (right(scored), losses(scored));
        ToneScores {
            accuracy: interval(&|w| mean(&right, w)),
            macro_f1: interval(&|w| macro_f1(scored, w)),
            log_loss: interval(&|w| mean(&losses, w)),
        }
    };
    let difference = |a: Vec<f64>, b: Vec<f64>| {
        let values: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        interval(&|w| mean(&values, w))
    };
    let gain_macro_f1 = interval(&|w| macro_f1(with, w) - macro_f1(alone, w));
    let gain_log_loss = difference(losses(alone), losses(with));
    let most = (0..TONES).map(|c| alone.iter().filter(|s| s.truth == c).count()).max().unwrap_or(0);
    ToneFigures {
        turns: alone.len(),
        majority: most as f64 / alone.len().max(1) as f64,
        vector_alone: scores(alone),
        with_context: scores(with),
        gain_accuracy: difference(right(with), right(alone)),
        gain_macro_f1,
        gain_log_loss,
        ships: gain_macro_f1.low > 0.0 && gain_log_loss.low > 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_head_answers_as_the_stacked_one() {
        let of_texts = Logistic {
            classes: TONES,
            dense: 2,
            sparse: 0,
            weights: vec![0.5, -1.0, 0.25, 2.0, 0.0, -0.5],
            bias: vec![0.1, 0.2, -0.3],
        };
        let weights: Vec<f32> =
            (0..(TONES + 4 + 5) * TONES).map(|i| ((i * 7 % 11) as f32 - 5.0) / 4.0).collect();
        let stacked =
            Logistic { classes: TONES, dense: TONES + 4, sparse: 5, weights, bias: vec![0.0, 1.0, 2.0] };
        let row = Row { dense: vec![1.0, -2.0, 0.5, 3.0], sparse: vec![(1, 0.5), (4, 1.5)] };
        let said = of_texts.logits(&vector_of(&row, 2));
        let long = Row { dense: [said, row.dense.clone()].concat(), sparse: row.sparse.clone() };
        let (expected, found) = (stacked.logits(&long), folded(&stacked, &of_texts).logits(&row));
        for (a, b) in expected.iter().zip(&found) {
            assert!((a - b).abs() < 1e-4, "{expected:?} {found:?}");
        }
    }
}
