//! What all formats share: cleaning, limits, counting.

use std::collections::HashSet;

use super::{Import, ImportError, SpeakerNames};
use crate::{Conversation, Limits, Place, Refusal, Repair, Report, Speaker, Turn, clean};

/// Collects the conversations of one import.
pub(super) struct Intake {
    pub(super) limits: Limits,
    pub(super) speakers: SpeakerNames,
    pub(super) report: Report,
    conversations: Vec<Conversation>,
    ids: HashSet<String>,
}

/// A conversation that is being read.
pub(super) struct Draft {
    pub(super) conversation: Conversation,
    place: Place,
    refusal: Option<(Refusal, Place)>,
}

impl Draft {
    /// A conversation that begins at `place`.
    pub(super) fn new(id: impl Into<String>, place: Place) -> Self {
        Self { conversation: Conversation::new(id, Vec::new()), place, refusal: None }
    }

    /// Sets a column of the source that has no field of its own.
    pub(super) fn meta(&mut self, key: &str, value: impl Into<serde_json::Value>) {
        self.conversation.meta.insert(key.to_owned(), value.into());
    }

    /// The conversation, or why it is refused and where.
    pub(super) fn finish(self) -> Result<Conversation, (Refusal, Place)> {
        match self.refusal {
            Some(refusal) => Err(refusal),
            None if self.conversation.turns.is_empty() => Err((Refusal::EmptyConversation, self.place)),
            None => Ok(self.conversation),
        }
    }
}

impl Intake {
    pub(super) fn new(limits: Limits, speakers: SpeakerNames) -> Self {
        Self { limits, speakers, report: Report::default(), conversations: Vec::new(), ids: HashSet::new() }
    }

    /// Cleans `raw` and adds it to the draft as a turn; gives the turn, or `None` when there is no new one.
    pub(super) fn say<'d>(
        &mut self,
        draft: &'d mut Draft,
        speaker: Speaker,
        raw: &str,
        place: &Place,
    ) -> Option<&'d mut Turn> {
        let text = self.report.cleaned(clean(raw), place);
        if text.is_empty() {
            self.report.refuse(Refusal::EmptyTurn, place);
            return None;
        }
        if text.len() > self.limits.turn_bytes {
            draft.refusal.get_or_insert((Refusal::TurnTooLarge, place.clone()));
        }
        let turns = &mut draft.conversation.turns;
        if turns.last().is_some_and(|last| last.speaker == speaker && last.text == text) {
            self.report.repair(Repair::RepeatedTurn, place);
            return None;
        }
        if turns.len() == self.limits.turns {
            draft.refusal.get_or_insert((Refusal::TooManyTurns, place.clone()));
            return None;
        }
        turns.push(Turn::new(speaker, text));
        turns.last_mut()
    }

    /// Takes the draft, or counts why it is refused.
    pub(super) fn take(&mut self, draft: Draft) -> Result<(), ImportError> {
        let place = draft.place.clone();
        let conversation = match draft.finish() {
            Ok(conversation) => conversation,
            Err((refusal, place)) => {
                self.report.refuse(refusal, &place);
                return Ok(());
            }
        };
        if !self.ids.insert(conversation.id.clone()) {
            self.report.refuse(Refusal::RepeatedId, &place);
            return Ok(());
        }
        if self.conversations.len() == self.limits.conversations {
            let limit = self.limits.conversations;
            return Err(ImportError::TooLarge { file: place.file, what: "conversations", limit });
        }
        self.report.conversations += 1;
        self.report.turns += conversation.turns.len();
        self.conversations.push(conversation);
        Ok(())
    }

    pub(super) fn finish(self) -> Import {
        Import { conversations: self.conversations, report: self.report }
    }
}
