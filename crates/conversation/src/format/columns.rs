//! A table with one turn a column: `0`, `1`, … `19`.

use super::intake::{Draft, Intake};
use super::table::Table;
use super::tags::{say_tagged, tags};
use super::{ImportError, Text, outcome};
use crate::{Refusal, Repair, Speaker};

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let table = Table::read(text, &mut intake.report);
        let mut turns: Vec<(usize, usize)> =
            table.headers.iter().enumerate().filter_map(|(c, name)| Some((name.parse().ok()?, c))).collect();
        turns.sort_unstable();
        if turns.is_empty() {
            return Err(ImportError::MissingColumn {
                file: text.file.clone(),
                column: "0, 1, 2, … (one for each turn)".to_owned(),
                found: table.headers.join(", "),
            });
        }
        let turns: Vec<usize> = turns.into_iter().map(|(_, column)| column).collect();
        let result = outcome::COLUMNS.iter().find_map(|name| table.column(name));
        let id = ["conversation_id", "id"].iter().find_map(|name| table.column(name));
        let used: Vec<usize> = turns.iter().copied().chain(result).chain(id).collect();
        for (number, row) in table.rows.iter().enumerate() {
            let id = row.some(id).map_or_else(|| format!("{}-{number}", text.stem()), str::to_owned);
            let mut draft = Draft::new(id, table.place(row, 0));
            draft
                .conversation
                .meta
                .extend(table.rest(row, &used).map(|(name, value)| (name.to_owned(), value)));
            if let (Some(word), Some(column)) = (row.some(result), result) {
                let place = table.place(row, column);
                outcome::set(&mut draft, &table.headers[column], word, &place, &mut intake.report);
            }
            // Columns after the last turn are padding.
            let last = turns.iter().rposition(|&column| row.some(Some(column)).is_some());
            for &column in &turns[..last.map_or(0, |last| last + 1)] {
                read_cell(&table, row, column, &mut draft, intake);
            }
            intake.take(draft)?;
        }
    }
    Ok(())
}

/// A cell names its speaker; one that does not is said by the other side than the turn before it.
fn read_cell(table: &Table, row: &super::table::Row, column: usize, draft: &mut Draft, intake: &mut Intake) {
    let cell = row.get(column);
    let place = table.place(row, column);
    if tags(cell, &intake.speakers).first().is_some_and(|tag| cell[..tag.start].trim().is_empty()) {
        say_tagged(cell, row.line, draft, intake, &table.file);
        return;
    }
    let speaker = match draft.conversation.turns.last().map(|turn| turn.speaker) {
        Some(Speaker::Customer) => Speaker::Salesperson,
        Some(Speaker::Salesperson) => Speaker::Customer,
        None => {
            intake.report.refuse(Refusal::UnknownSpeaker, &place);
            return;
        }
    };
    if intake.say(draft, speaker, cell, &place).is_some() {
        intake.report.repair(Repair::GuessedSpeaker, &place);
    }
}
