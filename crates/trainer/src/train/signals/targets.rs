//! Which signals people's labels say a turn shows.

use rapport_conversation::CallStage;
use rapport_conversation::{
    BuyingSignal, Commitment, Conversation, Emotion, Label, ObjectionCategory, ResponseType, SalesIntent,
    Sentiment, ServiceIntent, Speaker, Stage, TurnLabels, Urgency,
};
use rapport_engine::{MergedTurn, Signal};

/// The signals of a customer's turn that its labels decide, in the order of the heads. An intent that means the same as
/// a buying signal shares its head, see [`twin`].
pub(crate) fn turn_signals() -> Vec<Signal> {
    let intents = [
        SalesIntent::AsksDemo,
        SalesIntent::AsksHow,
        SalesIntent::WantsToBuy,
        SalesIntent::Postpones,
        SalesIntent::Declines,
    ];
    let mut signals: Vec<Signal> = intents.map(Signal::SalesIntent).to_vec();
    signals.extend(ObjectionCategory::ALL.iter().map(|&l| Signal::Objection(l)));
    signals.extend(BuyingSignal::ALL.iter().map(|&l| Signal::BuyingSignal(l)));
    signals.extend([Urgency::Soon, Urgency::Pressing].map(Signal::Urgency));
    signals.extend([Commitment::Step, Commitment::Conditional, Commitment::Firm].map(Signal::Commitment));
    signals
}

/// The intent that is the same label under another name.
pub(crate) fn twin(signal: Signal) -> Option<Signal> {
    match signal {
        Signal::BuyingSignal(BuyingSignal::Price) => Some(Signal::SalesIntent(SalesIntent::AsksPrice)),
        Signal::BuyingSignal(BuyingSignal::NextStep) => Some(Signal::SalesIntent(SalesIntent::AsksMeeting)),
        _ => None,
    }
}

/// The signals that only rules answer: no set at hand has labels for them.
pub(crate) fn unlabelled_signals() -> Vec<Signal> {
    let mut signals =
        vec![Signal::SalesIntent(SalesIntent::AsksReferences), Signal::SalesIntent(SalesIntent::Negotiates)];
    signals.extend(rapport_conversation::Hedge::ALL.iter().map(|&l| Signal::Hedging(l)));
    signals
}

/// The emotions, in the order of their heads.
pub(crate) fn emotion_signals() -> Vec<Signal> {
    Emotion::ALL.iter().map(|&l| Signal::Emotion(l)).collect()
}

/// The families of service intents, in the order of their heads.
pub(crate) fn service_signals() -> Vec<Signal> {
    ServiceIntent::ALL.iter().map(|&l| Signal::ServiceIntent(l)).collect()
}

/// Whether the labels of one line of a customer show a signal; `before` is the funnel stage of the line before.
///
/// An urgency label stands on every labelled customer line, so a line without an objection, buying signal or commitment
/// shows none. "Asks how it works" is a question in the presentation of the offer that is no other buying signal than
/// its fit. "Declines" is an objection that brings the funnel to the decision: by the annotation guide the funnel gets
/// there when the customer agrees or refuses.
fn shows(labels: &TurnLabels, before: Stage, signal: Signal) -> bool {
    match signal {
        Signal::Objection(category) => labels.objection == Some(category),
        Signal::BuyingSignal(about) => labels.buying_signal == Some(about),
        Signal::Urgency(Urgency::Soon) => labels.urgency.is_some_and(|u| u != Urgency::None),
        Signal::Urgency(urgency) => labels.urgency == Some(urgency),
        Signal::Commitment(commitment) => labels.commitment == Some(commitment),
        Signal::SalesIntent(SalesIntent::AsksPrice) => labels.buying_signal == Some(BuyingSignal::Price),
        Signal::SalesIntent(SalesIntent::AsksMeeting) => labels.buying_signal == Some(BuyingSignal::NextStep),
        Signal::SalesIntent(SalesIntent::AsksDemo) => {
            matches!(labels.buying_signal, Some(BuyingSignal::Demo | BuyingSignal::Trial))
        }
        Signal::SalesIntent(SalesIntent::AsksHow) => {
            labels.response_type == Some(ResponseType::Question)
                && labels.call_stage == Some(CallStage::SolutionPresentation)
                && matches!(labels.buying_signal, None | Some(BuyingSignal::Fit))
        }
        Signal::SalesIntent(SalesIntent::WantsToBuy) => {
            labels.commitment == Some(Commitment::Firm)
                || labels.buying_signal == Some(BuyingSignal::Commitment)
        }
        Signal::SalesIntent(SalesIntent::Postpones) => {
            matches!(labels.objection, Some(ObjectionCategory::Timing | ObjectionCategory::Stall))
        }
        Signal::SalesIntent(SalesIntent::Declines) => {
            labels.response_type == Some(ResponseType::Objection)
                && labels.stage == Some(Stage::Decision)
                && before < Stage::Decision
        }
        _ => false,
    }
}

/// What an example line of the playbook stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlaybookLine {
    /// What the customer does.
    pub response_type: ResponseType,
    /// What the entry is about.
    pub category: String,
}

impl PlaybookLine {
    /// What the line teaches: the category of an objection, or that a question, an agreement or small talk is none. What
    /// else it shows is not known, and none of it where the category is none of an objection's.
    pub(crate) fn shows(&self, signals: &[Signal]) -> Option<Vec<Option<bool>>> {
        let category = match self.response_type {
            ResponseType::Objection => Some(ObjectionCategory::from_name(&self.category)?),
            ResponseType::Question | ResponseType::Agreement | ResponseType::Other => None,
            // "Cash is tight" explains and objects at once.
            ResponseType::Explanation | ResponseType::Reaction => return None,
        };
        let known = |signal: &Signal| match signal {
            Signal::Objection(other) => Some(Some(*other) == category),
            _ => None,
        };
        Some(signals.iter().map(known).collect())
    }
}

/// What people's labels say of one merged turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TurnTargets {
    /// Whether the turn shows each of [`turn_signals`]; none where the turn is not labelled so, or not a customer's.
    pub signals: Option<Vec<bool>>,
    /// Its tone.
    pub tone: Option<Sentiment>,
}

/// The targets of merged turns. A turn of several lines shows what any of them shows; its tone is the last line's.
pub(crate) fn targets(conversation: &Conversation, merged: &[MergedTurn]) -> Vec<TurnTargets> {
    let signals = turn_signals();
    let (mut first, mut stage) = (0, Stage::Opening);
    merged
        .iter()
        .map(|turn| {
            let mut shown: Option<Vec<bool>> = None;
            let mut tone = None;
            for line in &conversation.turns[first..=turn.last_line] {
                let labels = &line.labels;
                if line.speaker == Speaker::Customer && labels.urgency.is_some() {
                    let shown = shown.get_or_insert_with(|| vec![false; signals.len()]);
                    for (shown, &signal) in shown.iter_mut().zip(&signals) {
                        *shown |= shows(labels, stage, signal);
                    }
                }
                tone = labels.sentiment.or(tone);
                stage = labels.stage.unwrap_or(stage);
            }
            first = turn.last_line + 1;
            TurnTargets { signals: shown, tone }
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::Turn;
    use rapport_engine::merge_turns;

    use super::*;

    fn line(speaker: Speaker, labels: serde_json::Value) -> Turn {
        let mut turn = Turn::new(speaker, "words");
        turn.labels = serde_json::from_value(labels).unwrap();
        turn
    }

    #[test]
    fn lines_that_are_merged_show_what_any_of_them_shows() {
        let conversation = Conversation::new(
            "c",
            vec![
                line(Speaker::Salesperson, serde_json::json!({"stage": "ask", "sentiment": "neutral"})),
                line(
                    Speaker::Customer,
                    serde_json::json!({"urgency": "pressing", "response_type": "objection", "stage": "decision",
                        "objection": "price", "sentiment": "negative"}),
                ),
                line(Speaker::Customer, serde_json::json!({"urgency": "none", "buying_signal": "trial"})),
                line(Speaker::Customer, serde_json::json!({})),
            ],
        );
        let found = targets(&conversation, &merge_turns(&conversation));
        assert_eq!(found[0], TurnTargets { signals: None, tone: Some(Sentiment::Neutral) });
        let shown = found[1].signals.as_ref().unwrap();
        let keys: Vec<String> = turn_signals()
            .iter()
            .zip(shown)
            .filter(|(_, shown)| **shown)
            .map(|(signal, _)| signal.key())
            .collect();
        assert_eq!(
            keys,
            [
                "sales_intent/asks_demo",
                "sales_intent/declines",
                "objection/price",
                "buying_signal/trial",
                "urgency/soon",
                "urgency/pressing"
            ]
        );
        assert_eq!(found[1].tone, Some(Sentiment::Negative));
    }

    #[test]
    fn a_line_of_the_playbook_teaches_the_category_of_its_objection() {
        let line = |response_type, category: &str| PlaybookLine { response_type, category: category.into() };
        let signals = [
            Signal::Objection(ObjectionCategory::Price),
            Signal::Objection(ObjectionCategory::Need),
            Signal::BuyingSignal(BuyingSignal::Price),
        ];
        let objection = line(ResponseType::Objection, "price").shows(&signals);
        assert_eq!(objection, Some(vec![Some(true), Some(false), None]));
        let question = line(ResponseType::Question, "price").shows(&signals);
        assert_eq!(question, Some(vec![Some(false), Some(false), None]));
        assert_eq!(line(ResponseType::Objection, "process").shows(&signals), None);
    }

    #[test]
    fn a_turn_without_these_labels_says_nothing() {
        let labels = serde_json::json!({"response_type": "question"});
        let conversation = Conversation::new("c", vec![line(Speaker::Customer, labels)]);
        assert_eq!(targets(&conversation, &merge_turns(&conversation))[0].signals, None);
    }

    #[test]
    fn every_signal_is_answered_by_a_head_or_by_a_rule() {
        let mut all = turn_signals();
        all.extend(turn_signals().into_iter().filter_map(twin));
        all.extend(unlabelled_signals());
        all.extend(emotion_signals());
        all.extend(service_signals());
        all.sort_unstable();
        let mut every = Signal::all().to_vec();
        every.sort_unstable();
        assert_eq!(all, every);
    }
}
