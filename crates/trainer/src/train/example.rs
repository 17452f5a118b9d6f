//! A conversation made ready for training: readings, gold labels, fine labels.

use rapport_conversation::{Commitment, Conversation, Label, Speaker};
use rapport_engine::{MergedTurn, Reader, TurnReading, merge_turns};
use rayon::prelude::*;

/// One conversation with everything that training needs of it.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    /// Identifier of the conversation.
    pub id: String,
    /// The turns as the models see them.
    pub readings: Vec<TurnReading>,
    /// Class of what each turn does: response type of a customer's, seller act of a salesperson's.
    pub act: Vec<Option<usize>>,
    /// Funnel stage after each turn.
    pub stage: Vec<Option<usize>>,
    /// Finer labels of each turn, with the speaker's side before the name.
    pub fine: Vec<Vec<String>>,
}

impl Example {
    /// True when some turn says what it does.
    pub(crate) fn is_labelled(&self) -> bool {
        self.act.iter().any(Option::is_some)
    }

    /// The speaker of a turn.
    pub(crate) fn speaker(&self, turn: usize) -> Speaker {
        self.readings[turn].speaker
    }
}

/// Gold classes of merged turns: of each, the last line that has one.
pub(crate) fn gold<T>(
    conversation: &Conversation,
    merged: &[MergedTurn],
    class: impl Fn(&rapport_conversation::Turn) -> Option<T>,
) -> Vec<Option<T>> {
    let mut first = 0;
    merged
        .iter()
        .map(|turn| {
            let lines = &conversation.turns[first..=turn.last_line];
            first = turn.last_line + 1;
            lines.iter().rev().find_map(&class)
        })
        .collect()
}

/// What is known of a turn beyond its class: the labels of its sentences, or the finer labels of the turn.
fn fine_labels(turn: &rapport_conversation::Turn) -> Option<Vec<String>> {
    let side = if turn.speaker == Speaker::Customer { "customer" } else { "seller" };
    let labels = &turn.labels;
    if let Some(names) = labels.other.get("sentence_acts").and_then(|n| n.as_array()) {
        return Some(names.iter().filter_map(|n| n.as_str()).map(|n| format!("{side} {n}")).collect());
    }
    let finer = [
        labels.call_stage.map(|l| format!("{side} in {}", l.name())),
        labels.objection.map(|l| format!("{side} objects to {}", l.name())),
        labels.buying_signal.map(|l| format!("{side} signals {}", l.name())),
        labels.commitment.filter(|l| *l != Commitment::None).map(|l| format!("{side} commits {}", l.name())),
    ];
    let finer: Vec<String> = finer.into_iter().flatten().collect();
    (!finer.is_empty()).then_some(finer)
}

/// Reads one conversation.
///
/// # Errors
/// When the encoder fails.
pub(crate) fn prepare(conversation: &Conversation, reader: &Reader) -> anyhow::Result<Example> {
    let merged = merge_turns(conversation);
    let act = gold(conversation, &merged, |turn| match turn.speaker {
        Speaker::Customer => turn.labels.response_type.map(Label::index),
        Speaker::Salesperson => turn.labels.seller_act.map(Label::index),
    });
    Ok(Example {
        id: conversation.id.clone(),
        readings: reader.read(&merged)?,
        act,
        stage: gold(conversation, &merged, |turn| turn.labels.stage.map(Label::index)),
        fine: gold(conversation, &merged, fine_labels).into_iter().map(Option::unwrap_or_default).collect(),
    })
}

/// Reads many conversations on all cores, in order; `done` is called after each.
///
/// # Errors
/// When the encoder fails on one of them; the message names it.
pub(crate) fn prepare_all(
    conversations: &[Conversation],
    reader: &Reader,
    done: impl Fn() + Sync,
) -> anyhow::Result<Vec<Example>> {
    conversations
        .par_iter()
        .map(|c| {
            let example = prepare(c, reader).map_err(|e| e.context(format!("conversation {}", c.id)));
            done();
            example
        })
        .collect()
}
