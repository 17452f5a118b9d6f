//! Sales knowledge over the inference floor: a bundle in, answers out.
//!
//! [`Engine::load`] takes a [`Bundle`]; [`Engine::analyze`] runs every model over a conversation once, and
//! each answer is read off the [`Analysis`]. The trainer computes its features through [`Reader`], the
//! same code, so training and serving cannot disagree.

mod answer;
pub mod bundle;
mod cache;
pub mod conversion;
mod direction;
mod engine;
mod error;
mod features;
mod heads;
mod lexical;
mod monotone;
mod open_conversations;
mod outlook;
mod probabilities;
mod reading;
mod signals;
pub mod similarity;
mod suggestion;

pub use answer::{BundleInfo, ResponsePrediction, StagePrediction};
pub use bundle::{Bundle, BundleConfig, Classes, EncoderConfig, Temperatures};
pub use conversion::{
    ConversionModel, ConversionOptions, ConversionPrediction, Insight, TurnForecast, TurnInfluence,
};
pub use direction::{ByCluster, DirectionModel, DirectionPrediction, MarkovChain};
pub use engine::{Analysis, Engine};
pub use error::EngineError;
pub use features::{FEATURE_VERSION, SURFACE_FEATURES};
pub use heads::{ACT_CONTEXT, Acts, SEQUENCE_FEATURES};
pub use lexical::LEXICAL_BUCKETS;
pub use monotone::{never_back, never_behind};
pub use outlook::Outlook;
pub use probabilities::Probabilities;
pub use rapport_inference::MemoryBudget;
pub use reading::{MergedTurn, Reader, TurnReading, merge_turns, turn_vector_len, wording};
pub use signals::{
    SIGNALS_FORMAT, Signal, SignalEntry, SignalFamily, SignalHead, SignalHighlight, SignalModel, SignalNote,
    SignalReport, SignalRow, SignalRule, SignalSource, SignalSummary, SignalsConfig, Tone, ToneTrend,
    TurnSignals, TurnTone, own_text_len, ruled, signal_row_len,
};
pub use similarity::{PastError, Similar, SimilarOptions, pooled_vector};
pub use suggestion::{Adviser, Alternative, Moment, Playbook, PlaybookEntry, Suggestion};
