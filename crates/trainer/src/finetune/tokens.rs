//! Texts as word pieces, as the engine cuts them.

use anyhow::{Result, anyhow};
use tokenizers::{Tokenizer, TruncationParams};

use crate::encoder::plain_tokenizer;

/// The base's tokenizer.
#[derive(Debug)]
pub(crate) struct Tokens(Tokenizer);

impl Tokens {
    /// Reads `tokenizer.json`; no more than `most` word pieces are kept of a text.
    ///
    /// # Errors
    /// When the bytes are no tokenizer.
    pub(crate) fn new(json: &[u8], most: usize) -> Result<Self> {
        let plain = plain_tokenizer(json)?;
        let mut tokenizer = Tokenizer::from_bytes(plain).map_err(|e| anyhow!("the tokenizer: {e}"))?;
        let truncation = TruncationParams { max_length: most, ..Default::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|e| anyhow!("the tokenizer: {e}"))?;
        Ok(Self(tokenizer))
    }

    /// The word pieces of a text, with the marks of its begin and end.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub(crate) fn of(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.0.encode_fast(text, true).map_err(|e| anyhow!("the tokenizer: {e}"))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The word piece of each number below `count`; nothing where the vocabulary has none.
    pub(crate) fn entries(&self, count: usize) -> Vec<Option<String>> {
        (0..count as u32).map(|id| self.0.id_to_token(id)).collect()
    }
}
