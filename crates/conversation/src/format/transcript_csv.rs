//! A table with a whole transcript and its conversion in each row; further columns become metadata.

use super::intake::{Draft, Intake};
use super::table::Table;
use super::tags::say_tagged;
use super::{ImportError, Text, outcome};

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let table = Table::read(text, &mut intake.report);
        read_table(&table, &["call_transcript", "transcript", "conversation", "text"], text.stem(), intake)?;
    }
    Ok(())
}

/// Reads a table whose transcripts stand in the first of `columns` that it has; identifiers begin with `prefix`.
pub(super) fn read_table(
    table: &Table,
    columns: &[&str],
    prefix: &str,
    intake: &mut Intake,
) -> Result<(), ImportError> {
    let transcript = table.require(columns)?;
    let result = outcome::COLUMNS.iter().find_map(|name| table.column(name));
    let id = ["conversation_id", "call_id", "id"].iter().find_map(|name| table.column(name));
    let used: Vec<usize> = [Some(transcript), result, id].into_iter().flatten().collect();
    for (number, row) in table.rows.iter().enumerate() {
        let number = row.some(id).map_or_else(|| number.to_string(), str::to_owned);
        let mut draft = Draft::new(format!("{prefix}-{number}"), table.place(row, transcript));
        draft.conversation.meta.extend(table.rest(row, &used).map(|(name, value)| (name.to_owned(), value)));
        if let (Some(word), Some(column)) = (row.some(result), result) {
            let place = table.place(row, column);
            outcome::set(&mut draft, &table.headers[column], word, &place, &mut intake.report);
        }
        say_tagged(row.get(transcript), row.line, &mut draft, intake, &table.file);
        intake.take(draft)?;
    }
    Ok(())
}
