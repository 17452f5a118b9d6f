//! CraigslistBargain (He et al. 2018): a buyer and a seller haggle over an item; JSON lines.
//!
//! Won means that an accept event stands in the record. Only messages are turns: offers, accepts, rejects and
//! quits would give the outcome away, so they are metadata (`actions`), each with the number of turns before it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::intake::{Draft, Intake};
use super::{ImportError, Text, time};
use crate::history::without_place;
use crate::{Outcome, Refusal, Repair, Speaker};

#[derive(Deserialize)]
struct Record {
    uuid: String,
    scenario: Scenario,
    events: Vec<Event>,
    #[serde(default)]
    outcome: Map<String, Value>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Scenario {
    kbs: Vec<Side>,
    #[serde(default)]
    category: Value,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Side {
    personal: Personal,
    item: Map<String, Value>,
}

#[derive(Deserialize)]
struct Personal {
    #[serde(rename = "Role")]
    role: String,
    #[serde(rename = "Target", default)]
    target: Value,
    #[serde(rename = "Bottomline", default)]
    bottom_line: Value,
}

#[derive(Deserialize)]
struct Event {
    agent: usize,
    action: String,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    time: Value,
    #[serde(default)]
    metadata: Value,
}

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        for (number, line) in text.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str::<Record>(line) {
                Ok(record) => read_record(record, text, number + 1, intake)?,
                Err(error) => {
                    let place =
                        text.place(number + 1, error.column()).with_note(without_place(&error.to_string()));
                    intake.report.refuse(Refusal::MalformedRow, &place);
                }
            }
        }
    }
    Ok(())
}

fn read_record(record: Record, text: &Text, line: usize, intake: &mut Intake) -> Result<(), ImportError> {
    let place = text.place(line, 0);
    let Record { uuid, scenario, events, outcome, rest } = record;
    let sides: Vec<Option<Speaker>> =
        scenario.kbs.iter().map(|side| Speaker::from_word(&side.personal.role)).collect();
    let mut draft = Draft::new(uuid, place.clone());
    let accepted = events.iter().any(|event| event.action == "accept");
    draft.conversation.outcome = Some(if accepted { Outcome::Won } else { Outcome::Lost });
    let mut actions = Vec::new();
    for event in &events {
        if event.action != "message" {
            let turns = draft.conversation.turns.len();
            actions.push(json!({
                "after_turns": turns, "agent": event.agent, "action": event.action, "data": event.data,
            }));
            continue;
        }
        let Some(&Some(speaker)) = sides.get(event.agent) else {
            intake.report.refuse(Refusal::UnknownSpeaker, &place);
            continue;
        };
        read_message(event, speaker, &mut draft, text, line, intake);
    }
    describe(&mut draft, scenario, &outcome, rest);
    draft.meta("actions", actions);
    intake.take(draft)
}

fn read_message(
    event: &Event,
    speaker: Speaker,
    draft: &mut Draft,
    text: &Text,
    line: usize,
    intake: &mut Intake,
) {
    let place = text.place(line, 0);
    let Some(turn) = intake.say(draft, speaker, event.data.as_str().unwrap_or(""), &place) else { return };
    if let Some(intent) = event.metadata.get("intent") {
        turn.labels.other.insert("intent".to_owned(), intent.clone());
    }
    let at = match &event.time {
        Value::Null => return,
        Value::String(at) => time::read_time(at),
        other => time::read_time(&other.to_string()),
    };
    turn.at = at;
    if turn.at.is_none() {
        intake.report.repair(Repair::UnreadableTime, &place);
    }
}

fn describe(
    draft: &mut Draft,
    scenario: Scenario,
    outcome: &Map<String, Value>,
    rest: BTreeMap<String, Value>,
) {
    draft.conversation.meta.extend(rest);
    draft.meta("category", scenario.category);
    for (key, value) in scenario.rest {
        draft.meta(&format!("scenario_{key}"), value);
    }
    for side in scenario.kbs {
        let role = side.personal.role;
        draft.meta(&format!("{role}_target"), side.personal.target);
        if !side.personal.bottom_line.is_null() {
            draft.meta(&format!("{role}_bottom_line"), side.personal.bottom_line);
        }
        // The seller's side, which comes second, has the whole description.
        for (key, name) in [("Title", "title"), ("Price", "list_price"), ("Description", "description")] {
            if let Some(value) = side.item.get(key) {
                draft.meta(name, value.clone());
            }
        }
    }
    if let Some(price) = outcome.get("offer").and_then(|offer| offer.get("price")).filter(|p| !p.is_null()) {
        draft.meta("last_offer_price", price.clone());
    }
    if let Some(reward) = outcome.get("reward") {
        draft.meta("reward", reward.clone());
    }
}
