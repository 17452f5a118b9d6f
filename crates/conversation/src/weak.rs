//! Weak supervision: one label from what a person, the rules and a model say.

use crate::{Label, LabelSource, Provenance};

/// From this confidence on a rule outweighs a model.
pub const HIGH_CONFIDENCE: f32 = 0.85;

/// A label with its confidence, from a rule or a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote<L> {
    /// The label.
    pub label: L,
    /// Confidence, 0 to 1.
    pub confidence: f32,
}

impl<L> Vote<L> {
    /// A vote.
    pub fn new(label: L, confidence: f32) -> Self {
        Self { label, confidence }
    }
}

/// The label that stands, and where it comes from.
///
/// Precedence: a person, with confidence 1; a rule of at least [`HIGH_CONFIDENCE`]; the model; a rule below
/// that. Where rule and model agree, the confidence of the one that stands rises to 1 − (1 − rule)(1 − model), as
/// of two witnesses who err apart. `None` where nobody votes.
///
/// ```
/// use rapport_conversation::{LabelSource, ResponseType, Vote, combine};
/// let rule = Vote::new(ResponseType::Objection, 0.92);
/// let model = Vote::new(ResponseType::Reaction, 0.97);
/// let (label, provenance) = combine(None, Some(rule), Some(model)).unwrap();
/// assert_eq!((label, provenance.source), (ResponseType::Objection, LabelSource::Rule));
/// ```
pub fn combine<L: Label>(
    human: Option<L>,
    rule: Option<Vote<L>>,
    model: Option<Vote<L>>,
) -> Option<(L, Provenance)> {
    if let Some(label) = human {
        return Some((label, Provenance { source: LabelSource::Human, confidence: 1.0 }));
    }
    let sure = |vote: Option<Vote<L>>| vote.map(|v| Vote::new(v.label, v.confidence.clamp(0.0, 1.0)));
    let (rule, model) = (sure(rule), sure(model));
    let (source, vote) = match (rule, model) {
        (Some(rule), _) if rule.confidence >= HIGH_CONFIDENCE => (LabelSource::Rule, rule),
        (_, Some(model)) => (LabelSource::Model, model),
        (Some(rule), None) => (LabelSource::Rule, rule),
        (None, None) => return None,
    };
    let confidence = match (rule, model) {
        (Some(rule), Some(model)) if rule.label == model.label => {
            1.0 - (1.0 - rule.confidence) * (1.0 - model.confidence)
        }
        _ => vote.confidence,
    };
    Some((vote.label, Provenance { source, confidence }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ResponseType::{self, Agreement, Objection, Question};

    fn votes(
        human: Option<ResponseType>,
        rule: Option<(ResponseType, f32)>,
        model: Option<(ResponseType, f32)>,
    ) -> Option<(ResponseType, LabelSource, f32)> {
        let vote = |(label, confidence)| Vote::new(label, confidence);
        combine(human, rule.map(vote), model.map(vote))
            .map(|(label, p)| (label, p.source, (p.confidence * 100.0).round() / 100.0))
    }

    #[test]
    fn follows_the_stated_precedence() {
        let human = votes(Some(Question), Some((Objection, 0.99)), Some((Agreement, 0.99)));
        assert_eq!(human, Some((Question, LabelSource::Human, 1.0)));
        assert_eq!(
            votes(None, Some((Objection, 0.9)), Some((Agreement, 0.99))),
            Some((Objection, LabelSource::Rule, 0.9))
        );
        assert_eq!(
            votes(None, Some((Objection, 0.8)), Some((Agreement, 0.3))),
            Some((Agreement, LabelSource::Model, 0.3))
        );
        assert_eq!(votes(None, Some((Objection, 0.5)), None), Some((Objection, LabelSource::Rule, 0.5)));
        assert_eq!(votes(None, None, None), None);
    }

    #[test]
    fn agreement_raises_the_confidence() {
        assert_eq!(
            votes(None, Some((Objection, 0.9)), Some((Objection, 0.5))),
            Some((Objection, LabelSource::Rule, 0.95))
        );
        assert_eq!(
            votes(None, Some((Objection, 0.5)), Some((Objection, 0.5))),
            Some((Objection, LabelSource::Model, 0.75))
        );
    }
}
