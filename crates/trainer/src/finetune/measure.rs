//! What the tuned encoder tells apart better than the base, on windows that were not trained on.
//!
//! Neighbours: the labels of the ten nearest training windows of the same speaker, each voting with its cosine.
//! Silhouette (Rousseeuw 1987): of each window `(b - a) / max(a, b)`, with a the mean cosine distance to its own label
//! and b that to the nearest other label of its speaker. Probe: see `probe`.

use std::collections::BTreeMap;

use rapport_inference::{dot, softmax};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::probe::{Asked, PENALTIES, VECTOR_SCALE, fit, probe};
use super::windows::{Item, LabelKind, Pool};
use crate::metrics::{Bootstrap, Interval, Scored, accuracy, macro_f1, roc_auc};
use crate::train::logistic::Row;

/// Neighbours that vote.
const NEIGHBOURS: usize = 10;
/// Resamples of the intervals.
const RESAMPLES: usize = 1000;

/// Windows with the vectors of the base and of the tuned encoder.
pub(crate) struct Measured<'a> {
    pub pool: &'a Pool,
    pub generic: &'a [Vec<f32>],
    pub tuned: &'a [Vec<f32>],
}

impl Measured<'_> {
    fn vectors(&self, tuned: bool) -> &[Vec<f32>] {
        if tuned { self.tuned } else { self.generic }
    }
}

/// A figure of the base and of the tuned encoder on the same windows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Compared {
    pub generic: Interval,
    pub tuned: Interval,
    pub change: Interval,
}

/// Accuracy and macro F1 of a classifier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Classified {
    pub accuracy: Compared,
    pub macro_f1: Compared,
}

/// Figures of one speaker's windows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SideFigures {
    pub windows: usize,
    pub conversations: usize,
    /// Share of the most frequent label.
    pub majority: f64,
    pub neighbours: Classified,
    pub silhouette: Compared,
    /// Over the vector alone; nothing when the windows were read from triplets.
    pub probe_vector: Option<Classified>,
    /// Over the act head's row.
    pub probe_row: Option<Classified>,
}

/// Figures of one set of windows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SetFigures {
    /// By speaker.
    pub sides: BTreeMap<String, SideFigures>,
    /// Area under the curve of won against lost conversations: logistic regression over the mean vector of each
    /// conversation's windows; when outcomes are learned.
    pub outcome_auc: Option<Compared>,
}

/// Votes of the neighbours of each asked window: `(index, vote for each label)`.
fn votes(
    (bank, bank_vectors): (&Pool, &[Vec<f32>]),
    (asked, vectors): (&Pool, &[Vec<f32>]),
    of: &[usize],
) -> Vec<Vec<f32>> {
    let classes = places(bank).len().max(places(asked).len());
    let places = places(bank);
    of.par_iter()
        .map(|&i| {
            let side = asked.side(asked.items[i].label);
            // The nearest so far, the farthest of them last.
            let mut nearest: Vec<(f32, usize)> = Vec::with_capacity(NEIGHBOURS + 1);
            for (item, vector) in bank.items.iter().zip(bank_vectors) {
                let similarity = dot(vector, &vectors[i]);
                let full = nearest.len() == NEIGHBOURS;
                if (full && similarity <= nearest[NEIGHBOURS - 1].0) || bank.side(item.label) != side {
                    continue;
                }
                let place = nearest.partition_point(|(s, _)| *s >= similarity);
                nearest.insert(place, (similarity, item.label));
                nearest.truncate(NEIGHBOURS);
            }
            let mut votes = vec![0.0; classes];
            nearest.iter().for_each(|(s, label)| votes[places[*label]] += s.max(0.0));
            votes
        })
        .collect()
}

/// The place of each label among those of its side.
pub(super) fn places(pool: &Pool) -> Vec<usize> {
    let earlier = |label: usize| (0..label).filter(|&l| pool.side(l) == pool.side(label)).count();
    (0..pool.labels.len()).map(earlier).collect()
}

pub(super) fn scored(pool: &Pool, of: &[usize], probabilities: Vec<Vec<f32>>) -> Vec<Scored> {
    let places = places(pool);
    let items = of.iter().map(|&i| &pool.items[i]);
    let score = |(item, probabilities): (&Item, Vec<f32>)| Scored {
        truth: places[item.label],
        probabilities,
        group: item.conversation,
    };
    items.zip(probabilities).map(score).collect()
}

/// Share of the asked windows that their neighbours in the bank name rightly.
pub(crate) fn neighbour_accuracy(bank: (&Pool, &[Vec<f32>]), asked: (&Pool, &[Vec<f32>])) -> f64 {
    let of: Vec<usize> = (0..asked.0.items.len()).collect();
    accuracy(&scored(asked.0, &of, votes(bank, asked, &of)))
}

/// The silhouette of each window of one side, in the order of `of`.
pub(crate) fn silhouettes(pool: &Pool, vectors: &[Vec<f32>], of: &[usize]) -> Vec<f64> {
    let mut sums: BTreeMap<usize, (usize, Vec<f64>)> = BTreeMap::new();
    for &i in of {
        let width = vectors[i].len();
        let (count, sum) = sums.entry(pool.items[i].label).or_insert_with(|| (0, vec![0.0; width]));
        *count += 1;
        sum.iter_mut().zip(&vectors[i]).for_each(|(s, v)| *s += f64::from(*v));
    }
    let of_item = |&i: &usize| {
        let own = pool.items[i].label;
        let (mut within, mut nearest) = (None, f64::INFINITY);
        for (label, (count, sum)) in &sums {
            let total: f64 = sum.iter().zip(&vectors[i]).map(|(s, v)| s * f64::from(*v)).sum();
            if *label == own {
                let length: f64 = vectors[i].iter().map(|v| f64::from(*v).powi(2)).sum();
                within = (*count > 1).then(|| 1.0 - (total - length) / (*count - 1) as f64);
            } else {
                nearest = nearest.min(1.0 - total / *count as f64);
            }
        }
        // A window that is alone with its label counts as 0, as usual.
        within.filter(|_| nearest.is_finite()).map_or(0.0, |a| (nearest - a) / a.max(nearest).max(1e-12))
    };
    of.iter().map(of_item).collect()
}

/// The windows of one side.
pub(super) fn members(pool: &Pool, side: &str) -> Vec<usize> {
    (0..pool.items.len()).filter(|&i| pool.side(pool.items[i].label) == side).collect()
}

fn compared(
    bootstrap: &Bootstrap,
    count: usize,
    a: impl Fn(&[u32]) -> f64,
    b: impl Fn(&[u32]) -> f64,
) -> Compared {
    Compared {
        generic: bootstrap.interval(count, &a),
        tuned: bootstrap.interval(count, &b),
        change: bootstrap.interval(count, |at| b(at) - a(at)),
    }
}

fn classified(bootstrap: &Bootstrap, generic: &[Scored], tuned: &[Scored]) -> Classified {
    let pick =
        |all: &[Scored], at: &[u32]| -> Vec<Scored> { at.iter().map(|&i| all[i as usize].clone()).collect() };
    let compare = |score: fn(&[Scored]) -> f64| {
        compared(bootstrap, generic.len(), |at| score(&pick(generic, at)), |at| score(&pick(tuned, at)))
    };
    Classified { accuracy: compare(|s| accuracy(s)), macro_f1: compare(|s| macro_f1(s)) }
}

/// Figures of each test set. Its windows must not be among those of `train` and `val`, or be those of `val` itself.
pub(crate) fn measure(
    train: &Measured<'_>,
    val: &Measured<'_>,
    tests: &[Measured<'_>],
    kind: LabelKind,
    seed: u64,
) -> Vec<SetFigures> {
    let mut figures: Vec<SetFigures> =
        tests.iter().map(|_| SetFigures { sides: BTreeMap::new(), outcome_auc: None }).collect();
    for side in train.pool.sides() {
        let of: Vec<Vec<usize>> = tests.iter().map(|t| members(t.pool, &side.name)).collect();
        let with_turns = [train, val].iter().all(|m| m.pool.items.iter().all(|i| i.turn.is_some()));
        let answers = |tuned: bool, words: bool| {
            let held: Vec<Asked<'_>> =
                tests.iter().zip(&of).map(|(m, of)| (m.pool, m.vectors(tuned), &of[..])).collect();
            let sets = [train, val].map(|m| (m.pool, m.vectors(tuned)));
            probe(sets, &held, &side.name, words)
        };
        let probes = with_turns.then(|| {
            let kinds = [(false, false), (true, false), (false, true), (true, true)];
            kinds.par_iter().map(|&(tuned, words)| answers(tuned, words)).collect::<Vec<_>>()
        });
        for (at, (test, of)) in tests.iter().zip(&of).enumerate() {
            if of.is_empty() {
                continue;
            }
            let groups: Vec<usize> = of.iter().map(|&i| test.pool.items[i].conversation).collect();
            let bootstrap = Bootstrap::new(&groups, RESAMPLES, seed);
            let near = |bank: &[Vec<f32>], asked: &[Vec<f32>]| {
                scored(test.pool, of, votes((train.pool, bank), (test.pool, asked), of))
            };
            let probed = |which: usize| {
                let probes = probes.as_ref()?;
                let of_kind = |k: usize| scored(test.pool, of, probes[k][at].clone());
                Some(classified(&bootstrap, &of_kind(which), &of_kind(which + 1)))
            };
            let [flat, tuned] = [test.generic, test.tuned].map(|v| silhouettes(test.pool, v, of));
            let mean =
                |all: &[f64], at: &[u32]| at.iter().map(|&i| all[i as usize]).sum::<f64>() / at.len() as f64;
            let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
            of.iter().for_each(|&i| *counts.entry(test.pool.items[i].label).or_insert(0) += 1);
            let mut conversations = groups.clone();
            conversations.sort_unstable();
            conversations.dedup();
            let own = SideFigures {
                windows: of.len(),
                conversations: conversations.len(),
                majority: counts.values().max().copied().unwrap_or(0) as f64 / of.len() as f64,
                neighbours: classified(
                    &bootstrap,
                    &near(train.generic, test.generic),
                    &near(train.tuned, test.tuned),
                ),
                silhouette: compared(&bootstrap, of.len(), |at| mean(&flat, at), |at| mean(&tuned, at)),
                probe_vector: probed(0),
                probe_row: probed(2),
            };
            figures[at].sides.insert(side.name.clone(), own);
        }
    }
    if kind == LabelKind::Outcomes {
        for (test, figures) in tests.iter().zip(&mut figures) {
            figures.outcome_auc = outcome_auc(train, test, seed);
        }
    }
    figures
}

/// Mean vector of each conversation's windows, and whether it was won.
fn conversations(pool: &Pool, vectors: &[Vec<f32>]) -> Vec<(Row, bool)> {
    let mut sums: BTreeMap<usize, (Vec<f32>, f32, bool)> = BTreeMap::new();
    for (item, vector) in pool.items.iter().zip(vectors) {
        let won = pool.labels[item.label].ends_with(" won");
        let (sum, count, _) =
            sums.entry(item.conversation).or_insert_with(|| (vec![0.0; vector.len()], 0.0, won));
        sum.iter_mut().zip(vector).for_each(|(s, v)| *s += v);
        *count += 1.0;
    }
    let row = |(sum, count, won): (Vec<f32>, f32, bool)| {
        (Row { dense: sum.iter().map(|s| s / count * VECTOR_SCALE).collect(), sparse: Vec::new() }, won)
    };
    sums.into_values().map(row).collect()
}

/// The outcome from the mean vector of a conversation; nothing when all test conversations end alike.
fn outcome_auc(train: &Measured<'_>, test: &Measured<'_>, seed: u64) -> Option<Compared> {
    let scores = |train_vectors: &[Vec<f32>], test_vectors: &[Vec<f32>]| -> (Vec<bool>, Vec<f64>) {
        let (rows, won): (Vec<Row>, Vec<bool>) = conversations(train.pool, train_vectors).into_iter().unzip();
        let labels: Vec<usize> = won.iter().map(|w| usize::from(*w)).collect();
        let model = fit(&rows.iter().collect::<Vec<_>>(), &labels, 2, 0, PENALTIES[0]);
        let asked = conversations(test.pool, test_vectors).into_iter();
        asked.map(|(row, won)| (won, f64::from(softmax(&model.logits(&row), 1.0)[1]))).unzip()
    };
    let (won, generic) = scores(train.generic, test.generic);
    let (_, tuned) = scores(train.tuned, test.tuned);
    if won.iter().all(|w| *w) || won.iter().all(|w| !w) {
        return None;
    }
    let groups: Vec<usize> = (0..won.len()).collect();
    let bootstrap = Bootstrap::new(&groups, RESAMPLES, seed);
    let area = |scores: &[f64], at: &[u32]| {
        let (won, scores): (Vec<bool>, Vec<f64>) =
            at.iter().map(|&i| (won[i as usize], scores[i as usize])).unzip();
        roc_auc(&won, &scores)
    };
    Some(compared(&bootstrap, won.len(), |at| area(&generic, at), |at| area(&tuned, at)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::example::pool;
    use super::*;

    fn at(degrees: f32) -> Vec<f32> {
        vec![degrees.to_radians().cos(), degrees.to_radians().sin()]
    }

    #[test]
    fn silhouettes_are_as_computed_by_hand() {
        let mut pool = pool("c");
        // Two questions at 0 and 60 degrees, one objection at 90.
        pool.items.drain(2..4);
        pool.items.truncate(3);
        let vectors = [at(0.0), at(60.0), at(90.0)];
        let s = silhouettes(&pool, &vectors, &[0, 1, 2]);
        // First: own 1 - cos 60 = 0.5, other 1 - cos 90 = 1. Second: own 0.5, other 1 - cos 30. Third: alone.
        let other = 1.0 - 30f64.to_radians().cos();
        let expected = [0.5, (other - 0.5) / 0.5, 0.0];
        assert!(s.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{s:?}");
    }

    #[test]
    fn vectors_that_tell_labels_apart_are_seen_to() {
        let pool = pool("c");
        let mixed: Vec<Vec<f32>> = (0..12).map(|i| at((i % 4) as f32)).collect();
        let apart: Vec<Vec<f32>> = (0..12).map(|i| at((i / 4) as f32 * 60.0 + (i % 4) as f32)).collect();
        assert_eq!(neighbour_accuracy((&pool, &apart), (&pool, &apart)), 1.0);
        let all = Measured { pool: &pool, generic: &mixed, tuned: &apart };
        let test = Measured { pool: &pool, generic: &mixed, tuned: &apart };
        let figures = measure(&all, &all, &[test], LabelKind::Acts, 1);
        let side = &figures[0].sides["customer"];
        assert_eq!((side.windows, side.conversations), (12, 6));
        assert!(side.silhouette.change.low > 0.5, "{:?}", side.silhouette);
        let probe = &side.probe_vector.as_ref().unwrap().accuracy;
        assert!(probe.tuned.value > probe.generic.value, "{probe:?}");
        assert!(figures[0].outcome_auc.is_none());
    }
}
