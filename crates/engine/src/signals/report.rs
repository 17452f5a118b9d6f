//! The answer: every turn's signals, and a summary of the conversation.

use std::collections::BTreeMap;

use rapport_conversation::{Sentiment, Speaker};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::language::is_english;
use super::model::{RawSignals, SignalModel};
use super::names::{Signal, SignalFamily};
use super::summary::SignalSummary;
use crate::reading::TurnReading;
use crate::{EngineError, Probabilities};

/// Where a signal comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalSource {
    /// A head that was trained on people's labels and measured on turns kept back.
    Model,
    /// A written rule.
    Rule,
}

/// One signal that a report speaks of.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SignalEntry {
    /// The signal's key, `family/name`.
    pub signal: Signal,
    /// A few words for a person.
    pub title: String,
    /// Where it comes from.
    pub source: SignalSource,
    /// Probability from which it counts as present; absent for a rule, which matches or does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
}

/// What keeps a report from saying as much as it could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalNote {
    /// The conversation is hardly English, which all models and rules read.
    NotEnglish,
    /// The customer says nothing: most signals are theirs.
    CustomerSilent,
    /// The salesperson says nothing: what the customer answers to is not known.
    SalespersonSilent,
}

impl SignalNote {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotEnglish => "not_english",
            Self::CustomerSilent => "customer_silent",
            Self::SalespersonSilent => "salesperson_silent",
        }
    }

    /// A plain sentence for a person.
    pub fn describe(self) -> &'static str {
        match self {
            Self::NotEnglish => {
                "This is hardly English; the signals are learned from English and mean little here."
            }
            Self::CustomerSilent => "The customer has not spoken; most signals are read from their words.",
            Self::SalespersonSilent => {
                "The salesperson has not spoken; answers are read without what was asked."
            }
        }
    }
}

impl Serialize for SignalNote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut note = serializer.serialize_struct("SignalNote", 2)?;
        note.serialize_field("note", self.name())?;
        note.serialize_field("text", self.describe())?;
        note.end()
    }
}

/// Tone of a turn.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TurnTone {
    /// The most probable tone.
    pub label: Sentiment,
    /// Probability of a positive tone less that of a negative one, -1 to 1.
    pub score: f32,
    /// Probability of each tone.
    pub probabilities: Probabilities<Sentiment>,
}

impl TurnTone {
    fn new(p: [f32; 3]) -> Self {
        let probabilities = Probabilities::new(p.to_vec());
        let score = probabilities.of(Sentiment::Positive) - probabilities.of(Sentiment::Negative);
        Self { label: probabilities.top(), score, probabilities }
    }
}

/// The signals of one turn. No words of it are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnSignals {
    /// Number of the turn, from 0; lines of one speaker that follow each other are one turn.
    pub turn: usize,
    /// Number of its last line in the conversation, from 0.
    pub line: usize,
    /// Who spoke.
    pub speaker: Speaker,
    /// Its tone.
    pub sentiment: TurnTone,
    /// Each signal that this speaker can show, its probability, and whether it counts as present.
    pub signals: Vec<(Signal, f32, bool)>,
}

impl TurnSignals {
    /// Probability of a signal; none where no head or rule answers it for this speaker.
    pub fn probability(&self, signal: Signal) -> Option<f32> {
        self.signals.iter().find(|(s, ..)| *s == signal).map(|(_, p, _)| *p)
    }

    /// The signals that count as present, the most probable first.
    pub fn present(&self) -> Vec<(Signal, f32)> {
        let mut present: Vec<(Signal, f32)> =
            self.signals.iter().filter(|(_, _, is)| *is).map(|&(s, p, _)| (s, p)).collect();
        present.sort_by(|a, b| b.1.total_cmp(&a.1));
        present
    }
}

impl Serialize for TurnSignals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut families: BTreeMap<SignalFamily, BTreeMap<&str, f32>> = BTreeMap::new();
        for (signal, p, _) in &self.signals {
            families.entry(signal.family()).or_default().insert(signal.name(), *p);
        }
        let present: Vec<Signal> = self.present().into_iter().map(|(s, _)| s).collect();
        let mut turn = serializer.serialize_struct("TurnSignals", 6)?;
        turn.serialize_field("turn", &self.turn)?;
        turn.serialize_field("line", &self.line)?;
        turn.serialize_field("speaker", &self.speaker)?;
        turn.serialize_field("sentiment", &self.sentiment)?;
        turn.serialize_field("present", &present)?;
        turn.serialize_field("probabilities", &families)?;
        turn.end()
    }
}

/// The signals of a conversation.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SignalReport {
    /// What the conversation comes to.
    pub summary: SignalSummary,
    /// The turns in order.
    pub turns: Vec<TurnSignals>,
    /// The signals that are answered, and where each comes from.
    pub catalogue: Vec<SignalEntry>,
    /// What keeps the report from saying more; empty as a rule.
    pub notes: Vec<SignalNote>,
}

impl SignalModel {
    /// The signals of turns that were read.
    ///
    /// # Errors
    /// [`EngineError::EmptyConversation`], or [`EngineError::Inference`] when the heads fail.
    pub fn report(&self, readings: &[TurnReading]) -> Result<SignalReport, EngineError> {
        if readings.is_empty() {
            return Err(EngineError::EmptyConversation);
        }
        let turns: Vec<TurnSignals> = self
            .answer(readings)?
            .into_iter()
            .zip(readings)
            .enumerate()
            .map(|(turn, (RawSignals { tone, signals }, reading))| TurnSignals {
                turn,
                line: reading.line,
                speaker: reading.speaker,
                sentiment: TurnTone::new(tone.unwrap_or(reading.sentiment)),
                signals,
            })
            .collect();
        let catalogue = self.catalogue();
        let summary = SignalSummary::new(&turns, &catalogue);
        Ok(SignalReport { summary, turns, catalogue, notes: notes(readings) })
    }

    fn catalogue(&self) -> Vec<SignalEntry> {
        let entry = |signal: Signal, source, threshold| SignalEntry {
            signal,
            title: signal.phrase(),
            source,
            threshold,
        };
        let config = self.config();
        let heads = config.heads.iter().map(|h| entry(h.signal, SignalSource::Model, Some(h.threshold)));
        let rules = config.rules.iter().map(|r| entry(r.signal, SignalSource::Rule, None));
        heads.chain(rules).collect()
    }
}

fn notes(readings: &[TurnReading]) -> Vec<SignalNote> {
    let silent = |speaker| !readings.iter().any(|r| r.speaker == speaker && !r.text.trim().is_empty());
    let cases = [
        (SignalNote::NotEnglish, !is_english(readings.iter().map(|r| &*r.text))),
        (SignalNote::CustomerSilent, silent(Speaker::Customer)),
        (SignalNote::SalespersonSilent, silent(Speaker::Salesperson)),
    ];
    cases.into_iter().filter(|(_, holds)| *holds).map(|(note, _)| note).collect()
}
