//! Outcome words in tables.

use super::intake::Draft;
use crate::{Outcome, Place, Repair, Report};

/// Columns that hold an outcome, in the order in which they are looked for.
pub(super) const COLUMNS: [&str; 6] =
    ["outcome", "conversion_label", "converted", "conversion", "deal", "result"];

/// Reads the words that tables use for won and lost.
fn outcome(word: &str) -> Option<Outcome> {
    let word = word.trim().to_lowercase().replace(['_', '-'], " ");
    Some(match word.as_str() {
        "1" | "1.0" | "true" | "yes" | "y" | "won" | "win" | "success" | "successful" | "converted"
        | "sale" | "sold" | "closed won" | "accepted" | "deal" => Outcome::Won,
        "0" | "0.0" | "false" | "no" | "n" | "lost" | "loss" | "failure" | "failed" | "unsuccessful"
        | "not converted" | "no sale" | "closed lost" | "rejected" | "no deal" => Outcome::Lost,
        _ => return None,
    })
}

/// Sets the draft's outcome from a word; an unknown one is counted and kept as metadata.
pub(super) fn set(draft: &mut Draft, column: &str, word: &str, place: &Place, report: &mut Report) {
    if let Some(outcome) = outcome(word) {
        draft.conversation.outcome = Some(outcome);
        return;
    }
    let note: String = word.chars().take(40).collect();
    report.repair(Repair::UnknownOutcome, &place.clone().with_note(note));
    draft.meta(column, word);
}
