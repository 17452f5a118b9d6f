//! The row that the signal heads read of each turn.

use crate::features::SURFACE_FEATURES;
use crate::lexical::{LEXICAL_BUCKETS, hashed, tokens};
use crate::reading::TurnReading;

use super::names::Signal;
use super::ruled::ruled;

/// Surface features that the heads read: all but the last, the tone, which would make them depend on another head.
const SURFACE: usize = SURFACE_FEATURES - 1;

/// Length of the end of the row that holds the turn's own text: sentence vector, hashed words. Heads that learn from
/// texts outside any conversation read this end alone.
pub const fn own_text_len(dimensions: usize) -> usize {
    dimensions + LEXICAL_BUCKETS
}

/// Length of a whole row: sentence vector of the turn before, surface features without the tone, rule hits, then the
/// turn's own sentence vector and hashed words.
pub fn signal_row_len(dimensions: usize) -> usize {
    dimensions + SURFACE + Signal::all().len() + own_text_len(dimensions)
}

/// A row in its two parts.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalRow {
    /// All but the hashed words.
    pub dense: Vec<f32>,
    /// Hashed words, `(bucket, weight)`.
    pub words: Vec<(u32, f32)>,
}

impl SignalRow {
    /// The row of a turn after `before`.
    pub fn new(reading: &TurnReading, before: Option<&TurnReading>) -> Self {
        let dimensions = reading.embedding.len();
        let mut dense = vec![0.0; dimensions];
        if let Some(before) = before {
            dense.copy_from_slice(&before.embedding);
        }
        dense.extend(&reading.surface[..SURFACE]);
        let at = dense.len();
        dense.resize(at + Signal::all().len(), 0.0);
        for (signal, confidence) in ruled(&reading.text, reading.speaker) {
            if let Some(i) = Signal::all().iter().position(|s| *s == signal) {
                dense[at + i] = confidence;
            }
        }
        dense.extend(&*reading.embedding);
        Self { dense, words: reading.lexical.clone() }
    }

    /// The row of a text that stands in no conversation, with its sentence vector: all that is not its own text is zero.
    pub fn of_text(text: &str, embedding: &[f32]) -> Self {
        let dimensions = embedding.len();
        let mut dense = vec![0.0; signal_row_len(dimensions) - own_text_len(dimensions)];
        dense.extend(embedding);
        Self { dense, words: hashed(&tokens(text)) }
    }

    /// What the rule of a signal found, 0 to 1; 0 where it found nothing.
    pub fn rule(&self, signal: Signal) -> f32 {
        let all = Signal::all();
        // The vectors before and of the turn are equally long, so what is left tells their length.
        let dimensions = (self.dense.len() - SURFACE - all.len()) / 2;
        all.iter().position(|s| *s == signal).map_or(0.0, |i| self.dense[dimensions + SURFACE + i])
    }

    /// Writes the row as the graph reads it; `row` is [`signal_row_len`] long.
    pub fn write(&self, row: &mut [f32]) {
        row.fill(0.0);
        let (dense, words) = row.split_at_mut(self.dense.len());
        dense.copy_from_slice(&self.dense);
        for &(bucket, weight) in &self.words {
            words[bucket as usize] = weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use rapport_conversation::{ObjectionCategory, Speaker};

    use super::*;

    fn reading(text: &str, first: f32) -> TurnReading {
        TurnReading {
            speaker: Speaker::Customer,
            text: text.into(),
            line: 0,
            embedding: vec![first, 0.0].into(),
            lexical: vec![(7, 1.0)],
            surface: [0.5; SURFACE_FEATURES],
            sentiment: [0.0, 1.0, 0.0],
        }
    }

    #[test]
    fn the_parts_stand_where_the_graph_reads_them() {
        let row = SignalRow::new(&reading("It's too expensive.", 0.25), Some(&reading("Hi", 0.75)));
        let mut written = vec![9.0; signal_row_len(2)];
        row.write(&mut written);
        assert_eq!(&written[..4], [0.75, 0.0, 0.5, 0.5]);
        let own = &written[written.len() - own_text_len(2)..];
        assert_eq!((own[0], own[1], own[2 + 7], own[2 + 8]), (0.25, 0.0, 1.0, 0.0));
        assert!(row.rule(Signal::Objection(ObjectionCategory::Price)) > 0.5);
        assert_eq!(row.rule(Signal::Objection(ObjectionCategory::Need)), 0.0);
    }

    #[test]
    fn a_text_alone_has_nothing_before_its_own_part() {
        let row = SignalRow::of_text("yes", &[0.25, 0.5]);
        let mut written = vec![9.0; signal_row_len(2)];
        row.write(&mut written);
        let (rest, own) = written.split_at(signal_row_len(2) - own_text_len(2));
        assert!(rest.iter().all(|x| *x == 0.0));
        assert_eq!(own[..2], [0.25, 0.5]);
        assert_eq!(own[2..].iter().filter(|x| **x > 0.0).count(), 3, "a word and two pairs with the borders");
    }
}
