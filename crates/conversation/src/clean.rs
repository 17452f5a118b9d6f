//! The one cleaning that training and serving share.

use unicode_normalization::UnicodeNormalization;

/// A text after cleaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// The clean text: NFC, one line, no control characters.
    pub text: String,
}

/// Cleans one turn's text.
pub fn clean(text: &str) -> Cleaned {
    let kept: String = text
        .nfc()
        .filter(|c| !c.is_control() || c.is_whitespace())
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}'))
        .collect();
    Cleaned { text: kept.split_whitespace().collect::<Vec<_>>().join(" ") }
}
