//! Redaction of personal data by stable placeholders.
//!
//! Every kind of data has its own file, which finds spans; this one numbers and replaces them. The same datum
//! gets the same number throughout a conversation, so that a reader still sees who is who.

mod address;
mod contact;
mod name;
mod number;
mod words;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Conversation;

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalData {
    /// User name and password, or a key, in an address on the net.
    Credentials,
    /// E-mail address.
    Email,
    /// International bank account number with a right check number (ISO 13616, modulo 97).
    Iban,
    /// Payment card number with a right check digit (Luhn).
    Card,
    /// Telephone number.
    Phone,
    /// Street with house number, flat, post box or postal code.
    Address,
    /// Name of a person, from a greeting or an introduction.
    Name,
}

impl PersonalData {
    /// The word in the placeholder.
    fn word(self) -> &'static str {
        match self {
            Self::Credentials => "CREDENTIALS",
            Self::Email => "EMAIL",
            Self::Iban => "IBAN",
            Self::Card => "CARD",
            Self::Phone => "PHONE",
            Self::Address => "ADDRESS",
            Self::Name => "NAME",
        }
    }
}

/// One datum that was replaced. The datum itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it is.
    pub kind: PersonalData,
    /// What stands there now, for example `[EMAIL_1]`.
    pub placeholder: String,
    /// Where it began in the text that was given, in bytes.
    pub start: usize,
    /// Where it ended, in bytes.
    pub end: usize,
}

/// A text after redaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// The text with placeholders.
    pub text: String,
    /// What was replaced, in the order of the text.
    pub found: Vec<Found>,
}

/// A span of personal data in a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: usize,
    end: usize,
    kind: PersonalData,
}

/// Redacts the texts of one conversation with the same numbers throughout.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    numbers: HashMap<(PersonalData, String), usize>,
    counts: HashMap<PersonalData, usize>,
    names: Vec<String>,
}

impl Redactor {
    /// A redactor that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers the names that a text introduces, so that they are found where nothing else gives them away.
    pub fn learn_names(&mut self, text: &str) {
        for span in name::introduced(text) {
            for name in text[span.start..span.end].split_whitespace() {
                let name = name.to_lowercase();
                if name.chars().count() > 1 && !self.names.contains(&name) {
                    self.names.push(name);
                }
            }
        }
    }

    /// Redacts one text.
    pub fn redact(&mut self, text: &str) -> Redacted {
        self.learn_names(text);
        let mut spans = contact::credentials(text);
        spans.extend(contact::emails(text));
        spans.extend(number::ibans(text));
        spans.extend(number::cards(text));
        spans.extend(number::phones(text));
        spans.extend(address::addresses(text));
        spans.extend(name::introduced(text));
        spans.extend(name::mentioned(text, &self.names));
        self.replace(text, &apart(spans))
    }

    fn replace(&mut self, text: &str, spans: &[Span]) -> Redacted {
        let mut redacted = String::with_capacity(text.len());
        let mut found = Vec::with_capacity(spans.len());
        let mut copied = 0;
        for &Span { start, end, kind } in spans {
            let number = self.number(kind, &text[start..end]);
            let placeholder = format!("[{}_{number}]", kind.word());
            redacted.push_str(&text[copied..start]);
            redacted.push_str(&placeholder);
            found.push(Found { kind, placeholder, start, end });
            copied = end;
        }
        redacted.push_str(&text[copied..]);
        Redacted { text: redacted, found }
    }

    fn number(&mut self, kind: PersonalData, datum: &str) -> usize {
        let datum: String = match kind {
            // The same number however it is spaced, the same name or address in any case.
            PersonalData::Iban | PersonalData::Card | PersonalData::Phone => {
                datum.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
            }
            PersonalData::Credentials => datum.to_owned(),
            PersonalData::Email | PersonalData::Address | PersonalData::Name => datum.to_lowercase(),
        };
        let count = self.counts.entry(kind).or_default();
        *self.numbers.entry((kind, datum)).or_insert_with(|| {
            *count += 1;
            *count
        })
    }
}

/// Spans that do not overlap: of two that do, the kind that stands first in [`PersonalData`] wins, then the longer.
fn apart(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.kind, std::cmp::Reverse(span.end - span.start), span.start));
    let mut kept: Vec<Span> = Vec::new();
    for span in spans {
        if kept.iter().all(|other| span.end <= other.start || other.end <= span.start) {
            kept.push(span);
        }
    }
    kept.sort_by_key(|span| span.start);
    kept
}

/// Redacts one text on its own.
///
/// ```
/// use rapport_conversation::redact;
/// let redacted = redact("Hi, my name is Ada Byron, write to ada@example.org or call +44 20 7946 0958.");
/// assert_eq!(redacted.text, "Hi, my name is [NAME_1], write to [EMAIL_1] or call [PHONE_1].");
/// ```
pub fn redact(text: &str) -> Redacted {
    Redactor::new().redact(text)
}

/// Redacts a conversation: the texts of its turns, and texts in its labels and metadata.
///
/// A name that any turn introduces is redacted in every turn. Gives what was found in each turn. The
/// identifier stays as it is: choose one that says nothing about a person.
pub fn redact_conversation(conversation: &Conversation) -> (Conversation, Vec<Vec<Found>>) {
    let mut redactor = Redactor::new();
    for turn in &conversation.turns {
        redactor.learn_names(&turn.text);
    }
    let mut redacted = conversation.clone();
    let mut found = Vec::with_capacity(redacted.turns.len());
    for turn in &mut redacted.turns {
        let result = redactor.redact(&turn.text);
        turn.text = result.text;
        found.push(result.found);
        turn.labels.other.values_mut().for_each(|value| redact_value(&mut redactor, value));
    }
    redacted
        .labels
        .values_mut()
        .chain(redacted.meta.values_mut())
        .for_each(|v| redact_value(&mut redactor, v));
    (redacted, found)
}

fn redact_value(redactor: &mut Redactor, value: &mut Value) {
    match value {
        Value::String(text) => *text = redactor.redact(text).text,
        Value::Array(list) => list.iter_mut().for_each(|value| redact_value(redactor, value)),
        Value::Object(map) => map.values_mut().for_each(|value| redact_value(redactor, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
