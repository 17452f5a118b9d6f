//! Does a predictor notice that the stage is about to change?
//!
//! Most turns change nothing, so a model can be right most of the time and never notice one. Moments are
//! ranked by the probability that the stage is not the present one.

use std::collections::BTreeMap;

use rapport_inference::argmax;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Context;
use super::predictions::{Baseline, Prediction};
use crate::metrics::{Bootstrap, Interval, Ranking};

/// Detection of stage changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeReport {
    /// Moments.
    pub n: usize,
    /// Moments at which the stage changes.
    pub changes: usize,
    /// By predictor (`model`, `last_turn`, `markov`), when the present stage is the one that the model predicts.
    pub present_predicted: BTreeMap<String, Detection>,
    /// The same when the present stage is known.
    pub present_known: BTreeMap<String, Detection>,
}

/// How well changes are ranked before the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Area under the ROC curve; 0.5 is chance.
    pub auc: Interval,
    /// Average precision; the share of changes is chance.
    pub average_precision: Interval,
}

/// Who is judged, in the order of tables.
pub(super) const PREDICTORS: [&str; 3] = ["model", "last_turn", "markov"];

/// Where a predictor's probabilities of a moment are found.
type Answer = fn(&Prediction) -> &[f32];

/// Scores the detection of a change; `None` when no moment knows of a stage.
pub(super) fn changes(predictions: &[&Prediction], bootstrap: &Bootstrap) -> Option<ChangeReport> {
    // The stage before, as it was and as it was predicted: Opening before the first turn.
    let present = |p: &Prediction| match &p.context {
        Context::Stage { truth, predicted } => Some((*truth, predicted.as_ref().map_or(0, |p| argmax(p)))),
        _ => None,
    };
    let presents: Option<Vec<(usize, usize)>> = predictions.iter().map(|p| present(p)).collect();
    let presents = presents.filter(|p| !p.is_empty())?;
    let changed: Vec<bool> =
        predictions.iter().zip(&presents).map(|(p, (truth, _))| p.truth != *truth).collect();
    let answers: [Answer; 3] =
        [|p| &p.model, |p| &p.baselines[&Baseline::LastTurn], |p| &p.baselines[&Baseline::Markov]];
    let detect = |stage: fn(&(usize, usize)) -> usize| {
        let by_predictor = PREDICTORS.iter().zip(answers).map(|(name, probabilities)| {
            let leaving = |(p, present): (&&Prediction, &(usize, usize))| {
                1.0 - f64::from(probabilities(p)[stage(present)])
            };
            let scores: Vec<f64> = predictions.iter().zip(&presents).map(leaving).collect();
            ((*name).to_owned(), detection(&changed, &scores, bootstrap))
        });
        by_predictor.collect()
    };
    Some(ChangeReport {
        n: changed.len(),
        changes: changed.iter().filter(|&&c| c).count(),
        present_predicted: detect(|present| present.1),
        present_known: detect(|present| present.0),
    })
}

fn detection(changed: &[bool], scores: &[f64], bootstrap: &Bootstrap) -> Detection {
    let ranking = Ranking::new(changed, scores);
    let all: Vec<u32> = (0..changed.len() as u32).collect();
    let (auc, precision) = ranking.figures(&all);
    let (aucs, precisions) = bootstrap.draws().par_iter().map(|draw| ranking.figures(draw)).unzip();
    Detection {
        auc: Interval::from_resamples(auc, aucs),
        average_precision: Interval::from_resamples(precision, precisions),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn prediction(present: usize, predicted: usize, truth: usize, leaving: f32) -> Prediction {
        // The model leaves the known present stage with probability `leaving`, for the next one.
        let mut model = vec![0.0; 3];
        model[present] = 1.0 - leaving;
        model[present + 1] = leaving;
        let mut before = vec![0.0; 3];
        before[predicted] = 1.0;
        let even = vec![1.0 / 3.0; 3];
        Prediction {
            turns_seen: 1,
            truth,
            source: None,
            model,
            baselines: BTreeMap::from([(Baseline::LastTurn, even.clone()), (Baseline::Markov, even)]),
            context: Context::Stage { truth: present, predicted: Some(before) },
        }
    }

    #[test]
    fn changes_are_ranked_by_the_chance_of_leaving() {
        let all = [
            prediction(0, 0, 0, 0.1),
            prediction(0, 0, 1, 0.7),
            prediction(1, 1, 1, 0.2),
            // The change is seen from the stage that is, not from the one that the model believes in.
            prediction(1, 2, 2, 0.6),
        ];
        let all: Vec<&Prediction> = all.iter().collect();
        let report = changes(&all, &Bootstrap::new(&[0, 1, 2, 3], 20, 1)).unwrap();
        assert_eq!((report.n, report.changes), (4, 2));
        assert_eq!(report.present_known["model"].auc.value, 1.0);
        assert_eq!(report.present_known["model"].average_precision.value, 1.0);
        assert_eq!(report.present_known["markov"].auc.value, 0.5);
        // Leaving scores .1, .7, .2, .4 (model[2] = .6 is the believed stage): the ranking still holds.
        assert_eq!(report.present_predicted["model"].auc.value, 1.0);
    }

    #[test]
    fn what_has_no_stage_has_no_change() {
        let mut p = prediction(0, 0, 1, 0.5);
        p.context = Context::None;
        assert!(changes(&[&p], &Bootstrap::new(&[0], 5, 1)).is_none());
        assert!(changes(&[], &Bootstrap::new(&[], 0, 1)).is_none());
    }
}
