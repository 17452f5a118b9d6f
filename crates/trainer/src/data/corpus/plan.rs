//! The written plan: one row for each conversation, and how many of each kind there must be at least.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use rapport_conversation::Conversation;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Findings;
use crate::data::split::{Shares, stratified};
use crate::files::read;

/// Salt of the split into training and test.
const SALT: &str = "corpus";
/// Share of each outcome that is kept back for tests.
const TEST_SHARE: f64 = 0.2;
/// How far a conversation's length may be from the planned one.
const TURNS_OFF: usize = 4;

#[derive(Debug, Deserialize)]
struct Plan {
    least: Least,
    rows: Vec<Row>,
}

/// What there must be at least.
#[derive(Debug, Deserialize)]
struct Least {
    conversations: usize,
    turns: usize,
    /// By trait, then by value.
    spread: BTreeMap<String, BTreeMap<String, usize>>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    turns: usize,
    outcome: String,
    situation: String,
    turning_point: String,
    /// The traits, which the conversation repeats in its `meta`.
    traits: Map<String, Value>,
}

pub(super) fn check(file: &Path, conversations: &[Conversation], findings: &mut Findings) -> Result<()> {
    let plan: Plan = serde_json::from_slice(&read(file)?)
        .with_context(|| format!("{} is not a corpus plan", file.display()))?;
    compare(&plan, conversations, findings);
    splits(conversations, findings);
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compare(plan: &Plan, conversations: &[Conversation], findings: &mut Findings) {
    let rows: BTreeMap<&str, &Row> = plan.rows.iter().map(|r| (r.id.as_str(), r)).collect();
    let mut seen = BTreeSet::new();
    let mut plots = BTreeSet::new();
    for c in conversations {
        if !seen.insert(&c.id) {
            findings.faults.push(format!("{} is there twice", c.id));
        }
        let Some(row) = rows.get(c.id.as_str()) else {
            findings.faults.push(format!("{} is not in the plan", c.id));
            continue;
        };
        if !plots.insert((&row.situation, &row.turning_point)) {
            findings.faults.push(format!("{}: the plan has its situation and turning point twice", c.id));
        }
        if c.turns.len().abs_diff(row.turns) > TURNS_OFF || !(4..=40).contains(&c.turns.len()) {
            findings.faults.push(format!(
                "{} has {} turns, the plan says {}",
                c.id,
                c.turns.len(),
                row.turns
            ));
        }
        let outcome = c.labels.get("outcome").map(text).unwrap_or_default();
        if outcome != row.outcome {
            findings.faults.push(format!("{}: outcome {outcome:?}, the plan says {:?}", c.id, row.outcome));
        }
        *findings.spread.entry("outcome".into()).or_default().entry(outcome).or_default() += 1;
        for (name, planned) in &row.traits {
            let own = c.meta.get(name).map(text).unwrap_or_default();
            if own != text(planned) {
                findings.faults.push(format!("{}: {name} is {own:?}, the plan says {}", c.id, text(planned)));
            }
            *findings.spread.entry(name.clone()).or_default().entry(own).or_default() += 1;
        }
    }
    let totals = [
        ("conversations", findings.conversations, plan.least.conversations),
        ("turns", findings.turns, plan.least.turns),
    ];
    for (what, own, least) in totals {
        if own < least {
            findings.faults.push(format!("{own} {what}, at least {least} are planned"));
        }
    }
    for (name, values) in &plan.least.spread {
        for (value, least) in values {
            let own = findings.spread.get(name).and_then(|c| c.get(value)).copied().unwrap_or(0);
            if own < *least {
                findings
                    .faults
                    .push(format!("{name} {value}: {own} conversations, at least {least} are planned"));
            }
        }
    }
}

/// Within each outcome, the fifth with the lowest hash is for tests: stratified, and the same on every machine.
fn splits(conversations: &[Conversation], findings: &mut Findings) {
    let parts = stratified(conversations, &Shares::train_and_test(TEST_SHARE), SALT, "outcome");
    for (c, part) in conversations.iter().zip(parts) {
        if c.meta.get("split").and_then(Value::as_str) != Some(part.name()) {
            findings.faults.push(format!("{}: its split must be {}", c.id, part.name()));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::{Speaker, Turn};
    use serde_json::json;

    use super::*;

    fn plan() -> Plan {
        serde_json::from_value(json!({
            "least": {"conversations": 1, "turns": 4, "spread": {"channel": {"phone": 1}}},
            "rows": [{"id": "a", "turns": 5, "outcome": "won", "situation": "s", "turning_point": "t",
                      "traits": {"channel": "phone", "buyers": 2}}],
        }))
        .unwrap()
    }

    fn conversation() -> Conversation {
        let mut c = Conversation::new("a", vec![Turn::new(Speaker::Customer, "Hi"); 5]);
        c.labels.insert("outcome".into(), json!("won"));
        for (name, value) in [("channel", json!("phone")), ("buyers", json!(2)), ("split", json!("train"))] {
            c.meta.insert(name.into(), value);
        }
        c
    }

    fn faults(conversations: &[Conversation]) -> Vec<String> {
        let mut findings = Findings {
            conversations: conversations.len(),
            turns: conversations.iter().map(|c| c.turns.len()).sum(),
            ..Findings::default()
        };
        compare(&plan(), conversations, &mut findings);
        splits(conversations, &mut findings);
        findings.faults
    }

    #[test]
    fn what_follows_the_plan_has_no_fault() {
        assert_eq!(faults(&[conversation()]), Vec::<String>::new());
    }

    #[test]
    fn every_departure_is_named() {
        let mut wrong = conversation();
        wrong.turns.truncate(3);
        wrong.meta.insert("channel".into(), json!("email"));
        wrong.meta.insert("split".into(), json!("test"));
        wrong.labels.insert("outcome".into(), json!("lost"));
        let found = faults(&[wrong]).join("\n");
        for part in [
            "3 turns, at least 4",
            "a has 3 turns",
            "channel is",
            "channel phone: 0",
            "outcome",
            "its split must be train",
        ] {
            assert!(found.contains(part), "{part} is not in\n{found}");
        }
        let mut other = conversation();
        other.id = "b".into();
        assert!(faults(&[conversation(), conversation(), other]).len() >= 2);
    }
}
