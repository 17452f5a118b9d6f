//! PersuasionForGood (Wang et al. 2019): persuader and persuadee, with the real donation as outcome.
//!
//! Files are told apart by their columns, so any subset and any names will do. A dialogue that stands in
//! an annotated file is taken from there, with its human labels; the other dialogues from a full file.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::intake::{Draft, Intake};
use super::table::{Row, Table};
use super::{ImportError, Text};
use crate::persuasion::{persuadee_response, persuadee_signals, persuader_act, persuader_signals};
use crate::{LabelSource, Outcome, Provenance, Refusal, Repair, Speaker, Stage, TurnLabels, funnel};

const EXPECTED: &str = "CSV with the columns B2, B4, Turn, Unit (dialogues) or B2, B4, B6 (participants)";

/// What the participants' files say about one side of a dialogue.
type Participants = HashMap<(String, Speaker), Map<String, Value>>;

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    let mut participants = Participants::new();
    let (mut annotated, mut full) = (Vec::new(), Vec::new());
    for text in texts {
        let table = Table::read(text, &mut intake.report);
        let has = |name| table.column(name).is_some();
        if !has("B2") || !has("B4") {
            intake.report.refuse(Refusal::UnusedFile, &text.place(0, 0));
        } else if has("Unit") && (has("er_label_1") || has("ee_label_1")) {
            annotated.push(table);
        } else if has("Unit") {
            full.push(table);
        } else {
            read_participants(&table, &mut participants, intake)?;
        }
    }
    if annotated.is_empty() && full.is_empty() {
        let files = texts.iter().map(|t| t.file.as_str()).collect::<Vec<_>>().join(", ");
        return Err(ImportError::UnknownLayout { files, format: "persuasionforgood", expected: EXPECTED });
    }
    let mut seen = HashSet::new();
    for (tables, is_annotated) in [(annotated, true), (full, false)] {
        for table in &tables {
            read_dialogues(table, is_annotated, &participants, &mut seen, intake)?;
        }
    }
    Ok(())
}

fn side(word: &str) -> Option<Speaker> {
    match word.trim() {
        "0" | "0.0" => Some(Speaker::Salesperson),
        "1" | "1.0" => Some(Speaker::Customer),
        _ => None,
    }
}

fn read_participants(table: &Table, all: &mut Participants, intake: &mut Intake) -> Result<(), ImportError> {
    let (dialogue, role) = (table.require(&["B2"])?, table.require(&["B4"])?);
    for row in &table.rows {
        let (Some(id), Some(speaker)) = (row.some(Some(dialogue)), side(row.get(role))) else {
            intake.report.refuse(Refusal::MalformedRow, &table.place(row, role));
            continue;
        };
        let known = all.entry((id.to_owned(), speaker)).or_default();
        for (name, value) in table.rest(row, &[dialogue, role]) {
            known.entry(name.to_owned()).or_insert(value);
        }
    }
    Ok(())
}

/// Consecutive rows of one speaker.
struct Run<'t> {
    speaker: Speaker,
    rows: Vec<&'t Row>,
}

struct Columns {
    text: usize,
    role: usize,
    labels: [[Option<usize>; 2]; 2],
}

fn read_dialogues(
    table: &Table,
    annotated: bool,
    participants: &Participants,
    seen: &mut HashSet<String>,
    intake: &mut Intake,
) -> Result<(), ImportError> {
    let dialogue = table.require(&["B2"])?;
    let columns = Columns {
        text: table.require(&["Unit"])?,
        role: table.require(&["B4"])?,
        labels: [
            [table.column("er_label_1"), table.column("er_label_2")],
            [table.column("ee_label_1"), table.column("ee_label_2")],
        ],
    };
    let mut dialogues: Vec<(&str, Vec<&Row>)> = Vec::new();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &table.rows {
        let Some(id) = row.some(Some(dialogue)) else {
            intake.report.refuse(Refusal::MalformedRow, &table.place(row, dialogue));
            continue;
        };
        let number = *numbers.entry(id).or_insert_with(|| {
            dialogues.push((id, Vec::new()));
            dialogues.len() - 1
        });
        dialogues[number].1.push(row);
    }
    for (id, rows) in dialogues {
        let place = table.place(rows[0], dialogue);
        if !seen.insert(id.to_owned()) {
            intake.report.repair(Repair::SecondRecord, &place);
            continue;
        }
        let mut draft = Draft::new(id, place);
        draft.meta("annotated", annotated);
        describe(&mut draft, id, participants);
        let mut stage = Stage::Opening;
        for run in runs(table, &rows, columns.role, intake) {
            read_turn(table, &columns, &run, annotated, &mut stage, &mut draft, intake);
        }
        intake.take(draft)?;
    }
    Ok(())
}

/// Outcome and metadata from the participants' files.
fn describe(draft: &mut Draft, id: &str, participants: &Participants) {
    let of = |speaker| participants.get(&(id.to_owned(), speaker));
    let amount = |side: Option<&Map<String, Value>>, key: &str| match side?.get(key)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    let (persuader, persuadee) = (of(Speaker::Salesperson), of(Speaker::Customer));
    if let Some(donation) = amount(persuadee, "B6") {
        draft.conversation.outcome = Some(if donation > 0.0 { Outcome::Won } else { Outcome::Lost });
        draft.meta("donation", donation);
    }
    if let Some(intended) = amount(persuadee, "B5") {
        draft.meta("intended_donation", intended);
    }
    for (name, side) in [("persuader", persuader), ("persuadee", persuadee)] {
        if let Some(side) = side {
            draft.meta(name, side.clone());
        }
    }
}

fn runs<'t>(table: &Table, rows: &[&'t Row], role: usize, intake: &mut Intake) -> Vec<Run<'t>> {
    let mut runs: Vec<Run<'t>> = Vec::new();
    for &row in rows {
        let Some(speaker) = side(row.get(role)) else {
            intake.report.refuse(Refusal::UnknownSpeaker, &table.place(row, role));
            continue;
        };
        match runs.last_mut() {
            Some(run) if run.speaker == speaker => {
                intake.report.repair(Repair::JoinedRows, &table.place(row, role));
                run.rows.push(row);
            }
            _ => runs.push(Run { speaker, rows: vec![row] }),
        }
    }
    runs
}

fn read_turn(
    table: &Table,
    columns: &Columns,
    run: &Run<'_>,
    annotated: bool,
    stage: &mut Stage,
    draft: &mut Draft,
    intake: &mut Intake,
) {
    let text = run.rows.iter().map(|row| row.get(columns.text)).collect::<Vec<_>>().join(" ");
    let [first, second] = columns.labels[usize::from(run.speaker == Speaker::Customer)];
    let acts: Vec<&str> = run.rows.iter().filter_map(|row| row.some(first)).collect();
    let more: Vec<&str> = run.rows.iter().filter_map(|row| row.some(second)).collect();
    let place = table.place(run.rows[0], columns.text);
    let turn = intake.say(draft, run.speaker, &text, &place);
    if !annotated {
        return;
    }
    let signals = match run.speaker {
        Speaker::Salesperson => persuader_signals(acts.iter().copied()),
        Speaker::Customer => persuadee_signals(acts.iter().copied()),
    };
    *stage = funnel(*stage, signals);
    if let Some(turn) = turn {
        turn.labels = labels(run.speaker, &acts, &more, *stage);
    }
}

fn labels(speaker: Speaker, acts: &[&str], more: &[&str], stage: Stage) -> TurnLabels {
    let human = Provenance { source: LabelSource::Human, confidence: 1.0 };
    let mut labels = TurnLabels { stage: Some(stage), ..TurnLabels::default() };
    labels.provenance.insert("stage".to_owned(), human);
    match speaker {
        Speaker::Customer => labels.response_type = persuadee_response(acts.iter().copied()),
        Speaker::Salesperson => labels.seller_act = persuader_act(acts.iter().copied()),
    }
    if labels.response_type.is_some() {
        labels.provenance.insert("response_type".to_owned(), human);
    }
    if labels.seller_act.is_some() {
        labels.provenance.insert("seller_act".to_owned(), human);
    }
    labels.other.insert("sentence_acts".to_owned(), json!(acts));
    if !more.is_empty() {
        labels.other.insert("second_acts".to_owned(), json!(more));
    }
    labels
}
