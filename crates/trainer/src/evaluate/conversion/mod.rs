//! How good forecasts of a conversation's outcome are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a model says about one conversation that it never saw, and what was true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Forecast {
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
    pub by_turns: Vec<(usize, f64, Option<(f64, f64)>)>,
    /// What simple models say of the whole, by name (`length`, `tf-idf`): probabilities of won, or any other scores
    /// that are higher for won; of those only the ranking is judged. Every conversation has the same ones.
    pub baselines: BTreeMap<String, f64>,
}
