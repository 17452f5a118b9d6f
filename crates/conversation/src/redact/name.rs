//! Names of people, where a greeting or an introduction gives them away.

use super::words::{Word, words};
use super::{PersonalData, Span};

/// A name has at most this many words.
const NAME_WORDS: usize = 3;

/// What stands right before a name. The flag says that the name may be written small.
const INTRODUCTIONS: [(&[&str], bool); 8] = [
    (&["my", "name", "is"], true),
    (&["my", "name's"], true),
    (&["my", "names"], true),
    (&["name", "is"], false),
    (&["call", "me"], false),
    (&["speaking", "with"], false),
    (&["speaking", "to"], false),
    (&["ask", "for"], false),
];
/// What stands before a name only if the right thing follows it.
const HERE: [&[&str]; 5] = [&["this", "is"], &["i'm"], &["i", "am"], &["im"], &["it's"]];
const AFTER_HERE: [&str; 9] = ["from", "with", "at", "here", "calling", "speaking", "and", "your", "of"];
const GREETINGS: [&str; 8] = ["hi", "hello", "hey", "dear", "morning", "afternoon", "evening", "thanks"];
const TITLES: [&str; 7] = ["mr", "mrs", "ms", "miss", "dr", "prof", "mister"];

/// Capitalised words that follow a greeting and are no names.
const NO_NAMES: [&str; 56] = [
    "there",
    "all",
    "everyone",
    "everybody",
    "team",
    "sir",
    "madam",
    "ma'am",
    "customer",
    "salesman",
    "agent",
    "again",
    "and",
    "how",
    "i",
    "i'm",
    "im",
    "i'd",
    "we",
    "you",
    "yes",
    "no",
    "ok",
    "okay",
    "thanks",
    "thank",
    "good",
    "hello",
    "hi",
    "hey",
    "my",
    "the",
    "this",
    "is",
    "are",
    "what",
    "where",
    "who",
    "can",
    "could",
    "do",
    "did",
    "nice",
    "great",
    "welcome",
    "sorry",
    "so",
    "to",
    "it",
    "it's",
    "not",
    "just",
    "guys",
    "folks",
    "friend",
    "a",
];

/// Names that greetings and introductions in the text give away.
pub(super) fn introduced(text: &str) -> Vec<Span> {
    let words = words(text);
    let mut spans: Vec<Span> = Vec::new();
    for at in 0..words.len() {
        if let Some((first, last)) = name_after(&words, at)
            && spans.last().is_none_or(|span| span.end <= words[first].start)
        {
            spans.push(Span { start: words[first].start, end: words[last].end, kind: PersonalData::Name });
        }
    }
    spans
}

/// Names that are known already, wherever they stand with a capital.
pub(super) fn mentioned(text: &str, names: &[String]) -> Vec<Span> {
    let known = |word: &Word<'_>| {
        let lower = word.text.to_lowercase();
        let lower = lower.strip_suffix("'s").or_else(|| lower.strip_suffix("’s")).unwrap_or(&lower);
        word.is_capitalised() && names.iter().any(|name| name == lower)
    };
    if names.is_empty() {
        return Vec::new();
    }
    let words = words(text);
    let mut spans = Vec::new();
    for run in words.chunk_by(|a, b| known(a) && known(b) && a.after.is_none()).filter(|run| known(&run[0])) {
        let last = run[run.len() - 1];
        let possessive = ["'s", "’s"].iter().find_map(|end| last.text.ends_with(end).then_some(end.len()));
        let end = last.end - possessive.unwrap_or(0);
        spans.push(Span { start: run[0].start, end, kind: PersonalData::Name });
    }
    spans
}

/// The first and last word of a name that follows what begins at `at`.
fn name_after(words: &[Word<'_>], at: usize) -> Option<(usize, usize)> {
    for (phrase, small) in INTRODUCTIONS {
        if begins(&words[at..], phrase) {
            return name(words, at + phrase.len(), small);
        }
    }
    for phrase in HERE {
        if begins(&words[at..], phrase) {
            let (first, last) = name(words, at + phrase.len(), false)?;
            let closed =
                words[last].after.is_some_and(|mark| ",.!".contains(mark)) || last + 1 == words.len();
            let followed = words.get(last + 1).is_some_and(|next| next.is_any(&AFTER_HERE));
            // "I'm American." and "This is Great!" look the same as "I'm Ada.": ask for more than a full stop.
            let plain = words[at].is("this") || words[at].is("it's");
            let sure = followed || (closed && !plain && words[last].after == Some(','));
            return sure.then_some((first, last));
        }
    }
    if words[at].is_any(&TITLES)
        && words[at].is_capitalised()
        && words[at].after.is_none_or(|mark| mark == '.')
    {
        return name(words, at + 1, false);
    }
    if words[at].is_any(&GREETINGS) && words[at].after.is_none_or(|mark| mark == ',') {
        let (first, last) = name(words, at + 1, false)?;
        let closed =
            words[last].after.is_some_and(|mark| ",.!?:;-–".contains(mark)) || last + 1 == words.len();
        return closed.then_some((first, last));
    }
    None
}

fn begins(words: &[Word<'_>], phrase: &[&str]) -> bool {
    words.len() > phrase.len()
        && phrase.iter().zip(words).enumerate().all(|(number, (want, word))| {
            let joined = number + 1 == phrase.len() || word.after.is_none();
            word.text.replace('’', "'").eq_ignore_ascii_case(want) && joined
        })
        && words[phrase.len() - 1].after.is_none_or(|mark| mark == ':')
}

/// The words of a name from `first` on.
fn name(words: &[Word<'_>], first: usize, small: bool) -> Option<(usize, usize)> {
    let head = words.get(first)?;
    let letters = head.text.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'));
    let fits = head.is_capitalised() || (small && letters);
    if !fits || head.is_any(&NO_NAMES) || (head.is_any(&TITLES) && head.text.len() < 4) {
        return None;
    }
    let mut last = first;
    while last + 1 < words.len() && last + 1 < first + NAME_WORDS {
        let next = &words[last + 1];
        if words[last].after.is_some() || !next.is_capitalised() || next.is_any(&NO_NAMES) {
            break;
        }
        last += 1;
    }
    Some((first, last))
}
