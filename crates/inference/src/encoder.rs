//! Sentences to vectors.

use crate::model::Batch;
use crate::tokenizer::Tokenizer;
use crate::{InferenceError, Input, MemoryBudget, OnnxModel};

/// How much of a text the encoder reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderLimits {
    /// Tokens kept of a text, special tokens included; the rest is cut off.
    pub max_tokens: usize,
    /// Length of a sentence vector.
    pub dimensions: usize,
}

/// A tokenizer and a transformer that turn one text into one unit vector.
#[derive(Debug, Clone)]
pub struct SentenceEncoder {
    tokenizer: Tokenizer,
    model: OnnxModel,
    limits: EncoderLimits,
}

impl SentenceEncoder {
    /// Reads `encoder.onnx` and `tokenizer.json`.
    ///
    /// The model takes `input_ids` and `attention_mask` (i64 `[batch, sequence]`) and gives
    /// `sentence_embedding` (f32 `[batch, dimensions]`), pooled and normalised. Its bytes are freed as soon as they
    /// are decoded, when they are given away.
    ///
    /// # Errors
    /// [`InferenceError::Load`] or [`InferenceError::Tokenizer`] when one of them cannot be read.
    pub fn load(
        onnx: impl AsRef<[u8]>,
        tokenizer: &[u8],
        limits: EncoderLimits,
    ) -> Result<Self, InferenceError> {
        Self::load_within(onnx, tokenizer, limits, &MemoryBudget::TOOLS)
    }

    /// As [`SentenceEncoder::load`]; refuses a model that is larger than the budget.
    ///
    /// # Errors
    /// As [`SentenceEncoder::load`].
    pub fn load_within(
        onnx: impl AsRef<[u8]>,
        tokenizer: &[u8],
        limits: EncoderLimits,
        budget: &MemoryBudget,
    ) -> Result<Self, InferenceError> {
        let tokenizer = Tokenizer::read(tokenizer, limits.max_tokens)?;
        let model = OnnxModel::load_given("encoder.onnx", onnx, Batch::One, budget)?;
        Ok(Self { tokenizer, model, limits })
    }

    /// Quantized parts that run as the file has them: see [`OnnxModel::unfused`].
    pub fn unfused(&self) -> &[String] {
        self.model.unfused()
    }

    /// The limits it was loaded with.
    pub fn limits(&self) -> EncoderLimits {
        self.limits
    }

    /// Token numbers of a text, special tokens included, cut at `max_tokens`.
    ///
    /// # Errors
    /// [`InferenceError::Tokenizer`] when the text cannot be tokenized.
    pub fn tokenize(&self, text: &str) -> Result<Vec<i64>, InferenceError> {
        self.tokenizer.encode(text)
    }

    /// The vector of one text: `dimensions` numbers of Euclidean length 1.
    ///
    /// # Errors
    /// Any [`InferenceError`] of tokenizing or running.
    pub fn encode(&self, text: &str) -> Result<Vec<f32>, InferenceError> {
        let ids = self.tokenize(text)?;
        let shape = [1, ids.len()];
        let mask = vec![1; ids.len()];
        let run = |what: &str| InferenceError::Run {
            model: "encoder.onnx".into(),
            reason: format!("{what} has {} values", ids.len()),
        };
        let mut out = self.model.run(
            vec![
                ("input_ids", Input::i64(&shape, ids.clone()).ok_or_else(|| run("input_ids"))?),
                ("attention_mask", Input::i64(&shape, mask).ok_or_else(|| run("attention_mask"))?),
            ],
            &["sentence_embedding"],
        )?;
        let embedding = out.remove(0);
        if embedding.len() != self.limits.dimensions {
            return Err(InferenceError::Shape {
                model: "encoder.onnx".into(),
                found: embedding.shape().to_vec(),
                expected: vec![1, self.limits.dimensions],
            });
        }
        Ok(embedding.iter().copied().collect())
    }
}
