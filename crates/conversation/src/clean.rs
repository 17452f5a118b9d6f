//! The one cleaning that training and serving share, so that a model sees in use what it saw in training.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A run of the same punctuation mark or symbol is cut to this length.
const LONGEST_RUN: usize = 3;
/// Escaped entities are decoded again this often (`&amp;lt;` is `<` after two passes).
const ENTITY_PASSES: usize = 4;

/// What [`clean`] had to change in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextRepair {
    /// HTML entities were decoded.
    HtmlEntities,
    /// HTML line and paragraph marks became spaces.
    HtmlMarkup,
    /// Control, zero-width and direction characters were removed.
    ControlCharacters,
    /// The text was brought into Unicode normalisation form C.
    UnicodeForm,
    /// Runs of white space became one space; white space at the ends was removed.
    Whitespace,
    /// Smileys were brought to one spelling (`:-)))` is `:)`).
    Smileys,
    /// Long runs of one mark were cut to three (`!!!!!!` is `!!!`).
    LongRuns,
}

/// A text after cleaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// One line in Unicode normalisation form C, without control characters; empty when nothing was said.
    pub text: String,
    /// What was changed.
    pub repairs: BTreeSet<TextRepair>,
}

/// Cleans one turn's text. Cleaning a clean text changes nothing.
///
/// ```
/// use rapport_conversation::{TextRepair, clean};
/// let cleaned = clean("  Sounds   good&#33;&#33;  :-)))\u{200b}\r\n");
/// assert_eq!(cleaned.text, "Sounds good!! :)");
/// assert!(cleaned.repairs.contains(&TextRepair::Smileys));
/// ```
pub fn clean(text: &str) -> Cleaned {
    let mut repairs = BTreeSet::new();
    let mut step = |text: &mut String, repair, changed: Option<String>| {
        if let Some(changed) = changed {
            *text = changed;
            repairs.insert(repair);
        }
    };
    let mut text = text.to_owned();
    let decoded = without_entities(&text);
    step(&mut text, TextRepair::HtmlEntities, decoded);
    let plain = without_markup(&text);
    step(&mut text, TextRepair::HtmlMarkup, plain);
    let visible = without_controls(&text);
    step(&mut text, TextRepair::ControlCharacters, visible);
    let composed = (!is_nfc(&text)).then(|| text.nfc().collect());
    step(&mut text, TextRepair::UnicodeForm, composed);
    let spaced = single_spaced(&text);
    step(&mut text, TextRepair::Whitespace, spaced);
    let smileys = plain_smileys(&text);
    step(&mut text, TextRepair::Smileys, smileys);
    let short = short_runs(&text);
    step(&mut text, TextRepair::LongRuns, short);
    Cleaned { text, repairs }
}

fn without_entities(text: &str) -> Option<String> {
    let mut decoded = None;
    for _ in 0..ENTITY_PASSES {
        let current = decoded.as_deref().unwrap_or(text);
        if !current.contains('&') {
            break;
        }
        let next = html_escape::decode_html_entities(current);
        if next == current {
            break;
        }
        decoded = Some(next.into_owned());
    }
    decoded
}

/// Replaces `<br>`, `<p>` and `<div>` tags, which chat exports use as line ends, by spaces.
fn without_markup(text: &str) -> Option<String> {
    let mut plain: Option<String> = None;
    let mut copied = 0;
    for (start, _) in text.match_indices('<') {
        let Some(length) = line_tag(&text[start..]) else { continue };
        let plain = plain.get_or_insert_with(String::new);
        plain.push_str(&text[copied..start]);
        plain.push(' ');
        copied = start + length;
    }
    plain.map(|mut plain| {
        plain.push_str(&text[copied..]);
        plain
    })
}

/// The bytes of the tag that `text` begins with, when it is one that ends a line.
fn line_tag(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let known = ["br", "p", "div"].iter().any(|tag| name[..letters].eq_ignore_ascii_case(tag));
    let rest = name[letters..].trim_start();
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let rest = rest.strip_prefix('>').filter(|_| known)?;
    Some(text.len() - rest.len())
}

fn without_controls(text: &str) -> Option<String> {
    if !text.chars().any(|c| is_invisible(c) || is_joiner(c)) {
        return None;
    }
    // A joiner stays inside emoji and inside words of scripts that need it.
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().filter(|&c| !is_invisible(c)).peekable();
    while let Some(c) = rest.next() {
        let joins =
            |side: Option<char>| side.is_some_and(|s| !s.is_ascii() && !s.is_whitespace() && !is_joiner(s));
        if !is_joiner(c) || (joins(kept.chars().next_back()) && joins(rest.peek().copied())) {
            kept.push(c);
        }
    }
    (kept != text).then_some(kept)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{00AD}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

fn single_spaced(text: &str) -> Option<String> {
    let mut spaced = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    (spaced != text).then_some(spaced)
}

/// Brings smileys with round mouths, and letter mouths that stand alone, to eyes and one mouth.
fn plain_smileys(text: &str) -> Option<String> {
    if !text.contains([':', ';', '=']) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if let Some((eyes, mouth, length)) = smiley(&chars, at) {
            plain.extend([eyes, mouth]);
            at += length;
        } else {
            plain.push(chars[at]);
            at += 1;
        }
    }
    (plain != text).then_some(plain)
}

/// Eyes, mouth and length in characters of the smiley that begins at `at`.
fn smiley(chars: &[char], at: usize) -> Option<(char, char, usize)> {
    let eyes = match chars[at] {
        ':' | '=' => ':',
        ';' => ';',
        _ => return None,
    };
    let nose = usize::from(matches!(chars.get(at + 1), Some('-' | '^' | '\'')));
    let mouth = *chars.get(at + 1 + nose)?;
    let run = chars[at + 1 + nose..].iter().take_while(|&&c| c == mouth).count();
    let length = 1 + nose + run;
    let alone =
        (at == 0 || chars[at - 1] == ' ') && chars.get(at + length).is_none_or(|c| !c.is_alphanumeric());
    let mouth = match mouth {
        ')' | '(' => mouth,
        'D' | 'P' if alone => mouth,
        'p' if alone => 'P',
        _ => return None,
    };
    Some((eyes, mouth, length))
}

fn short_runs(text: &str) -> Option<String> {
    let mut short = String::with_capacity(text.len());
    let mut last = None;
    let mut run = 0;
    for c in text.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        last = Some(c);
        if run <= LONGEST_RUN || c.is_alphanumeric() {
            short.push(c);
        }
    }
    (short.len() != text.len()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_changed() {
        use TextRepair::{
            ControlCharacters, HtmlEntities, HtmlMarkup, LongRuns, Smileys, UnicodeForm, Whitespace,
        };
        let cases: [(&str, &str, &[TextRepair]); 12] = [
            ("All good: 10-20 =5", "All good: 10-20 =5", &[]),
            ("R&amp;amp;D &#39;s", "R&D 's", &[HtmlEntities]),
            ("one<br/>two<P>x < y", "one two x < y", &[HtmlMarkup]),
            ("a\u{0}b\u{200b}c\u{202e}", "abc", &[ControlCharacters]),
            ("cafe\u{301}", "caf\u{e9}", &[UnicodeForm]),
            (" a \t\n b ", "a b", &[Whitespace]),
            ("ok :-))) =) ;-( :D :p http://x", "ok :) :) ;( :D :P http://x", &[Smileys]),
            ("What?????? 1000000 hmmmmm", "What??? 1000000 hmmmmm", &[LongRuns]),
            ("\u{1f468}\u{200d}\u{1f469} a\u{200d}b", "\u{1f468}\u{200d}\u{1f469} ab", &[ControlCharacters]),
            ("ratio:Party of 5:Day", "ratio:Party of 5:Day", &[]),
            ("\u{200b} \r\n", "", &[Whitespace, ControlCharacters]),
            ("", "", &[]),
        ];
        for (text, expected, repairs) in cases {
            let cleaned = clean(text);
            assert_eq!(cleaned.text, expected);
            assert_eq!(cleaned.repairs, repairs.iter().copied().collect(), "{text}");
        }
    }
}
