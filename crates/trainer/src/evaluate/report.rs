//! From predictions to the figures of a report.

use std::collections::BTreeMap;

use rapport_conversation::LabelSource;
use serde::{Deserialize, Serialize};

use super::change::{ChangeReport, changes};
use super::figures::{BINS, Figures, Metrics};
use super::predictions::{Baseline, ConversationPredictions, Prediction};
use super::{Context, Task};
use crate::metrics::{Bootstrap, ConfusionMatrix, ReliabilityBin, Scored, reliability};

/// Where the baselines' parameters come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BaselineSource {
    /// The conversations that the model was trained on.
    #[serde(rename = "fitted on the training conversations")]
    Training,
    /// The training conversations of each fold, as the model of the fold.
    #[serde(rename = "fitted by cross-fitting, as the model was")]
    CrossValidated,
    /// The evaluated conversations themselves, which the model never saw.
    #[serde(rename = "fitted by cross-fitting on the evaluated conversations, which favours the baselines")]
    CrossFitted,
}

impl BaselineSource {
    /// What reports say.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Training => "fitted on the training conversations",
            Self::CrossValidated => "fitted by cross-fitting, as the model was",
            Self::CrossFitted => {
                "fitted by cross-fitting on the evaluated conversations, which favours the baselines"
            }
        }
    }
}

/// What to report and how.
#[derive(Debug, Clone)]
pub struct ReportOptions {
    /// Tasks to report.
    pub tasks: Vec<Task>,
    /// Names of the direction clusters.
    pub clusters: Vec<String>,
    /// Where the baselines come from.
    pub baselines: BaselineSource,
    /// Resamples of the intervals.
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
}

/// Figures of every task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Name of the bundle.
    pub bundle: String,
    /// Conversations that were evaluated.
    pub conversations: usize,
    /// Where the baselines come from.
    pub baselines: BaselineSource,
    /// The tasks that there were right answers for.
    pub tasks: BTreeMap<Task, TaskReport>,
    /// The others, and why.
    pub skipped: BTreeMap<Task, String>,
}

/// Figures of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskReport {
    /// Moments that were judged.
    pub n: usize,
    /// Conversations that they come from.
    pub conversations: usize,
    /// Moments by who labelled them (`human`, `rule`, `model`, `unstated`); empty when no label is needed.
    pub labelled_by: BTreeMap<&'static str, usize>,
    /// The model's figures, and the baselines'.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The same by number of turns that the model had read.
    pub by_turns: BTreeMap<TurnsSeen, TurnsReport>,
    /// True classes (rows) against predicted ones (columns).
    pub confusion: Confusion,
    /// Top probabilities against the share that is right.
    pub reliability: Vec<ReliabilityBin>,
    /// Detection of a change, of stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_change: Option<ChangeReport>,
    /// The orders of the chain, of directions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<Orders>,
}

/// A model beside its baselines, on the same moments and resamples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The model's figures.
    pub metrics: Metrics,
    /// Each baseline's figures.
    pub baselines: BTreeMap<Baseline, Metrics>,
    /// The model's figures less each baseline's, paired.
    pub differences: BTreeMap<Baseline, Metrics>,
}

/// Figures of the moments of one bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnsReport {
    /// Moments.
    pub n: usize,
    /// Conversations that they come from.
    pub conversations: usize,
    /// The model's figures, and the baselines'.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// Which classes are taken for which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Class names in order.
    pub labels: Vec<String>,
    /// Counts, `[true][predicted]`.
    pub counts: Vec<Vec<usize>>,
}

/// The bundle's chain at each order, and how they differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Orders {
    /// Order 0.
    pub marginal: Metrics,
    /// Order 1.
    pub first: Metrics,
    /// Order 2.
    pub second: Metrics,
    /// Paired differences.
    pub differences: OrderDifferences,
}

/// Paired differences between the orders of a chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderDifferences {
    /// Order 1 less order 0.
    pub first_minus_marginal: Metrics,
    /// Order 2 less order 1.
    pub second_minus_first: Metrics,
    /// Order 2 less order 0.
    pub second_minus_marginal: Metrics,
}

/// Number of turns that a model had read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TurnsSeen {
    /// One or two.
    #[serde(rename = "1-2")]
    UpTo2,
    /// Three or four.
    #[serde(rename = "3-4")]
    UpTo4,
    /// Five to eight.
    #[serde(rename = "5-8")]
    UpTo8,
    /// Nine to sixteen.
    #[serde(rename = "9-16")]
    UpTo16,
    /// Seventeen or more.
    #[serde(rename = "17+")]
    More,
}

impl TurnsSeen {
    /// The bucket of a number of turns.
    pub fn of(turns: usize) -> Self {
        match turns {
            0..=2 => Self::UpTo2,
            3..=4 => Self::UpTo4,
            5..=8 => Self::UpTo8,
            9..=16 => Self::UpTo16,
            _ => Self::More,
        }
    }

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::UpTo2 => "1-2",
            Self::UpTo4 => "3-4",
            Self::UpTo8 => "5-8",
            Self::UpTo16 => "9-16",
            Self::More => "17+",
        }
    }
}

/// Scores every task that there are moments for; the others are named with the reason.
pub fn report(bundle: &str, predictions: &[ConversationPredictions], options: &ReportOptions) -> Report {
    let mut report = Report {
        bundle: bundle.to_owned(),
        conversations: predictions.len(),
        baselines: options.baselines,
        tasks: BTreeMap::new(),
        skipped: BTreeMap::new(),
    };
    for &task in &options.tasks {
        match score(task, predictions, options) {
            Some(scored) => drop(report.tasks.insert(task, scored)),
            None => drop(report.skipped.insert(task, nothing_to_judge(task))),
        }
    }
    report
}

fn nothing_to_judge(task: Task) -> String {
    match task {
        Task::ResponseTypeNow => "no customer turn has a label `response_type`".to_owned(),
        Task::ResponseTypeNext => {
            "no customer turn after the first turn has a label `response_type`".to_owned()
        }
        Task::StageNow => "no turn has a label `stage`".to_owned(),
        Task::StageNext => "no turn after the first has a label `stage`".to_owned(),
        Task::Direction => "no conversation has a second turn".to_owned(),
    }
}

/// The figures of one task; `None` when no moment of it has a right answer.
pub fn score(
    task: Task,
    predictions: &[ConversationPredictions],
    options: &ReportOptions,
) -> Option<TaskReport> {
    let moments: Vec<(usize, &Prediction)> = predictions
        .iter()
        .enumerate()
        .flat_map(|(c, p)| p.tasks.get(&task).into_iter().flatten().map(move |p| (c, p)))
        .collect();
    if moments.is_empty() {
        return None;
    }
    let labels = task.classes(&options.clusters);
    let bootstrap = bootstrap(&moments, options);
    let scored = scored(&moments, |p| &p.model);
    let of: Vec<&Prediction> = moments.iter().map(|(_, p)| *p).collect();
    let matrix = ConfusionMatrix::from_pairs(labels.len(), scored.iter().map(|s| (s.truth, s.predicted())));
    let mut labelled_by = BTreeMap::new();
    if task.label().is_some() {
        for p in &of {
            *labelled_by.entry(source_name(p.source)).or_default() += 1;
        }
    }
    let mut by_turns: BTreeMap<TurnsSeen, Vec<(usize, &Prediction)>> = BTreeMap::new();
    for &(c, p) in &moments {
        by_turns.entry(TurnsSeen::of(p.turns_seen)).or_default().push((c, p));
    }
    let by_turns = by_turns.into_iter().map(|(bucket, moments)| {
        let comparison = compare(&moments, &self::bootstrap(&moments, options));
        let report = TurnsReport { n: moments.len(), conversations: conversations(&moments), comparison };
        (bucket, report)
    });
    Some(TaskReport {
        n: moments.len(),
        conversations: conversations(&moments),
        labelled_by,
        comparison: compare(&moments, &bootstrap),
        by_turns: by_turns.collect(),
        confusion: Confusion { labels, counts: matrix.counts().to_vec() },
        reliability: reliability(&scored, BINS),
        stage_change: changes(&of, &bootstrap),
        orders: orders(&moments, &bootstrap),
    })
}

fn source_name(source: Option<LabelSource>) -> &'static str {
    match source {
        Some(LabelSource::Human) => "human",
        Some(LabelSource::Rule) => "rule",
        Some(LabelSource::Model) => "model",
        None => "unstated",
    }
}

fn conversations(moments: &[(usize, &Prediction)]) -> usize {
    moments.chunk_by(|a, b| a.0 == b.0).count()
}

fn bootstrap(moments: &[(usize, &Prediction)], options: &ReportOptions) -> Bootstrap {
    let groups: Vec<usize> = moments.iter().map(|(c, _)| *c).collect();
    Bootstrap::new(&groups, options.resamples, options.seed)
}

fn scored<'a>(
    moments: &[(usize, &'a Prediction)],
    probabilities: impl Fn(&'a Prediction) -> &'a [f32],
) -> Vec<Scored> {
    moments
        .iter()
        .map(|&(group, p)| Scored { truth: p.truth, probabilities: probabilities(p).to_vec(), group })
        .collect()
}

fn compare(moments: &[(usize, &Prediction)], bootstrap: &Bootstrap) -> Comparison {
    let model = Figures::of(&scored(moments, |p| &p.model), bootstrap);
    let names = moments.first().map(|(_, p)| p.baselines.keys().copied());
    let rivals: BTreeMap<Baseline, Figures> = names
        .into_iter()
        .flatten()
        .map(|name| (name, Figures::of(&scored(moments, |p| &p.baselines[&name]), bootstrap)))
        .collect();
    Comparison {
        metrics: model.metrics(),
        baselines: rivals.iter().map(|(name, of)| (*name, of.metrics())).collect(),
        differences: rivals.iter().map(|(name, of)| (*name, model.minus(of))).collect(),
    }
}

fn orders(moments: &[(usize, &Prediction)], bootstrap: &Bootstrap) -> Option<Orders> {
    if !moments.iter().all(|(_, p)| matches!(p.context, Context::Direction(_))) {
        return None;
    }
    let of = |order: usize| {
        let probabilities = |p: &'_ Prediction| match &p.context {
            Context::Direction(orders) => orders[order].clone(),
            _ => Vec::new(),
        };
        let scored: Vec<Scored> = moments
            .iter()
            .map(|&(group, p)| Scored { truth: p.truth, probabilities: probabilities(p), group })
            .collect();
        Figures::of(&scored, bootstrap)
    };
    let [marginal, first, second] = [of(0), of(1), of(2)];
    Some(Orders {
        marginal: marginal.metrics(),
        first: first.metrics(),
        second: second.metrics(),
        differences: OrderDifferences {
            first_minus_marginal: first.minus(&marginal),
            second_minus_first: second.minus(&first),
            second_minus_marginal: second.minus(&marginal),
        },
    })
}
