//! Text to the numbers of word pieces, as BERT reads text.
//!
//! Made of the parts of the `tokenizers` library, not of its `Tokenizer`: that one looks for the names of special
//! tokens in every text, so that a text may say `[SEP]` and mean it, and holds the engine for regular expressions that
//! it needs for that. A text from a conversation is only ever words.

use std::collections::HashMap;

use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{Model, NormalizedString, Normalizer, OffsetType, PreTokenizedString, PreTokenizer};

use crate::InferenceError;

/// A tokenizer of the BERT family, as `tokenizer.json` has it.
#[derive(Debug, Clone)]
pub(crate) struct Tokenizer {
    normalizer: BertNormalizer,
    words: BertPreTokenizer,
    pieces: WordPiece,
    /// Numbers before and behind those of a text.
    before: Vec<i64>,
    behind: Vec<i64>,
    max_tokens: usize,
}

#[derive(Deserialize)]
struct File {
    normalizer: BertNormalizer,
    pre_tokenizer: BertPreTokenizer,
    model: WordPiece,
    post_processor: Template,
}

/// What stands around a text.
#[derive(Deserialize)]
struct Template {
    single: Vec<Part>,
    special_tokens: HashMap<String, Special>,
}

#[derive(Deserialize)]
enum Part {
    SpecialToken { id: String },
    Sequence {},
}

#[derive(Deserialize)]
struct Special {
    ids: Vec<u32>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`; of a text `max_tokens` numbers are kept, those around it included.
    pub(crate) fn read(json: &[u8], max_tokens: usize) -> Result<Self, InferenceError> {
        let fail = |reason: String| InferenceError::Tokenizer(reason);
        let file: File =
            serde_json::from_slice(json).map_err(|e| fail(format!("cannot be read as one of BERT: {e}")))?;
        let Template { single, special_tokens } = file.post_processor;
        let (mut before, mut behind, mut seen) = (Vec::new(), Vec::new(), false);
        for part in single {
            match part {
                Part::Sequence {} => seen = true,
                Part::SpecialToken { id } => {
                    let special = special_tokens.get(&id);
                    let special = special.ok_or_else(|| fail(format!("has no special token {id:?}")))?;
                    let target = if seen { &mut behind } else { &mut before };
                    target.extend(special.ids.iter().map(|&id| i64::from(id)));
                }
            }
        }
        let around = before.len() + behind.len();
        if max_tokens <= around {
            return Err(fail(format!("refuses {max_tokens} tokens: {around} stand around each text")));
        }
        let (normalizer, words, pieces) = (file.normalizer, file.pre_tokenizer, file.model);
        Ok(Self { normalizer, words, pieces, before, behind, max_tokens })
    }

    /// The numbers of a text, those around it included.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<i64>, InferenceError> {
        let fail = |e: tokenizers::Error| InferenceError::Tokenizer(format!("cannot read the text: {e}"));
        let mut normalized = NormalizedString::from(text);
        self.normalizer.normalize(&mut normalized).map_err(fail)?;
        let mut words = PreTokenizedString::from(normalized);
        self.words.pre_tokenize(&mut words).map_err(fail)?;
        words.tokenize(|word| self.pieces.tokenize(word.get())).map_err(fail)?;
        let pieces = words.into_encoding(None, 0, OffsetType::None).map_err(fail)?;
        let room = self.max_tokens - self.before.len() - self.behind.len();
        let ids = pieces.get_ids().iter().take(room).map(|&id| i64::from(id));
        Ok(self.before.iter().copied().chain(ids).chain(self.behind.iter().copied()).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const JSON: &str = r###"{
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "price": 3, "##s": 4, "[": 5, "sep": 6, "]": 7}}}"###;

    fn read(max_tokens: usize) -> Result<Tokenizer, InferenceError> {
        Tokenizer::read(JSON.as_bytes(), max_tokens)
    }

    #[test]
    fn words_become_pieces_between_the_special_tokens() {
        let ids = read(16).unwrap().encode("Pricés price zebra").unwrap();
        assert_eq!(ids, [1, 3, 4, 3, 0, 2]);
    }

    #[test]
    fn a_long_text_is_cut_and_still_closed() {
        assert_eq!(read(4).unwrap().encode("price price price").unwrap(), [1, 3, 3, 2]);
        assert_eq!(read(4).unwrap().encode("").unwrap(), [1, 2]);
    }

    #[test]
    fn the_name_of_a_special_token_in_a_text_is_only_words() {
        assert_eq!(read(16).unwrap().encode("[SEP] price").unwrap(), [1, 5, 6, 7, 3, 2]);
    }

    #[test]
    fn too_few_tokens_and_other_kinds_are_refused() {
        assert!(read(2).unwrap_err().to_string().contains("2 stand around"));
        let other = JSON.replace("\"BertPreTokenizer\"", "\"Whitespace\"");
        assert!(Tokenizer::read(other.as_bytes(), 16).is_err());
        let lacking = JSON.replace("\"ids\": [2]", "\"idz\": [2]");
        assert!(Tokenizer::read(lacking.as_bytes(), 16).is_err());
    }
}
