//! What can go wrong between bytes and numbers.

use thiserror::Error;

/// Errors of loading and running models.
#[derive(Debug, Error)]
pub enum InferenceError {
    /// The bytes are not an ONNX model that can be run.
    #[error("{model} is not a model that can be run: {reason}")]
    Load {
        /// Name of the artifact.
        model: String,
        /// What the loader said.
        reason: String,
    },
    /// The model ran into an error.
    #[error("{model} failed to run: {reason}")]
    Run {
        /// Name of the artifact.
        model: String,
        /// What the runtime said.
        reason: String,
    },
    /// The model has no such input or output.
    #[error("{model} has no {what} named {name:?}; it has {found:?}")]
    Missing {
        /// Name of the artifact.
        model: String,
        /// `input` or `output`.
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that are there.
        found: Vec<String>,
    },
    /// A shape differs from what the caller was promised.
    #[error("{model} gave {found:?} where {expected:?} was expected")]
    Shape {
        /// Name of the artifact.
        model: String,
        /// The shape seen.
        found: Vec<usize>,
        /// The shape wanted.
        expected: Vec<usize>,
    },
    /// The tokenizer cannot be read or cannot read the text.
    #[error("the tokenizer {0}")]
    Tokenizer(String),
    /// Rows to search, or a query, do not fit.
    #[error("the rows cannot be searched: {0}")]
    Rows(String),
}
