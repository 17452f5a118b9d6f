//! What people say to each other in a sale: conversations, turns, speakers, outcomes and the label sets.
//!
//! This is the lowest floor of Rapport: bytes in, values out. It knows no tensors and no models.

mod conversation;
mod label;

pub use conversation::{Conversation, Outcome, Speaker, Turn};
pub use label::{ApiStage, Label, LabelSource, Provenance, ResponseType, SellerAct, Sentiment, Stage, TurnLabels};
