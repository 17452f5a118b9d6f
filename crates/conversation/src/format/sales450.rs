//! 450 sales conversations with inline tags, `outcome` success or failure and `satisfaction` 1 to 5.
//!
//! The outcome is somebody's judgement, not a recorded sale; `source` names the set a text came from and is
//! confounded with the outcome. Both `source` and `satisfaction` become metadata.

use super::intake::Intake;
use super::table::Table;
use super::{ImportError, Text, transcript_csv};

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let table = Table::read(text, &mut intake.report);
        table.require(&["outcome"])?;
        transcript_csv::read_table(&table, &["text"], "sales450", intake)?;
    }
    Ok(())
}
