//! The small language in which the rules are written, and its matcher.
//!
//! A pattern is a line of items that match successive words of one sentence:
//!
//! | item | matches |
//! |---|---|
//! | `budget` | that word, in any case, apostrophes left out (`dont`) |
//! | `wife\|boss` | one of the words |
//! | `expens~` | a word that begins so |
//! | `#` | a word that begins with a digit |
//! | `*` | up to three words of any kind |
//! | `?too` | the word, or nothing |
//! | `^`, `$` | the beginning, the end of the sentence |
//! | `[?]` | nothing, in a sentence that ends in a question mark |
//! | `[short]` | nothing, in a sentence of at most six words |

use std::collections::HashSet;
use std::ops::Range;

/// Words that `*` may stand for.
const GAP: usize = 3;
/// Words of a short sentence.
const SHORT: usize = 6;

/// A sentence as rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    /// The words, lower case without apostrophes, and where they stand in the text.
    words: Vec<(String, Range<usize>)>,
    /// The same words, to rule patterns out at once.
    set: HashSet<String>,
    question: bool,
}

impl Sentence {
    fn new(words: Vec<(String, Range<usize>)>, question: bool) -> Self {
        let set = words.iter().map(|(word, _)| word.clone()).collect();
        Self { words, set, question }
    }
}

/// The sentences of a text that hold a word.
pub(super) fn sentences(text: &str) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut words: Vec<(String, Range<usize>)> = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_alphanumeric() {
            open.get_or_insert_with(|| (String::new(), at)).0.extend(c.to_lowercase());
            continue;
        }
        let next = chars.peek().map(|&(_, next)| next);
        let within = open.is_some() && next.is_some_and(char::is_alphanumeric);
        // "don't" is one word, and so is "$1.50".
        if within && matches!(c, '\'' | '’') {
            continue;
        }
        if within && matches!(c, '.' | ',') && next.is_some_and(|n| n.is_ascii_digit()) {
            continue;
        }
        if let Some((word, start)) = open.take() {
            words.push((word, start..at));
        }
        if matches!(c, '.' | '!' | '?' | '\n' | ';') && !words.is_empty() {
            sentences.push(Sentence::new(std::mem::take(&mut words), c == '?'));
        }
    }
    if let Some((word, start)) = open {
        words.push((word, start..text.len()));
    }
    if !words.is_empty() {
        sentences.push(Sentence::new(words, false));
    }
    sentences
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Words { any: Vec<&'static str>, optional: bool },
    Number,
    Gap,
    Start,
    End,
    Question,
    Short,
}

/// A pattern, ready to match.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    items: Vec<Item>,
    /// One of these words must stand in the sentence; empty where no word must.
    needed: Vec<&'static str>,
}

impl Pattern {
    pub(super) fn new(source: &'static str) -> Self {
        let item = |word: &'static str| match word {
            "*" => Item::Gap,
            "#" => Item::Number,
            "^" => Item::Start,
            "$" => Item::End,
            "[?]" => Item::Question,
            "[short]" => Item::Short,
            word => {
                let (optional, words) = word.strip_prefix('?').map_or((false, word), |words| (true, words));
                Item::Words { any: words.split('|').collect(), optional }
            }
        };
        let items: Vec<Item> = source.split_whitespace().map(item).collect();
        let needed = items.iter().filter_map(|item| match item {
            Item::Words { any, optional: false } if any.iter().all(|word| !word.ends_with('~')) => Some(any),
            _ => None,
        });
        let needed = needed.min_by_key(|any| any.len()).cloned().unwrap_or_default();
        Self { items, needed }
    }

    /// Where the pattern first matches, in bytes of the text; empty where it has no words.
    pub(super) fn find(&self, sentence: &Sentence) -> Option<Range<usize>> {
        let words = &sentence.words;
        let possible = self.needed.is_empty() || self.needed.iter().any(|word| sentence.set.contains(*word));
        if !possible {
            return None;
        }
        (0..words.len()).find_map(|first| {
            let end = matches(&self.items, sentence, first)?;
            let start = words[first].1.start;
            Some(start..if end > first { words[end - 1].1.end } else { start })
        })
    }
}

/// The number of the word after the match of `items` from word `at` on.
fn matches(items: &[Item], sentence: &Sentence, at: usize) -> Option<usize> {
    let Some((item, rest)) = items.split_first() else { return Some(at) };
    let words = &sentence.words;
    let goes_on = |holds: bool| if holds { matches(rest, sentence, at) } else { None };
    match item {
        Item::Start => goes_on(at == 0),
        Item::End => goes_on(at == words.len()),
        Item::Question => goes_on(sentence.question),
        Item::Short => goes_on(words.len() <= SHORT),
        Item::Number => {
            let is_number = words.get(at)?.0.starts_with(|c: char| c.is_ascii_digit());
            if is_number { matches(rest, sentence, at + 1) } else { None }
        }
        Item::Gap => (at..=(at + GAP).min(words.len())).find_map(|next| matches(rest, sentence, next)),
        Item::Words { any, optional } => {
            let fits = words.get(at).is_some_and(|(word, _)| {
                any.iter().any(|want| match want.strip_suffix('~') {
                    Some(begin) => word.starts_with(begin),
                    None => word == want,
                })
            });
            let taken = if fits { matches(rest, sentence, at + 1) } else { None };
            taken.or_else(|| if *optional { matches(rest, sentence, at) } else { None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(pattern: &'static str, text: &'t str) -> Option<&'t str> {
        sentences(text)
            .iter()
            .find_map(|sentence| Pattern::new(pattern).find(sentence))
            .map(|range| &text[range])
    }

    #[test]
    fn matches_within_one_sentence() {
        assert_eq!(found("too expens~|pricey", "Hm. That's too Expensive for us!"), Some("too Expensive"));
        assert_eq!(
            found("dont * need", "I don’t really think we need it"),
            Some("don’t really think we need")
        );
        assert_eq!(found("dont * need", "I don't. We need it."), None);
        assert_eq!(found("no ?more budget", "no budget"), Some("no budget"));
        assert_eq!(found("^ deal $", "Deal!"), Some("Deal"));
        assert_eq!(found("^ deal $", "No deal."), None);
        assert_eq!(found("# percent", "about 12.5 percent"), Some("12.5 percent"));
        assert_eq!(found("price [?]", "What is the price?"), Some("price"));
        assert_eq!(found("price [?]", "The price is fine."), None);
        assert_eq!(found("nice [short]", "a b c d e f nice"), None);
    }
}
