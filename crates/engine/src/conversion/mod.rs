//! Will it convert? A calibrated probability turn by turn, with the reasons.
//!
//! Four simple models each see something else: logistic regression over pooled sentence vectors, over hashed words and
//! over plain features of the conversation, and boosted trees over the same features. A logistic regression weighs
//! them by the length of the conversation. One such stack scores conversations that go on, another those that
//! are over: a whole conversation tells its outcome by its length alone, one that runs does not.

mod answer;
mod cues;
mod explain;
mod facts;
mod features;
mod forecast;
mod model;
mod scorer;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod trees;

pub use answer::{Alike, ConversionOptions, ConversionPrediction, Insight, TurnForecast, TurnInfluence};
pub use facts::{TurnFacts, turn_facts};
pub use features::{
    CONVERSION_FEATURES_VERSION, ConversionInputs, Progress, Signal, WORD_INPUTS, feature_names,
};
pub use forecast::conversion_inputs;
pub(crate) use forecast::predict;
pub use model::{ConversionModel, Domain, Forecast, GLOBAL};
pub use scorer::{Group, Int8Linear, PARTS, POOLED_SCALE, Parts, Scorer, Stack};
pub use trees::Trees;
