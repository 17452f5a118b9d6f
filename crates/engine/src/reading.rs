//! Reading a conversation: turns merged and cleaned, each with its vector and features.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use rapport_conversation::{Conversation, Speaker, clean};
use rapport_inference::{EncoderLimits, Input, MemoryBudget, OnnxModel, SentenceEncoder, softmax};

use crate::cache::EmbeddingCache;
use crate::features::{SURFACE_FEATURES, surface};
use crate::lexical::{LEXICAL_BUCKETS, hashed, tokens};
use crate::{EngineError, bundle::artifact};

/// Length of the vector that the act head reads for each turn.
pub const fn turn_vector_len(dimensions: usize) -> usize {
    dimensions + LEXICAL_BUCKETS + SURFACE_FEATURES
}

/// One turn as the models see it.
#[derive(Debug, Clone)]
pub struct TurnReading {
    /// Who said it.
    pub speaker: Speaker,
    /// Its cleaned text, which the written rules read; no answer repeats it.
    pub text: Arc<str>,
    /// Index of the last line of the conversation that went into it.
    pub line: usize,
    /// Unit vector of the text, `[dimensions]`.
    pub embedding: Arc<[f32]>,
    /// Hashed words, `(bucket, weight)`.
    pub lexical: Vec<(u32, f32)>,
    /// Surface features.
    pub surface: [f32; SURFACE_FEATURES],
    /// Probabilities of negative, neutral and positive tone.
    pub sentiment: [f32; 3],
}

impl TurnReading {
    /// The row that the act head reads: embedding, hashed words, surface features.
    pub fn write_row(&self, row: &mut [f32]) {
        let dimensions = self.embedding.len();
        row.fill(0.0);
        row[..dimensions].copy_from_slice(&self.embedding);
        for &(bucket, weight) in &self.lexical {
            row[dimensions + bucket as usize] = weight;
        }
        row[dimensions + LEXICAL_BUCKETS..].copy_from_slice(&self.surface);
    }
}

/// A run of one speaker's lines, as the models count turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedTurn {
    /// Who spoke.
    pub speaker: Speaker,
    /// Cleaned text, lines joined by a space.
    pub text: String,
    /// Index of the last line of the conversation that went into it.
    pub last_line: usize,
}

/// Joins consecutive lines of one speaker: the models were trained on turns, not on lines.
pub fn merge_turns(conversation: &Conversation) -> Vec<MergedTurn> {
    let mut merged: Vec<MergedTurn> = Vec::new();
    for (i, turn) in conversation.turns.iter().enumerate() {
        let text = clean(&turn.text).text;
        match merged.last_mut() {
            Some(last) if last.speaker == turn.speaker => {
                if !last.text.is_empty() && !text.is_empty() {
                    last.text.push(' ');
                }
                last.text.push_str(&text);
                last.last_line = i;
            }
            _ => merged.push(MergedTurn { speaker: turn.speaker, text, last_line: i }),
        }
    }
    merged
}

/// Hashed words `(bucket, weight)` and surface features of the turn at `position`, counted from 0: what is plain to
/// see without a model. `tone` is the probability of a positive tone less that of a negative one.
pub fn wording(turn: &MergedTurn, position: usize, tone: f32) -> (Vec<(u32, f32)>, [f32; SURFACE_FEATURES]) {
    let words = tokens(&turn.text);
    let surface = surface(&turn.text, &words, turn.speaker, position, tone);
    (hashed(&words), surface)
}

/// The part of the engine that training shares: text in, vectors and features out.
pub struct Reader {
    encoder: SentenceEncoder,
    sentiment: OnnxModel,
    sentiment_temperature: f32,
    cache: Mutex<EmbeddingCache>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("encoder", &self.encoder).finish_non_exhaustive()
    }
}

impl Reader {
    /// Loads the encoder and the sentiment head.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when one of them cannot be read or is larger than the budget.
    pub fn load(
        encoder: impl AsRef<[u8]>,
        tokenizer: &[u8],
        sentiment: &[u8],
        limits: EncoderLimits,
        sentiment_temperature: f32,
        budget: &MemoryBudget,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            encoder: SentenceEncoder::load_within(encoder, tokenizer, limits, budget)?,
            sentiment: OnnxModel::load_within(artifact::SENTIMENT, sentiment, budget)?,
            sentiment_temperature,
            cache: Mutex::new(EmbeddingCache::new(budget.vectors)),
        })
    }

    /// Parts of the models that run slower than they could, by artifact.
    pub(crate) fn unfused(&self) -> [(&'static str, &[String]); 2] {
        [(artifact::ENCODER, self.encoder.unfused()), (artifact::SENTIMENT, self.sentiment.unfused())]
    }

    /// Length of a sentence vector.
    pub fn dimensions(&self) -> usize {
        self.encoder.limits().dimensions
    }

    /// Unit vector of a text; texts seen lately cost nothing.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the encoder fails.
    pub fn embed(&self, text: &str) -> Result<Arc<[f32]>, EngineError> {
        // A poisoned cache still holds whole vectors: entries are inserted in one step.
        if let Some(vector) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(vector);
        }
        // An empty text has no words for the encoder; a full stop stands for saying nothing.
        let said: Cow<'_, str> = if text.trim().is_empty() { ".".into() } else { text.into() };
        let vector: Arc<[f32]> = self.encoder.encode(&said)?.into();
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(text, Arc::clone(&vector));
        Ok(vector)
    }

    /// Probabilities of negative, neutral and positive tone of an embedded text.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the head fails.
    pub fn sentiment(&self, embedding: &[f32]) -> Result<[f32; 3], EngineError> {
        let input = Input::f32(&[1, embedding.len()], embedding.to_vec())
            .ok_or_else(|| EngineError::artifact(artifact::SENTIMENT, "an embedding has no shape"))?;
        let logits = self.sentiment.run(vec![("embedding", input)], &["sentiment"])?.remove(0);
        let p = softmax(&logits.iter().copied().collect::<Vec<_>>(), self.sentiment_temperature);
        <[f32; 3]>::try_from(p)
            .map_err(|p| EngineError::artifact(artifact::SENTIMENT, format!("it gives {} classes", p.len())))
    }

    /// Reads turns in order.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when a model fails.
    pub fn read(&self, turns: &[MergedTurn]) -> Result<Vec<TurnReading>, EngineError> {
        turns.iter().enumerate().map(|(position, turn)| self.read_turn(turn, position)).collect()
    }

    /// Reads one turn that stands at `position`, counted from 0.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when a model fails.
    pub fn read_turn(&self, turn: &MergedTurn, position: usize) -> Result<TurnReading, EngineError> {
        let embedding = self.embed(&turn.text)?;
        let sentiment = self.sentiment(&embedding)?;
        let (lexical, surface) = wording(turn, position, sentiment[2] - sentiment[0]);
        Ok(TurnReading {
            speaker: turn.speaker,
            text: turn.text.as_str().into(),
            line: turn.last_line,
            embedding,
            lexical,
            surface,
            sentiment,
        })
    }

    /// Makes room for the vectors of this many texts.
    pub fn expect_texts(&self, texts: usize) {
        let bytes = texts * self.dimensions() * size_of::<f32>();
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).allow(bytes);
    }

    /// Keeps the vector of a text that was encoded before.
    pub fn remember(&self, text: &str, vector: &[f32]) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(text, vector.into());
    }
}

#[cfg(test)]
mod tests {
    use rapport_conversation::Turn;

    use super::*;

    #[test]
    fn lines_of_one_speaker_become_one_turn() {
        let line = |speaker, text: &str| Turn::new(speaker, text);
        let conversation = Conversation::new(
            "c",
            vec![
                line(Speaker::Customer, "Hi"),
                line(Speaker::Customer, ""),
                line(Speaker::Customer, "there"),
                line(Speaker::Salesperson, "Hello"),
            ],
        );
        let merged = merge_turns(&conversation);
        assert_eq!(merged.len(), 2);
        assert_eq!((merged[0].text.as_str(), merged[0].last_line), ("Hi there", 2));
        assert_eq!(merged[1].last_line, 3);
    }
}
