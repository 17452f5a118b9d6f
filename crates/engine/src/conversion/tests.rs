//! The model of conversion over made conversations and hand-made weights.

use rapport_conversation::{Conversation, Speaker, Turn};

use super::features::{ConversionInputs, WORD_INPUTS, feature_names};
use super::scorer::{Group, Int8Linear, PARTS, Scorer, Stack};
use super::*;
use crate::engine::Analysis;
use crate::features::surface;
use crate::heads::Acts;
use crate::lexical::{hashed, tokens};
use crate::outlook::Outlook;
use crate::reading::{TurnReading, merge_turns};

const DIMENSIONS: usize = 4;

/// Analysis without models: vectors from the length of the text, acts and stages fixed.
fn analysis(conversation: &Conversation) -> Analysis {
    let readings: Vec<TurnReading> = merge_turns(conversation)
        .into_iter()
        .enumerate()
        .map(|(position, turn)| {
            let words = tokens(&turn.text);
            let angle = turn.text.len() as f32;
            TurnReading {
                speaker: turn.speaker,
                text: turn.text.as_str().into(),
                line: turn.last_line,
                embedding: vec![angle.sin(), angle.cos(), 0.0, 0.0].into(),
                lexical: hashed(&words),
                surface: surface(&turn.text, &words, turn.speaker, position, 0.0),
                sentiment: [0.2, 0.5, 0.3],
            }
        })
        .collect();
    let acts = readings
        .iter()
        .map(|r| {
            let mut acts = Acts::default();
            match r.speaker {
                Speaker::Customer => acts.response_type[0] = 1.0,
                Speaker::Salesperson => acts.seller_act[0] = 1.0,
            }
            acts
        })
        .collect();
    let even = vec![vec![1.0 / 6.0; 6]; readings.len()];
    let outlook = Outlook { response_type_next: even.clone(), stage_now: even.clone(), stage_next: even };
    Analysis { readings, acts, outlook }
}

fn index(name: &str) -> usize {
    feature_names().iter().position(|(n, _)| n == name).unwrap()
}

/// A scorer that looks at two features: a repeated price raises the log-odds by 2, a hedging customer lowers them.
fn scorer() -> Scorer {
    let width = feature_names().len();
    let mut linear = vec![0.0; width + 1];
    linear[index("price repeated")] = 2.0;
    linear[index("customer: share of turns with hedge")] = -1.5;
    Scorer {
        center: vec![0.0; width],
        scale: vec![1.0; width],
        meaning: Int8Linear::new(&[0.1; 3 * DIMENSIONS], 0.0),
        wording: Int8Linear::new(&vec![0.01; WORD_INPUTS], 0.0),
        linear,
        forest: Trees {
            depth: 1,
            base: 0.0,
            features: vec![0],
            thresholds: vec![5.0],
            leaves: vec![-0.1, 0.1],
        },
        stack: Stack { weights: [0.5, 0.5, 1.0, 1.0], ..Default::default() },
        usual: [0.0; PARTS],
        threshold: 0.5,
        groups: vec![
            Group { from_lines: 1, to_probability: 0.5, conversations: 80, won: 20 },
            Group { from_lines: 1, to_probability: 1.0, conversations: 40, won: 30 },
        ],
    }
}

fn model() -> ConversionModel {
    let domain = Domain { outcomes: 120, won: 0.4, running: scorer(), finished: scorer() };
    ConversionModel {
        features: CONVERSION_FEATURES_VERSION,
        minimum_outcomes: 100,
        shrinkage: 60.0,
        domains: [(GLOBAL.to_owned(), domain)].into(),
    }
}

fn conversation(turns: &[(Speaker, &str)]) -> Conversation {
    Conversation::new("c", turns.iter().map(|(speaker, text)| Turn::new(*speaker, *text)).collect())
}

fn haggle() -> Conversation {
    use Speaker::{Customer, Salesperson};
    conversation(&[
        (Salesperson, "Hello, the bike is 120, are you still interested?"),
        (Customer, "Maybe. Would you take 90 for it?"),
        (Salesperson, "I could do 100 if you come today."),
        (Customer, "Good, 100 it is."),
    ])
}

fn predicted(
    model: &ConversionModel,
    conversation: &Conversation,
    options: ConversionOptions<'_>,
) -> ConversionPrediction {
    predict(model, conversation, &analysis(conversation), options).unwrap()
}

#[test]
fn features_have_a_name_each() {
    let conversation = haggle();
    let inputs = conversion_inputs(&conversation, &analysis(&conversation)).unwrap();
    assert_eq!(inputs.features.len(), feature_names().len());
    assert_eq!(inputs.pooled.len(), 3 * DIMENSIONS);
    assert_eq!(inputs.lines, 4);
    let norm: f32 = inputs.words.iter().map(|(_, w)| w * w).sum();
    assert!((norm - 1.0).abs() < 1e-5);
    let value = |name: &str| inputs.features[index(name)];
    assert_eq!((value("lines"), value("price repeated"), value("last prices equal")), (4.0, 1.0, 1.0));
    assert_eq!(value("customer: share of turns with hedge"), 0.5);
    assert_eq!(value("customer: turns with a price"), 2.0);
    assert!((value("salesperson: log ratio of last to first price") - (100f32 / 120.0).ln()).abs() < 1e-6);
    assert_eq!(value("times known"), 0.0);
}

#[test]
fn the_probability_follows_the_turns() {
    let answer = predicted(&model(), &haggle(), ConversionOptions::default());
    assert_eq!(answer.by_turn.len(), 4);
    assert_eq!(answer.by_turn.iter().map(|t| t.line).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(answer.by_turn[1].probability < answer.by_turn[0].probability, "a hedge lowers it");
    assert!(answer.by_turn[3].probability > 0.7, "an agreed price raises it");
    assert_eq!(answer.by_turn[3].probability, answer.conversion_probability);
    let [low, high] = answer.interval;
    assert!(low <= answer.conversion_probability && answer.conversion_probability <= high);
    assert_eq!((answer.alike.conversations, answer.alike.won), (40, 30));
    assert_eq!(answer.turns[0].line, 3, "the last turn moved it most");
    assert!(answer.turns[0].effect > 0.2);
    assert_eq!(answer.insights[0].signal, "amounts");
    assert!(answer.insights[0].text.contains("customer 100, salesperson 100"), "{}", answer.insights[0].text);
    assert!(answer.notices.is_empty());
}

#[test]
fn linear_parts_of_the_turns_add_up_to_the_whole() {
    let conversation = haggle();
    let analysis = analysis(&conversation);
    let model = model();
    let answer = predict(&model, &conversation, &analysis, ConversionOptions::default()).unwrap();
    let inputs = conversion_inputs(&conversation, &analysis).unwrap();
    let parts = scorer().parts(&inputs);
    let expected = 0.5 * parts[0] + 0.5 * parts[1];
    let sum: f32 = answer.turns.iter().map(|t| t.log_odds).sum();
    assert!((sum - expected).abs() < 1e-4, "{sum} {expected}");
}

#[test]
fn a_domain_counts_by_its_outcomes() {
    let mut model = model();
    let mut own = model.domains[GLOBAL].clone();
    own.running.stack.bias = 3.0;
    model.domains.insert("bikes".into(), own.clone());
    model.domains.insert("boats".into(), Domain { outcomes: 99, ..own });
    let ask = |domain| predicted(&model, &haggle(), ConversionOptions { domain, finished: false });
    let log_odds =
        |a: &ConversionPrediction| (a.conversion_probability / (1.0 - a.conversion_probability)).ln();
    let (global, bikes, boats, cars) = (ask(None), ask(Some("bikes")), ask(Some("boats")), ask(Some("cars")));
    assert!((bikes.domain_weight - 120.0 / 180.0).abs() < 1e-6);
    assert!((log_odds(&bikes) - log_odds(&global) - 2.0).abs() < 1e-3);
    for (answer, name) in [(&boats, "boats"), (&cars, "cars")] {
        assert_eq!(
            (answer.domain.as_str(), answer.conversion_probability),
            (GLOBAL, global.conversion_probability)
        );
        assert!(answer.notices[0].contains(name));
    }
}

#[test]
fn odd_conversations_get_an_answer_with_a_notice() {
    let options = ConversionOptions::default();
    let empty = Conversation::new("e", Vec::new());
    assert!(matches!(
        predict(&model(), &empty, &analysis(&empty), options),
        Err(crate::EngineError::EmptyConversation)
    ));
    let one_sided = conversation(&[(Speaker::Salesperson, "Hello, is anybody there?")]);
    let answer = predicted(&model(), &one_sided, options);
    assert!(answer.notices[0].contains("customer has not spoken"), "{:?}", answer.notices);
    let german = "Guten Tag, ich möchte gerne wissen, wie teuer das Fahrrad ist und ob Sie es liefern können, \
                  denn unser Lager liegt weit draußen und wir haben leider kein eigenes Fahrzeug dafür.";
    let answer = predicted(
        &model(),
        &conversation(&[(Speaker::Customer, german), (Speaker::Salesperson, "Natürlich, das geht.")]),
        options,
    );
    assert!(answer.notices[0].contains("English"), "{:?}", answer.notices);
}

#[test]
fn ten_thousand_turns_are_answered() {
    let speakers = [Speaker::Customer, Speaker::Salesperson];
    let texts: Vec<String> = (0..10_000).map(|i| format!("I think {i} is fine, what about it?")).collect();
    let turns: Vec<(Speaker, &str)> =
        texts.iter().enumerate().map(|(i, t)| (speakers[i % 2], t.as_str())).collect();
    let answer =
        predicted(&model(), &conversation(&turns), ConversionOptions { domain: None, finished: true });
    assert_eq!(answer.by_turn.len(), 500);
    assert_eq!(answer.by_turn.last().map(|t| t.line), Some(9_999));
    assert!(answer.conversion_probability.is_finite() && answer.turns.iter().all(|t| t.line >= 9_960));
}

#[test]
fn a_broken_model_is_refused_by_what_is_wrong() {
    let broken = |spoil: fn(&mut ConversionModel)| {
        let mut model = model();
        spoil(&mut model);
        model.check(DIMENSIONS).unwrap_err().to_string()
    };
    assert!(model().check(DIMENSIONS).is_ok());
    assert!(model().check(DIMENSIONS + 1).unwrap_err().to_string().contains("meaning"));
    assert!(broken(|m| m.features += 1).contains("version"));
    assert!(broken(|m| m.domains.clear()).contains("global"));
    assert!(broken(|m| m.shrinkage = f32::NAN).contains("shrinkage"));
    let of = |m: &mut ConversionModel, spoil: fn(&mut Scorer)| {
        spoil(&mut m.domains.get_mut(GLOBAL).unwrap().running);
    };
    let mut odd = model();
    of(&mut odd, |s| s.forest.features[0] = 9_999);
    assert!(odd.check(DIMENSIONS).unwrap_err().to_string().contains("running"));
    let mut odd = model();
    of(&mut odd, |s| s.linear[0] = f32::INFINITY);
    assert!(odd.check(DIMENSIONS).is_err());
    let mut odd = model();
    of(&mut odd, |s| s.groups[0].won = 81);
    assert!(odd.check(DIMENSIONS).is_err());
}

#[test]
fn a_model_survives_its_file() {
    let text = serde_json::to_vec(&model()).unwrap();
    assert_eq!(serde_json::from_slice::<ConversionModel>(&text).unwrap(), model());
}

/// Whole conversations and growing ones are read the same way.
#[test]
fn a_prefix_has_the_inputs_of_its_turns_alone() {
    let conversation = haggle();
    let analysis_of_all = analysis(&conversation);
    let facts = turn_facts(&conversation, &merge_turns(&conversation));
    let mut progress = Progress::new(DIMENSIONS);
    for n in 1..=4 {
        progress.push(&facts[n - 1], &analysis_of_all.readings[n - 1], &analysis_of_all.acts[n - 1]);
        let mut cut = conversation.clone();
        cut.turns.truncate(n);
        let expected: ConversionInputs = conversion_inputs(&cut, &analysis(&cut)).unwrap();
        assert_eq!(progress.inputs(&[1.0 / 6.0; 6], &[1.0 / 6.0; 6]), expected, "{n}");
    }
}
