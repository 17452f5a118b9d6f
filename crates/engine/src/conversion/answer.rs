//! The shape of the answer, as the API prints it.

use serde::Serialize;

/// What a caller knows beside the conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConversionOptions<'a> {
    /// Company or data set whose own model is asked; without it, or when it has seen too few outcomes, the global
    /// one answers.
    pub domain: Option<&'a str>,
    /// True when nothing more will be said: the length then counts as the whole length.
    pub finished: bool,
}

/// Will it convert?
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversionPrediction {
    /// Probability that the conversation converts.
    pub conversion_probability: f32,
    /// Lower and upper bound: the 90 % interval of the share won among conversations that were scored alike at
    /// this length by a model that had not seen them, widened where needed to hold the probability.
    pub interval: [f32; 2],
    /// Those conversations.
    pub alike: Alike,
    /// The domain whose model answered.
    pub domain: String,
    /// How much the domain's own model counts beside the global one, 0 to 1.
    pub domain_weight: f32,
    /// Whether the conversation was taken to be over.
    pub finished: bool,
    /// What moved the probability most, in words; the strongest first.
    pub insights: Vec<Insight>,
    /// The probability after each turn, while the conversation ran.
    pub by_turn: Vec<TurnForecast>,
    /// The turns that moved it most, the strongest first.
    pub turns: Vec<TurnInfluence>,
    /// What makes the answer doubtful, in words.
    pub notices: Vec<String>,
}

/// Past conversations that were scored alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Alike {
    /// How many there are.
    pub conversations: u32,
    /// How many of them were won.
    pub won: u32,
}

/// The forecast after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TurnForecast {
    /// Index of the last line that was read, from 0.
    pub line: usize,
    /// Probability that the conversation converts.
    pub probability: f32,
    /// Lower and upper bound of the 90 % interval.
    pub interval: [f32; 2],
}

/// What one turn did to the forecast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TurnInfluence {
    /// Index of the turn's last line, from 0.
    pub line: usize,
    /// The probability less the one that the conversation has when the turn is left out.
    pub effect: f32,
    /// The turn's exact part in the log-odds of the linear models of wording and meaning.
    pub log_odds: f32,
}

/// A signal that moved the probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Insight {
    /// What it is about, such as `amounts`.
    pub signal: String,
    /// By how much the probability would be lower (negative: higher) if the signal were as usual.
    pub effect: f32,
    /// The same in words that a rep understands.
    pub text: String,
}
