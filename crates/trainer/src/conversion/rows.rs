//! Conversations with an outcome as rows for the models: whole, and cut off while they were running.

use anyhow::{Context, Result};
use rapport_conversation::{Conversation, Outcome};
use rapport_engine::conversion::{ConversionInputs, conversion_inputs};
use rapport_engine::{Engine, EngineError};
use rayon::prelude::*;

use super::hide::Hide;
use crate::Output;

/// Numbers of lines after which a running conversation is looked at.
pub(super) const MOMENTS: [usize; 14] = [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 28, 40, 64, 128];

/// One conversation, read.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Identifier.
    pub id: String,
    /// The set that it comes from.
    pub set: String,
    /// Its outcome.
    pub won: bool,
    /// The whole of it, known to be over.
    pub whole: ConversionInputs,
    /// After each of [`MOMENTS`] that it outlasted.
    pub running: Vec<ConversionInputs>,
}

impl Case {
    /// Its states for the model of conversations that are over, or of those that go on. The last state is one of the
    /// latter too: while it is there, nobody knows that it is the last.
    pub(super) fn states(&self, finished: bool) -> impl Iterator<Item = &ConversionInputs> {
        let running: &[ConversionInputs] = if finished { &[] } else { &self.running };
        running.iter().chain(std::iter::once(&self.whole))
    }
}

/// The first lines of a conversation.
pub(super) fn cut(conversation: &Conversation, lines: usize) -> Conversation {
    let mut cut = Conversation::new(conversation.id.clone(), conversation.turns.clone());
    cut.turns.truncate(lines);
    cut
}

fn inputs(engine: &Engine, conversation: &Conversation) -> Result<ConversionInputs, EngineError> {
    conversion_inputs(conversation, &engine.analyze(conversation)?)
}

/// Reads every conversation that has an outcome and, with `hide` applied, at least one line. `sets` names each one's
/// set; with `running`, the moments before the end are read too.
///
/// # Errors
/// When the engine fails on a conversation, which is named.
pub(super) fn read_cases(
    engine: &Engine,
    conversations: &[(String, Conversation)],
    hide: Hide,
    running: bool,
    output: Output,
) -> Result<Vec<Case>> {
    let bar = output.steps(conversations.len() as u64, "read conversations");
    let cases: Result<Vec<Option<Case>>> = conversations
        .par_iter()
        .map(|(set, conversation)| {
            let case = read_case(engine, set, conversation, hide, running)
                .with_context(|| format!("conversation {}", conversation.id))?;
            bar.inc(1);
            Ok(case)
        })
        .collect();
    bar.finish_and_clear();
    Ok(cases?.into_iter().flatten().collect())
}

fn read_case(
    engine: &Engine,
    set: &str,
    conversation: &Conversation,
    hide: Hide,
    running: bool,
) -> Result<Option<Case>, EngineError> {
    let Some(outcome) = conversation.outcome else { return Ok(None) };
    let shown = hide.apply(conversation);
    if shown.turns.is_empty() {
        return Ok(None);
    }
    let moments = MOMENTS.into_iter().take_while(|&n| running && n < shown.turns.len());
    Ok(Some(Case {
        id: conversation.id.clone(),
        set: set.to_owned(),
        won: outcome == Outcome::Won,
        whole: inputs(engine, &shown)?,
        running: moments.map(|n| inputs(engine, &cut(&shown, n))).collect::<Result<_, _>>()?,
    }))
}
