//! Synthetic sales conversations: five rows each (Salesman, User, Salesman, User, Salesman), without an id.

use super::intake::{Draft, Intake};
use super::table::Table;
use super::{ImportError, Text, time};
use crate::{Refusal, Repair};

/// Rows of one conversation.
const ROWS: usize = 5;

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let table = Table::read(text, &mut intake.report);
        let (speaker, said) = (table.require(&["Speaker"])?, table.require(&["Dialogue"])?);
        let at = table.column("Timestamp");
        for (number, rows) in table.rows.chunks(ROWS).enumerate() {
            let mut draft = Draft::new(format!("gemini-{number}"), table.place(&rows[0], 0));
            for row in rows {
                let Some(side) = intake.speakers.find(row.get(speaker)) else {
                    intake.report.refuse(Refusal::UnknownSpeaker, &table.place(row, speaker));
                    continue;
                };
                let turn = intake.say(&mut draft, side, row.get(said), &table.place(row, said));
                if let (Some(turn), Some(column), Some(word)) = (turn, at, row.some(at)) {
                    turn.at = time::read_time(word);
                    if turn.at.is_none() {
                        intake.report.repair(Repair::UnreadableTime, &table.place(row, column));
                    }
                }
            }
            intake.take(draft)?;
        }
    }
    Ok(())
}
