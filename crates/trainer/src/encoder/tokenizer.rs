//! The tokenizer artifact: the base tokenizer without padding and truncation of its own.

use serde_json::Value;

/// Removes padding and truncation from a Hugging Face `tokenizer.json` and writes it compactly.
///
/// Callers cut long inputs themselves, and nothing here pads. Keys are sorted, so the same input
/// always gives the same bytes.
pub fn plain_tokenizer(json: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut tokenizer: Value = serde_json::from_slice(json)?;
    if let Value::Object(fields) = &mut tokenizer {
        fields.insert("padding".to_owned(), Value::Null);
        fields.insert("truncation".to_owned(), Value::Null);
    }
    tokenizer.sort_all_objects();
    serde_json::to_vec(&tokenizer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::plain_tokenizer;

    #[test]
    fn padding_and_truncation_go_and_the_rest_stays() {
        let json = br#"{"truncation":{"max_length":128},"model":{"type":"WordPiece"},"padding":{"strategy":{"Fixed":128}}}"#;
        let plain = plain_tokenizer(json).unwrap();
        assert_eq!(
            String::from_utf8(plain).unwrap(),
            r#"{"model":{"type":"WordPiece"},"padding":null,"truncation":null}"#
        );
    }
}
