//! What a model must beat: the most frequent class, the last turn alone, and a first-order Markov chain.
//!
//! They are fitted on the conversations that the bundle was trained on, by `rapport train`, and lie in
//! the bundle's folder as `baselines.json`. The engine does not read them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use rapport_inference::softmax;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Task;
use super::example::{Context, Example, Moment};
use super::predictions::{Baseline, ConversationPredictions, Prediction};
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row};

/// Name of the file in a bundle's folder.
pub const BASELINES_FILE: &str = "baselines.json";
/// Layout of the file.
const FORMAT: u32 = 1;
/// How strongly a row of the chain backs off to the class frequencies, in counts.
const BACK_OFF: f32 = 2.0;
/// Quadratic penalty of the last-turn model.
const L2: f64 = 0.1;
/// The last-turn model has few inputs and need not be exact to the last digit.
const LBFGS: LbfgsOptions = LbfgsOptions { iterations: 100, tolerance: 0.02, memory: 10 };

/// Fitted baselines of every task that had labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    format: u32,
    /// Conversations that they were fitted on.
    pub conversations: usize,
    tasks: BTreeMap<Task, TaskBaselines>,
}

/// Fitted baselines of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TaskBaselines {
    /// Smoothed share of each class, `[classes]`.
    prior: Vec<f32>,
    /// Next class by state, `[states + 1][classes]`; the last row is the beginning of a conversation.
    markov: Vec<Vec<f32>>,
    last_turn: LastTurn,
    /// Smoothed share of moments at which the stage stays.
    stay: f32,
}

/// Multinomial logistic regression over what the last turn alone tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct LastTurn {
    /// `[inputs][classes]`, row-major.
    weights: Vec<f32>,
    /// `[classes]`.
    bias: Vec<f32>,
}

impl Baselines {
    /// Fits on examples whose analyses were, at best, made by models that had not seen them: models
    /// are surer of what they were trained on than they will be of new conversations.
    pub fn fit<'a>(examples: impl IntoIterator<Item = &'a Example>) -> Self {
        let examples: Vec<&Example> = examples.into_iter().collect();
        let fit = |task: Task| {
            let moments: Vec<&Moment> =
                examples.iter().filter_map(|e| e.moments.get(&task)).flatten().collect();
            let classes = moments.first()?.model.len();
            Some((task, TaskBaselines::fit(task, classes, &moments)))
        };
        let tasks: Vec<_> = Task::ALL.par_iter().filter_map(|&task| fit(task)).collect();
        Self { format: FORMAT, conversations: examples.len(), tasks: tasks.into_iter().collect() }
    }

    /// Reads `baselines.json`.
    ///
    /// # Errors
    /// When it is not what `rapport train` writes; the message says so.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let read = || -> Result<Self> {
            let baselines: Self = serde_json::from_slice(bytes)?;
            ensure!(baselines.format == FORMAT, "its format {} is not {FORMAT}", baselines.format);
            for (task, of) in &baselines.tasks {
                of.check(*task).with_context(|| task.name())?;
            }
            Ok(baselines)
        };
        read().with_context(|| {
            format!("{BASELINES_FILE} cannot be read; remove it or write it again with `rapport train`")
        })
    }

    /// The file's content.
    ///
    /// # Errors
    /// When a number cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// True when they know every task of the example with as many classes and inputs as it has.
    pub fn fit_to(&self, example: &Example) -> bool {
        example
            .moments
            .iter()
            .all(|(task, moments)| self.tasks.get(task).is_some_and(|of| moments.iter().all(|m| of.fits(m))))
    }

    /// Their answers beside the model's. A task that they were not fitted for gets even chances.
    pub fn predict(&self, example: &Example) -> ConversationPredictions {
        let tasks = example.moments.iter().map(|(task, moments)| {
            let even;
            let known = self.tasks.get(task).filter(|of| moments.iter().all(|m| of.fits(m)));
            let of = if let Some(known) = known {
                known
            } else {
                let (classes, inputs) =
                    moments.first().map_or((0, 0), |m| (m.model.len(), m.last_turn.len()));
                even = TaskBaselines::even(*task, classes, inputs);
                &even
            };
            (*task, moments.iter().map(|m| of.predict(*task, m)).collect())
        });
        ConversationPredictions { id: example.id.clone(), tasks: tasks.collect() }
    }
}

impl TaskBaselines {
    fn fit(task: Task, classes: usize, moments: &[&Moment]) -> Self {
        let mut counts = vec![0.0f32; classes];
        let mut markov = vec![vec![0.0f32; classes]; task.states(classes) + 1];
        let (mut stays, mut stages) = (0.0f32, 0.0f32);
        for m in moments {
            counts[m.truth] += 1.0;
            markov[m.state][m.truth] += 1.0;
            if let Context::Stage { truth, .. } = m.context {
                stages += 1.0;
                stays += f32::from(u8::from(truth == m.truth));
            }
        }
        let prior = blend(&counts, &vec![1.0 / classes as f32; classes], classes as f32);
        let markov = markov.iter().map(|row| blend(row, &prior, BACK_OFF)).collect();
        let rows: Vec<Row> =
            moments.iter().map(|m| Row { dense: m.last_turn.clone(), sparse: Vec::new() }).collect();
        let rows: Vec<&Row> = rows.iter().collect();
        let truths: Vec<usize> = moments.iter().map(|m| m.truth).collect();
        let options =
            LogisticOptions { l2_dense: L2, l2_sparse: L2, class_weights: vec![1.0; classes], lbfgs: LBFGS };
        let Logistic { weights, bias, .. } = Logistic::fit(&rows, &truths, classes, 0, &options);
        let stay = (stays + 1.0) / (stages + 2.0);
        Self { prior, markov, last_turn: LastTurn { weights, bias }, stay }
    }

    fn even(task: Task, classes: usize, inputs: usize) -> Self {
        let row = vec![1.0 / classes as f32; classes];
        Self {
            markov: vec![row.clone(); task.states(classes) + 1],
            prior: row,
            last_turn: LastTurn { weights: vec![0.0; inputs * classes], bias: vec![0.0; classes] },
            stay: 0.5,
        }
    }

    /// Refuses parts that do not fit together.
    fn check(&self, task: Task) -> Result<()> {
        let classes = self.prior.len();
        ensure!(classes > 1, "it has {classes} classes");
        ensure!(
            self.markov.len() == task.states(classes) + 1 && self.markov.iter().all(|r| r.len() == classes),
            "its chain does not have {} rows of {classes}",
            task.states(classes) + 1
        );
        let LastTurn { weights, bias } = &self.last_turn;
        ensure!(
            bias.len() == classes && weights.len() % classes == 0,
            "its last-turn model is not one of {classes} classes"
        );
        let numbers = self.prior.iter().chain(self.markov.iter().flatten()).chain(weights).chain(bias);
        ensure!(numbers.chain([&self.stay]).all(|n| n.is_finite()), "it holds what is not a number");
        Ok(())
    }

    fn fits(&self, moment: &Moment) -> bool {
        let classes = moment.model.len();
        self.prior.len() == classes
            && self.last_turn.weights.len() == classes * moment.last_turn.len()
            && moment.state < self.markov.len()
    }

    fn predict(&self, task: Task, moment: &Moment) -> Prediction {
        let mut baselines = BTreeMap::from([(Baseline::LastTurn, self.last_turn(&moment.last_turn))]);
        let mut add = |baseline, probabilities| baselines.insert(baseline, probabilities);
        match &moment.context {
            // The bundle brings its own chain, fitted on the training conversations.
            Context::Direction([marginal, first, _]) => {
                add(Baseline::Majority, marginal.clone());
                add(Baseline::Markov, first.clone());
            }
            other => {
                add(Baseline::Majority, self.prior.clone());
                add(Baseline::Markov, self.markov[moment.state].clone());
                if let Context::Stage { truth, predicted } = other {
                    let told = staying(*truth, self.stay, moment.model.len());
                    add(Baseline::StayPredicted, predicted.clone().unwrap_or_else(|| told.clone()));
                    if task == Task::StageNext {
                        add(Baseline::Stay, told);
                    }
                }
            }
        }
        Prediction {
            turns_seen: moment.turns_seen,
            truth: moment.truth,
            source: moment.source,
            model: moment.model.clone(),
            baselines,
            context: moment.context.clone(),
        }
    }

    fn last_turn(&self, inputs: &[f32]) -> Vec<f32> {
        let classes = self.prior.len();
        let mut logits = self.last_turn.bias.clone();
        for (x, weights) in inputs.iter().zip(self.last_turn.weights.chunks_exact(classes)) {
            logits.iter_mut().zip(weights).for_each(|(l, w)| *l += x * w);
        }
        softmax(&logits, 1.0)
    }
}

/// Shares of counts, drawn towards `prior` as if it had been seen `strength` times.
fn blend(counts: &[f32], prior: &[f32], strength: f32) -> Vec<f32> {
    let total: f32 = counts.iter().sum::<f32>() + strength;
    counts.iter().zip(prior).map(|(n, p)| (n + strength * p) / total).collect()
}

/// `stay` on the present stage, the rest spread over the later ones (over the others from the last).
fn staying(present: usize, stay: f32, classes: usize) -> Vec<f32> {
    let last = present + 1 >= classes;
    let elsewhere = |c: usize| if last { c != present } else { c > present };
    let others = (0..classes).filter(|&c| elsewhere(c)).count().max(1);
    let share = (1.0 - stay) / others as f32;
    (0..classes)
        .map(|c| {
            if c == present {
                stay
            } else if elsewhere(c) {
                share
            } else {
                0.0
            }
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::example::ACT_STATES;
    use super::super::fixture::{analysis, conversation, direction};
    use super::*;

    fn examples() -> Vec<Example> {
        ["a", "b", "c"]
            .map(|id| {
                let conversation = conversation(id);
                Example::new(&conversation, &analysis(&conversation), &direction()).unwrap()
            })
            .to_vec()
    }

    #[track_caller]
    fn near(actual: &[f32], expected: &[f32]) {
        let same =
            actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(same, "{actual:?} is not {expected:?}");
    }

    #[test]
    fn frequencies_are_counted_by_hand() {
        let fitted = Baselines::fit(&examples());
        let of = &fitted.tasks[&Task::ResponseTypeNext];
        // Three explanations and three agreements of six, each class seen once more.
        near(&of.prior, &[1.0, 4.0, 1.0, 4.0, 1.0, 1.0].map(|n| n / 12.0));
        // After an inquiry three explanations, drawn towards the frequencies by two counts.
        near(&of.markov[7], &[1.0, 4.0, 1.0, 22.0, 1.0, 1.0].map(|n| n / 30.0));
        // Never seen: the frequencies themselves.
        near(&of.markov[0], &of.prior);
        assert_eq!(of.markov.len(), ACT_STATES + 1);
        // The stage stays from turn 1 to 2 only: three of nine.
        assert!((fitted.tasks[&Task::StageNext].stay - 4.0 / 11.0).abs() < 1e-6);
    }

    #[test]
    fn the_last_turn_tells_what_follows_it() {
        let examples = examples();
        let predicted = Baselines::fit(&examples).predict(&examples[0]);
        for p in &predicted.tasks[&Task::ResponseTypeNext] {
            let of = &p.baselines[&Baseline::LastTurn];
            assert_eq!(rapport_inference::argmax(of), p.truth, "{of:?}");
            assert!((of.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn every_baseline_of_a_stage_is_a_distribution() {
        let examples = examples();
        let predicted = Baselines::fit(&examples).predict(&examples[0]);
        for task in [Task::StageNow, Task::StageNext] {
            for p in &predicted.tasks[&task] {
                assert_eq!(p.baselines.len(), if task == Task::StageNext { 5 } else { 4 });
                for (name, of) in &p.baselines {
                    assert!((of.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{name:?} {of:?}");
                }
            }
        }
    }

    #[test]
    fn staying_leaves_the_rest_to_later_stages() {
        near(&staying(3, 0.8, 6), &[0.0, 0.0, 0.0, 0.8, 0.1, 0.1]);
        near(&staying(5, 0.5, 6), &[0.1, 0.1, 0.1, 0.1, 0.1, 0.5]);
    }

    #[test]
    fn the_file_gives_back_what_was_fitted() {
        let fitted = Baselines::fit(&examples());
        let read = Baselines::read(&fitted.to_json().unwrap()).unwrap();
        assert_eq!(read, fitted);
        assert!(read.fit_to(&examples()[0]));
        let nothing = Baselines::fit(&[]);
        assert!(!nothing.fit_to(&examples()[0]));
        let even = nothing.predict(&examples()[0]);
        near(&even.tasks[&Task::StageNext][0].baselines[&Baseline::LastTurn], &[1.0 / 6.0; 6]);
    }

    #[test]
    fn a_broken_file_is_refused_with_the_mend() {
        let mut fitted = Baselines::fit(&examples());
        fitted.tasks.get_mut(&Task::StageNow).unwrap().markov.pop();
        let error = format!("{:#}", Baselines::read(&fitted.to_json().unwrap()).unwrap_err());
        for part in ["baselines.json", "remove it", "rapport train", "stage-now", "7 rows of 6"] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
        assert!(Baselines::read(b"{}").is_err());
    }
}
