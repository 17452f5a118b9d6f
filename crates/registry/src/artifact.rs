//! Artifacts: the files of a bundle.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ContentHash, RegistryError};

/// What an artifact is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ArtifactKind {
    /// The bundle's configuration.
    Configuration,
    /// Tokenizer.
    Tokenizer,
    /// Sentence encoder.
    Encoder,
    /// Classifier of single turns.
    Head,
    /// Model of a sequence of turns.
    Sequence,
    /// Clusters and Markov chains of the direction.
    Direction,
    /// Suggestions and their embeddings.
    Playbook,
    /// Trained change to base weights, merged when the encoder is built.
    Adapter,
    /// Model card.
    Card,
    /// A kind that this version does not know. Kept, so that newer bundles still load in older faces.
    Other(String),
}

impl ArtifactKind {
    /// The name in the manifest.
    pub fn name(&self) -> &str {
        match self {
            Self::Configuration => "configuration",
            Self::Tokenizer => "tokenizer",
            Self::Encoder => "encoder",
            Self::Head => "head",
            Self::Sequence => "sequence",
            Self::Direction => "direction",
            Self::Playbook => "playbook",
            Self::Adapter => "adapter",
            Self::Card => "card",
            Self::Other(name) => name,
        }
    }

    /// The kind of an artifact of this name, by the fixed names of a bundle's files.
    pub fn of_artifact_named(name: &str) -> Self {
        let stem = name.split('.').next().unwrap_or(name);
        match (stem, name.rsplit('.').next()) {
            (_, Some("md")) => Self::Card,
            ("bundle", _) => Self::Configuration,
            ("direction", _) => Self::Direction,
            ("acts" | "sentiment" | "signals" | "conversion", _) => Self::Head,
            ("response_type" | "stage", _) => Self::Sequence,
            _ => Self::from(stem.to_owned()),
        }
    }
}

impl From<String> for ArtifactKind {
    fn from(name: String) -> Self {
        match name.as_str() {
            "configuration" => Self::Configuration,
            "tokenizer" => Self::Tokenizer,
            "encoder" => Self::Encoder,
            "head" => Self::Head,
            "sequence" => Self::Sequence,
            "direction" => Self::Direction,
            "playbook" => Self::Playbook,
            "adapter" => Self::Adapter,
            "card" => Self::Card,
            _ => Self::Other(name),
        }
    }
}

impl From<ArtifactKind> for String {
    fn from(kind: ArtifactKind) -> Self {
        match kind {
            ArtifactKind::Other(name) => name,
            known => known.name().to_owned(),
        }
    }
}

/// One file, as the manifest describes it under its SHA-256.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// File name inside a bundle, for example `encoder.onnx`. Never a path.
    pub name: String,
    /// What it is for.
    pub kind: ArtifactKind,
    /// Length in bytes.
    pub bytes: u64,
    /// Format: `onnx`, `json`, `bin`, `markdown`.
    pub format: String,
    /// SPDX expression of the licence it is given under.
    pub licence: String,
    /// Names of the data sets that went into it.
    #[serde(default)]
    pub data: Vec<String>,
    /// What it was made from: earlier artifacts or base weights, which need not be in the manifest.
    #[serde(default)]
    pub parents: Vec<ContentHash>,
    /// Its own metrics, where it has any.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metrics: Map<String, Value>,
}

/// Checks that `bytes` are the artifact that the manifest names: length first, then SHA-256.
///
/// # Errors
/// [`RegistryError::WrongLength`] or [`RegistryError::WrongHash`].
pub fn verify_artifact(hash: &ContentHash, artifact: &Artifact, bytes: &[u8]) -> Result<(), RegistryError> {
    if bytes.len() as u64 != artifact.bytes {
        return Err(RegistryError::WrongLength {
            name: artifact.name.clone(),
            expected: artifact.bytes,
            found: bytes.len() as u64,
        });
    }
    let found = ContentHash::of(bytes);
    if found != *hash {
        return Err(RegistryError::WrongHash { name: artifact.name.clone(), expected: *hash, found });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn artifact(bytes: &[u8]) -> Artifact {
        Artifact {
            name: "encoder.onnx".into(),
            kind: ArtifactKind::Encoder,
            bytes: bytes.len() as u64,
            format: "onnx".into(),
            licence: "Apache-2.0".into(),
            data: vec![],
            parents: vec![],
            metrics: Map::new(),
        }
    }

    #[test]
    fn kinds_follow_the_fixed_names() {
        for (name, kind) in [
            ("bundle.json", ArtifactKind::Configuration),
            ("tokenizer.json", ArtifactKind::Tokenizer),
            ("encoder.onnx", ArtifactKind::Encoder),
            ("acts.onnx", ArtifactKind::Head),
            ("sentiment.onnx", ArtifactKind::Head),
            ("response_type.onnx", ArtifactKind::Sequence),
            ("stage.onnx", ArtifactKind::Sequence),
            ("direction.json", ArtifactKind::Direction),
            ("playbook.bin", ArtifactKind::Playbook),
            ("encoder.md", ArtifactKind::Card),
            ("conversion.json", ArtifactKind::Head),
            ("prototypes.json", ArtifactKind::Other("prototypes".into())),
        ] {
            assert_eq!(ArtifactKind::of_artifact_named(name), kind);
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(serde_json::from_str::<ArtifactKind>(&json).unwrap(), kind);
        }
    }

    proptest! {
        #[test]
        fn accepts_only_the_named_bytes(
            bytes in proptest::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0u8..8
        ) {
            let (hash, artifact) = (ContentHash::of(&bytes), artifact(&bytes));
            prop_assert!(verify_artifact(&hash, &artifact, &bytes).is_ok());
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= 1 << bit;
            prop_assert_eq!(verify_artifact(&hash, &artifact, &changed).unwrap_err().code(), "wrong_hash");
            prop_assert_eq!(verify_artifact(&hash, &artifact, &bytes[1..]).unwrap_err().code(), "wrong_length");
        }
    }
}
