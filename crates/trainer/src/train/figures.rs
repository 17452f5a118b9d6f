//! Short figures of a run, from predictions by models that never saw the conversation.

use std::collections::BTreeMap;

use rapport_conversation::Speaker;
use rapport_engine::Analysis;
use serde::Serialize;

use super::example::Example;
use crate::metrics::{Scored, accuracy, expected_calibration_error, log_loss, macro_f1};

/// Figures of one task.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TaskFigures {
    /// Predictions scored.
    pub n: usize,
    /// Share right.
    pub accuracy: f64,
    /// Mean F1 of the classes.
    pub macro_f1: f64,
    /// Natural logarithm.
    pub log_loss: f64,
    /// Ten bins.
    pub calibration_error: f64,
    /// Share of the most frequent class.
    pub majority: f64,
}

fn figures(scored: &[Scored]) -> TaskFigures {
    let most = (0..6).map(|c| scored.iter().filter(|s| s.truth == c).count()).max().unwrap_or(0);
    TaskFigures {
        n: scored.len(),
        accuracy: accuracy(scored),
        macro_f1: macro_f1(scored),
        log_loss: log_loss(scored),
        calibration_error: expected_calibration_error(scored, 10),
        majority: most as f64 / scored.len().max(1) as f64,
    }
}

/// Figures by task.
pub(crate) fn of(pairs: &[(&Example, &Analysis)]) -> BTreeMap<&'static str, TaskFigures> {
    let mut scored: BTreeMap<&'static str, Vec<Scored>> = BTreeMap::new();
    for (group, (example, analysis)) in pairs.iter().enumerate() {
        let mut add = |task, truth: Option<usize>, p: &[f32]| {
            if let Some(truth) = truth {
                scored.entry(task).or_default().push(Scored { truth, probabilities: p.to_vec(), group });
            }
        };
        for t in 0..example.readings.len() {
            let acts = &analysis.acts[t];
            let outlook = &analysis.outlook;
            match example.speaker(t) {
                Speaker::Customer => {
                    add("response-type-now", example.act[t], &acts.response_type);
                    if t > 0 {
                        add("response-type-next", example.act[t], &outlook.response_type_next[t - 1]);
                    }
                }
                Speaker::Salesperson => add("seller-act-now", example.act[t], &acts.seller_act),
            }
            add("stage-now", example.stage[t], &outlook.stage_now[t]);
            if t > 0 {
                add("stage-next", example.stage[t], &outlook.stage_next[t - 1]);
            }
        }
    }
    scored.into_iter().map(|(task, scored)| (task, figures(&scored))).collect()
}

/// A table for people.
pub(crate) fn text(figures: &BTreeMap<&'static str, TaskFigures>) -> String {
    let mut out = format!(
        "{:20} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "task", "n", "accuracy", "macro F1", "log loss", "ECE", "majority"
    );
    for (task, f) in figures {
        out.push_str(&format!(
            "{task:20} {:>6} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9.3}\n",
            f.n, f.accuracy, f.macro_f1, f.log_loss, f.calibration_error, f.majority
        ));
    }
    out
}
