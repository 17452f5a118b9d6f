//! Judges the rules on labelled conversations: how often each rule decides a turn, and how often it is right.
//!
//! `cargo run -p rapport-conversation --example judge_rules < labelled.jsonl`; with `--show`, prints each decision.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::stdin;

use rapport_conversation::{
    JsonlReader, Label, Limits, RuleMatch, Speaker, Turn, response_by_rule, seller_act_by_rule,
};

/// Decisions of one rule: all, and those that the human label confirms.
#[derive(Default)]
struct Score {
    decided: usize,
    right: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let show = std::env::args().any(|argument| argument == "--show");
    let mut scores: BTreeMap<(&'static str, String), Score> = BTreeMap::new();
    for conversation in JsonlReader::new(stdin().lock(), Limits::IMPORT) {
        for turn in conversation?.turns {
            match turn.speaker {
                Speaker::Customer => {
                    judge(&turn, turn.labels.response_type, response_by_rule(&turn.text), show, &mut scores);
                }
                Speaker::Salesperson => {
                    judge(&turn, turn.labels.seller_act, seller_act_by_rule(&turn.text), show, &mut scores);
                }
            }
        }
    }
    for ((label, rule), Score { decided, right }) in scores {
        println!("{label:<12} {rule:<22} {decided:>6} {:.3}", right as f64 / decided as f64);
    }
    Ok(())
}

fn judge<L: Label>(
    turn: &Turn,
    human: Option<L>,
    rule: Option<RuleMatch<L>>,
    show: bool,
    scores: &mut BTreeMap<(&'static str, String), Score>,
) {
    if show && let Some(found) = &rule {
        let words = turn.text.get(found.range.clone()).unwrap_or("");
        let wanted = human.map_or("-", Label::name);
        println!("{}\t{wanted}\t{}\t{words}\t{}", found.label.name(), found.rule, turn.text);
    }
    let Some(human) = human else { return };
    let (label, name, right) = match rule {
        Some(found) => (found.label.name(), found.rule, found.label == human),
        None => ("none", human.name().to_owned(), false),
    };
    for key in [(label, name), ("all", if label == "none" { "undecided" } else { "decided" }.to_owned())] {
        let score = scores.entry(key).or_default();
        score.decided += 1;
        score.right += usize::from(right);
    }
}
