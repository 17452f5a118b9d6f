//! The sentiment head: logistic regression over sentence vectors, from `GoEmotions`' human labels.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::{Label, Sentiment};
use sha2::{Digest, Sha256};

use super::lbfgs::LbfgsOptions;
use super::logistic::{Logistic, LogisticOptions, Row, class_weights};
use super::temperature;

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
}

/// Reads a `GoEmotions` table (`text`, comma-joined label numbers, id; tab-separated, may be gzipped).
///
/// Texts labelled both positive and negative are left out: their tone is not one of three. At most
/// `limit` are kept, the same ones on every machine.
///
/// # Errors
/// When the file cannot be read or a row has no label column.
pub(crate) fn read_goemotions(path: &Path, limit: usize) -> Result<Vec<ToneExample>> {
    let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .with_context(|| format!("unpack {}", path.display()))?;
    } else {
        text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))?;
    }
    let mut keyed = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split('\t');
        let (said, labels) = columns.next().zip(columns.next()).with_context(|| {
            format!("{} line {}: no tab-separated label column", path.display(), number + 1)
        })?;
        let labels: Vec<u8> = labels.split(',').filter_map(|l| l.trim().parse().ok()).collect();
        let has = |set: &[u8]| labels.iter().any(|l| set.contains(l));
        let tone = match (has(&POSITIVE), has(&NEGATIVE)) {
            (true, true) => continue,
            (true, false) => Sentiment::Positive,
            (false, true) => Sentiment::Negative,
            (false, false) => Sentiment::Neutral,
        };
        keyed.push((Sha256::digest(said.as_bytes()), ToneExample { text: said.to_owned(), tone }));
    }
    ensure!(!keyed.is_empty(), "{} has no rows", path.display());
    keyed.sort_by_key(|a| a.0);
    Ok(keyed.into_iter().take(limit).map(|(_, e)| e).collect())
}

/// A fitted head.
#[derive(Debug, Clone)]
pub(crate) struct SentimentHead {
    /// The linear model.
    pub model: Logistic,
    /// Divisor of its logits.
    pub temperature: f32,
    /// Accuracy on the fifth of the texts that was kept back.
    pub accuracy: f64,
    /// Share of the most frequent tone among them.
    pub majority: f64,
    /// Macro F1 on them.
    pub macro_f1: f64,
    /// Texts trained on and kept back.
    pub counts: (usize, usize),
}

/// Fits on four fifths of the texts; the last fifth gives the temperature and the figures.
pub(crate) fn fit(vectors: &[Vec<f32>], tones: &[Sentiment]) -> SentimentHead {
    let rows: Vec<Row> = vectors.iter().map(|v| Row { dense: v.clone(), sparse: vec![] }).collect();
    let labels: Vec<usize> = tones.iter().map(|t| t.index()).collect();
    let classes = Sentiment::ALL.len();
    let cut = rows.len() * 4 / 5;
    let options = LogisticOptions {
        l2_dense: 1.0,
        l2_sparse: 1.0,
        class_weights: class_weights(&labels[..cut], classes, 0.5),
        lbfgs: LbfgsOptions { iterations: 60, tolerance: 1e-2, ..Default::default() },
    };
    let train: Vec<&Row> = rows[..cut].iter().collect();
    let model = Logistic::fit(&train, &labels[..cut], classes, 0, &options);
    let held: Vec<Vec<f32>> =
        rows[cut..].iter().map(|r| rapport_inference::softmax(&model.logits(r), 1.0)).collect();
    let truth = &labels[cut..];
    let guess: Vec<usize> = held.iter().map(|p| rapport_inference::argmax(p)).collect();
    let matrix = crate::metrics::ConfusionMatrix::from_pairs(classes, truth.iter().copied().zip(guess));
    let most = (0..classes).map(|c| truth.iter().filter(|&&t| t == c).count()).max().unwrap_or(0);
    SentimentHead {
        temperature: temperature::fit(&held, truth),
        accuracy: matrix.accuracy(),
        macro_f1: matrix.macro_f1(),
        majority: most as f64 / truth.len().max(1) as f64,
        counts: (cut, truth.len()),
        model,
    }
}
