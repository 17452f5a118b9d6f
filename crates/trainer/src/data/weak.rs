//! Weak supervision of a conversation: what people, the rules and the act head say about each turn.

use rapport_conversation::{
    Conversation, Label, LabelSource, Provenance, ResponseType, SellerAct, Sentiment, Signals, Speaker,
    Stage, TurnLabels, Vote, combine, funnel, response_by_rule, seller_act_by_rule,
};

/// How sure the funnel is when the label that it follows from is certain; below what outweighs a
/// model.
const FUNNEL_CONFIDENCE: f32 = 0.8;

/// What the models say about one turn: a probability for each class, in class order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TurnPosteriors {
    /// Of a customer's turn.
    pub response_type: Vec<f32>,
    /// Of a salesperson's turn.
    pub seller_act: Vec<f32>,
    /// Of either.
    pub sentiment: Vec<f32>,
    /// The stage once the turn is said.
    pub stage: Vec<f32>,
}

/// Keeps what people set and fills in everything else.
///
/// A label without provenance counts as a person's: it came with the data. The precedence is
/// [`combine`]'s. For the stage, the rule is the funnel over the labels of the turns, which sees
/// one act for each turn and so stands behind the stage model.
pub fn label(conversation: &mut Conversation, posteriors: Option<&[TurnPosteriors]>) {
    let mut stage = Stage::Opening;
    for (index, turn) in conversation.turns.iter_mut().enumerate() {
        let model = posteriors.and_then(|p| p.get(index));
        let human = human_only(&turn.labels);
        let mut labels = human.clone();
        let mut weakest = None;
        match turn.speaker {
            Speaker::Customer => {
                let rule = response_by_rule(&turn.text).map(|m| Vote::new(m.label, m.confidence));
                let model = model.and_then(|m| top::<ResponseType>(&m.response_type));
                if let Some((label, provenance)) = combine(human.response_type, rule, model) {
                    labels.response_type = Some(label);
                    weakest = Some(provenance);
                    labels.provenance.insert("response_type".to_owned(), provenance);
                }
            }
            Speaker::Salesperson => {
                let rule = seller_act_by_rule(&turn.text).map(|m| Vote::new(m.label, m.confidence));
                let model = model.and_then(|m| top::<SellerAct>(&m.seller_act));
                if let Some((label, provenance)) = combine(human.seller_act, rule, model) {
                    labels.seller_act = Some(label);
                    weakest = Some(provenance);
                    labels.provenance.insert("seller_act".to_owned(), provenance);
                }
            }
        }
        let tone = model.and_then(|m| top::<Sentiment>(&m.sentiment));
        if let Some((label, provenance)) = combine(human.sentiment, None, tone) {
            labels.sentiment = Some(label);
            labels.provenance.insert("sentiment".to_owned(), provenance);
        }
        let by_rule = funnel(stage, Signals::from_labels(turn.speaker, &labels));
        let rule = Vote::new(by_rule, FUNNEL_CONFIDENCE * weakest.map_or(0.0, |p| p.confidence));
        let model = model.and_then(|m| top::<Stage>(&m.stage));
        // The rule always votes, so there is always a label.
        let (now, of_stage) = combine(human.stage, Some(rule), model)
            .unwrap_or((stage, Provenance { source: LabelSource::Rule, confidence: 0.0 }));
        stage = now;
        labels.stage = Some(stage);
        labels.provenance.insert("stage".to_owned(), of_stage);
        turn.labels = labels;
    }
}

/// The labels that a person set, and whatever Rapport does not use.
pub fn human_only(labels: &TurnLabels) -> TurnLabels {
    let human = |set: &str| labels.provenance.get(set).is_none_or(|p| p.source == LabelSource::Human);
    // No rule or model fills in the finer labels: where they are, a person set them.
    let mut kept = TurnLabels {
        call_stage: labels.call_stage,
        objection: labels.objection,
        buying_signal: labels.buying_signal,
        urgency: labels.urgency,
        commitment: labels.commitment,
        other: labels.other.clone(),
        ..TurnLabels::default()
    };
    kept.response_type = labels.response_type.filter(|_| human("response_type"));
    kept.seller_act = labels.seller_act.filter(|_| human("seller_act"));
    kept.stage = labels.stage.filter(|_| human("stage"));
    kept.sentiment = labels.sentiment.filter(|_| human("sentiment"));
    let named = [
        ("response_type", kept.response_type.is_some()),
        ("seller_act", kept.seller_act.is_some()),
        ("stage", kept.stage.is_some()),
        ("sentiment", kept.sentiment.is_some()),
    ];
    for (set, present) in named {
        if present {
            let provenance = Provenance { source: LabelSource::Human, confidence: 1.0 };
            kept.provenance.insert(set.to_owned(), provenance);
        }
    }
    kept
}

/// A copy without any label of a turn.
pub fn without_labels(conversation: &Conversation) -> Conversation {
    let mut bare = conversation.clone();
    bare.turns.iter_mut().for_each(|turn| turn.labels = TurnLabels::default());
    bare
}

fn top<L: Label>(probabilities: &[f32]) -> Option<Vote<L>> {
    let best =
        probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    L::ALL.get(best.0).map(|label| Vote::new(*label, best.1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::Turn;

    use super::*;

    fn conversation() -> Conversation {
        let mut human = Turn::new(Speaker::Customer, "Hm.");
        human.labels.response_type = Some(ResponseType::Reaction);
        Conversation::new(
            "a",
            vec![
                Turn::new(Speaker::Salesperson, "zzz"),
                human,
                Turn::new(Speaker::Customer, "That is too expensive for us."),
                Turn::new(Speaker::Customer, "zzz"),
            ],
        )
    }

    fn sure<L: Label>(label: L) -> Vec<f32> {
        L::ALL.iter().map(|l| if *l == label { 0.9 } else { 0.02 }).collect()
    }

    #[test]
    fn people_before_rules_before_the_model() {
        let mut conversation = conversation();
        let posterior = TurnPosteriors {
            response_type: sure(ResponseType::Agreement),
            seller_act: sure(SellerAct::Inquiry),
            sentiment: sure(Sentiment::Negative),
            stage: sure(Stage::Discovery),
        };
        label(&mut conversation, Some(&vec![posterior; 4]));
        let types: Vec<_> = conversation.turns.iter().map(|t| t.labels.response_type).collect();
        let expected = [ResponseType::Reaction, ResponseType::Objection, ResponseType::Agreement];
        assert_eq!(types[0], None);
        assert_eq!(types[1..], expected.map(Some));
        let source = |turn: usize| conversation.turns[turn].labels.provenance["response_type"].source;
        assert_eq!(
            [source(1), source(2), source(3)],
            [LabelSource::Human, LabelSource::Rule, LabelSource::Model]
        );
        assert_eq!(conversation.turns[0].labels.seller_act, Some(SellerAct::Inquiry));
        assert_eq!(conversation.turns[0].labels.stage, Some(Stage::Discovery));
        assert_eq!(conversation.turns[1].labels.sentiment, Some(Sentiment::Negative));
    }

    #[test]
    fn without_a_model_the_rest_stays_open() {
        let mut conversation = conversation();
        label(&mut conversation, None);
        assert_eq!(conversation.turns[3].labels.response_type, None);
        assert_eq!(conversation.turns[3].labels.stage, Some(Stage::Opening));
        // A second pass takes only the person's label as given.
        let human = human_only(&conversation.turns[2].labels);
        assert!(human.is_empty(), "{human:?}");
    }
}
