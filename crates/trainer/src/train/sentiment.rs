//! The sentiment head: logistic regression over sentence vectors, from `GoEmotions`' human labels and from the turns
//! of conversations that carry a tone.

use std::path::Path;

use anyhow::Result;
use rapport_conversation::{Conversation, Label, Sentiment, clean};
use sha2::{Digest, Sha256};

use super::goemotions;
use super::lbfgs::LbfgsOptions;
use super::logistic::{Logistic, LogisticOptions, Row, class_weights};
use super::temperature;
use crate::data::share_of;
use crate::metrics::ConfusionMatrix;

/// `GoEmotions`' numbers of the emotions that its authors group as positive.
const POSITIVE: [u8; 12] = [0, 1, 4, 5, 8, 13, 15, 17, 18, 20, 21, 23];
/// The negative ones; the ambiguous four and neutral are Neutral here.
const NEGATIVE: [u8; 11] = [2, 3, 9, 10, 11, 12, 14, 16, 19, 24, 25];

/// One text and its tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToneExample {
    /// The text.
    pub text: String,
    /// Its tone.
    pub tone: Sentiment,
    /// True for a turn of a conversation, false for a text that stands alone.
    pub turn: bool,
    /// True when it is kept back for the figures.
    pub held: bool,
}

/// Salt of the conversations that are kept back.
const SALT: &str = "sentiment";
/// Share of the conversations and of the texts that are kept back.
const HELD: f64 = 0.2;

/// The turns that carry a tone; a fifth of the conversations is kept back whole.
pub(crate) fn of_turns(conversations: &[Conversation]) -> Vec<ToneExample> {
    conversations
        .iter()
        .flat_map(|c| {
            let held = share_of(&c.id, SALT) < HELD;
            c.turns.iter().filter_map(move |turn| {
                let tone = turn.labels.sentiment?;
                Some(ToneExample { text: clean(&turn.text).text, tone, turn: true, held })
            })
        })
        .collect()
}

/// Reads a `GoEmotions` table (`text`, comma-joined label numbers, id; tab-separated, may be gzipped).
///
/// Texts labelled both positive and negative are left out: their tone is not one of three. At most
/// `limit` are kept, the same ones on every machine.
///
/// # Errors
/// When the file cannot be read or a row has no label column.
pub(crate) fn read_goemotions(path: &Path, limit: usize) -> Result<Vec<ToneExample>> {
    let mut keyed = Vec::new();
    for goemotions::Text { text, labels } in goemotions::read(path)? {
        let has = |set: &[u8]| labels.iter().any(|l| set.contains(l));
        let tone = match (has(&POSITIVE), has(&NEGATIVE)) {
            (true, true) => continue,
            (true, false) => Sentiment::Positive,
            (false, true) => Sentiment::Negative,
            (false, false) => Sentiment::Neutral,
        };
        let key = Sha256::digest(text.as_bytes());
        keyed.push((key, ToneExample { text, tone, turn: false, held: false }));
    }
    keyed.sort_by_key(|a| a.0);
    let mut examples: Vec<ToneExample> = keyed.into_iter().take(limit).map(|(_, e)| e).collect();
    let cut = (examples.len() as f64 * (1.0 - HELD)) as usize;
    examples[cut..].iter_mut().for_each(|e| e.held = true);
    Ok(examples)
}

/// A fitted head.
#[derive(Debug, Clone)]
pub(crate) struct SentimentHead {
    /// The linear model.
    pub model: Logistic,
    /// Divisor of its logits.
    pub temperature: f32,
    /// On the texts that were kept back.
    pub texts: SentimentFigures,
    /// On the turns that were kept back; zeros when no turn carries a tone.
    pub turns: SentimentFigures,
}

/// Figures on one kind of examples that were kept back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SentimentFigures {
    /// Examples trained on.
    pub trained: usize,
    /// Examples kept back.
    pub held: usize,
    /// Share of those that are right.
    pub accuracy: f64,
    /// Macro F1 on them.
    pub macro_f1: f64,
    /// Share of the most frequent tone among them.
    pub majority: f64,
}

/// Fits on what is not kept back; the rest gives the temperature and the figures.
pub(crate) fn fit(vectors: &[Vec<f32>], examples: &[&ToneExample]) -> SentimentHead {
    let classes = Sentiment::ALL.len();
    let rows: Vec<Row> = vectors.iter().map(|v| Row { dense: v.clone(), sparse: vec![] }).collect();
    let (held, train): (Vec<usize>, Vec<usize>) = (0..examples.len()).partition(|&i| examples[i].held);
    let labels: Vec<usize> = train.iter().map(|&i| examples[i].tone.index()).collect();
    let options = LogisticOptions {
        l2_dense: 1.0,
        l2_sparse: 1.0,
        class_weights: class_weights(&labels, classes, 0.5),
        lbfgs: LbfgsOptions { iterations: 60, tolerance: 1e-2, ..Default::default() },
    };
    let model =
        Logistic::fit(&train.iter().map(|&i| &rows[i]).collect::<Vec<_>>(), &labels, classes, 0, &options);
    let answers: Vec<Vec<f32>> =
        held.iter().map(|&i| rapport_inference::softmax(&model.logits(&rows[i]), 1.0)).collect();
    let truths: Vec<usize> = held.iter().map(|&i| examples[i].tone.index()).collect();
    let figures = |turn: bool| {
        let own: Vec<usize> = (0..held.len()).filter(|&k| examples[held[k]].turn == turn).collect();
        if own.is_empty() {
            return SentimentFigures::default();
        }
        let pairs = own.iter().map(|&k| (truths[k], rapport_inference::argmax(&answers[k])));
        let matrix = ConfusionMatrix::from_pairs(classes, pairs);
        let most = (0..classes).map(|c| own.iter().filter(|&&k| truths[k] == c).count()).max().unwrap_or(0);
        SentimentFigures {
            trained: train.iter().filter(|&&i| examples[i].turn == turn).count(),
            held: own.len(),
            accuracy: matrix.accuracy(),
            macro_f1: matrix.macro_f1(),
            majority: most as f64 / own.len() as f64,
        }
    };
    let (texts, turns) = (figures(false), figures(true));
    // What is served is turns: where there are enough of them, they alone decide how sure it may be.
    let decide = |k: &usize| turns.held < 200 || examples[held[*k]].turn;
    let own: Vec<usize> = (0..held.len()).filter(decide).collect();
    let temperature = temperature::fit(
        &own.iter().map(|&k| answers[k].clone()).collect::<Vec<_>>(),
        &own.iter().map(|&k| truths[k]).collect::<Vec<_>>(),
    );
    SentimentHead { model, temperature, texts, turns }
}
