//! What a conversation's signals come to.

use std::collections::BTreeMap;

use rapport_conversation::{BuyingSignal, Commitment, Emotion, SalesIntent, Speaker};
use serde::Serialize;

use super::names::{Signal, SignalFamily};
use super::report::{SignalEntry, SignalSource, TurnSignals};

/// Signals that a summary names at most.
const STRONGEST: usize = 8;

/// How the tone of one side goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ToneTrend {
    /// Turns of this side.
    pub turns: usize,
    /// Mean score, -1 to 1.
    pub mean: f32,
    /// Score of the last turn.
    pub last: f32,
    /// Least-squares slope of the score from each of this side's turns to its next; absent below three turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<f32>,
}

impl ToneTrend {
    fn of(scores: &[f32]) -> Option<Self> {
        let last = *scores.last()?;
        let n = scores.len() as f32;
        let mean = scores.iter().sum::<f32>() / n;
        let middle = (n - 1.0) / 2.0;
        let offset = |i: usize| i as f32 - middle;
        let spread: f32 = (0..scores.len()).map(|i| offset(i) * offset(i)).sum();
        let slope = (scores.len() >= 3)
            .then(|| scores.iter().enumerate().map(|(i, s)| offset(i) * (s - mean)).sum::<f32>() / spread);
        Some(Self { turns: scores.len(), mean, last, slope })
    }
}

/// A signal and the turn that shows it most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalHighlight {
    /// The signal's key.
    pub signal: Signal,
    /// Number of the turn, from 0.
    pub turn: usize,
    /// Number of its last line in the conversation, from 0.
    pub line: usize,
    /// Its probability there.
    pub probability: f32,
    /// Where it comes from.
    pub source: SignalSource,
    /// A plain sentence: `Price objection in turn 7`.
    pub text: String,
}

/// The conversation at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalSummary {
    /// Tone of the customer; absent when they have not spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_sentiment: Option<ToneTrend>,
    /// Tone of the salesperson; absent when they have not spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salesperson_sentiment: Option<ToneTrend>,
    /// The customer's strongest signals, each where it is strongest, in the order of strength.
    pub strongest: Vec<SignalHighlight>,
    /// The furthest that the customer has bound themselves, at the latest turn that says so; absent when they have not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<SignalHighlight>,
    /// Turns that show each signal, by key; signals that none shows are left out.
    pub counts: BTreeMap<String, usize>,
}

/// Signals that another one says already, or that say too little to be named alone.
fn is_named(signal: Signal) -> bool {
    !matches!(
        signal,
        Signal::Emotion(Emotion::Neutral)
            | Signal::SalesIntent(
                SalesIntent::AsksPrice | SalesIntent::AsksMeeting | SalesIntent::WantsToBuy
            )
            | Signal::BuyingSignal(BuyingSignal::Commitment)
    ) && signal.family() != SignalFamily::Hedging
}

impl SignalSummary {
    pub(super) fn new(turns: &[TurnSignals], catalogue: &[SignalEntry]) -> Self {
        let scores = |speaker: Speaker| -> Vec<f32> {
            turns.iter().filter(|t| t.speaker == speaker).map(|t| t.sentiment.score).collect()
        };
        let highlight = |entry: &SignalEntry, turn: &TurnSignals, probability: f32| SignalHighlight {
            signal: entry.signal,
            turn: turn.turn,
            line: turn.line,
            probability,
            source: entry.source,
            text: entry.signal.describe(turn.line),
        };
        let mut counts = BTreeMap::new();
        let mut strongest: Vec<(f32, SignalHighlight)> = Vec::new();
        for entry in catalogue {
            let mut best: Option<(f32, &TurnSignals)> = None;
            let mut count = 0;
            for turn in turns {
                let shown = turn.signals.iter().find(|(s, _, present)| *s == entry.signal && *present);
                let Some(&(_, p, _)) = shown else { continue };
                count += 1;
                if turn.speaker == Speaker::Customer && best.is_none_or(|(most, _)| p > most) {
                    best = Some((p, turn));
                }
            }
            if count > 0 {
                counts.insert(entry.signal.key(), count);
            }
            if let Some((p, turn)) = best.filter(|_| is_named(entry.signal)) {
                // How far above its threshold: a rare signal at .5 says more than a frequent one.
                let threshold = entry.threshold.unwrap_or(0.5);
                let margin = (p - threshold) / (1.0 - threshold).max(f32::EPSILON);
                strongest.push((margin, highlight(entry, turn, p)));
            }
        }
        strongest.sort_by(|a, b| b.0.total_cmp(&a.0));
        let commitment =
            [Commitment::Firm, Commitment::Conditional, Commitment::Step].into_iter().find_map(|level| {
                let entry = catalogue.iter().find(|e| e.signal == Signal::Commitment(level))?;
                turns.iter().rev().find_map(|turn| {
                    let (_, p, present) = turn.signals.iter().find(|(s, ..)| *s == entry.signal)?;
                    present.then(|| highlight(entry, turn, *p))
                })
            });
        Self {
            customer_sentiment: ToneTrend::of(&scores(Speaker::Customer)),
            salesperson_sentiment: ToneTrend::of(&scores(Speaker::Salesperson)),
            strongest: strongest.into_iter().take(STRONGEST).map(|(_, h)| h).collect(),
            commitment,
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let trend = ToneTrend::of(&[0.5, 0.25, 0.0, -0.25]);
        assert_eq!(trend, Some(ToneTrend { turns: 4, mean: 0.125, last: -0.25, slope: Some(-0.25) }));
        assert_eq!(ToneTrend::of(&[0.5, 0.0]).and_then(|t| t.slope), None);
        assert_eq!(ToneTrend::of(&[]), None);
    }
}
