//! The conversation itself, in the shape of the canonical JSONL (one conversation a line).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::TurnLabels;

/// Who said a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person who may buy.
    Customer,
    /// The person who sells.
    Salesperson,
}

impl Speaker {
    /// Reads the words that transcripts, chats and APIs use for the two sides, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.trim().trim_end_matches(':').to_lowercase().replace(['_', '-'], " ");
        Some(match word.as_str() {
            "customer" | "prospect" | "client" | "buyer" | "user" | "caller" | "persuadee" | "lead"
            | "shopper" | "consumer" | "purchaser" | "visitor" | "guest" => Self::Customer,
            "salesperson"
            | "salesman"
            | "saleswoman"
            | "sales rep"
            | "salesrep"
            | "sales"
            | "rep"
            | "sales representative"
            | "representative"
            | "agent"
            | "seller"
            | "assistant"
            | "advisor"
            | "adviser"
            | "persuader"
            | "sales agent"
            | "account executive"
            | "account manager"
            | "sales manager"
            | "sales executive"
            | "consultant"
            | "sdr"
            | "bdr"
            | "vendor" => Self::Salesperson,
            _ => return None,
        })
    }
}

/// How a conversation ended, as a fact recorded outside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The customer bought, donated or agreed a deal.
    Won,
    /// The customer did not.
    Lost,
}

/// One speaker's contribution until the other speaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Who said it.
    pub speaker: Speaker,
    /// What was said, as UTF-8 text.
    pub text: String,
    /// When it was said, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is known about the turn.
    #[serde(default, skip_serializing_if = "TurnLabels::is_empty")]
    pub labels: TurnLabels,
}

impl Turn {
    /// A turn without a time or labels.
    pub fn new(speaker: Speaker, text: impl Into<String>) -> Self {
        Self { speaker, text: text.into(), at: None, labels: TurnLabels::default() }
    }
}

/// A whole conversation, oldest turn first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Stable identifier: splits are made by its hash.
    pub id: String,
    /// The turns, oldest first.
    pub turns: Vec<Turn>,
    /// The recorded outcome, when there is one.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Labels of the whole conversation.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub labels: Map<String, Value>,
    /// Columns of the source that have no field of their own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
}

impl Conversation {
    /// A conversation without outcome, labels or metadata.
    pub fn new(id: impl Into<String>, turns: Vec<Turn>) -> Self {
        Self { id: id.into(), turns, outcome: None, labels: Map::new(), meta: Map::new() }
    }
}
