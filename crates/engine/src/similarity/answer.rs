//! The shape of the answer.

use rapport_conversation::Outcome;
use serde::Serialize;

/// How past conversations are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimilarOptions {
    /// Past conversations of each outcome, at most.
    pub k: usize,
    /// With a number from 0 to 1 the conversations are chosen by maximal marginal relevance: 1 by similarity alone, less
    /// for more different ones. Without, the most similar ones.
    pub lambda: Option<f32>,
}

impl SimilarOptions {
    /// The `k` most similar conversations of each outcome.
    pub fn nearest(k: usize) -> Self {
        Self { k, lambda: None }
    }
}

/// Past conversations like this one, and how near it is to won and to lost ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Similar {
    /// Won conversations, as they were chosen.
    pub won: Vec<Neighbour>,
    /// Lost conversations, as they were chosen.
    pub lost: Vec<Neighbour>,
    /// Number of past conversations that were compared.
    pub past: usize,
    /// Share of won ones among a diverse choice of the most similar, weighted by similarity; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub won_share: Option<f32>,
    /// Scores by the bundle's prototypes and past conversations; absent when the bundle has no prototypes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<OutcomeScores>,
}

/// A past conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its name.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its number of turns.
    pub turns: u32,
    /// Cosine of the two conversations' vectors, -1 to 1.
    pub similarity: f32,
    /// Where it comes from.
    pub source: PastSource,
}

/// Where a past conversation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PastSource {
    /// The bundle's reference set.
    Bundle,
    /// The user's own.
    Own,
}

/// Scores of one conversation; more of each speaks for won.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OutcomeScores {
    /// Cosine with the nearest prototype of won conversations, less that of lost ones.
    pub cosine: f32,
    /// The same by Euclidean distance, as `1 / (1 + distance)`.
    pub euclidean: f32,
    /// Share of won ones among the bundle's most similar past conversations; absent when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<f32>,
    /// All three weighed by what was learned, 0 to 1: the probability that the conversation is won if it ends here. It
    /// was learned from conversations that had ended; of one that goes on it ranks, but is no calibrated probability.
    pub hybrid: f32,
}
