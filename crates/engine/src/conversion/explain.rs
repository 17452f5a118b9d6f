//! Why the probability is what it is: by turn and by signal.

use super::answer::{Insight, TurnInfluence};
use super::facts::TurnFacts;
use super::features::{ConversionInputs, LAST, Progress, Signal, feature_names};
use super::model::Chosen;
use super::scorer::{MEANING, POOLED_SCALE, WORDING, sigmoid};
use crate::heads::Acts;
use crate::lexical::LEXICAL_BUCKETS;
use crate::reading::TurnReading;

/// The latest turns that are left out in turn; earlier ones have little say in a long conversation.
const TURNS_LEFT_OUT: usize = 40;
/// Turns that are named.
const TURNS_NAMED: usize = 5;
/// Signals that are named.
const SIGNALS_NAMED: usize = 5;
/// A signal that moves the probability by less is not worth a line.
const LEAST_EFFECT: f32 = 0.01;

/// The turns of a conversation as the model sees them, and the outlook after the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub facts: &'a [TurnFacts],
    pub readings: &'a [TurnReading],
    pub acts: &'a [Acts],
    pub stage_now: &'a [f32],
    pub response_next: &'a [f32],
}

impl Seen<'_> {
    fn push(&self, progress: &mut Progress, turn: usize) {
        progress.push(&self.facts[turn], &self.readings[turn], &self.acts[turn]);
    }
}

/// What each of the latest turns did to the probability; the strongest first. `weights` are the summed weights of the
/// hashed words, ascending.
pub(super) fn turn_influences(
    seen: Seen<'_>,
    whole: &ConversionInputs,
    weights: &[(u32, f32)],
    chosen: Chosen<'_>,
    finished: bool,
) -> Vec<TurnInfluence> {
    let turns = seen.facts.len();
    let Some(first_reading) = seen.readings.first() else { return Vec::new() };
    let probability = sigmoid(chosen.log_odds(whole, finished));
    let first = turns.saturating_sub(TURNS_LEFT_OUT);
    let mut before = Progress::new(first_reading.embedding.len());
    (0..first).for_each(|t| seen.push(&mut before, t));
    let mut influences: Vec<TurnInfluence> = (first..turns)
        .map(|left_out| {
            let mut progress = before.clone();
            (left_out + 1..turns).for_each(|t| seen.push(&mut progress, t));
            seen.push(&mut before, left_out);
            let without = progress.inputs(seen.stage_now, seen.response_next);
            TurnInfluence {
                line: seen.facts[left_out].last_line,
                effect: probability - sigmoid(chosen.log_odds(&without, finished)),
                log_odds: linear_part(seen, left_out, (whole, weights), chosen, finished),
            }
        })
        .collect();
    influences.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()).then(a.line.cmp(&b.line)));
    influences.truncate(TURNS_NAMED);
    influences
}

/// A turn's part in the log-odds of the linear models: what it adds to the pooled vectors, and its share of each
/// hashed word's weight.
fn linear_part(
    seen: Seen<'_>,
    turn: usize,
    (whole, sums): (&ConversionInputs, &[(u32, f32)]),
    chosen: Chosen<'_>,
    finished: bool,
) -> f32 {
    let reading = &seen.readings[turn];
    let (turns, dimensions) = (seen.facts.len(), reading.embedding.len());
    let speaker = seen.facts[turn].speaker;
    let of_side = seen.facts.iter().filter(|f| f.speaker == speaker).count().max(1) as f32;
    let side = usize::from(speaker == rapport_conversation::Speaker::Salesperson);
    let last = turn + LAST >= turns;
    let blocks = [(side, 1.0 / of_side), (2, 1.0 / turns.min(LAST) as f32)];
    let blocks = &blocks[..if last { 2 } else { 1 }];
    chosen
        .scorers(finished)
        .map(|(scorer, share)| {
            let (mut meaning, mut wording) = (0.0, 0.0);
            for &(block, weight) in blocks {
                let weights = &scorer.meaning.weights[block * dimensions..][..dimensions];
                let dot: f32 = reading.embedding.iter().zip(weights).map(|(x, w)| x * f32::from(*w)).sum();
                meaning += POOLED_SCALE * scorer.meaning.scale * weight * dot;
                let bucket_of = |bucket: u32| (block * LEXICAL_BUCKETS) as u32 + bucket;
                wording += reading
                    .lexical
                    .iter()
                    .filter_map(|&(bucket, said)| {
                        let index = bucket_of(bucket);
                        let at = whole.words.binary_search_by_key(&index, |(i, _)| *i).ok()?;
                        let total = sums[at].1.max(f32::MIN_POSITIVE);
                        let (_, x) = whole.words[at];
                        Some(scorer.wording.sparse_part(&[(index, x * said / total)]))
                    })
                    .sum::<f32>();
            }
            let lines = whole.lines;
            share
                * (scorer.stack.weight(MEANING, lines) * meaning
                    + scorer.stack.weight(WORDING, lines) * wording)
        })
        .sum()
}

/// The signals that moved the probability most, in words; the strongest first.
pub(super) fn insights(
    seen: Seen<'_>,
    inputs: &ConversionInputs,
    chosen: Chosen<'_>,
    finished: bool,
) -> Vec<Insight> {
    let subjects: Vec<Signal> = feature_names().into_iter().map(|(_, signal)| signal).collect();
    let log_odds = chosen.log_odds(inputs, finished);
    let scored: Vec<_> =
        chosen.scorers(finished).map(|(scorer, share)| (scorer, share, scorer.parts(inputs))).collect();
    let fall = |by: f32| sigmoid(log_odds) - sigmoid(log_odds - by);
    let mut insights: Vec<Insight> = Signal::ALL
        .into_iter()
        .map(|signal| {
            let effect: f32 = scored
                .iter()
                .map(|(s, share, parts)| share * s.effect(inputs, parts, signal, &subjects))
                .sum();
            let effect = fall(effect);
            Insight { signal: name(signal).into(), effect, text: words(signal, effect, seen) }
        })
        .collect();
    for (part, signal, what) in
        [(MEANING, "meaning", "What is talked about"), (WORDING, "wording", "The wording")]
    {
        let effect: f32 =
            scored.iter().map(|(s, share, parts)| share * s.effect_of_part(inputs, parts, part)).sum();
        let effect = fall(effect);
        insights.push(Insight {
            signal: signal.into(),
            effect,
            text: format!("{what} {}", direction(effect)),
        });
    }
    insights.retain(|i| i.effect.abs() >= LEAST_EFFECT);
    insights.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()).then_with(|| a.signal.cmp(&b.signal)));
    insights.truncate(SIGNALS_NAMED);
    insights
}

fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Length => "length",
        Signal::Questions => "questions",
        Signal::Doubt => "doubt",
        Signal::Commitment => "commitment",
        Signal::Courtesy => "courtesy",
        Signal::Amounts => "amounts",
        Signal::Tone => "tone",
        Signal::Pace => "pace",
        Signal::CustomerActs => "customer_acts",
        Signal::SellerActs => "seller_acts",
        Signal::Stage => "stage",
    }
}

fn direction(effect: f32) -> &'static str {
    if effect >= 0.0 { "speaks for it" } else { "speaks against it" }
}

/// A sentence on a signal with the fact behind it; it holds no words of the conversation.
fn words(signal: Signal, effect: f32, seen: Seen<'_>) -> String {
    use rapport_conversation::Speaker::{Customer, Salesperson};
    let of = |speaker| seen.facts.iter().filter(move |f| f.speaker == speaker);
    let share = |speaker, has: &dyn Fn(&TurnFacts) -> bool| {
        format!("{} of {}", of(speaker).filter(|f| has(f)).count(), of(speaker).count())
    };
    let price = |speaker| of(speaker).rev().find_map(|f| f.numbers.iter().rfind(|n| **n >= 5.0).copied());
    let fact = match signal {
        Signal::Length => {
            let lines: usize = seen.facts.iter().map(|f| f.lines).sum();
            let words = |speaker| of(speaker).map(|f| f.words).sum::<usize>();
            let (customer, all) = (words(Customer), (words(Customer) + words(Salesperson)).max(1));
            format!(
                "Length ({lines} lines so far, {} % of the words are the customer's)",
                100 * customer / all
            )
        }
        Signal::Questions => {
            format!("Asking (in {} customer turns)", share(Customer, &|f| f.cues.question))
        }
        Signal::Doubt => {
            format!("Doubt (in {} customer turns)", share(Customer, &|f| f.cues.hedge || f.cues.refusal))
        }
        Signal::Commitment => {
            format!("Commitment (in {} customer turns)", share(Customer, &|f| f.cues.commitment))
        }
        Signal::Courtesy => {
            format!("Courtesy (in {} customer turns)", share(Customer, &|f| f.cues.courtesy))
        }
        Signal::Amounts => match (price(Customer), price(Salesperson)) {
            (Some(c), Some(s)) => format!("Price (last named: customer {c}, salesperson {s})"),
            (Some(c), None) => format!("Price (the customer last named {c}, the salesperson none)"),
            (None, Some(s)) => format!("Price (the salesperson last named {s}, the customer none)"),
            (None, None) => "Price (none was named)".into(),
        },
        Signal::Tone => {
            let tone = |r: &TurnReading| r.sentiment[2] - r.sentiment[0];
            let mut of_customer = seen.readings.iter().rev().filter(|r| r.speaker == Customer);
            match of_customer.next().map(tone) {
                None => "Tone".into(),
                Some(t) => format!("Tone (the customer's last turn is {})", tone_word(t)),
            }
        }
        Signal::Pace => "How fast replies come".into(),
        Signal::CustomerActs => "What the customer's turns do".into(),
        Signal::SellerActs => "What the salesperson's turns do".into(),
        Signal::Stage => "Where the conversation stands".into(),
    };
    format!("{fact} {}", direction(effect))
}

fn tone_word(tone: f32) -> &'static str {
    match tone {
        t if t > 0.25 => "positive",
        t if t < -0.25 => "negative",
        _ => "neutral",
    }
}
