//! The probe: logistic regression fitted on the training windows, over the vector alone and over the row that the act
//! head reads (vector, hashed words, surface features; the tone among the surface features is left at 0).
//!
//! Its penalty is chosen for each encoder on the windows kept back.

use rapport_engine::{LEXICAL_BUCKETS, SURFACE_FEATURES, wording};
use rapport_inference::softmax;
use rayon::prelude::*;

use super::measure::{members, places, scored};
use super::windows::Pool;
use crate::metrics::log_loss;
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row};
use crate::train::scaling::moments;

/// Penalties that are tried.
pub(super) const PENALTIES: [f64; 2] = [3.0, 30.0];
/// Sizes that the vector and the hashed words are brought to, as the act head does.
pub(super) const VECTOR_SCALE: f32 = 8.0;
const WORD_SCALE: f32 = 5.0;

/// Rows for the probe: vector, surface features; hashed words.
fn rows(pool: &Pool, vectors: &[Vec<f32>], of: &[usize], surface: Option<&(Vec<f32>, Vec<f32>)>) -> Vec<Row> {
    let row = |&i: &usize| {
        let mut row =
            Row { dense: vectors[i].iter().map(|v| v * VECTOR_SCALE).collect(), sparse: Vec::new() };
        if let (Some((mean, deviation)), Some((turn, position))) = (surface, &pool.items[i].turn) {
            let (words, plain) = wording(turn, *position, 0.0);
            let standard = plain.iter().zip(mean.iter().zip(deviation));
            row.dense.extend(standard.map(|(x, (m, d))| (x - m) * 0.5 / (d + 1e-2)));
            row.sparse = words.into_iter().map(|(bucket, weight)| (bucket, weight * WORD_SCALE)).collect();
        }
        row
    };
    of.par_iter().map(row).collect()
}

/// Fits one model; `words` is the number of hashed words.
pub(super) fn fit(rows: &[&Row], labels: &[usize], classes: usize, words: usize, penalty: f64) -> Logistic {
    let options = LogisticOptions {
        l2_dense: penalty,
        l2_sparse: penalty,
        class_weights: vec![1.0; classes],
        lbfgs: LbfgsOptions { iterations: 80, tolerance: 1e-2, ..Default::default() },
    };
    Logistic::fit(rows, labels, classes, words, &options)
}

/// Windows with their vectors, and which of them are asked.
pub(super) type Asked<'a> = (&'a Pool, &'a [Vec<f32>], &'a [usize]);

/// A probe of one encoder, fitted on the training windows: its answers for each test set.
pub(super) fn probe(
    sets: [(&Pool, &[Vec<f32>]); 2],
    tests: &[Asked<'_>],
    side: &str,
    with_words: bool,
) -> Vec<Vec<Vec<f32>>> {
    let [train, val] = sets.map(|(pool, _)| members(pool, side));
    let surface = with_words.then(|| {
        let plain = |&i: &usize| sets[0].0.items[i].turn.as_ref().map(|(t, p)| wording(t, *p, 0.0).1);
        let all: Vec<[f32; SURFACE_FEATURES]> = train.iter().filter_map(plain).collect();
        moments(&all.iter().map(|r| &r[..]).collect::<Vec<_>>())
    });
    let words = if with_words { LEXICAL_BUCKETS } else { 0 };
    let of_side = |pool: &Pool| (0..pool.labels.len()).filter(|&l| pool.side(l) == side).count();
    let classes = of_side(sets[0].0).max(of_side(sets[1].0));
    let train_rows = rows(sets[0].0, sets[0].1, &train, surface.as_ref());
    let val_rows = rows(sets[1].0, sets[1].1, &val, surface.as_ref());
    let label = |pool: &Pool, of: &[usize]| -> Vec<usize> {
        let places = places(pool);
        of.iter().map(|&i| places[pool.items[i].label]).collect()
    };
    let train_labels = label(sets[0].0, &train);
    let train_rows: Vec<&Row> = train_rows.iter().collect();
    let answers = |model: &Logistic, rows: &[Row]| -> Vec<Vec<f32>> {
        rows.iter().map(|r| softmax(&model.logits(r), 1.0)).collect()
    };
    let losses: Vec<f64> = PENALTIES
        .par_iter()
        .map(|&penalty| {
            let model = fit(&train_rows, &train_labels, classes, words, penalty);
            log_loss(&scored(sets[1].0, &val, answers(&model, &val_rows)))
        })
        .collect();
    let best = (0..PENALTIES.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0);
    let model = fit(&train_rows, &train_labels, classes, words, PENALTIES[best]);
    tests
        .iter()
        .map(|(pool, vectors, of)| answers(&model, &rows(pool, vectors, of, surface.as_ref())))
        .collect()
}
