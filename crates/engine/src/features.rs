//! What is plain to see of a turn: who, when, how long, which kinds of words.
//!
//! Training and serving both come through here; a change needs a new [`FEATURE_VERSION`].

use rapport_conversation::Speaker;

/// Version of everything that is computed here and in the hashed words.
pub const FEATURE_VERSION: u32 = 1;

/// Number of surface features.
pub const SURFACE_FEATURES: usize = 17;

const UNITS: [&str; 10] =
    ["cent", "cents", "dollar", "dollars", "buck", "bucks", "usd", "eur", "euro", "euros"];
const COUNTS: [&str; 6] = ["one", "two", "five", "ten", "all", "half"];
const NEGATIONS: [&str; 19] = [
    "no",
    "not",
    "never",
    "nothing",
    "don't",
    "dont",
    "can't",
    "cant",
    "cannot",
    "won't",
    "wont",
    "wouldn't",
    "wouldnt",
    "isn't",
    "isnt",
    "unfortunately",
    "sorry",
    "but",
    "however",
];
const YES: [&str; 10] =
    ["yes", "yeah", "yep", "yup", "sure", "ok", "okay", "absolutely", "definitely", "certainly"];
const WH: [&str; 7] = ["what", "how", "why", "where", "when", "who", "which"];

fn starts_with_digit(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

fn names_money(text: &str, tokens: &[String]) -> bool {
    let amount = |t: &str| t.strip_prefix('$').is_some_and(starts_with_digit);
    let glued = |t: &str| starts_with_digit(t) && UNITS.iter().any(|u| t.ends_with(u));
    tokens.iter().any(|t| amount(t) || glued(t))
        || tokens.windows(2).any(|w| {
            (w[0] == "$" && starts_with_digit(&w[1]))
                || ((starts_with_digit(&w[0]) || COUNTS.contains(&w[0].as_str()))
                    && UNITS.contains(&w[1].as_str()))
        })
        || (text.contains(['€', '£']) && text.contains(|c: char| c.is_ascii_digit()))
}

fn begins_with_yes(tokens: &[String]) -> bool {
    let mut words = tokens.iter().filter(|t| t.starts_with(char::is_alphanumeric));
    words.next().is_some_and(|first| {
        YES.contains(&first.as_str())
            || (first == "of" && words.next().is_some_and(|second| second == "course"))
    })
}

/// Surface features of one turn.
///
/// `position` counts turns from 0; `sentiment` is the probability of a positive tone less that of a
/// negative one; `tokens` are [`crate::lexical::tokens`] of `text`.
pub(crate) fn surface(
    text: &str,
    tokens: &[String],
    speaker: Speaker,
    position: usize,
    sentiment: f32,
) -> [f32; SURFACE_FEATURES] {
    let flag = |b: bool| f32::from(u8::from(b));
    let any = |list: &[&str]| flag(tokens.iter().any(|t| list.contains(&t.as_str())));
    let place = position as f32;
    [
        flag(speaker == Speaker::Customer),
        place.min(30.0) / 10.0,
        (1.0 + place).ln(),
        (1.0 + text.split_whitespace().count() as f32).ln(),
        flag(text.contains('?')),
        flag(text.trim_end().ends_with('?')),
        flag(text.contains('!')),
        flag(text.contains(|c: char| c.is_ascii_digit())),
        flag(names_money(text, tokens)),
        any(&NEGATIONS),
        flag(begins_with_yes(tokens)),
        any(&WH),
        flag(position == 0),
        flag(position == 1),
        flag(tokens.iter().any(|t| t.starts_with("thank"))),
        flag(tokens.iter().any(|t| t.starts_with("http") || t == "www")),
        sentiment,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::tokens;

    fn of(text: &str) -> [f32; SURFACE_FEATURES] {
        surface(text, &tokens(text), Speaker::Customer, 0, 0.0)
    }

    #[test]
    fn money_is_seen_however_it_is_written() {
        for text in ["$5", "$ 5", "50 cents", "50cents", "two dollars", "it is 20 €", "5.50 USD"] {
            assert_eq!(of(text)[8], 1.0, "{text}");
        }
        for text in ["5 people", "one day", "costs a lot"] {
            assert_eq!(of(text)[8], 0.0, "{text}");
        }
    }

    #[test]
    fn a_yes_counts_at_the_start_only() {
        assert_eq!(of("Of course, why not")[10], 1.0);
        assert_eq!(of("- Ok.")[10], 1.0);
        assert_eq!(of("I am sure")[10], 0.0);
    }

    #[test]
    fn the_first_two_places_are_marked() {
        let at = |p| surface("hi", &tokens("hi"), Speaker::Salesperson, p, 0.0);
        assert_eq!((at(0)[12], at(0)[13], at(1)[13], at(2)[13]), (1.0, 0.0, 1.0, 0.0));
    }
}
