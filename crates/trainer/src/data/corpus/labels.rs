//! Every turn and every conversation has all its labels, and they do not contradict each other.

use rapport_conversation::{Conversation, Label, Outcome, ResponseType, SellerAct, Speaker, Stage, Turn};
use serde_json::Value;

use super::Findings;

/// What a conversation can come to.
const OUTCOMES: [&str; 5] = ["won", "lost", "demo_booked", "follow_up", "no_decision"];

pub(super) fn check(conversations: &[Conversation], findings: &mut Findings) {
    for c in conversations {
        let mut stage = Stage::Opening;
        for (at, turn) in c.turns.iter().enumerate() {
            for fault in of_turn(turn, stage) {
                findings.faults.push(format!("{}, turn {at}: {fault}", c.id));
            }
            stage = turn.labels.stage.unwrap_or(stage);
        }
        for fault in of_conversation(c) {
            findings.faults.push(format!("{}: {fault}", c.id));
        }
    }
}

fn of_turn(turn: &Turn, before: Stage) -> Vec<String> {
    let l = &turn.labels;
    let mut faults = Vec::new();
    let mut need = |there: bool, what: &str| {
        if !there {
            faults.push(what.to_owned());
        }
    };
    need(l.sentiment.is_some(), "no sentiment");
    need(l.call_stage.is_some(), "no call_stage");
    let customer = turn.speaker == Speaker::Customer;
    need(l.response_type.is_some() == customer, "response_type is for customers' turns, each one");
    need(l.seller_act.is_some() != customer, "seller_act is for salespeople's turns, each one");
    need(l.urgency.is_some() == customer, "urgency is for customers' turns, each one");
    need(l.commitment.is_some() == customer, "commitment is for customers' turns, each one");
    need(customer || (l.objection.is_none() && l.buying_signal.is_none()), "only customers object or signal");
    match l.response_type {
        Some(ResponseType::Objection) => need(l.objection.is_some(), "an objection without its category"),
        Some(ResponseType::Agreement) | None => {}
        Some(_) => need(l.objection.is_none(), "an objection's category on another response type"),
    }
    let Some(stage) = l.stage else {
        faults.push("no stage".into());
        return faults;
    };
    if stage.index() < before.index() {
        faults.push(format!("the funnel goes back from {} to {}", before.name(), stage.name()));
    }
    let least = match (l.seller_act, l.response_type) {
        (Some(SellerAct::Ask), _) => Stage::Ask,
        (Some(SellerAct::Pitch), _) => Stage::Pitch,
        (Some(SellerAct::Inquiry), _) => Stage::Discovery,
        (_, Some(ResponseType::Agreement | ResponseType::Objection))
            if before.index() >= Stage::Ask.index() =>
        {
            Stage::Decision
        }
        _ => Stage::Opening,
    };
    if stage.index() < least.index() {
        faults.push(format!("the stage is {}, its act needs {}", stage.name(), least.name()));
    }
    faults
}

fn of_conversation(c: &Conversation) -> Vec<String> {
    let mut faults = Vec::new();
    let outcome = c.labels.get("outcome").and_then(Value::as_str).unwrap_or_default();
    if !OUTCOMES.contains(&outcome) {
        faults.push(format!("outcome {outcome:?} is none of {}", OUTCOMES.join(", ")));
    }
    let recorded = match c.outcome {
        Some(Outcome::Won) => outcome == "won",
        Some(Outcome::Lost) => outcome == "lost",
        None => !matches!(outcome, "won" | "lost"),
    };
    if !recorded {
        faults.push("`outcome` and `labels.outcome` differ".into());
    }
    let deal = c.labels.get("deal_size");
    let amount = deal.and_then(|d| d.get("amount")).and_then(Value::as_u64).unwrap_or(0);
    let currency = deal.and_then(|d| d.get("currency")).and_then(Value::as_str).unwrap_or_default();
    if amount == 0 || currency.len() != 3 || !currency.chars().all(|c| c.is_ascii_uppercase()) {
        faults.push("deal_size needs an amount above 0 and a currency of three letters".into());
    }
    if !c.labels.get("satisfaction").and_then(Value::as_u64).is_some_and(|s| (1..=5).contains(&s)) {
        faults.push("satisfaction must be 1 to 5".into());
    }
    if c.labels.get("reason").and_then(Value::as_str).is_none_or(|r| r.split_whitespace().count() < 3) {
        faults.push("no reason is given".into());
    }
    faults
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn turn(json: &str) -> Turn {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_full_turn_has_no_fault() {
        let t = turn(
            r#"{"speaker":"customer","text":"Too dear.","labels":{"response_type":"objection","objection":"price",
            "stage":"pitch","call_stage":"objection_handling","sentiment":"negative","urgency":"none","commitment":"none"}}"#,
        );
        assert!(of_turn(&t, Stage::Discovery).is_empty());
        assert!(of_turn(&t, Stage::Ask).iter().any(|f| f.contains("goes back")));
    }

    #[test]
    fn contradictions_are_named() {
        let t = turn(
            r#"{"speaker":"salesperson","text":"Shall we?","labels":{"seller_act":"ask","stage":"pitch",
            "call_stage":"closing","urgency":"none"}}"#,
        );
        let found = of_turn(&t, Stage::Pitch).join("\n");
        for part in ["no sentiment", "urgency is for customers", "its act needs ask"] {
            assert!(found.contains(part), "{part} is not in\n{found}");
        }
        assert!(of_conversation(&Conversation::new("a", vec![])).len() >= 4);
    }
}
