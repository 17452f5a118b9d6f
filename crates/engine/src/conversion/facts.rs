//! What each turn shows beside its meaning: length, cues, numbers, when it was said.

use rapport_conversation::{Conversation, Speaker, seconds};

use super::cues::{Cues, english_words, numbers};
use crate::lexical::tokens;
use crate::reading::MergedTurn;

/// One merged turn as the conversion model counts it.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnFacts {
    pub(super) speaker: Speaker,
    /// Lines of the conversation that were joined into the turn.
    pub(super) lines: usize,
    /// Index of the last of them.
    pub(super) last_line: usize,
    pub(super) words: usize,
    pub(super) english_words: usize,
    pub(super) cues: Cues,
    /// Numbers named, in order.
    pub(super) numbers: Vec<f32>,
    /// When its first and its last line were said, seconds since 1970.
    pub(super) said: Option<(f64, f64)>,
}

/// Facts of every merged turn; `merged` are [`crate::merge_turns`] of `conversation`.
pub fn turn_facts(conversation: &Conversation, merged: &[MergedTurn]) -> Vec<TurnFacts> {
    let mut first = 0;
    merged
        .iter()
        .map(|turn| {
            let lines = conversation.turns.get(first..=turn.last_line).unwrap_or_default();
            first = turn.last_line + 1;
            let at = |line: Option<&rapport_conversation::Turn>| seconds(line?.at.as_deref()?);
            let words = tokens(&turn.text);
            TurnFacts {
                speaker: turn.speaker,
                lines: lines.len(),
                last_line: turn.last_line,
                words: turn.text.split_whitespace().count(),
                english_words: english_words(&words),
                cues: Cues::of(&words),
                numbers: numbers(&turn.text),
                said: at(lines.first()).zip(at(lines.last())),
            }
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::Turn;

    use super::*;
    use crate::merge_turns;

    #[test]
    fn lines_of_a_turn_are_counted_and_timed() {
        let line = |speaker, text: &str, at: &str| Turn { at: Some(at.into()), ..Turn::new(speaker, text) };
        let conversation = Conversation::new(
            "c",
            vec![
                line(Speaker::Customer, "Hi", "2026-01-01T00:00:00Z"),
                line(Speaker::Customer, "I pay $20", "2026-01-01T00:00:05Z"),
                line(Speaker::Salesperson, "No, 30", "2026-01-01T00:01:05Z"),
            ],
        );
        let facts = turn_facts(&conversation, &merge_turns(&conversation));
        assert_eq!((facts[0].lines, facts[0].last_line, facts[0].words), (2, 1, 4));
        assert_eq!(facts[0].numbers, [20.0]);
        let ((start, end), (reply, _)) = (facts[0].said.unwrap(), facts[1].said.unwrap());
        assert_eq!((end - start, reply - end), (5.0, 60.0));
        assert!(facts[1].cues.refusal);
    }
}
