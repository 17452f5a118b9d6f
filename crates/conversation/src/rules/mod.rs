//! Transparent rules for sales words: patterns that a person can read, each with a stated confidence.
//!
//! They see what human labels of public sets never saw (budget, procurement, demo, contract), explain themselves by
//! name and place, and are one of the three votes of [`combine`](crate::combine).

mod act;
mod hedge;
mod intent;
mod objection;
mod pattern;
mod signal;
mod table;

use std::ops::Range;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::{Label, RESPONSE_PRECEDENCE, ResponseType, SELLER_PRECEDENCE, SalesIntent, SellerAct, Urgency};

pub use hedge::Hedge;
pub use objection::ObjectionCategory;
pub use signal::BuyingSignal;

use pattern::{Sentence, sentences};
use table::{Hit, Table};

static OBJECTIONS: LazyLock<Table<ObjectionCategory>> = LazyLock::new(|| Table::new(objection::OBJECTIONS));
static SIGNALS: LazyLock<Table<BuyingSignal>> = LazyLock::new(|| Table::new(signal::SIGNALS));
static HEDGES: LazyLock<Table<Hedge>> = LazyLock::new(|| Table::new(hedge::HEDGES));
static INTENTS: LazyLock<Table<SalesIntent>> = LazyLock::new(|| Table::new(intent::INTENTS));
static URGENCY: LazyLock<Table<Urgency>> = LazyLock::new(|| Table::new(intent::URGENCY));
static CUSTOMER: LazyLock<Table<ResponseType>> = LazyLock::new(|| Table::new(act::CUSTOMER));
static SELLER: LazyLock<Table<SellerAct>> = LazyLock::new(|| Table::new(act::SELLER));

/// From this confidence on an objection names the whole turn.
const OBJECTS: f32 = 0.8;

/// A label that a rule gives, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleMatch<L> {
    /// The label.
    pub label: L,
    /// How often the rule is right where it matches, 0 to 1.
    pub confidence: f32,
    /// Stable name of the rule, for example `too_expensive`.
    pub rule: String,
    /// The words that matched, in bytes of the text.
    pub range: Range<usize>,
}

impl<L> From<Hit<L>> for RuleMatch<L> {
    fn from(hit: Hit<L>) -> Self {
        Self { label: hit.label, confidence: hit.confidence, rule: hit.name.to_owned(), range: hit.range }
    }
}

/// The objections in a customer's text, in its order.
///
/// ```
/// use rapport_conversation::{ObjectionCategory, objections};
/// let text = "It looks nice, but it's too expensive. I have to ask my boss.";
/// let found = objections(text);
/// assert_eq!(found[0].label, ObjectionCategory::Price);
/// assert_eq!(&text[found[0].range.clone()], "too expensive");
/// assert_eq!(found[1].label, ObjectionCategory::Authority);
/// ```
pub fn objections(text: &str) -> Vec<RuleMatch<ObjectionCategory>> {
    in_order(OBJECTIONS.hits(&sentences(text)))
}

/// The buying signals in a customer's text, in its order.
pub fn buying_signals(text: &str) -> Vec<RuleMatch<BuyingSignal>> {
    in_order(SIGNALS.hits(&sentences(text)))
}

/// The hedges in anybody's text, in its order.
pub fn hedges(text: &str) -> Vec<RuleMatch<Hedge>> {
    in_order(HEDGES.hits(&sentences(text)))
}

/// What a customer's text wants, in its order: how it works, references, better terms. The other intents follow from
/// [`buying_signals`] and [`objections`].
pub fn sales_intents(text: &str) -> Vec<RuleMatch<SalesIntent>> {
    in_order(INTENTS.hits(&sentences(text)))
}

/// How pressing a customer's text says it is, in its order.
pub fn urgencies(text: &str) -> Vec<RuleMatch<Urgency>> {
    in_order(URGENCY.hits(&sentences(text)))
}

/// The response type of a customer's turn by the rules: of all that match, the first in the order in which
/// human labels name a turn ([`RESPONSE_PRECEDENCE`]).
///
/// An objection of confidence 0.8 or more counts as Objection (below that a turn asks or wonders rather than
/// refuses), a commitment as Agreement. In one and the same sentence an objection outweighs an agreement:
/// "sounds good, but it is too expensive" objects.
pub fn response_by_rule(text: &str) -> Option<RuleMatch<ResponseType>> {
    let sentences = sentences(text);
    let mut hits = Vec::new();
    for sentence in &sentences {
        hits.extend(response_hits(std::slice::from_ref(sentence)));
    }
    first_present(hits, RESPONSE_PRECEDENCE)
}

fn response_hits(sentence: &[Sentence]) -> Vec<Hit<ResponseType>> {
    let as_response = |hit: Hit<ObjectionCategory>| Hit {
        name: hit.name,
        label: ResponseType::Objection,
        confidence: hit.confidence,
        range: hit.range,
    };
    let sure = |hit: &Hit<ObjectionCategory>| hit.confidence >= OBJECTS;
    let mut hits: Vec<_> = OBJECTIONS.hits(sentence).into_iter().filter(sure).map(as_response).collect();
    let objects = !hits.is_empty();
    hits.extend(CUSTOMER.hits(sentence));
    for signal in SIGNALS.hits(sentence).into_iter().filter(|hit| hit.label == BuyingSignal::Commitment) {
        let Hit { name, confidence, range, .. } = signal;
        hits.push(Hit { name, label: ResponseType::Agreement, confidence, range });
    }
    hits.retain(|hit| !(objects && hit.label == ResponseType::Agreement));
    hits
}

/// The act of a salesperson's turn by the rules: of all that match, the first of [`SELLER_PRECEDENCE`].
pub fn seller_act_by_rule(text: &str) -> Option<RuleMatch<SellerAct>> {
    first_present(SELLER.hits(&sentences(text)), SELLER_PRECEDENCE)
}

fn in_order<L>(mut hits: Vec<Hit<L>>) -> Vec<RuleMatch<L>> {
    hits.sort_by_key(|hit| hit.range.start);
    hits.into_iter().map(RuleMatch::from).collect()
}

/// The surest hit of the label that stands first.
fn first_present<L: Label>(hits: Vec<Hit<L>>, precedence: [L; 6]) -> Option<RuleMatch<L>> {
    let label = precedence.into_iter().find(|label| hits.iter().any(|hit| hit.label == *label))?;
    let of_label = hits.into_iter().filter(|hit| hit.label == label);
    of_label.max_by(|a, b| a.confidence.total_cmp(&b.confidence)).map(RuleMatch::from)
}
