//! From made conversations to answers, also for conversations that nobody should send.

#![allow(clippy::unwrap_used)]

use rapport_conversation::{Conversation, ObjectionCategory, Speaker, Turn};
use rapport_engine::{
    EngineError, MergedTurn, Signal, SignalModel, SignalNote, SignalReport, SignalSource, TurnReading,
    merge_turns,
};

use super::figures::Choice;
use super::{SignalOptions, SignalTexts, TrainedSignals, train};
use crate::Output;
use crate::train::vectors::VectorStore;

const PRICE: Signal = Signal::Objection(ObjectionCategory::Price);
const DIMENSIONS: usize = 4;

fn line(speaker: Speaker, text: &str, labels: serde_json::Value) -> Turn {
    let mut turn = Turn::new(speaker, text);
    turn.labels = serde_json::from_value(labels).unwrap();
    turn
}

/// Customers who object to the price in words that no rule knows, and customers who do not.
fn conversations() -> Vec<Conversation> {
    let things = ["vans", "lorries", "desks", "phones", "doors", "lamps", "pumps"];
    (0..60)
        .map(|i| {
            let thing = things[i % things.len()];
            let (text, labels) = if i % 3 == 0 {
                let text = format!("Our purse says ouch for {thing}.");
                (text, serde_json::json!({"urgency": "none", "objection": "price", "sentiment": "negative"}))
            } else {
                let text = format!("We run forty {thing} here.");
                (text, serde_json::json!({"urgency": "none", "sentiment": "neutral"}))
            };
            let turns = vec![
                line(Speaker::Salesperson, "How is it going?", serde_json::json!({"sentiment": "neutral"})),
                line(Speaker::Customer, &text, labels),
            ];
            Conversation::new(format!("c{i}"), turns)
        })
        .collect()
}

/// Readings without an encoder: every text has the same vector, so that words must tell.
fn readings(turns: &[MergedTurn]) -> Vec<TurnReading> {
    turns
        .iter()
        .map(|turn| TurnReading {
            speaker: turn.speaker,
            text: turn.text.as_str().into(),
            line: turn.last_line,
            embedding: vec![0.5; DIMENSIONS].into(),
            lexical: rapport_engine::SignalRow::of_text(&turn.text, &[0.5; DIMENSIONS]).words,
            surface: [0.0; rapport_engine::SURFACE_FEATURES],
            sentiment: [0.1, 0.8, 0.1],
        })
        .collect()
}

fn trained() -> TrainedSignals {
    let conversations = conversations();
    let read: Vec<Vec<TurnReading>> = conversations.iter().map(|c| readings(&merge_turns(c))).collect();
    let read: Vec<&[TurnReading]> = read.iter().map(Vec::as_slice).collect();
    let options =
        SignalOptions { folds: 3, l2_dense: 0.1, l2_sparse: 0.01, resamples: 50, ..SignalOptions::default() };
    let store = VectorStore::open("no encoder", DIMENSIONS);
    let output = Output::new(true);
    train(&conversations, &read, &SignalTexts::default(), &[], &store, &options, output).unwrap()
}

fn report(model: &SignalModel, lines: &[(Speaker, &str)]) -> Result<SignalReport, EngineError> {
    let turns = lines.iter().map(|(speaker, text)| Turn::new(*speaker, *text)).collect();
    model.report(&readings(&merge_turns(&Conversation::new("c", turns))))
}

#[test]
fn a_head_ships_where_it_beats_its_rule_and_is_found_again_in_the_answer() {
    let trained = trained();
    let price = trained.figures.turns.iter().find(|f| f.signal == PRICE).unwrap();
    assert_eq!((price.ships, price.positives), (Choice::Model, 20));
    assert!(price.auc.value > 0.95, "{price:?}");
    // Nobody in these conversations asks for a trial.
    let shipped: Vec<Signal> = trained.config.heads.iter().map(|h| h.signal).collect();
    assert_eq!(shipped, [PRICE]);

    let model = SignalModel::load(&trained.graph, trained.config, DIMENSIONS).unwrap();
    let (customer, seller) = (Speaker::Customer, Speaker::Salesperson);
    let report = report(
        &model,
        &[
            (customer, "Hello"),
            (customer, "there."),
            (seller, "It is forty a month."),
            (customer, "The purse says ouch for pumps."),
            (seller, "Perhaps we can help."),
        ],
    )
    .unwrap();
    let turn = &report.turns[2];
    assert_eq!((turn.turn, turn.line), (2, 3));
    assert_eq!(turn.present()[0].0, PRICE);
    assert_eq!(report.summary.strongest[0].text, "Price objection in turn 4");
    assert_eq!(report.summary.strongest[0].source, SignalSource::Model);
    assert_eq!(report.summary.counts["objection/price"], 1);
    assert_eq!(report.summary.counts["hedging/possibility"], 1);
    assert_eq!(report.turns[1].probability(PRICE), None, "salespeople do not object");
    assert_eq!(report.notes, []);
    let json = serde_json::to_string(&report).unwrap();
    assert!(!json.contains("purse"), "an answer repeats no words of the conversation");
    assert!(json.contains(r#""present":["objection/price"]"#), "{json}");
}

#[test]
fn the_same_data_give_the_same_bytes() {
    let (one, other) = (trained(), trained());
    assert_eq!(one.graph, other.graph);
    assert_eq!(one.config, other.config);
}

#[test]
fn odd_conversations_get_clear_answers() {
    let trained = trained();
    let model = SignalModel::load(&trained.graph, trained.config, DIMENSIONS).unwrap();
    let (customer, seller) = (Speaker::Customer, Speaker::Salesperson);
    assert!(matches!(report(&model, &[]), Err(EngineError::EmptyConversation)));

    let silent = report(&model, &[(seller, "Hello?"), (seller, "Anybody?")]).unwrap();
    assert_eq!(silent.notes, [SignalNote::CustomerSilent]);
    assert_eq!((silent.summary.strongest.len(), silent.summary.customer_sentiment), (0, None));
    let alone = report(&model, &[(customer, "")]).unwrap();
    assert_eq!(alone.notes, [SignalNote::CustomerSilent, SignalNote::SalespersonSilent]);

    let german = "Wir haben uns das Angebot angesehen und finden es zu teuer. Können Sie mir sagen, was die \
                  Einrichtung kostet und wie lange es dauert, bis wir damit arbeiten können?";
    let foreign = report(&model, &[(customer, german), (seller, german)]).unwrap();
    assert_eq!(foreign.notes, [SignalNote::NotEnglish]);

    let many: Vec<(Speaker, &str)> = (0..10_000)
        .map(|i| if i % 2 == 0 { (customer, "The purse says ouch for pumps.") } else { (seller, "I see.") })
        .collect();
    let long = report(&model, &many).unwrap();
    assert_eq!((long.turns.len(), long.summary.counts["objection/price"]), (10_000, 5_000));
    assert_eq!(long.summary.strongest.len(), 1);
}

#[test]
fn nothing_to_learn_is_said() {
    let conversation = Conversation::new("c", vec![Turn::new(Speaker::Customer, "Hello")]);
    let read = readings(&merge_turns(&conversation));
    let store = VectorStore::open("no encoder", DIMENSIONS);
    let options = SignalOptions::default();
    let error =
        train(&[conversation], &[&read], &SignalTexts::default(), &[], &store, &options, Output::new(true))
            .unwrap_err()
            .to_string();
    assert!(error.contains("urgency"), "{error}");
}
