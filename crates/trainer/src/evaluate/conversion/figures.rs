//! Every figure of a list of forecasts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::alarms::{AlarmFigures, alarms};
use super::by_turns::{TurnsFigures, by_turns};
use super::check::check;
use super::whole::{WholeFigures, leak, whole};
use super::{Forecast, JudgeOptions};
use crate::metrics::Interval;

/// How good forecasts of the outcome are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionFigures {
    /// Conversations.
    pub n: usize,
    /// Won conversations among them.
    pub won: usize,
    /// Their share.
    pub base_rate: f64,
    /// From this probability on a conversation is called won.
    pub threshold: f64,
    /// The whole conversation read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<WholeFigures>,
    /// The same without the turns that state the outcome. The simple models beside it read the whole all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole_without_outcome: Option<WholeFigures>,
    /// How much larger the area under the ROC curve is with those turns, paired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc_from_stated_outcome: Option<Interval>,
    /// After exactly so many turns, among conversations that were still running.
    pub by_turns: BTreeMap<usize, TurnsFigures>,
    /// Warnings of a loss while the conversation was running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarms: Option<AlarmFigures>,
    /// The same figures of each set alone, when there are several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<String, ConversionFigures>,
    /// What could not be judged, and why.
    pub notes: Vec<String>,
}

/// Judges forecasts; what only some of them allow is left out with a note.
///
/// # Errors
/// When there is no conversation, all have one outcome, or a forecast is not what [`Forecast`] says.
pub fn figures(forecasts: &[Forecast], options: &JudgeOptions) -> Result<ConversionFigures> {
    check(forecasts, options)?;
    let won = forecasts.iter().filter(|f| f.won).count();
    let mut figures = ConversionFigures {
        n: forecasts.len(),
        won,
        base_rate: won as f64 / forecasts.len() as f64,
        threshold: options.threshold,
        whole: whole(forecasts, |f| f.whole, options),
        whole_without_outcome: whole(forecasts, |f| f.whole_without_outcome, options),
        auc_from_stated_outcome: leak(forecasts, options),
        by_turns: by_turns(forecasts, options),
        alarms: alarms(forecasts, options),
        sets: BTreeMap::new(),
        notes: Vec::new(),
    };
    figures.notes = notes(&figures, options);
    let sets: BTreeSet<&str> = forecasts.iter().map(|f| f.set.as_str()).collect();
    if sets.len() > 1 {
        for set in sets {
            let own: Vec<Forecast> = forecasts.iter().filter(|f| f.set == set).cloned().collect();
            match self::figures(&own, options) {
                Ok(of) => drop(figures.sets.insert(set.to_owned(), of)),
                Err(reason) => figures.notes.push(format!("{set} alone: {reason}")),
            }
        }
        figures.notes.push(
            "the sets together: part of these figures is telling the sets apart, which differ in their share of won; \
             the figures of each set alone do not have that"
                .to_owned(),
        );
    }
    Ok(figures)
}

fn notes(figures: &ConversionFigures, options: &JudgeOptions) -> Vec<String> {
    let mut notes = Vec::new();
    for (of, what) in [
        (&figures.whole, "the whole conversation"),
        (&figures.whole_without_outcome, "the conversation without the turns that state the outcome"),
    ] {
        match of {
            None => notes.push(format!("{what}: no forecasts of both outcomes")),
            Some(of) if of.n < figures.n => {
                notes.push(format!("{what}: {} of {} conversations have a forecast", of.n, figures.n));
            }
            Some(_) => {}
        }
    }
    if figures.by_turns.is_empty() {
        notes.push(format!(
            "by turns: at no number of turns were {} conversations of each outcome still running",
            options.fewest_of_outcome
        ));
    }
    if figures.alarms.is_none() {
        notes.push("alarms: no forecasts of both outcomes while the conversations were running".to_owned());
    }
    notes
}
