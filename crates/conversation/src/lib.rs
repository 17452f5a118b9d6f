//! What people say to each other in a sale: conversations, turns, speakers, outcomes and the label sets.
//!
//! This is the lowest floor of Rapport: bytes in, values out. It knows no tensors and no models.

mod clean;
mod conversation;
mod history;
mod jsonl;
mod label;
mod limits;

pub use clean::{Cleaned, clean};
pub use conversation::{Conversation, Outcome, Speaker, Turn};
pub use history::{
    HistoryError, history_from_value, history_from_value_within, parse_history, parse_history_within,
};
pub use jsonl::{JsonlError, JsonlReader, JsonlWriter};
pub use label::{
    ApiStage, Label, LabelSource, Provenance, ResponseType, SellerAct, Sentiment, Stage, TurnLabels,
};
pub use limits::Limits;
