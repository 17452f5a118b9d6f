//! Canonical JSONL, and bodies of the prediction API.

use super::intake::{Draft, Intake};
use super::{ImportError, Text};
use crate::{Conversation, HistoryError, JsonlError, JsonlReader, Limits, Refusal, parse_history_within};

pub(super) fn read_jsonl(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let mut reader = JsonlReader::new(text.text.as_bytes(), intake.limits);
        while let Some(read) = reader.next() {
            let line = reader.line();
            match read {
                Ok(conversation) => take(conversation, text, line, intake)?,
                Err(JsonlError::TooLarge { what: "conversations", limit, .. }) => {
                    return Err(ImportError::TooLarge {
                        file: text.file.clone(),
                        what: "conversations",
                        limit,
                    });
                }
                Err(error) => refuse_line(&error, text, line, intake),
            }
        }
    }
    Ok(())
}

fn refuse_line(error: &JsonlError, text: &Text, line: usize, intake: &mut Intake) {
    let (reason, column, note) = match error {
        JsonlError::TooLarge { what: "turns", .. } => (Refusal::TooManyTurns, 0, String::new()),
        JsonlError::TooLarge { .. } => (Refusal::TurnTooLarge, 0, String::new()),
        JsonlError::Line { column, message, .. } => (Refusal::MalformedRow, *column, message.clone()),
        JsonlError::Io { source, .. } => (Refusal::MalformedRow, 0, source.to_string()),
    };
    intake.report.refuse(reason, &text.place(line, column).with_note(note));
}

/// Cleans a conversation that was read from JSON and takes it.
fn take(
    conversation: Conversation,
    text: &Text,
    line: usize,
    intake: &mut Intake,
) -> Result<(), ImportError> {
    let Conversation { id, turns, outcome, labels, meta } = conversation;
    let place = text.place(line, 0);
    let mut draft = Draft::new(id, place.clone());
    draft.conversation = Conversation { outcome, labels, meta, ..draft.conversation };
    for turn in turns {
        if let Some(taken) = intake.say(&mut draft, turn.speaker, &turn.text, &place) {
            taken.at = turn.at;
            taken.labels = turn.labels;
        }
    }
    intake.take(draft)
}

pub(super) fn read_histories(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        // One body may stand on many lines; many bodies stand on one line each.
        let whole = serde_json::from_str::<serde::de::IgnoredAny>(&text.text).is_ok();
        let bodies: Vec<(usize, &str)> = if whole {
            vec![(1, text.text.as_str())]
        } else {
            text.text
                .lines()
                .enumerate()
                .map(|(n, l)| (n + 1, l))
                .filter(|(_, l)| !l.trim().is_empty())
                .collect()
        };
        for (line, body) in bodies {
            read_history(body, text, line, !whole, intake)?;
        }
    }
    Ok(())
}

fn read_history(
    body: &str,
    text: &Text,
    line: usize,
    numbered: bool,
    intake: &mut Intake,
) -> Result<(), ImportError> {
    let limits = Limits { conversations: 1, ..intake.limits };
    match parse_history_within(body.as_bytes(), &limits) {
        Ok(mut conversation) => {
            if conversation.id == crate::history::NO_ID {
                conversation.id =
                    if numbered { format!("{}-{line}", text.stem()) } else { text.stem().to_owned() };
            }
            take(conversation, text, line, intake)
        }
        Err(error) => {
            let (line, column) = match error {
                HistoryError::NotJson { line: within, column, .. } => (line + within - 1, column),
                _ => (line, 0),
            };
            let reason = match error.code() {
                "too_many_turns" => Refusal::TooManyTurns,
                "turn_too_large" | "body_too_large" => Refusal::TurnTooLarge,
                _ => Refusal::MalformedRow,
            };
            intake.report.refuse(reason, &text.place(line, column).with_note(error.to_string()));
            Ok(())
        }
    }
}
