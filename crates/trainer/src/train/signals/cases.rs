//! Rows and labels of every block, from conversations and texts.

use anyhow::{Context, Result};
use rapport_conversation::{Conversation, Label, ServiceIntent};
use rapport_engine::{LEXICAL_BUCKETS, Signal, SignalRow, TurnReading, merge_turns};

use super::block::{Block, Case, Phrase};
use super::targets::{PlaybookLine, service_signals, targets, turn_signals};
use super::texts::TextExample;
use super::tone::{ToneText, ToneTurn};
use super::{SignalTexts, is_customer};
use crate::data::fold_of;
use crate::train::logistic::Row;
use crate::train::sentiment::ToneExample;
use crate::train::vectors::VectorStore;

/// Salt of the parts that are kept back.
const SALT: &str = "signals";
/// Texts of the emotions that stand among the service intents as cases without one.
const OTHER_TALK: usize = 4000;
/// Rows that the exported graph is checked over.
const CHECKED: usize = 400;

/// What the conversations teach.
#[derive(Debug)]
pub(super) struct Turns {
    /// Customers' turns with the labels of the signals.
    pub block: Block,
    /// Turns of both sides with a tone.
    pub tones: Vec<ToneTurn>,
}

fn before(readings: &[TurnReading], t: usize) -> Option<&TurnReading> {
    t.checked_sub(1).map(|before| &readings[before])
}

/// Rows of turns that people labelled.
pub(super) fn of_turns(
    conversations: &[Conversation],
    readings: &[&[TurnReading]],
    playbook: &[(TurnReading, PlaybookLine)],
    folds: usize,
) -> Turns {
    let signals = turn_signals();
    let (mut cases, mut tones) = (Vec::new(), Vec::new());
    for (group, (conversation, readings)) in conversations.iter().zip(readings).enumerate() {
        let fold = fold_of(&conversation.id, SALT, folds);
        let merged = merge_turns(conversation);
        for (t, (target, reading)) in targets(conversation, &merged).into_iter().zip(*readings).enumerate() {
            let labels = target.signals.filter(|_| is_customer(reading));
            if labels.is_none() && target.tone.is_none() {
                continue;
            }
            let row = SignalRow::new(reading, before(readings, t));
            let rules = signals.iter().map(|&s| row.rule(s)).collect();
            let row = Row { dense: row.dense, sparse: row.words };
            if let Some(tone) = target.tone {
                tones.push(ToneTurn { row: row.clone(), tone, group, fold });
            }
            if let Some(labels) = labels {
                cases.push(Case { row, labels, rules, group, fold });
            }
        }
    }
    let phrases = playbook
        .iter()
        .filter_map(|(reading, line)| {
            let row = SignalRow::new(reading, None);
            let labels = line.shows(&signals)?;
            Some(Phrase { row: Row { dense: row.dense, sparse: row.words }, labels })
        })
        .collect();
    Turns { block: Block { signals, cases, phrases, sparse: LEXICAL_BUCKETS }, tones }
}

fn vector<'a>(vectors: &'a VectorStore, text: &str) -> Result<&'a [f32]> {
    vectors.get(text).context("a text has no sentence vector")
}

/// The text's own part of the row.
fn own(text: &str, vectors: &VectorStore) -> Result<Row> {
    let vector = vector(vectors, text)?;
    Ok(Row { dense: vector.to_vec(), sparse: SignalRow::of_text(text, vector).words })
}

/// Rows of texts, each a group of its own.
pub(super) fn of_texts(
    examples: &[TextExample],
    signals: Vec<Signal>,
    vectors: &VectorStore,
    folds: usize,
) -> Result<Block> {
    let cases = examples
        .iter()
        .enumerate()
        .map(|(group, example)| {
            Ok(Case {
                row: own(&example.text, vectors)?,
                labels: example.labels.clone(),
                rules: Vec::new(),
                group,
                fold: fold_of(&example.text, SALT, folds),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Block { signals, cases, phrases: Vec::new(), sparse: LEXICAL_BUCKETS })
}

/// The texts with service intents, then other talk and the turns of sales conversations as cases without one.
pub(super) fn of_intents(
    texts: &SignalTexts,
    turns: &Block,
    vectors: &VectorStore,
    folds: usize,
) -> Result<Block> {
    let mut block = of_texts(&texts.intents, service_signals(), vectors, folds)?;
    if block.cases.is_empty() {
        return Ok(block);
    }
    let none = vec![false; ServiceIntent::ALL.len()];
    let other = texts.emotions.get(..OTHER_TALK.min(texts.emotions.len())).unwrap_or_default();
    let mut add = |row: Row, fold: usize, group: usize| {
        block.cases.push(Case { row, labels: none.clone(), rules: Vec::new(), group, fold });
    };
    let first = texts.intents.len();
    for (i, example) in other.iter().enumerate() {
        add(own(&example.text, vectors)?, fold_of(&example.text, SALT, folds), first + i);
    }
    let first = first + other.len();
    for case in &turns.cases {
        let dimensions = vectors.dimensions();
        let dense = case.row.dense[case.row.dense.len() - dimensions..].to_vec();
        add(Row { dense, sparse: case.row.sparse.clone() }, case.fold, first + case.group);
    }
    Ok(block)
}

/// Texts with a tone.
pub(super) fn of_tones(tones: &[ToneExample], vectors: &VectorStore) -> Result<Vec<ToneText>> {
    let texts = tones.iter().filter(|t| !t.turn);
    texts.map(|t| Ok(ToneText { vector: vector(vectors, &t.text)?.to_vec(), tone: t.tone })).collect()
}

/// Rows of some turns from all over the conversations.
pub(super) fn sample(readings: &[&[TurnReading]]) -> Vec<SignalRow> {
    let places: Vec<(usize, usize)> =
        readings.iter().enumerate().flat_map(|(c, r)| (0..r.len()).map(move |t| (c, t))).collect();
    let step = (places.len() / CHECKED).max(1);
    places
        .into_iter()
        .step_by(step)
        .map(|(c, t)| SignalRow::new(&readings[c][t], before(readings[c], t)))
        .collect()
}
