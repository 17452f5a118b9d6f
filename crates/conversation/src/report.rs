//! What an import repaired and what it refused, counted by reason: nothing is dropped silently.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Cleaned, TextRepair};

/// Places remembered for one reason; further ones are only counted.
const PLACES: usize = 5;

/// A place in a source file. Lines and columns count from 1; 0 stands for the whole file or line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Name of the file as it was given.
    pub file: String,
    /// Line in the decoded text.
    pub line: usize,
    /// Column, in bytes, or the field's number in a table.
    pub column: usize,
    /// What was found there, when a word helps; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Place {
    /// A place.
    pub fn new(file: impl Into<String>, line: usize, column: usize) -> Self {
        Self { file: file.into(), line, column, note: String::new() }
    }

    /// The same place with a note.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}", self.file),
            (line, 0) => write!(f, "{}:{line}", self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }?;
        if self.note.is_empty() { Ok(()) } else { write!(f, ": {}", self.note) }
    }
}

/// What was kept, but changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// The file was not UTF-8 and was converted.
    Encoding,
    /// Bytes that no character stands for became U+FFFD.
    UndecodableBytes,
    /// A turn that repeats the one before it, word for word and by the same speaker, was taken once.
    RepeatedTurn,
    /// Rows of one speaker were joined to a turn.
    JoinedRows,
    /// A second record of the same conversation was set aside.
    SecondRecord,
    /// A time that could not be read was left out.
    UnreadableTime,
    /// A label that is not known was kept as metadata only.
    UnknownLabel,
    /// An outcome that is not known was kept as metadata only.
    UnknownOutcome,
    /// The speaker was not named and was taken to be the other side.
    GuessedSpeaker,
    /// A time mark in the text, such as `[00:01:05]`, was removed.
    TimeMark,
    /// HTML entities, see [`TextRepair::HtmlEntities`].
    HtmlEntities,
    /// HTML line marks, see [`TextRepair::HtmlMarkup`].
    HtmlMarkup,
    /// Control characters, see [`TextRepair::ControlCharacters`].
    ControlCharacters,
    /// Unicode form, see [`TextRepair::UnicodeForm`].
    UnicodeForm,
    /// White space, see [`TextRepair::Whitespace`].
    Whitespace,
    /// Smileys, see [`TextRepair::Smileys`].
    Smileys,
    /// Long runs, see [`TextRepair::LongRuns`].
    LongRuns,
}

impl From<TextRepair> for Repair {
    fn from(repair: TextRepair) -> Self {
        match repair {
            TextRepair::HtmlEntities => Self::HtmlEntities,
            TextRepair::HtmlMarkup => Self::HtmlMarkup,
            TextRepair::ControlCharacters => Self::ControlCharacters,
            TextRepair::UnicodeForm => Self::UnicodeForm,
            TextRepair::Whitespace => Self::Whitespace,
            TextRepair::Smileys => Self::Smileys,
            TextRepair::LongRuns => Self::LongRuns,
        }
    }
}

/// What was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A row or line that does not have the layout.
    MalformedRow,
    /// A turn without text.
    EmptyTurn,
    /// A turn whose speaker is not known.
    UnknownSpeaker,
    /// Text before the first speaker is named.
    TextWithoutSpeaker,
    /// A conversation without any turn.
    EmptyConversation,
    /// A conversation with a turn over the limit.
    TurnTooLarge,
    /// A conversation with more turns than the limit.
    TooManyTurns,
    /// A conversation whose identifier was seen before.
    RepeatedId,
    /// A file that this format does not use.
    UnusedFile,
}

/// How often a reason applied, and the first places where it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How often.
    pub count: usize,
    /// The first five places.
    pub places: Vec<Place>,
}

impl Tally {
    fn add(&mut self, place: &Place) {
        self.count += 1;
        if self.places.len() < PLACES {
            self.places.push(place.clone());
        }
    }
}

/// The counts of one import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Conversations that were taken.
    pub conversations: usize,
    /// Turns that were taken.
    pub turns: usize,
    /// What was changed, by reason; text repairs count turns.
    pub repaired: BTreeMap<Repair, Tally>,
    /// What was left out, by reason.
    pub refused: BTreeMap<Refusal, Tally>,
}

impl Report {
    /// Counts a repair.
    pub fn repair(&mut self, reason: Repair, place: &Place) {
        self.repaired.entry(reason).or_default().add(place);
    }

    /// Counts a refusal.
    pub fn refuse(&mut self, reason: Refusal, place: &Place) {
        self.refused.entry(reason).or_default().add(place);
    }

    /// Counts what cleaning changed and gives the clean text.
    pub fn cleaned(&mut self, cleaned: Cleaned, place: &Place) -> String {
        for repair in cleaned.repairs {
            self.repair(repair.into(), place);
        }
        cleaned.text
    }

    /// How often a repair was counted.
    pub fn repairs(&self, reason: Repair) -> usize {
        self.repaired.get(&reason).map_or(0, |tally| tally.count)
    }

    /// How often a refusal was counted.
    pub fn refusals(&self, reason: Refusal) -> usize {
        self.refused.get(&reason).map_or(0, |tally| tally.count)
    }
}

impl fmt::Display for Report {
    /// A line for the totals and one for each reason, for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} conversations, {} turns", self.conversations, self.turns)?;
        let mut line = |kind: &str, reason: String, tally: &Tally| {
            let first = tally.places.first().map(|p| format!(" (first: {p})")).unwrap_or_default();
            writeln!(f, "{kind} {:>7}  {reason}{first}", tally.count)
        };
        for (reason, tally) in &self.repaired {
            line("repaired", words(&format!("{reason:?}")), tally)?;
        }
        for (reason, tally) in &self.refused {
            line("refused ", words(&format!("{reason:?}")), tally)?;
        }
        Ok(())
    }
}

/// `EmptyTurn` as "empty turn".
fn words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}
