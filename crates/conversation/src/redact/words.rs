//! The words of a text with their places.

/// A word without the punctuation around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The punctuation between this word and the next, without white space.
    pub(super) after: Option<char>,
}

impl Word<'_> {
    /// True in any case of ASCII letters.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// True for `Ada`, `O'Neil`, `Jean-Luc`: a capital, then letters. A placeholder is none.
    pub(super) fn is_capitalised(&self) -> bool {
        self.text.starts_with(char::is_uppercase)
            && self.text.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'))
    }
}

/// Cuts at white space and at marks, but not at apostrophes and hyphens within a word.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric()
            || c == '_'
            || (start.is_some()
                && matches!(c, '\'' | '’' | '-')
                && text[at + c.len_utf8()..].starts_with(char::is_alphanumeric));
        if inside {
            start.get_or_insert(at);
            continue;
        }
        if let Some(start) = start.take() {
            words.push(Word { text: &text[start..at], start, end: at, after: None });
        }
        if !c.is_whitespace()
            && let Some(last) = words.last_mut()
        {
            last.after.get_or_insert(c);
        }
    }
    words
}
