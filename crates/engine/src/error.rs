//! What can go wrong between a bundle and an answer.

use rapport_inference::InferenceError;
use thiserror::Error;

use crate::similarity::PastError;

/// Errors of the engine.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The bundle lacks an artifact.
    #[error("the bundle has no {0}; publish it again with every artifact")]
    MissingArtifact(String),
    /// An artifact of the bundle cannot be read.
    #[error("{artifact} of the bundle cannot be read: {reason}")]
    Artifact {
        /// Name of the artifact.
        artifact: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The conversation has no turn to answer.
    #[error("the conversation has no turns; send at least one")]
    EmptyConversation,
    /// A model could not be loaded or run.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// Past conversations could not be added or read.
    #[error(transparent)]
    Past(#[from] PastError),
}

impl EngineError {
    pub(crate) fn artifact(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::Artifact { artifact: name.into(), reason: reason.to_string() }
    }
}
