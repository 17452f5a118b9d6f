//! A conversation as evaluation sees it: moments with the right answer, the model's answer, and what
//! a baseline may look at.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rapport_conversation::{Conversation, Label, LabelSource, ResponseType, SellerAct, Speaker, TurnLabels};
use rapport_engine::{Analysis, DirectionModel, MergedTurn, merge_turns};
use rapport_inference::argmax;

use super::Task;

/// What a turn can do: six response types of the customer, then six acts of the salesperson.
pub(super) const ACT_STATES: usize = ResponseType::ALL.len() + SellerAct::ALL.len();

/// One moment at which a task can be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Merged turns that the model had read when it answered.
    pub turns_seen: usize,
    /// The right class.
    pub truth: usize,
    /// Who says that it is right; `None` when the file does not tell.
    pub source: Option<LabelSource>,
    /// The model's probability of each class.
    pub model: Vec<f32>,
    /// State that the first-order Markov chain comes from. For response types the most probable act of
    /// the turn before the judged one (customer 0 to 5, salesperson 6 to 11), for stages the most
    /// probable stage after it, for directions its cluster; the number of states when there is none.
    pub state: usize,
    /// What the last-turn-only model reads: the embedding of the turn itself for `response-type-now`,
    /// the coordinates of the last turn for `direction`, else the last turn's act probabilities.
    pub last_turn: Vec<f32>,
    /// What only some tasks know.
    pub context: Context,
}

/// What only some tasks know about a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Context {
    /// Nothing.
    None,
    /// Where the conversation stood one turn before the judged one.
    Stage {
        /// The right stage then: the latest label at or before that turn, Opening before the first.
        truth: usize,
        /// The model's probabilities of the stage then; `None` before the first turn.
        predicted: Option<Vec<f32>>,
    },
    /// The bundle's chain at order 0, 1 and 2.
    Direction([Vec<f32>; 3]),
}

/// All moments of one conversation, by task. A task without any is absent.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Identifier of the conversation.
    pub id: String,
    /// Its moments, in the order of the conversation.
    pub moments: BTreeMap<Task, Vec<Moment>>,
}

/// The labels of one merged turn, with their sources.
#[derive(Debug, Clone, Copy, Default)]
struct Truth {
    response_type: Option<(usize, Option<LabelSource>)>,
    stage: Option<(usize, Option<LabelSource>)>,
}

impl Example {
    /// Finds the moments of a conversation.
    ///
    /// # Errors
    /// When `analysis` is of another conversation.
    pub fn new(conversation: &Conversation, analysis: &Analysis, direction: &DirectionModel) -> Result<Self> {
        let merged = merge_turns(conversation);
        ensure!(
            merged.len() == analysis.readings.len(),
            "conversation {} has {} turns, its analysis has {}; analyze it again",
            conversation.id,
            merged.len(),
            analysis.readings.len()
        );
        let truths = truths(conversation, &merged);
        let mut moments = BTreeMap::new();
        let mut add = |task, of: Vec<Moment>| {
            if !of.is_empty() {
                moments.insert(task, of);
            }
        };
        add(Task::ResponseTypeNow, response_types(analysis, &truths, Task::ResponseTypeNow));
        add(Task::ResponseTypeNext, response_types(analysis, &truths, Task::ResponseTypeNext));
        add(Task::StageNow, stages(analysis, &truths, Task::StageNow));
        add(Task::StageNext, stages(analysis, &truths, Task::StageNext));
        add(Task::Direction, directions(analysis, direction));
        Ok(Self { id: conversation.id.clone(), moments })
    }
}

/// A merged turn has the label of its last line that has one.
fn truths(conversation: &Conversation, merged: &[MergedTurn]) -> Vec<Truth> {
    let source = |labels: &TurnLabels, name: &str| labels.provenance.get(name).map(|p| p.source);
    let mut first = 0;
    merged
        .iter()
        .map(|turn| {
            let lines = &conversation.turns[first..=turn.last_line];
            first = turn.last_line + 1;
            let latest = || lines.iter().rev().map(|line| &line.labels);
            let response_type = latest()
                .find_map(|l| l.response_type.map(|r| (r.index(), source(l, "response_type"))))
                .filter(|_| turn.speaker == Speaker::Customer);
            let stage = latest().find_map(|l| l.stage.map(|s| (s.index(), source(l, "stage"))));
            Truth { response_type, stage }
        })
        .collect()
}

fn act_row(analysis: &Analysis, t: usize) -> Vec<f32> {
    let acts = &analysis.acts[t];
    acts.response_type.iter().chain(&acts.seller_act).copied().collect()
}

fn act_state(analysis: &Analysis, t: usize) -> usize {
    match analysis.readings[t].speaker {
        Speaker::Customer => argmax(&analysis.acts[t].response_type),
        Speaker::Salesperson => ResponseType::ALL.len() + argmax(&analysis.acts[t].seller_act),
    }
}

fn response_types(analysis: &Analysis, truths: &[Truth], task: Task) -> Vec<Moment> {
    let now = task == Task::ResponseTypeNow;
    truths
        .iter()
        .enumerate()
        .filter(|(t, _)| now || *t > 0)
        .filter_map(|(t, truth)| truth.response_type.map(|truth| (t, truth)))
        .map(|(t, (truth, source))| Moment {
            turns_seen: if now { t + 1 } else { t },
            truth,
            source,
            model: if now {
                analysis.acts[t].response_type.to_vec()
            } else {
                analysis.outlook.response_type_next[t - 1].clone()
            },
            state: t.checked_sub(1).map_or(ACT_STATES, |before| act_state(analysis, before)),
            last_turn: if now { analysis.readings[t].embedding.to_vec() } else { act_row(analysis, t - 1) },
            context: Context::None,
        })
        .collect()
}

fn stages(analysis: &Analysis, truths: &[Truth], task: Task) -> Vec<Moment> {
    let now = task == Task::StageNow;
    let outlook = &analysis.outlook;
    let standing: Vec<usize> = truths
        .iter()
        .scan(0, |standing, truth| {
            *standing = truth.stage.map_or(*standing, |(stage, _)| stage);
            Some(*standing)
        })
        .collect();
    truths
        .iter()
        .enumerate()
        .filter(|(t, _)| now || *t > 0)
        .filter_map(|(t, truth)| truth.stage.map(|truth| (t, truth)))
        .map(|(t, (truth, source))| {
            let model = if now { &outlook.stage_now[t] } else { &outlook.stage_next[t - 1] };
            let before = t.checked_sub(1);
            Moment {
                turns_seen: if now { t + 1 } else { t },
                truth,
                source,
                model: model.clone(),
                state: before.map_or(model.len(), |b| argmax(&outlook.stage_now[b])),
                last_turn: act_row(analysis, if now { t } else { t - 1 }),
                context: Context::Stage {
                    truth: before.map_or(0, |b| standing[b]),
                    predicted: before.map(|b| outlook.stage_now[b].clone()),
                },
            }
        })
        .collect()
}

fn directions(analysis: &Analysis, direction: &DirectionModel) -> Vec<Moment> {
    let clusters: Vec<usize> = analysis.readings.iter().map(|r| direction.cluster(&r.embedding)).collect();
    (1..clusters.len())
        .map(|t| {
            let (before, last) = (t.checked_sub(2).map(|i| clusters[i]), clusters[t - 1]);
            let chain = |order| direction.chain.next(before, Some(last), order);
            Moment {
                turns_seen: t,
                truth: clusters[t],
                source: None,
                model: chain(direction.chain.order),
                state: last,
                last_turn: direction.project(&analysis.readings[t - 1].embedding),
                context: Context::Direction([chain(0), chain(1), chain(2)]),
            }
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixture::{analysis, conversation, direction};
    use super::*;

    fn of(task: Task) -> Vec<Moment> {
        let conversation = conversation("a");
        let example = Example::new(&conversation, &analysis(&conversation), &direction()).unwrap();
        example.moments[&task].clone()
    }

    #[test]
    fn the_next_response_is_predicted_before_it_is_said() {
        let moments = of(Task::ResponseTypeNext);
        // The customer speaks in merged turns 0, 2 and 4; nothing is predicted before the first.
        assert_eq!(moments.iter().map(|m| m.turns_seen).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(
            moments.iter().map(|m| m.truth).collect::<Vec<_>>(),
            [ResponseType::Explanation.index(), ResponseType::Agreement.index()]
        );
        // The fixture's prediction after turn t puts its mass on class t % 6.
        assert_eq!(argmax(&moments[0].model), 1);
        assert_eq!(argmax(&moments[1].model), 3);
        // Seller acts after the six response types: turn 1 inquires, turn 3 asks.
        assert_eq!(moments.iter().map(|m| m.state).collect::<Vec<_>>(), [6 + 1, 6 + 3]);
        assert_eq!(moments[0].last_turn.len(), 12);
    }

    #[test]
    fn the_present_response_is_read_with_its_own_turn() {
        let moments = of(Task::ResponseTypeNow);
        assert_eq!(moments.iter().map(|m| m.turns_seen).collect::<Vec<_>>(), [1, 3, 5]);
        // The first has no turn before it.
        assert_eq!(moments[0].state, ACT_STATES);
        assert_eq!(moments[1].state, 6 + 1);
        assert_eq!(moments[0].last_turn.len(), 2);
    }

    #[test]
    fn a_merged_turn_has_the_label_of_its_last_labelled_line() {
        let now = of(Task::StageNow);
        // Lines 1 and 2 are one turn; line 1 says discovery, line 2 nothing.
        assert_eq!(now.iter().map(|m| m.truth).collect::<Vec<_>>(), [0, 1, 1, 3]);
        assert_eq!(now.iter().map(|m| m.turns_seen).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(now[0].context, Context::Stage { truth: 0, predicted: None });
        let sources: Vec<_> = now.iter().map(|m| m.source).collect();
        assert_eq!(sources[3], Some(LabelSource::Human));
        assert_eq!(sources[0], None);
    }

    #[test]
    fn the_next_stage_knows_where_the_conversation_stands() {
        let next = of(Task::StageNext);
        assert_eq!(
            next.iter().map(|m| (m.turns_seen, m.truth)).collect::<Vec<_>>(),
            [(1, 1), (2, 1), (3, 3)]
        );
        let standing = |m: &Moment| match &m.context {
            Context::Stage { truth, .. } => *truth,
            _ => usize::MAX,
        };
        assert_eq!(next.iter().map(standing).collect::<Vec<_>>(), [0, 1, 1]);
    }

    #[test]
    fn a_direction_needs_no_label() {
        let moments = of(Task::Direction);
        assert_eq!(moments.iter().map(|m| m.truth).collect::<Vec<_>>(), [1, 0, 1, 0]);
        let Context::Direction(orders) = &moments[0].context else { panic!("{moments:?}") };
        assert_eq!(&moments[0].model, &orders[2]);
    }

    #[test]
    fn an_analysis_of_something_else_is_refused() {
        let a = conversation("a");
        let mut longer = a.clone();
        longer.turns.push(rapport_conversation::Turn::new(Speaker::Salesperson, "Bye"));
        let error = Example::new(&longer, &analysis(&a), &direction()).unwrap_err().to_string();
        assert!(error.contains("conversation a has 6 turns, its analysis has 5"), "{error}");
    }
}
