//! A table with one turn a row: a column for the speaker, one for the text, and perhaps more.
//!
//! Rows with the same conversation id belong together; without such a column each file is one conversation.
//! Columns named like turn labels (`response_type`, `seller_act`, `stage`, `sentiment`) become labels by a person.
//! A further column becomes metadata where it says the same in every row, else a label of the turn.

use std::collections::BTreeMap;

use super::intake::{Draft, Intake};
use super::table::{Row, Table};
use super::{ImportError, Text, outcome, time};
use crate::{Label, LabelSource, Provenance, Refusal, Repair, Report, TurnLabels};

const SPEAKER: [&str; 7] = ["speaker", "role", "from", "author", "sender", "side", "who"];
const TEXT: [&str; 9] =
    ["text", "utterance", "message", "dialogue", "response", "content", "transcript", "said", "turn"];
const ID: [&str; 6] = ["conversation_id", "dialogue_id", "call_id", "session_id", "chat_id", "id"];
const TIME: [&str; 5] = ["at", "timestamp", "time", "date", "created_at"];
const LABELS: [&str; 4] = ["response_type", "seller_act", "stage", "sentiment"];

struct Columns {
    speaker: usize,
    text: usize,
    id: Option<usize>,
    time: Option<usize>,
    outcome: Option<usize>,
    rest: Vec<usize>,
}

impl Columns {
    fn of(table: &Table) -> Result<Self, ImportError> {
        let find = |names: &[&str]| names.iter().find_map(|name| table.column(name));
        let (speaker, text) = (table.require(&SPEAKER)?, table.require(&TEXT)?);
        let (id, time, outcome) = (find(&ID), find(&TIME), find(&outcome::COLUMNS));
        let used = [Some(speaker), Some(text), id, time, outcome];
        let rest = (0..table.headers.len()).filter(|&c| !used.contains(&Some(c))).collect();
        Ok(Self { speaker, text, id, time, outcome, rest })
    }
}

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let table = Table::read(text, &mut intake.report);
        let columns = Columns::of(&table)?;
        for (id, rows) in conversations(&table, &columns, text.stem()) {
            read_conversation(&table, &columns, &id, &rows, intake)?;
        }
    }
    Ok(())
}

/// The rows of each conversation, in the order in which the conversations begin.
fn conversations<'t>(table: &'t Table, columns: &Columns, stem: &str) -> Vec<(String, Vec<&'t Row>)> {
    let mut found: Vec<(String, Vec<&Row>)> = Vec::new();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &table.rows {
        let id = row.some(columns.id).unwrap_or(stem);
        let number = *numbers.entry(id).or_insert_with(|| {
            found.push((id.to_owned(), Vec::new()));
            found.len() - 1
        });
        found[number].1.push(row);
    }
    found
}

fn read_conversation(
    table: &Table,
    columns: &Columns,
    id: &str,
    rows: &[&Row],
    intake: &mut Intake,
) -> Result<(), ImportError> {
    let mut draft = Draft::new(id, table.place(rows[0], 0));
    let (constant, varying): (Vec<usize>, Vec<usize>) = columns.rest.iter().partition(|&&column| {
        let is_label = LABELS.iter().any(|label| table.headers[column].eq_ignore_ascii_case(label));
        !is_label && rows.iter().all(|row| row.get(column) == rows[0].get(column))
    });
    for &column in &constant {
        if let Some(text) = rows[0].some(Some(column)) {
            draft.meta(&table.headers[column], super::table::value(text));
        }
    }
    if let Some(column) = columns.outcome
        && let Some((row, word)) = rows.iter().rev().find_map(|row| Some((row, row.some(Some(column))?)))
    {
        let place = table.place(row, column);
        outcome::set(&mut draft, &table.headers[column], word, &place, &mut intake.report);
    }
    for row in rows {
        let place = table.place(row, columns.speaker);
        let word = row.get(columns.speaker);
        let Some(speaker) = intake.speakers.find(word) else {
            let note = word.chars().take(40).collect::<String>();
            intake.report.refuse(Refusal::UnknownSpeaker, &place.with_note(note));
            continue;
        };
        let said = table.place(row, columns.text);
        if let Some(turn) = intake.say(&mut draft, speaker, row.get(columns.text), &said) {
            if let (Some(column), Some(word)) = (columns.time, row.some(columns.time)) {
                turn.at = time::read_time(word);
                if turn.at.is_none() {
                    intake.report.repair(Repair::UnreadableTime, &table.place(row, column));
                }
            }
            read_labels(table, row, &varying, &mut turn.labels, &mut intake.report);
        }
    }
    intake.take(draft)
}

fn read_labels(table: &Table, row: &Row, columns: &[usize], labels: &mut TurnLabels, report: &mut Report) {
    for &column in columns {
        let Some(word) = row.some(Some(column)) else { continue };
        let name = table.headers[column].as_str();
        let lower = name.to_lowercase();
        let known = match lower.as_str() {
            "response_type" => set(&mut labels.response_type, word),
            "seller_act" => set(&mut labels.seller_act, word),
            "stage" => set(&mut labels.stage, word),
            "sentiment" => set(&mut labels.sentiment, word),
            _ => {
                // `provenance` is a field of the labels themselves.
                let name = if lower == "provenance" { "source_provenance" } else { name };
                labels.other.insert(name.to_owned(), super::table::value(word));
                continue;
            }
        };
        if known {
            labels.provenance.insert(lower, Provenance { source: LabelSource::Human, confidence: 1.0 });
        } else {
            report.repair(Repair::UnknownLabel, &table.place(row, column).with_note(word));
            labels.other.insert(format!("source_{lower}"), word.into());
        }
    }
}

fn set<L: Label>(label: &mut Option<L>, word: &str) -> bool {
    *label = L::from_name(word);
    label.is_some()
}
