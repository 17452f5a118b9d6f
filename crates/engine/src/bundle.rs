//! A bundle: the named artifacts that one engine is made of.

use std::collections::BTreeMap;

use rapport_conversation::{Label, ResponseType, SellerAct, Sentiment, Stage};
use serde::{Deserialize, Serialize};

use crate::EngineError;
use crate::features::FEATURE_VERSION;
use rapport_inference::MemoryBudget;

/// Version of the bundle layout that this engine reads.
pub const BUNDLE_FORMAT: u32 = 1;

/// Names of the artifacts, as the registry lists them.
pub mod artifact {
    /// Configuration, see [`super::BundleConfig`].
    pub const CONFIG: &str = "bundle.json";
    /// Tokenizer of the encoder.
    pub const TOKENIZER: &str = "tokenizer.json";
    /// Sentence encoder.
    pub const ENCODER: &str = "encoder.onnx";
    /// Head that says what each turn does.
    pub const ACTS: &str = "acts.onnx";
    /// Head that says the tone of a turn.
    pub const SENTIMENT: &str = "sentiment.onnx";
    /// Sequence model of the next response type.
    pub const RESPONSE_TYPE: &str = "response_type.onnx";
    /// Sequence model of the stage, now and next.
    pub const STAGE: &str = "stage.onnx";
    /// Projection, clusters and Markov chain.
    pub const DIRECTION: &str = "direction.json";
    /// Suggestions.
    pub const PLAYBOOK: &str = "playbook.json";
    /// One int8 vector for each suggestion.
    pub const PLAYBOOK_VECTORS: &str = "playbook.bin";
    /// Models of conversion, see [`crate::ConversionModel`]; a bundle may lack it.
    pub const CONVERSION: &str = "conversion.json";
    /// Heads of the signals; a bundle may do without.
    pub const SIGNALS: &str = "signals.onnx";
    /// How the signals' logits become probabilities; there when [`SIGNALS`] is.
    pub const SIGNALS_CONFIG: &str = "signals.json";
    /// Prototypes of won and lost conversations; optional.
    pub const PROTOTYPES: &str = "prototypes.json";
    /// Past conversations to compare with; optional.
    pub const REFERENCE: &str = "reference.bin";
    /// Every artifact that a bundle must have.
    pub const ALL: [&str; 10] = [
        CONFIG,
        TOKENIZER,
        ENCODER,
        ACTS,
        SENTIMENT,
        RESPONSE_TYPE,
        STAGE,
        DIRECTION,
        PLAYBOOK,
        PLAYBOOK_VECTORS,
    ];
}

/// The files of a bundle by artifact name.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    files: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// Collects artifacts: `(name, bytes)`.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    /// Names that [`crate::Engine::load`] needs and the bundle lacks.
    pub fn missing(&self) -> Vec<&'static str> {
        artifact::ALL.into_iter().filter(|name| !self.files.contains_key(*name)).collect()
    }

    /// True when the bundle has this artifact.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Refuses a bundle with an artifact that is larger than a file may be.
    pub(crate) fn check(&self, budget: &MemoryBudget) -> Result<(), EngineError> {
        match self.files.iter().find(|(_, bytes)| bytes.len() > budget.file) {
            Some((name, bytes)) => Err(EngineError::artifact(
                name,
                format!("it has {} bytes, {} are the most that is read", bytes.len(), budget.file),
            )),
            None => Ok(()),
        }
    }

    /// Takes an artifact out, so that its bytes can be freed as soon as they are read.
    pub(crate) fn take(&mut self, name: &str) -> Result<Vec<u8>, EngineError> {
        self.files.remove(name).ok_or_else(|| EngineError::MissingArtifact(name.into()))
    }

    /// Takes an artifact out that a bundle may lack.
    pub(crate) fn take_optional(&mut self, name: &str) -> Option<Vec<u8>> {
        self.files.remove(name)
    }

    /// Takes a JSON artifact out that a bundle may lack, and reads it.
    pub(crate) fn take_optional_json<T: serde::de::DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, EngineError> {
        if self.has(name) { self.take_json(name).map(Some) } else { Ok(None) }
    }

    /// Takes a JSON artifact out and reads it.
    pub(crate) fn take_json<T: serde::de::DeserializeOwned>(&mut self, name: &str) -> Result<T, EngineError> {
        serde_json::from_slice(&self.take(name)?).map_err(|e| EngineError::artifact(name, e))
    }
}

/// `bundle.json`: what the engine has to know to run the models as they were trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BundleConfig {
    /// Layout of the bundle, [`BUNDLE_FORMAT`].
    pub format: u32,
    /// Name of the bundle, shown as the model version.
    pub name: String,
    /// Version of the feature code that the heads were trained with, [`FEATURE_VERSION`].
    pub features: u32,
    /// The encoder's limits.
    pub encoder: EncoderConfig,
    /// Divisors of the logits, fitted on conversations kept back.
    pub temperatures: Temperatures,
    /// Classes of every head, in order; checked against the engine's own.
    pub classes: Classes,
}

/// The encoder's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// Length of a sentence vector.
    pub dimensions: usize,
    /// Tokens read of a text.
    pub max_tokens: usize,
}

/// Softmax temperatures of the heads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Temperatures {
    /// Response type of the turn itself.
    pub response_type_now: f32,
    /// Seller act of the turn itself.
    pub seller_act: f32,
    /// Tone of the turn.
    pub sentiment: f32,
    /// Next response type.
    pub response_type_next: f32,
    /// Stage after the turn.
    pub stage_now: f32,
    /// Stage after the next turn.
    pub stage_next: f32,
}

impl Default for Temperatures {
    fn default() -> Self {
        Self {
            response_type_now: 1.0,
            seller_act: 1.0,
            sentiment: 1.0,
            response_type_next: 1.0,
            stage_now: 1.0,
            stage_next: 1.0,
        }
    }
}

/// Class names of every head, in class order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes {
    /// [`ResponseType`].
    pub response_type: Vec<String>,
    /// [`SellerAct`].
    pub seller_act: Vec<String>,
    /// [`Stage`].
    pub stage: Vec<String>,
    /// [`Sentiment`].
    pub sentiment: Vec<String>,
}

impl Classes {
    /// The engine's own class order.
    pub fn current() -> Self {
        fn names<L: Label>() -> Vec<String> {
            L::ALL.iter().map(|l| l.name().to_string()).collect()
        }
        Self {
            response_type: names::<ResponseType>(),
            seller_act: names::<SellerAct>(),
            stage: names::<Stage>(),
            sentiment: names::<Sentiment>(),
        }
    }
}

impl BundleConfig {
    /// Refuses a bundle that another engine was meant for.
    ///
    /// # Errors
    /// [`EngineError::Artifact`] naming what differs.
    pub fn check(&self) -> Result<(), EngineError> {
        let refuse = |reason: String| Err(EngineError::artifact(artifact::CONFIG, reason));
        if self.format != BUNDLE_FORMAT {
            return refuse(format!("format {} is not {BUNDLE_FORMAT}, which this engine reads", self.format));
        }
        if self.features != FEATURE_VERSION {
            return refuse(format!(
                "it was trained with features version {}, this engine computes version {FEATURE_VERSION}",
                self.features
            ));
        }
        if self.classes != Classes::current() {
            return refuse("its classes differ from the engine's in name or order".into());
        }
        let t = &self.temperatures;
        let all =
            [t.response_type_now, t.seller_act, t.sentiment, t.response_type_next, t.stage_now, t.stage_next];
        if all.iter().any(|t| !t.is_finite() || *t <= 0.0) {
            return refuse("a temperature is not a positive number".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_that_is_larger_than_the_budget_is_refused_by_name() {
        let bundle =
            Bundle::new([("playbook.json".to_owned(), vec![0; 11]), ("acts.onnx".to_owned(), vec![0; 10])]);
        let within = |file| bundle.check(&MemoryBudget { file, ..MemoryBudget::SERVING });
        assert!(within(11).is_ok());
        let refusal = within(10).map_err(|e| e.to_string());
        assert!(refusal.is_err_and(|e| e.contains("playbook.json") && e.contains("11 bytes")));
    }
}
