//! Words and word pairs, hashed into a fixed number of buckets.
//!
//! What a sentence vector blurs (a bare "ok", a number, "but") a word keeps; hashing needs no
//! vocabulary in the bundle.

use std::collections::BTreeMap;

/// Number of buckets.
pub const LEXICAL_BUCKETS: usize = 4096;

/// Splits text into lower-case words and the marks `? ! $ : ( )`.
///
/// A word is letters and digits, joined by inner `.` or `'`, with a leading `$` kept.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    let chars: Vec<char> = lower.chars().collect();
    let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if c.is_alphanumeric() || (c == '$' && word(chars.get(i + 1))) {
            let start = i;
            i += 1;
            while word(chars.get(i)) || (matches!(chars.get(i), Some('.' | '\'')) && word(chars.get(i + 1))) {
                i += 1;
            }
            out.push(chars[start..i].iter().collect());
        } else {
            if matches!(c, '?' | '!' | '$' | ':' | '(' | ')') {
                out.push(c.to_string());
            }
            i += 1;
        }
    }
    out
}

/// FNV-1a, 32 bit, over UTF-8 bytes.
fn fnv1a(parts: &[&str]) -> u32 {
    let mut hash = 0x811c_9dc5u32;
    for byte in parts.iter().flat_map(|p| p.bytes()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash
}

/// Hashed words and neighbouring pairs of a token list: `(bucket, weight)`, buckets ascending.
///
/// A weight is `1 + ln(count)`, and the whole has Euclidean length 1. A text without tokens still
/// has the pair of its two borders.
pub(crate) fn hashed(tokens: &[String]) -> Vec<(u32, f32)> {
    let bucket = |parts: &[&str]| fnv1a(parts) % LEXICAL_BUCKETS as u32;
    let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
    for token in tokens {
        *counts.entry(bucket(&["w ", token])).or_default() += 1.0;
    }
    let bordered: Vec<&str> =
        std::iter::once("^").chain(tokens.iter().map(String::as_str)).chain(std::iter::once("$")).collect();
    for pair in bordered.windows(2) {
        *counts.entry(bucket(&["b ", pair[0], " ", pair[1]])).or_default() += 1.0;
    }
    let mut hashed: Vec<(u32, f32)> = counts.into_iter().map(|(b, n)| (b, 1.0 + n.ln())).collect();
    let norm = hashed.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
    hashed.iter_mut().for_each(|(_, w)| *w /= norm);
    hashed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_prices_contractions_and_marks() {
        let got = tokens("I can\u{2019}t pay $1.50, OK? (really) e-mail.");
        assert_eq!(got, ["i", "can't", "pay", "$1.50", "ok", "?", "(", "really", ")", "e", "mail"]);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(&["foobar"]), 0xbf9c_f968);
        assert_eq!(fnv1a(&["foo", "bar"]), 0xbf9c_f968);
    }

    #[test]
    fn a_hashed_text_has_length_one() {
        for text in ["", "yes", "no no no, thanks!"] {
            let norm: f32 = hashed(&tokens(text)).iter().map(|(_, w)| w * w).sum();
            assert!((norm - 1.0).abs() < 1e-5, "{text}");
        }
    }
}
