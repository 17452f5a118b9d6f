//! How well two labellings of the same turns agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::{Conversation, Label, Speaker, TurnLabels};
use serde::{Deserialize, Serialize};

use super::Findings;
use crate::files::read;
use crate::metrics::ConfusionMatrix;

/// Conversations that must have been labelled twice.
const LEAST: usize = 60;

/// One conversation labelled twice, before the disagreements were settled.
#[derive(Debug, Deserialize)]
struct Twice {
    id: String,
    first: Vec<TurnLabels>,
    second: Vec<TurnLabels>,
}

/// Agreement on one label.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Agreement {
    /// Turns that carry the label.
    pub turns: usize,
    /// Share of them that got the same.
    pub equal: f64,
    /// Cohen's kappa.
    pub kappa: f64,
}

type Class = fn(&TurnLabels) -> Option<usize>;

/// A label that may be absent: class 0 is none.
fn or_none<L: Label>(label: Option<L>) -> usize {
    label.map_or(0, |l| l.index() + 1)
}

/// What is compared: a name, whose turns, the number of classes, the class.
const LABELS: [(&str, Option<Speaker>, usize, Class); 9] = [
    ("response_type", Some(Speaker::Customer), 6, |l| l.response_type.map(Label::index)),
    ("seller_act", Some(Speaker::Salesperson), 6, |l| l.seller_act.map(Label::index)),
    ("stage", None, 6, |l| l.stage.map(Label::index)),
    ("call_stage", None, 7, |l| l.call_stage.map(Label::index)),
    ("sentiment", None, 3, |l| l.sentiment.map(Label::index)),
    ("objection", Some(Speaker::Customer), 8, |l| Some(or_none(l.objection))),
    ("buying_signal", Some(Speaker::Customer), 9, |l| Some(or_none(l.buying_signal))),
    ("urgency", Some(Speaker::Customer), 3, |l| l.urgency.map(Label::index)),
    ("commitment", Some(Speaker::Customer), 4, |l| l.commitment.map(Label::index)),
];

pub(super) fn check(file: &Path, conversations: &[Conversation], findings: &mut Findings) -> Result<()> {
    let twice: Vec<Twice> = serde_json::from_slice(&read(file)?)
        .with_context(|| format!("{} is not a second labelling", file.display()))?;
    let by_id: BTreeMap<&str, &Conversation> = conversations.iter().map(|c| (c.id.as_str(), c)).collect();
    let ids: BTreeSet<&str> = twice.iter().map(|t| t.id.as_str()).collect();
    if ids.len() < LEAST {
        findings.faults.push(format!("{} conversations are labelled twice, {LEAST} must be", ids.len()));
    }
    for (name, speaker, classes, class) in LABELS {
        let mut pairs = Vec::new();
        for t in &twice {
            let c = by_id.get(t.id.as_str()).with_context(|| format!("{} is not in the corpus", t.id))?;
            ensure!(
                t.first.len() == c.turns.len() && t.second.len() == c.turns.len(),
                "{}: the second labelling has another number of turns",
                t.id
            );
            for (turn, (first, second)) in c.turns.iter().zip(t.first.iter().zip(&t.second)) {
                if speaker.is_none_or(|s| s == turn.speaker)
                    && let (Some(a), Some(b)) = (class(first), class(second))
                {
                    pairs.push((a, b));
                }
            }
        }
        let turns = pairs.len();
        let matrix = ConfusionMatrix::from_pairs(classes, pairs);
        findings.agreement.insert(name, Agreement { turns, equal: matrix.accuracy(), kappa: matrix.kappa() });
    }
    Ok(())
}
