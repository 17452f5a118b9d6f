//! What the written rules say of a turn, signal by signal.

use rapport_conversation::{
    BuyingSignal, Commitment, ObjectionCategory, ResponseType, SalesIntent, Speaker, Urgency, buying_signals,
    hedges, objections, response_by_rule, sales_intents, urgencies,
};

use super::names::Signal;

/// The signals that the rules find in a text, each with the confidence of the surest row.
///
/// Of a salesperson's text only hedges are read. Intents that have no table of their own follow from the
/// others: who asks for a trial asks for a demo, who stalls postpones.
pub fn ruled(text: &str, speaker: Speaker) -> Vec<(Signal, f32)> {
    let mut found: Vec<(Signal, f32)> = Vec::new();
    let mut add = |signal: Signal, confidence: f32| match found.iter_mut().find(|(s, _)| *s == signal) {
        Some((_, surest)) => *surest = surest.max(confidence),
        None => found.push((signal, confidence)),
    };
    for hit in hedges(text) {
        add(Signal::Hedging(hit.label), hit.confidence);
    }
    if speaker == Speaker::Salesperson {
        return found;
    }
    for hit in objections(text) {
        add(Signal::Objection(hit.label), hit.confidence);
        match hit.label {
            ObjectionCategory::Timing | ObjectionCategory::Stall => {
                add(Signal::SalesIntent(SalesIntent::Postpones), hit.confidence);
            }
            ObjectionCategory::Need => add(Signal::SalesIntent(SalesIntent::Declines), hit.confidence),
            _ => {}
        }
    }
    for hit in buying_signals(text) {
        add(Signal::BuyingSignal(hit.label), hit.confidence);
        let intent = match hit.label {
            BuyingSignal::Price => SalesIntent::AsksPrice,
            BuyingSignal::Demo | BuyingSignal::Trial => SalesIntent::AsksDemo,
            BuyingSignal::NextStep => SalesIntent::AsksMeeting,
            BuyingSignal::Commitment => {
                add(Signal::Commitment(Commitment::Firm), hit.confidence);
                SalesIntent::WantsToBuy
            }
            _ => continue,
        };
        add(Signal::SalesIntent(intent), hit.confidence);
    }
    for hit in sales_intents(text) {
        add(Signal::SalesIntent(hit.label), hit.confidence);
    }
    for hit in urgencies(text) {
        add(Signal::Urgency(hit.label), hit.confidence);
        if hit.label == Urgency::Pressing {
            add(Signal::Urgency(Urgency::Soon), hit.confidence);
        }
    }
    if let Some(hit) = response_by_rule(text).filter(|hit| hit.label == ResponseType::Agreement) {
        let has_if =
            text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| w == "if" || w == "provided");
        let kind = if has_if { Commitment::Conditional } else { Commitment::Step };
        add(Signal::Commitment(kind), hit.confidence);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str, speaker: Speaker) -> Vec<String> {
        ruled(text, speaker).into_iter().map(|(s, _)| s.key()).collect()
    }

    #[test]
    fn a_turn_may_show_several() {
        let found =
            keys("It's too expensive, and I have to ask my boss. Can I see a demo?", Speaker::Customer);
        for key in ["objection/price", "objection/authority", "buying_signal/demo", "sales_intent/asks_demo"]
        {
            assert!(found.iter().any(|k| k == key), "{key}: {found:?}");
        }
        assert!(keys("We need it by Friday.", Speaker::Customer).contains(&"urgency/soon".to_owned()));
    }

    #[test]
    fn of_a_salesperson_only_hedges_are_read() {
        assert_eq!(keys("Maybe it is too expensive for you.", Speaker::Salesperson), ["hedging/possibility"]);
        assert_eq!(keys("", Speaker::Customer), Vec::<String>::new());
    }
}
