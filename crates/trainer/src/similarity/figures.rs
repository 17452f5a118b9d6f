//! How well each score tells won from lost on conversations kept back.

use std::collections::BTreeMap;

use anyhow::Result;
use rapport_engine::similarity::HybridWeights;
use rayon::prelude::*;
use serde::Serialize;

use super::fit::{self, Scores};
use super::rows::{Read, Row};
use crate::Output;
use crate::metrics::{Bootstrap, Interval, Scored, brier, expected_calibration_error, roc_auc};

/// Resamples of an interval.
const RESAMPLES: usize = 1000;
/// Bins of the calibration error.
const BINS: usize = 10;
/// Numbers of prototypes that are compared.
const PROTOTYPES: [usize; 4] = [1, 2, 4, 8];

/// Everything that was measured, by cross-validation over whole conversations.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figures {
    /// Conversations with an outcome.
    pub(super) conversations: usize,
    /// Conversations without one, or without turns.
    pub(super) left_out: usize,
    /// Parts that were kept back in turn.
    pub(super) folds: usize,
    /// Prototypes of each outcome.
    pub(super) prototypes: usize,
    /// Whole conversations.
    pub(super) whole: PartFigures,
    /// The first half of the turns of the same conversations, compared with whole ones. What the hybrid learned from
    /// whole ones is no calibrated probability here.
    pub(super) first_half: PartFigures,
    /// Whole conversations of each file, where there are several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) by_file: BTreeMap<String, PartFigures>,
    /// Other numbers of prototypes, on whole conversations.
    pub(super) by_prototypes: Vec<CountFigures>,
}

/// Figures of some conversations.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PartFigures {
    /// Conversations.
    pub(super) n: usize,
    /// Share of won ones.
    pub(super) won_share: f64,
    /// Area under the ROC curve of each score; 0.5 is chance. `turns`, the number of turns alone, is a baseline.
    pub(super) auc: BTreeMap<&'static str, Interval>,
    /// How much larger the hybrid's is than that of the best of its parts.
    pub(super) hybrid_over_best_part: Interval,
    /// Brier score (both classes, 0 to 2) of the hybrid's probabilities.
    pub(super) brier: Interval,
    /// Brier score of always the share of won ones in the other folds.
    pub(super) brier_of_base: Interval,
    /// Expected calibration error of the hybrid, ten bins.
    pub(super) calibration_error: f64,
}

/// Area under the ROC curve with some number of prototypes.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CountFigures {
    /// Prototypes of each outcome.
    pub(super) prototypes: usize,
    /// Of the cosine score.
    pub(super) cosine: Interval,
    /// Of the Euclidean score.
    pub(super) euclidean: Interval,
}

/// The figures and what was learned for all on the way.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) figures: Figures,
    /// Learned from scores of conversations kept back.
    pub(super) hybrid: HybridWeights,
}

/// One conversation as models that never saw it judge it.
#[derive(Debug, Clone, Copy)]
struct Judged {
    scores: Scores,
    hybrid: f32,
    base: f32,
}

/// Measures every score. A conversation's prototypes, neighbours and weights come from other folds; the weights, in
/// turn, from scores whose prototypes and neighbours came from other folds again.
pub(super) fn measure(read: &Read, folds: &[usize], k: usize, output: Output) -> Result<Measured> {
    let rows = &read.rows;
    let count = folds.iter().max().map_or(0, |m| m + 1);
    let left_out: Vec<(usize, usize)> = (0..count).flat_map(|f| (f..count).map(move |g| (f, g))).collect();
    let bar = output.steps(left_out.len() as u64, "compare conversations");
    // By the folds that the models did not see: whole and first half of each conversation of those folds.
    let judged: BTreeMap<(usize, usize), BTreeMap<usize, [Scores; 2]>> = left_out
        .par_iter()
        .map(|&(f, g)| {
            let kept: Vec<&Row> =
                (0..rows.len()).filter(|&i| folds[i] != f && folds[i] != g).map(|i| &rows[i]).collect();
            let prototypes = fit::prototypes(&kept, k, read.space)?;
            let reference = fit::reference(&super::at_most_max(&kept), read.space)?;
            let of = |i: usize| -> Result<(usize, [Scores; 2])> {
                let judge = |pooled: &[f32]| fit::scores(&prototypes, &reference, pooled);
                // Halves are judged by models of one fold left out only.
                let half = if f == g { judge(&rows[i].half)? } else { [0.0; 3] };
                Ok((i, [judge(&rows[i].whole)?, half]))
            };
            let judged = (0..rows.len()).filter(|&i| folds[i] == f || folds[i] == g).map(of);
            let judged: BTreeMap<usize, [Scores; 2]> = judged.collect::<Result<_>>()?;
            bar.inc(1);
            Ok(((f, g), judged))
        })
        .collect::<Result<_>>()?;
    bar.finish_and_clear();

    let weights = |pairs: &dyn Fn(usize) -> Option<Scores>| {
        let (scores, won): (Vec<Scores>, Vec<bool>) =
            (0..rows.len()).filter_map(|i| pairs(i).map(|s| (s, rows[i].won))).unzip();
        fit::hybrid(&scores, &won)
    };
    let by_fold: Vec<(HybridWeights, f32)> = (0..count)
        .map(|f| {
            let inner =
                |i: usize| (folds[i] != f).then(|| judged[&(f.min(folds[i]), f.max(folds[i]))][&i][0]);
            let others = || (0..rows.len()).filter(|&i| folds[i] != f);
            let won = others().filter(|&i| rows[i].won).count();
            (weights(&inner), won as f32 / others().count().max(1) as f32)
        })
        .collect();
    let part = |part: usize| -> Vec<Judged> {
        let judge = |i: usize| {
            let scores = judged[&(folds[i], folds[i])][&i][part];
            let (weights, base) = by_fold[folds[i]];
            Judged { scores, hybrid: weights.probability(scores[0], scores[1], scores[2]), base }
        };
        (0..rows.len()).map(judge).collect()
    };
    let (whole, half) = (part(0), part(1));
    let every: Vec<usize> = (0..rows.len()).collect();
    let of_file =
        |file: usize| -> Vec<usize> { every.iter().copied().filter(|&i| rows[i].file == file).collect() };
    let by_file = if read.files.len() > 1 {
        let named = read.files.iter().enumerate();
        named.map(|(file, name)| (name.clone(), of_part(rows, &whole, &of_file(file)))).collect()
    } else {
        BTreeMap::new()
    };
    let hybrid = weights(&|i| Some(whole[i].scores));
    let figures = Figures {
        conversations: rows.len(),
        left_out: read.left_out,
        folds: count,
        prototypes: k,
        whole: of_part(rows, &whole, &every),
        first_half: of_part(rows, &half, &every),
        by_file,
        by_prototypes: by_prototypes(read, folds)?,
    };
    Ok(Measured { figures, hybrid })
}

fn of_part(rows: &[Row], judged: &[Judged], places: &[usize]) -> PartFigures {
    let groups: Vec<usize> = (0..places.len()).collect();
    let bootstrap = Bootstrap::new(&groups, RESAMPLES, 1);
    let won: Vec<bool> = places.iter().map(|&i| rows[i].won).collect();
    let column = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { places.iter().map(|&i| f(i)).collect() };
    let columns = [
        ("turns", column(&|i| rows[i].turns as f64)),
        ("cosine", column(&|i| f64::from(judged[i].scores[0]))),
        ("euclidean", column(&|i| f64::from(judged[i].scores[1]))),
        ("neighbours", column(&|i| f64::from(judged[i].scores[2]))),
        ("hybrid", column(&|i| f64::from(judged[i].hybrid))),
    ];
    let auc_of = |scores: &[f64], indices: &[u32]| {
        let at = |i: &u32| *i as usize;
        let won: Vec<bool> = indices.iter().map(|i| won[at(i)]).collect();
        roc_auc(&won, &indices.iter().map(|i| scores[at(i)]).collect::<Vec<_>>())
    };
    let auc: BTreeMap<&'static str, Interval> = columns
        .iter()
        .map(|(name, scores)| (*name, bootstrap.interval(places.len(), |i| auc_of(scores, i))))
        .collect();
    let hybrid = &columns[4].1;
    let best = columns[1..4].iter().max_by(|a, b| auc[a.0].value.total_cmp(&auc[b.0].value));
    let over = |i: &[u32]| auc_of(hybrid, i) - best.map_or(f64::NAN, |(_, scores)| auc_of(scores, i));
    let scored = |p: &dyn Fn(&Judged) -> f32| -> Vec<Scored> {
        let one = |(group, &i): (usize, &usize)| {
            let p = p(&judged[i]);
            Scored { truth: usize::from(rows[i].won), probabilities: vec![1.0 - p, p], group }
        };
        places.iter().enumerate().map(one).collect()
    };
    let (model, base) = (scored(&|j| j.hybrid), scored(&|j| j.base));
    let brier_of = |scored: &[Scored]| bootstrap.score(scored, |s| brier(s.iter().copied()));
    PartFigures {
        n: places.len(),
        won_share: won.iter().filter(|w| **w).count() as f64 / places.len().max(1) as f64,
        hybrid_over_best_part: bootstrap.interval(places.len(), over),
        auc,
        brier: brier_of(&model),
        brier_of_base: brier_of(&base),
        calibration_error: expected_calibration_error(&model, BINS),
    }
}

/// The prototypes' scores with other numbers of them, where every fold has enough conversations.
fn by_prototypes(read: &Read, folds: &[usize]) -> Result<Vec<CountFigures>> {
    let rows = &read.rows;
    let count = folds.iter().max().map_or(0, |m| m + 1);
    let bootstrap = Bootstrap::new(&(0..rows.len()).collect::<Vec<_>>(), RESAMPLES, 1);
    let least = [true, false]
        .iter()
        .flat_map(|&won| (0..count).map(move |f| (won, f)))
        .map(|(won, f)| (0..rows.len()).filter(|&i| rows[i].won == won && folds[i] != f).count())
        .min();
    let tried = PROTOTYPES.iter().copied().filter(|k| Some(*k) <= least);
    tried
        .map(|k| {
            let mut scores = vec![[0.0; 2]; rows.len()];
            for f in 0..count {
                let kept: Vec<&Row> = (0..rows.len()).filter(|&i| folds[i] != f).map(|i| &rows[i]).collect();
                let prototypes = fit::prototypes(&kept, k, read.space)?;
                for i in (0..rows.len()).filter(|&i| folds[i] == f) {
                    let near = prototypes.scores(&rows[i].whole);
                    scores[i] = [f64::from(near.cosine), f64::from(near.euclidean)];
                }
            }
            let auc = |column: usize| {
                bootstrap.interval(rows.len(), |indices| {
                    let won: Vec<bool> = indices.iter().map(|&i| rows[i as usize].won).collect();
                    roc_auc(&won, &indices.iter().map(|&i| scores[i as usize][column]).collect::<Vec<_>>())
                })
            };
            Ok(CountFigures { prototypes: k, cosine: auc(0), euclidean: auc(1) })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_engine::similarity::Space;

    use super::*;

    /// Vectors on a circle: won ones around 0, lost ones around `apart` degrees, each up to `spread` away.
    fn read(apart: f32, spread: f32) -> (Read, Vec<usize>) {
        let rows: Vec<Row> = (0..90)
            .map(|i| {
                let noise = ((i * 37) % 41) as f32 / 20.5 - 1.0;
                let won = i % 3 > 0;
                let (y, x) = (noise * spread + if won { 0.0 } else { apart }).to_radians().sin_cos();
                Row::made(&format!("c{i}"), won, &[x, y])
            })
            .collect();
        let folds = (0..90).map(|i| (i * 7) % 5).collect();
        let read = Read {
            rows,
            conversations: vec![],
            bundle: vec![],
            space: Space(1),
            files: vec!["a".into()],
            left_out: 0,
        };
        (read, folds)
    }

    #[test]
    fn what_differs_is_told_apart_and_what_does_not_is_not() {
        let (apart, folds) = read(90.0, 20.0);
        let measured = measure(&apart, &folds, 1, Output::new(true)).unwrap();
        for name in ["cosine", "euclidean", "neighbours", "hybrid"] {
            assert_eq!(measured.figures.whole.auc[name].value, 1.0, "{name}");
        }
        assert!(measured.figures.whole.brier.high < measured.figures.whole.brier_of_base.low);
        assert_eq!(measured.figures.by_prototypes.len(), 4);
        let (same, folds) = read(0.0, 20.0);
        let none = measure(&same, &folds, 1, Output::new(true)).unwrap().figures.whole;
        // Scores of what does not differ must not look good: nothing of a conversation is in its own model.
        assert!(none.auc["hybrid"].low < 0.5, "{none:?}");
        assert!(none.auc["neighbours"].low < 0.5, "{none:?}");
    }

    #[test]
    fn the_same_rows_give_the_same_figures() {
        let (rows, folds) = read(30.0, 30.0);
        let text = || {
            let measured = measure(&rows, &folds, 2, Output::new(true)).unwrap();
            serde_json::to_string(&(measured.figures, measured.hybrid)).unwrap()
        };
        assert_eq!(text(), text());
    }
}
