//! Postal addresses: numbers that only mean something beside a street, a flat, a post box or a state.

use super::words::{Word, words};
use super::{PersonalData, Span};

const STREETS: [&str; 27] = [
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "drive",
    "dr",
    "court",
    "ct",
    "place",
    "square",
    "sq",
    "terrace",
    "highway",
    "hwy",
    "parkway",
    "pkwy",
    "circle",
    "crescent",
    "close",
    "trail",
    "way",
];
const FLATS: [&str; 5] = ["apt", "apartment", "suite", "flat", "unit"];
const STATES: [&str; 51] = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
    "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND",
    "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC",
];
/// A street's own name has at most this many words.
const STREET_WORDS: usize = 4;

pub(super) fn addresses(text: &str) -> Vec<Span> {
    let words = words(text);
    let mut spans = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let length = street(&words[at..])
            .or_else(|| german_street(&words[at..]))
            .or_else(|| post_box(&words[at..]))
            .or_else(|| flat(&words[at..]))
            .or_else(|| zip_code(&words[at..]))
            .or_else(|| uk_postcode(&words[at..]));
        if let Some(length) = length {
            let (start, end) = (words[at].start, words[at + length - 1].end);
            spans.push(Span { start, end, kind: PersonalData::Address });
        }
        at += length.unwrap_or(1);
    }
    spans
}

/// `221B`, `12`, `10-12`: up to five digits and perhaps a letter.
fn is_house_number(word: &str) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &word[digits..];
    (1..=5).contains(&digits)
        && (rest.is_empty()
            || (rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_alphabetic()))
            || rest.strip_prefix('-').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())))
}

/// `123 Main Street`, `5 W 42nd St`: a number, capitalised words, a word for a street.
fn street(words: &[Word<'_>]) -> Option<usize> {
    let number = words.first().filter(|word| is_house_number(word.text) && word.after.is_none())?;
    debug_assert!(!number.text.is_empty());
    for (count, word) in words.iter().enumerate().skip(1).take(STREET_WORDS + 1) {
        if count > 1 && word.is_any(&STREETS) && (word.text.len() > 3 || word.is_capitalised()) {
            return Some(count + 1);
        }
        let named = word.is_capitalised() || word.text.starts_with(|c: char| c.is_ascii_digit());
        if !named || word.after.is_some_and(|mark| mark != '.') {
            return None;
        }
    }
    None
}

/// `Hauptstraße 12`.
fn german_street(words: &[Word<'_>]) -> Option<usize> {
    let [name, number, ..] = words else { return None };
    let lower = name.text.to_lowercase();
    let is_street =
        ["straße", "strasse", "str", "platz", "weg", "gasse", "allee"].iter().any(|end| lower.ends_with(end));
    // "str" and "weg" end other words too: a capital is asked for.
    (is_street
        && name.is_capitalised()
        && is_house_number(number.text)
        && name.after.is_none_or(|mark| mark == '.'))
    .then_some(2)
}

/// `PO Box 123`, `P.O. Box 123`.
fn post_box(words: &[Word<'_>]) -> Option<usize> {
    let length = match words {
        [po, word, _, ..] if po.is("po") && word.is("box") => 3,
        [p, o, word, _, ..] if p.is("p") && o.is("o") && word.is("box") => 4,
        _ => return None,
    };
    words[length - 1].text.bytes().all(|b| b.is_ascii_digit()).then_some(length)
}

/// `Apt 4B`, `Suite 300`.
fn flat(words: &[Word<'_>]) -> Option<usize> {
    let [word, number, ..] = words else { return None };
    (word.is_any(&FLATS) && word.after.is_none_or(|m| matches!(m, '.' | '#')) && is_house_number(number.text))
        .then_some(2)
}

/// `CA 90210`, `NY 10001-1234`.
fn zip_code(words: &[Word<'_>]) -> Option<usize> {
    let [state, code, ..] = words else { return None };
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let is_code = match code.text.split_once('-') {
        Some((first, second)) => digits(first, 5) && digits(second, 4),
        None => digits(code.text, 5),
    };
    (STATES.contains(&state.text) && state.after.is_none() && is_code).then_some(2)
}

/// `SW1A 1AA`.
fn uk_postcode(words: &[Word<'_>]) -> Option<usize> {
    let [out, inward, ..] = words else { return None };
    let upper = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let (o, i) = (out.text.as_bytes(), inward.text.as_bytes());
    let fits = (2..=4).contains(&o.len())
        && upper(out.text)
        && o[0].is_ascii_uppercase()
        && o.iter().any(u8::is_ascii_digit)
        && out.after.is_none()
        && i.len() == 3
        && i[0].is_ascii_digit()
        && i[1..].iter().all(u8::is_ascii_uppercase);
    fits.then_some(2)
}
