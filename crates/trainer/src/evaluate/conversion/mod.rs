//! How good forecasts of a conversation's outcome are.
//!
//! Whoever has a model of conversion makes a [`Forecast`] of each conversation that the model never saw, and
//! [`figures()`] judges them: on the whole conversation, with and without the turns that state the outcome
//! ([`WholeFigures`]); after a fixed number of turns, among conversations that were still running ([`TurnsFigures`]);
//! and as an alarm that goes off when a loss becomes likely ([`AlarmFigures`]). Every interval comes from drawing
//! whole conversations, and every comparison is paired: the same draws for both sides.

mod alarms;
mod by_turns;
mod check;
mod describe;
mod figures;
mod html;
mod pictures;
mod predict;
#[cfg(test)]
mod tests;
mod whole;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use alarms::{AlarmFigures, AlarmTrade};
pub use by_turns::{Coverage, TurnsFigures};
pub use describe::describe;
pub use figures::{ConversionFigures, figures};
pub use html::html;
pub use pictures::pictures;
pub(crate) use predict::{Asked, forecasts};
pub use whole::{RivalFigures, Scores, WholeFigures};
pub(crate) use write::write;

/// Lines read, probability of won, and its interval.
pub type TurnForecast = (usize, f64, Option<(f64, f64)>);

/// What a model says about one conversation that it never saw, and what was true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Identifier of the conversation; each occurs once.
    pub id: String,
    /// The set that it comes from. Figures are also made for each set alone, because telling sets apart is not telling
    /// outcomes apart.
    pub set: String,
    /// The recorded outcome.
    pub won: bool,
    /// Lines of the whole conversation.
    pub lines: usize,
    /// Probability of won, the whole conversation read and known to be finished.
    pub whole: Option<f64>,
    /// The same without the turns that state the outcome, which a model could only read off.
    pub whole_without_outcome: Option<f64>,
    /// Forecasts made while the conversation was running: after exactly so many lines (1 to `lines - 1`, ascending),
    /// the probability of won, and its interval when the model states one.
    pub by_turns: Vec<TurnForecast>,
    /// What simple models say of the whole, by name (`length`, `tf-idf`): probabilities of won, or any other scores
    /// that are higher for won; of those only the ranking is judged. Every conversation has the same ones.
    pub baselines: BTreeMap<String, f64>,
}

/// How forecasts are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgeOptions {
    /// From this probability on a finished conversation is called won. It comes with the model, chosen on other
    /// conversations.
    pub threshold: f64,
    /// Below this probability of won an alarm of a loss goes off while a conversation runs; it comes with the model too.
    pub alarm_below: f64,
    /// Resamples of the intervals, at least [`JudgeOptions::FEWEST_RESAMPLES`].
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
    /// A number of turns is judged when at least so many conversations of each outcome were still running.
    pub fewest_of_outcome: usize,
}

impl JudgeOptions {
    /// Fewer resamples give no percentiles worth the name.
    pub const FEWEST_RESAMPLES: usize = 100;

    /// One threshold for both, a thousand resamples, 30 conversations of each outcome.
    pub fn new(threshold: f64) -> Self {
        Self { threshold, alarm_below: threshold, resamples: 1000, seed: 1, fewest_of_outcome: 30 }
    }
}
