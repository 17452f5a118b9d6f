//! An encoder and the vectors that it gives to texts.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::Conversation;
use rapport_engine::{BundleConfig, bundle::artifact, merge_turns};
use rapport_inference::{EncoderLimits, SentenceEncoder};

use crate::files::read;
use crate::train::vectors::VectorStore;
use crate::{Output, sha256_hex};

/// Limits of an encoder without a `bundle.json` beside it: those of all-MiniLM-L6-v2 as `rapport export` writes it.
const LIMITS: EncoderLimits = EncoderLimits { max_tokens: 128, dimensions: 384 };

/// An encoder with the vectors that were computed with it.
pub(super) struct Space {
    /// Of `encoder.onnx`.
    pub sha256: String,
    encoder: SentenceEncoder,
    store: VectorStore,
}

impl Space {
    /// Reads the encoder of a folder: a bundle, or `encoder.onnx` and `tokenizer.json` alone.
    pub(super) fn load(folder: &Path) -> Result<Self> {
        let part = |name: &str| {
            let help = "a bundle's folder or one with encoder.onnx and tokenizer.json is needed";
            read(&folder.join(name)).context(help)
        };
        let (onnx, tokenizer) = (part(artifact::ENCODER)?, part(artifact::TOKENIZER)?);
        let config = folder.join(artifact::CONFIG);
        let limits = if config.exists() {
            let config: BundleConfig = serde_json::from_slice(&read(&config)?)
                .with_context(|| format!("{} is not a bundle's configuration", config.display()))?;
            EncoderLimits { max_tokens: config.encoder.max_tokens, dimensions: config.encoder.dimensions }
        } else {
            LIMITS
        };
        let sha256 = sha256_hex(&onnx);
        let encoder = SentenceEncoder::load(onnx, &tokenizer, limits)
            .with_context(|| format!("the encoder in {} cannot be loaded", folder.display()))?;
        // Cut elsewhere, a long text has another vector.
        let name = format!("{sha256}-{}", limits.max_tokens);
        let store = VectorStore::open(if limits == LIMITS { &sha256 } else { &name }, limits.dimensions);
        Ok(Self { sha256, encoder, store })
    }

    /// Encodes every turn that was not encoded before.
    pub(super) fn encode<'a>(
        &mut self,
        conversations: impl Iterator<Item = &'a Conversation>,
        output: Output,
    ) -> Result<()> {
        let texts: Vec<String> = conversations.flat_map(merge_turns).map(|turn| turn.text).collect();
        self.store.encode(texts.iter().map(String::as_str), &self.encoder, output)
    }

    /// The vector of a text that was encoded.
    pub(super) fn vector(&self, text: &str) -> Result<&[f32]> {
        let vector = self.store.get(text).context("a turn was not encoded")?;
        ensure!(vector.iter().all(|x| x.is_finite()), "the encoder gives a vector that is not finite");
        Ok(vector)
    }
}
