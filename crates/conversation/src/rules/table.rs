//! Rows of the rule tables and how they are matched.

use std::ops::Range;

use super::pattern::{Pattern, Sentence};

/// One row: patterns that all mean the same.
pub(super) struct Row<L> {
    /// Stable name, for explanations.
    pub(super) name: &'static str,
    pub(super) label: L,
    /// How often the rule is right where it matches, 0 to 1.
    pub(super) confidence: f32,
    pub(super) patterns: &'static [&'static str],
    /// Patterns that silence the row in a sentence.
    pub(super) unless: &'static [&'static str],
}

/// A table, ready to match.
pub(super) struct Table<L: 'static> {
    rows: Vec<(&'static Row<L>, Vec<Pattern>, Vec<Pattern>)>,
}

/// A row that matched.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit<L> {
    pub(super) name: &'static str,
    pub(super) label: L,
    pub(super) confidence: f32,
    pub(super) range: Range<usize>,
}

impl<L: Copy> Table<L> {
    pub(super) fn new(rows: &'static [Row<L>]) -> Self {
        let compile = |patterns: &'static [&'static str]| patterns.iter().map(|p| Pattern::new(p)).collect();
        Self { rows: rows.iter().map(|row| (row, compile(row.patterns), compile(row.unless))).collect() }
    }

    /// Every row that matches, once for each sentence.
    pub(super) fn hits(&self, sentences: &[Sentence]) -> Vec<Hit<L>> {
        let mut hits = Vec::new();
        for sentence in sentences {
            for (row, patterns, unless) in &self.rows {
                let Some(range) = patterns.iter().find_map(|pattern| pattern.find(sentence)) else {
                    continue;
                };
                if unless.iter().all(|pattern| pattern.find(sentence).is_none()) {
                    hits.push(Hit { name: row.name, label: row.label, confidence: row.confidence, range });
                }
            }
        }
        hits
    }
}
