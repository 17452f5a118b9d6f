//! Speaker tags in running text: `Customer: Hi there. Sales Rep: Hello!`

use super::SpeakerNames;
use super::intake::{Draft, Intake};
use crate::{Place, Refusal, Repair, Speaker};

/// The longest speaker word or name has this many words (`Mary Ann Lee`).
const WORDS: usize = 3;
/// A name in brackets after a speaker word has at most this many characters.
const BRACKET: usize = 60;

/// A speaker tag in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) speaker: Speaker,
    /// Where the tag begins, in bytes.
    pub(super) start: usize,
    /// Where what was said begins, in bytes.
    pub(super) end: usize,
}

/// Every speaker tag, in order.
///
/// A tag is a speaker word or a known name before a colon. In the middle of a line it must begin with a
/// capital letter, so that "I asked the customer: why?" holds none. Brackets and stars around it belong to it.
pub(super) fn tags(text: &str, speakers: &SpeakerNames) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for (colon, mark) in text.char_indices().filter(|(_, c)| matches!(c, ':' | '：')) {
        let from = tags.last().map_or(0, |tag| tag.end);
        if let Some((speaker, start)) = tag_before(text, from, colon, speakers) {
            let after = &text[colon + mark.len_utf8()..];
            let end = text.len() - after.trim_start_matches(['*', '_', ']']).len();
            tags.push(Tag { speaker, start, end });
        }
    }
    tags
}

/// The speaker that is named right before the colon, and where the name begins.
fn tag_before(text: &str, from: usize, colon: usize, speakers: &SpeakerNames) -> Option<(Speaker, usize)> {
    let before = text[from..colon].trim_end_matches([' ', '\t', '*', '_', ']']);
    // A number or a name in brackets may follow the word: "Agent 2:", "Agent (Sarah):".
    let bracket = before.strip_suffix(')').and_then(|inner| {
        inner.char_indices().rev().take(BRACKET).take_while(|(_, c)| *c != '\n').find(|(_, c)| *c == '(')
    });
    let unnamed = bracket.map_or(before, |(open, _)| before[..open].trim_end());
    let name =
        unnamed.trim_end_matches(|c: char| c.is_ascii_digit() || c == '#').trim_end_matches([' ', '\t']);
    let mut found = None;
    let mut start = name.len();
    for _ in 0..WORDS {
        let head = name[..start].trim_end_matches([' ', '\t', '_', '-']);
        start = head
            .rfind(|c: char| !c.is_alphabetic())
            .map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
        if start == head.len() {
            break;
        }
        if let Some(speaker) = speakers.find(&name[start..]) {
            let capital = name[start..].starts_with(char::is_uppercase);
            if capital || begins_line(&name[..start], from == 0) {
                found = Some((speaker, start));
            }
        }
    }
    let (speaker, start) = found?;
    let start = name[..start].trim_end_matches(['*', '_', '[']).len();
    Some((speaker, from + start))
}

/// True when nothing but marks and digits, such as a time, stands between the line's beginning and a name.
fn begins_line(before: &str, text_begins: bool) -> bool {
    let blank = |c: char| matches!(c, ' ' | '\t' | '*' | '_' | '[' | '-');
    match before.rfind('\n') {
        Some(line) => !before[line..].contains(char::is_alphabetic),
        None if text_begins => !before.contains(char::is_alphabetic),
        None => before.trim_matches(blank).is_empty(),
    }
}

/// Cuts a text at its tags and adds what was said to the draft. `line` is where the text begins in its file.
pub(super) fn say_tagged(text: &str, line: usize, draft: &mut Draft, intake: &mut Intake, file: &str) {
    let tags = tags(text, &intake.speakers);
    let mut lines = Lines { text, line, start: 0, counted: 0 };
    let begin = lines.place(0, file);
    let lead = &text[..tags.first().map_or(text.len(), |tag| tag.start)];
    if !without_time_mark(lead, &begin, intake).trim().is_empty() {
        intake.report.refuse(Refusal::TextWithoutSpeaker, &begin);
    }
    for (index, tag) in tags.iter().enumerate() {
        let until = tags.get(index + 1).map_or(text.len(), |next| next.start);
        let place = lines.place(tag.start, file);
        let said = without_time_mark(&text[tag.end..until], &place, intake);
        // The space around a tag separates it and is no noise of the turn.
        intake.say(draft, tag.speaker, said.trim(), &place);
    }
}

/// Counts lines while places are asked for from the beginning to the end.
struct Lines<'t> {
    text: &'t str,
    line: usize,
    /// Where the current line begins.
    start: usize,
    counted: usize,
}

impl Lines<'_> {
    fn place(&mut self, at: usize, file: &str) -> Place {
        for (feed, _) in self.text[self.counted..at].match_indices('\n') {
            self.line += 1;
            self.start = self.counted + feed + 1;
        }
        self.counted = at;
        Place::new(file, self.line, at - self.start + 1)
    }
}

/// Removes a time mark at the end, which belongs to the tag that follows: `[00:01:05]`, `(1:05)`.
fn without_time_mark<'t>(text: &'t str, place: &Place, intake: &mut Intake) -> &'t str {
    let trimmed = text.trim_end();
    let is_time = |inner: &str| {
        inner.len() <= 14
            && inner.contains(':')
            && inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | ','))
    };
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some(at) = trimmed.strip_suffix(close).and_then(|inner| inner.rfind(open))
            && is_time(&trimmed[at + 1..trimmed.len() - 1])
        {
            intake.report.repair(Repair::TimeMark, place);
            return &trimmed[..at];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Speaker::{Customer, Salesperson};

    fn split(text: &str) -> Vec<(Speaker, &str)> {
        let tags = tags(text, &SpeakerNames::NONE);
        let end = |i: usize| tags.get(i + 1).map_or(text.len(), |t| t.start);
        tags.iter().enumerate().map(|(i, t)| (t.speaker, text[t.end..end(i)].trim())).collect()
    }

    #[test]
    fn finds_tags_in_one_line() {
        let text =
            "Customer: Hi Sales Rep: Hello: a Children Customer: no. I asked the customer: why? AGENT: ok";
        let expected = [
            (Customer, "Hi"),
            (Salesperson, "Hello: a Children"),
            (Customer, "no. I asked the customer: why?"),
            (Salesperson, "ok"),
        ];
        assert_eq!(split(text), expected);
    }

    #[test]
    fn finds_tags_on_many_lines() {
        let text = "**Agent (Sarah):** Hi\ncustomer 1: hello\n[Sales_Rep]: ok\n- Client： ja";
        let expected = [(Salesperson, "Hi"), (Customer, "hello"), (Salesperson, "ok\n-"), (Customer, "ja")];
        assert_eq!(split(text), expected);
    }

    proptest! {
        #[test]
        fn tags_lie_in_order(text in "(Agent|Customer|[a-zA-Z*\\[\\]() ：é]|:|\n){0,80}") {
            let mut last = 0;
            for tag in tags(&text, &SpeakerNames::NONE) {
                prop_assert!(last <= tag.start && tag.start < tag.end && tag.end <= text.len());
                prop_assert!(text.is_char_boundary(tag.start) && text.is_char_boundary(tag.end));
                last = tag.end;
            }
        }
    }
}
