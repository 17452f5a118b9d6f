//! Heads that are fitted together over the same rows.

use rapport_engine::Signal;
use rayon::prelude::*;

use super::SignalOptions;
use super::calibrate::Calibration;
use crate::Output;
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row};

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What the heads read.
    pub row: Row,
    /// Whether it shows each signal of the block.
    pub labels: Vec<bool>,
    /// What the rule of each signal found, 0 to 1; empty where the block has no rules.
    pub rules: Vec<f32>,
    /// What it belongs to (its conversation, or itself).
    pub group: usize,
    /// The part that it is kept back with.
    pub fold: usize,
}

/// A row that is learned from and never judged: some of its labels may be unknown.
#[derive(Debug, Clone)]
pub(crate) struct Phrase {
    /// What the heads read.
    pub row: Row,
    /// Whether it shows each signal of the block, where that is known.
    pub labels: Vec<Option<bool>>,
}

/// Heads and their cases.
#[derive(Debug)]
pub(crate) struct Block {
    /// What the heads tell, in the order of the labels.
    pub signals: Vec<Signal>,
    /// The cases.
    pub cases: Vec<Case>,
    /// What else is learned from, in every fold.
    pub phrases: Vec<Phrase>,
    /// Length of the rows' sparse part.
    pub sparse: usize,
}

/// A fitted block.
#[derive(Debug)]
pub(crate) struct FittedBlock {
    /// What ships, fitted on every case.
    pub model: Logistic,
    /// How its logits are read, fitted on the logits of cases that were kept back, by head.
    pub calibrations: Vec<Calibration>,
    /// Logits of each case by heads that never saw its fold, `[case][head]`.
    pub held: Vec<Vec<f32>>,
    /// The same of heads that read hashed words alone.
    pub held_words: Vec<Vec<f32>>,
}

impl Block {
    /// One label of every case.
    pub(crate) fn truth(&self, head: usize) -> Vec<bool> {
        self.cases.iter().map(|c| c.labels[head]).collect()
    }

    /// Fits what ships, and once without each fold.
    pub(crate) fn fit(&self, options: &SignalOptions, name: &str, output: Output) -> FittedBlock {
        let folds = options.folds;
        let bar = output.steps(2 * folds as u64 + 1, name);
        // None leaves nothing out; the flag leaves all but the words out.
        let units: Vec<(Option<usize>, bool)> = std::iter::once((None, false))
            .chain((0..folds).map(|f| (Some(f), false)))
            .chain((0..folds).map(|f| (Some(f), true)))
            .collect();
        let without_dense: Vec<Row> =
            self.cases.iter().map(|c| Row { dense: Vec::new(), sparse: c.row.sparse.clone() }).collect();
        let phrases_without_dense: Vec<Row> =
            self.phrases.iter().map(|p| Row { dense: Vec::new(), sparse: p.row.sparse.clone() }).collect();
        let row = |i: usize, words: bool| if words { &without_dense[i] } else { &self.cases[i].row };
        let mut models: Vec<Logistic> = units
            .par_iter()
            .map(|&(left_out, words)| {
                let kept: Vec<usize> =
                    (0..self.cases.len()).filter(|&i| Some(self.cases[i].fold) != left_out).collect();
                let phrases = self.phrases.iter().map(|p| &p.row);
                let mut rows: Vec<&Row> = kept.iter().map(|&i| row(i, words)).collect();
                if words {
                    rows.extend(&phrases_without_dense);
                } else {
                    rows.extend(phrases);
                }
                let known = |i: &usize| self.cases[*i].labels.iter().map(|l| Some(*l)).collect();
                let mut labels: Vec<Vec<Option<bool>>> = kept.iter().map(known).collect();
                labels.extend(self.phrases.iter().map(|p| p.labels.clone()));
                let model = Logistic::fit_labels(
                    &rows,
                    &labels,
                    self.signals.len(),
                    self.sparse,
                    &options.logistic(),
                );
                bar.inc(1);
                model
            })
            .collect();
        bar.finish();
        let words = models.split_off(1 + folds);
        let without = models.split_off(1);
        let held = |models: &[Logistic], words: bool| -> Vec<Vec<f32>> {
            (0..self.cases.len())
                .into_par_iter()
                .map(|i| models[self.cases[i].fold].logits(row(i, words)))
                .collect()
        };
        let (held_words, held) = (held(&words, true), held(&without, false));
        let calibrations = (0..self.signals.len())
            .into_par_iter()
            .map(|head| {
                let logits: Vec<f64> = held.iter().map(|l| f64::from(l[head])).collect();
                Calibration::fit(&logits, &self.truth(head))
            })
            .collect();
        // The first of the units left nothing out.
        FittedBlock { model: models.remove(0), calibrations, held, held_words }
    }
}

impl SignalOptions {
    fn logistic(&self) -> LogisticOptions {
        LogisticOptions {
            l2_dense: self.l2_dense,
            l2_sparse: self.l2_sparse,
            class_weights: Vec::new(),
            lbfgs: LbfgsOptions { iterations: self.iterations, tolerance: 0.1, ..Default::default() },
        }
    }
}
