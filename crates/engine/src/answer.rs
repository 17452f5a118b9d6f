//! The shapes of the answers, field by field as the API prints them.

use rapport_conversation::{ApiStage, ResponseType, Stage};
use serde::Serialize;

use crate::Probabilities;

/// The customer's next response.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResponsePrediction {
    /// The most probable response type.
    pub top_prediction: String,
    /// Probability of each response type.
    pub response_type_probabilities: Probabilities<ResponseType>,
    /// What the customer's last turn was read as; absent when they have not spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_response_type: Option<String>,
}

/// Where the conversation will stand after the next turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StagePrediction {
    /// The most probable next stage.
    pub top_prediction: String,
    /// Probability of each next stage.
    pub conversation_stage_probabilities: Probabilities<ApiStage>,
    /// The stage that the conversation has reached.
    pub current_stage: String,
    /// The same prediction over the funnel.
    pub funnel_probabilities: Probabilities<Stage>,
}

/// What the loaded bundle is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BundleInfo {
    /// Name of the bundle.
    pub model_version: String,
    /// Version of the features.
    pub features: u32,
    /// Length of a sentence vector.
    pub dimensions: usize,
    /// Tokens read of a turn.
    pub max_tokens: usize,
    /// Number of suggestions.
    pub suggestions: usize,
    /// Names of the direction clusters.
    pub clusters: Vec<String>,
    /// Quantized parts of the models that run slower than they could, each with the artifact and the reason.
    pub unfused: Vec<String>,
}
