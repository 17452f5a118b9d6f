//! The model's answers and the baselines', moment by moment.

use std::collections::BTreeMap;

use anyhow::Result;
use rapport_conversation::{Conversation, LabelSource};
use rapport_engine::{Analysis, DirectionModel};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Baselines, Context, Example, Task};
use crate::data::share_of;

/// Something that a model must beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The most frequent class.
    Majority,
    /// A model that sees the last turn alone.
    LastTurn,
    /// A first-order Markov chain.
    Markov,
    /// The right stage of the turn before; of `stage-next` only.
    Stay,
    /// The predicted stage of the turn before; of the stages only.
    StayPredicted,
}

impl Baseline {
    /// The name people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Majority => "majority",
            Self::LastTurn => "last turn",
            Self::Markov => "Markov",
            Self::Stay => "stay (true)",
            Self::StayPredicted => "stay (predicted)",
        }
    }
}

/// One moment with every answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Merged turns that the model had read.
    pub turns_seen: usize,
    /// The right class.
    pub truth: usize,
    /// Who says that it is right.
    pub source: Option<LabelSource>,
    /// The model's probability of each class.
    pub model: Vec<f32>,
    /// The baselines' probabilities; every moment of a task has the same ones.
    pub baselines: BTreeMap<Baseline, Vec<f32>>,
    /// What only some tasks know.
    pub context: Context,
}

/// The predictions of one conversation, by task.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationPredictions {
    /// Identifier of the conversation.
    pub id: String,
    /// The moments of each task, in the order of the conversation.
    pub tasks: BTreeMap<Task, Vec<Prediction>>,
}

/// All that there is to judge in one conversation.
///
/// # Errors
/// As [`Example::new`].
pub fn collect(
    conversation: &Conversation,
    analysis: &Analysis,
    direction: &DirectionModel,
    baselines: &Baselines,
) -> Result<ConversationPredictions> {
    Ok(baselines.predict(&Example::new(conversation, analysis, direction)?))
}

/// Predictions with baselines that were fitted, for each of `folds` parts of the conversations, on the
/// other parts. A conversation's part depends on the identifiers alone.
pub fn cross_fit(examples: &[Example], folds: usize) -> Vec<ConversationPredictions> {
    let folds = folds.clamp(1, examples.len().max(1));
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let place = |i: &usize| share_of(&examples[*i].id, "baselines");
    order.sort_by(|a, b| place(a).total_cmp(&place(b)).then(a.cmp(b)));
    let mut fold_of = vec![0; examples.len()];
    order.iter().enumerate().for_each(|(rank, &i)| fold_of[i] = rank % folds);
    let fitted: Vec<Baselines> = (0..folds)
        .into_par_iter()
        .map(|fold| {
            Baselines::fit(examples.iter().zip(&fold_of).filter(|(_, f)| **f != fold).map(|(e, _)| e))
        })
        .collect();
    examples.iter().zip(&fold_of).map(|(e, &fold)| fitted[fold].predict(e)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::{Label, ResponseType};

    use super::super::fixture::{analysis, conversation, direction};
    use super::*;

    #[test]
    fn no_conversation_teaches_its_own_baselines() {
        // One conversation ends in an objection, the other in an agreement: each is told of the other only.
        let example = |id: &str, last| {
            let mut conversation = conversation(id);
            conversation.turns[5].labels.response_type = Some(last);
            Example::new(&conversation, &analysis(&conversation), &direction()).unwrap()
        };
        let examples = [example("a", ResponseType::Objection), example("b", ResponseType::Agreement)];
        let predictions = cross_fit(&examples, 5);
        assert_eq!(predictions.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let majority =
            |i: usize| &predictions[i].tasks[&Task::ResponseTypeNext][0].baselines[&Baseline::Majority];
        let (objection, agreement) = (ResponseType::Objection.index(), ResponseType::Agreement.index());
        assert!(majority(0)[agreement] > majority(0)[objection]);
        assert!(majority(1)[objection] > majority(1)[agreement]);
    }

    #[test]
    fn one_conversation_alone_gets_even_chances() {
        let conversation = conversation("a");
        let example = Example::new(&conversation, &analysis(&conversation), &direction()).unwrap();
        let predictions = cross_fit(std::slice::from_ref(&example), 5);
        let p = &predictions[0].tasks[&Task::ResponseTypeNow][0].baselines[&Baseline::Markov];
        assert!(p.iter().all(|p| (p - 1.0 / 6.0).abs() < 1e-6), "{p:?}");
        assert!(cross_fit(&[], 5).is_empty());
    }
}
