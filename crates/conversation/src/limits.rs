//! How much input is accepted. Every parser takes the limits as a value, so that a caller states its budget.

use serde::{Deserialize, Serialize};

/// Upper bounds on one input. A bound is inclusive: exactly that many is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of the whole input, after decompression.
    pub total_bytes: usize,
    /// UTF-8 bytes of one turn's text.
    pub turn_bytes: usize,
    /// Turns of one conversation.
    pub turns: usize,
    /// Conversations of one import.
    pub conversations: usize,
}

impl Limits {
    /// For one request from the network: 256 KiB, 500 turns of at most 16 KiB.
    pub const REQUEST: Self =
        Self { total_bytes: 256 * 1024, turn_bytes: 16 * 1024, turns: 500, conversations: 1 };

    /// For data sets read by the trainer: 1 GiB, a million conversations, 10,000 turns of at most 256 KiB.
    pub const IMPORT: Self =
        Self { total_bytes: 1 << 30, turn_bytes: 256 * 1024, turns: 10_000, conversations: 1_000_000 };
}

impl Default for Limits {
    /// [`Limits::REQUEST`], the stricter set.
    fn default() -> Self {
        Self::REQUEST
    }
}
