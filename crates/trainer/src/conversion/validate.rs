//! Cross-validation by whole conversation: forecasts of conversations by models that never saw them.

use rapport_engine::conversion::Scorer;
use rayon::prelude::*;

use super::fit::{FitOptions, fit_baselines, fit_scorer};
use super::rows::Case;
use crate::Output;
use crate::data::fold_of;
use crate::evaluate::conversion::Forecast;

pub(super) fn probability(log_odds: f32) -> f64 {
    1.0 / (1.0 + f64::from(-log_odds).exp())
}

/// What a pair of scorers says of a case; the interval is the group's.
pub(super) fn forecast(case: &Case, running: &Scorer, finished: &Scorer) -> Forecast {
    Forecast {
        id: case.id.clone(),
        set: case.set.clone(),
        won: case.won,
        lines: case.whole.lines,
        whole: Some(probability(finished.log_odds(&case.whole))),
        whole_without_outcome: None,
        by_turns: case
            .running
            .iter()
            .map(|inputs| (inputs.lines, probability(running.log_odds(inputs)), None))
            .collect(),
        baselines: std::collections::BTreeMap::new(),
    }
}

/// The fold of a conversation.
pub(super) fn fold(case: &Case, folds: usize) -> usize {
    fold_of(&case.id, "conversion", folds)
}

/// Forecasts of every case by models of the other folds.
pub(super) fn cross_validate(
    cases: &[Case],
    folds: usize,
    options: &FitOptions,
    output: Output,
) -> Vec<Forecast> {
    let bar = output.steps(folds as u64 * 2, "cross-validation");
    let by_fold: Vec<Vec<(usize, Forecast)>> = (0..folds)
        .into_par_iter()
        .map(|held| {
            let train: Vec<&Case> = cases.iter().filter(|c| fold(c, folds) != held).collect();
            let finished = fit_scorer(&train, true, options, "inner");
            bar.inc(1);
            let running = fit_scorer(&train, false, options, "inner");
            bar.inc(1);
            let baselines = fit_baselines(&train);
            let of_fold = cases.iter().enumerate().filter(|(_, c)| fold(c, folds) == held);
            of_fold
                .map(|(i, case)| {
                    let mut forecast = forecast(case, &running, &finished);
                    forecast.baselines =
                        baselines.iter().map(|(name, score)| ((*name).to_owned(), score(case))).collect();
                    (i, forecast)
                })
                .collect()
        })
        .collect();
    bar.finish_and_clear();
    let mut all: Vec<(usize, Forecast)> = by_fold.into_iter().flatten().collect();
    all.sort_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, forecast)| forecast).collect()
}

/// The same for conversations with something hidden, by models that were fitted on such: `(id, probability)`.
pub(super) fn cross_validate_whole(cases: &[Case], folds: usize, options: &FitOptions) -> Vec<(String, f64)> {
    (0..folds)
        .into_par_iter()
        .flat_map(|held| {
            let train: Vec<&Case> = cases.iter().filter(|c| fold(c, folds) != held).collect();
            let scorer = fit_scorer(&train, true, options, "inner");
            let of_fold = cases.iter().filter(|c| fold(c, folds) == held);
            of_fold.map(|c| (c.id.clone(), probability(scorer.log_odds(&c.whole)))).collect::<Vec<_>>()
        })
        .collect()
}
