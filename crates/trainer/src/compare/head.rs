//! A head of logistic regression over vectors alone.

use rapport_inference::softmax;
use rayon::prelude::*;

use super::items::{FOLDS, Items};
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row};

/// Quadratic penalty; fixed, the same for every encoder, not tuned on any set.
const L2: f64 = 1.0;
/// Vectors of length 1 have coordinates near 0.05: brought to the size that the penalty is meant for.
const SCALE: f64 = 8.0;
/// Iterations at most.
const ITERATIONS: usize = 100;

/// Probabilities of each item's classes, `[items][classes]`, by a head that never saw the item's conversation: fitted
/// on `train`, or on the other folds.
pub(super) fn probabilities(items: &Items, train: Option<&Items>, classes: usize) -> Vec<Vec<f32>> {
    let rows = rows(items);
    let Some(train) = train else {
        let fitted: Vec<Logistic> = (0..FOLDS)
            .into_par_iter()
            .map(|fold| fit(&rows, &items.labels, |i| items.folds[i] != fold, classes))
            .collect();
        return (0..rows.len()).map(|i| softmax(&fitted[items.folds[i]].logits(&rows[i]), 1.0)).collect();
    };
    let fitted = fit(&self::rows(train), &train.labels, |_| true, classes);
    rows.iter().map(|row| softmax(&fitted.logits(row), 1.0)).collect()
}

fn rows(items: &Items) -> Vec<Row> {
    let dense = |vector: &Vec<f64>| vector.iter().map(|x| (x * SCALE) as f32).collect();
    items.vectors.iter().map(|v| Row { dense: dense(v), sparse: Vec::new() }).collect()
}

fn fit(rows: &[Row], labels: &[usize], keep: impl Fn(usize) -> bool, classes: usize) -> Logistic {
    let kept: Vec<usize> = (0..rows.len()).filter(|&i| keep(i)).collect();
    let of: Vec<&Row> = kept.iter().map(|&i| &rows[i]).collect();
    let labels: Vec<usize> = kept.iter().map(|&i| labels[i]).collect();
    let lbfgs = LbfgsOptions { iterations: ITERATIONS, tolerance: 1e-3, ..LbfgsOptions::default() };
    let options = LogisticOptions { l2_dense: L2, l2_sparse: L2, class_weights: vec![1.0; classes], lbfgs };
    Logistic::fit(&of, &labels, classes, 0, &options)
}
