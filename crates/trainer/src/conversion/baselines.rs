//! What simple models say of conversations that they did not see.

use std::collections::BTreeMap;

use anyhow::Result;
use rapport_conversation::Conversation;
use rapport_engine::Engine;

use super::fit::fit_baselines;
use super::hide::Hide;
use super::rows::{Case, read_cases};
use super::validate::{fold, probability};
use crate::Output;

/// Probabilities of won by identifier and by simple model, for every conversation with an outcome, each by models that
/// were fitted on the other `folds - 1` parts. `None` when a part would leave only one outcome to fit on.
///
/// # Errors
/// When the engine fails on a conversation, which is named.
pub(crate) fn cross_fit_baselines(
    engine: &Engine,
    conversations: &[(String, Conversation)],
    folds: usize,
    output: Output,
) -> Result<Option<BTreeMap<String, BTreeMap<String, f64>>>> {
    let cases = read_cases(engine, conversations, Hide::Nothing, false, output)?;
    let mut scores = BTreeMap::new();
    for held in 0..folds {
        let train: Vec<&Case> = cases.iter().filter(|c| fold(c, folds) != held).collect();
        let won = train.iter().filter(|c| c.won).count();
        if won == 0 || won == train.len() {
            return Ok(None);
        }
        let models = fit_baselines(&train);
        for case in cases.iter().filter(|c| fold(c, folds) == held) {
            let of = models
                .iter()
                .map(|(name, log_odds)| ((*name).to_owned(), probability(log_odds(case) as f32)));
            scores.insert(case.id.clone(), of.collect());
        }
    }
    Ok(Some(scores))
}
