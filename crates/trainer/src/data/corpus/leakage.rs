//! The outcome must not be readable from what no rep could act on: the length, or the goodbye.

use anyhow::{Result, ensure};
use rapport_conversation::{Conversation, Outcome, Speaker};

use super::{Findings, words};
use crate::data::share_of;
use crate::metrics::roc_auc;
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row};
use crate::train::scaling::moments;
use crate::train::vectors::VectorStore;

/// Largest area under the ROC curve that such a model may reach.
const LIMIT: f64 = 0.65;
const FOLDS: usize = 5;
/// Penalties tried; the best counts, since a leak is a leak under any of them.
const PENALTIES: [f64; 3] = [0.1, 1.0, 10.0];

pub(super) fn check(
    conversations: &[Conversation],
    vectors: &VectorStore,
    findings: &mut Findings,
) -> Result<()> {
    let decided: Vec<&Conversation> = conversations.iter().filter(|c| c.outcome.is_some()).collect();
    let won: Vec<bool> = decided.iter().map(|c| c.outcome == Some(Outcome::Won)).collect();
    let folds: Vec<usize> =
        decided.iter().map(|c| (share_of(&c.id, "leakage") * FOLDS as f64) as usize).collect();
    ensure!(
        won.contains(&true) && won.contains(&false) && (0..FOLDS).all(|f| folds.contains(&f)),
        "too few conversations are won or lost to look for leakage"
    );
    let vector = |text: &str| vectors.get(text).map(<[f32]>::to_vec).unwrap_or_default();
    let dense = |of: &dyn Fn(&Conversation) -> Vec<f32>| -> Vec<Row> {
        decided.iter().map(|c| Row { dense: of(c), sparse: Vec::new() }).collect()
    };
    let models = [
        ("length", standardized(dense(&lengths))),
        ("last_turn", dense(&|c| c.turns.last().map(|t| vector(&t.text)).unwrap_or_default())),
        ("first_turn", dense(&|c| c.turns.first().map(|t| vector(&t.text)).unwrap_or_default())),
    ];
    for (name, rows) in models {
        let auc = PENALTIES.iter().map(|&l2| cross_validated(&rows, &won, &folds, l2)).fold(0.0, f64::max);
        if auc >= LIMIT {
            findings
                .faults
                .push(format!("won or lost can be told from {name}: AUC {auc:.3}, below {LIMIT} is allowed"));
        }
        findings.leakage.insert(name, auc);
    }
    Ok(())
}

/// Turns, words, words of a turn, the customer's share of the words.
fn lengths(c: &Conversation) -> Vec<f32> {
    let all: usize = c.turns.iter().map(|t| words(&t.text)).sum();
    let own: usize = c.turns.iter().filter(|t| t.speaker == Speaker::Customer).map(|t| words(&t.text)).sum();
    let (turns, all, own) = (c.turns.len() as f32, all.max(1) as f32, own as f32);
    vec![turns, turns.ln(), all.ln(), (all / turns).ln(), own / all]
}

fn standardized(mut rows: Vec<Row>) -> Vec<Row> {
    let (mean, deviation) = moments(&rows.iter().map(|r| &r.dense[..]).collect::<Vec<_>>());
    for row in &mut rows {
        let columns = row.dense.iter_mut().zip(mean.iter().zip(&deviation));
        columns.for_each(|(x, (mean, deviation))| *x = (*x - mean) / deviation.max(1e-6));
    }
    rows
}

fn cross_validated(rows: &[Row], won: &[bool], folds: &[usize], l2: f64) -> f64 {
    let lbfgs = LbfgsOptions { iterations: 100, tolerance: 1e-3, ..Default::default() };
    let options = LogisticOptions { l2_dense: l2, l2_sparse: l2, class_weights: vec![1.0; 2], lbfgs };
    let mut scores = vec![0.0; rows.len()];
    for fold in 0..FOLDS {
        let kept: Vec<usize> = (0..rows.len()).filter(|&i| folds[i] != fold).collect();
        let own: Vec<&Row> = kept.iter().map(|&i| &rows[i]).collect();
        let labels: Vec<usize> = kept.iter().map(|&i| usize::from(won[i])).collect();
        let model = Logistic::fit(&own, &labels, 2, 0, &options);
        for i in (0..rows.len()).filter(|&i| folds[i] == fold) {
            let logits = model.logits(&rows[i]);
            scores[i] = f64::from(logits[1] - logits[0]);
        }
    }
    roc_auc(won, &scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_seen_and_chance_is_not() {
        let won: Vec<bool> = (0..100).map(|i| i % 2 == 0).collect();
        let folds: Vec<usize> = (0..100).map(|i| i / 20).collect();
        let row = |x: f32| Row { dense: vec![x], sparse: Vec::new() };
        let leak: Vec<Row> = won.iter().map(|&w| row(f32::from(u8::from(w)))).collect();
        assert!(cross_validated(&leak, &won, &folds, 1.0) > 0.99);
        let chance: Vec<Row> = (0..100).map(|i| row((i / 2 % 7) as f32)).collect();
        assert!(cross_validated(&chance, &won, &folds, 1.0) < LIMIT);
    }
}
