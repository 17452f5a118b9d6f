//! The direction model: principal axes, clusters of turns, and how they follow each other.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use linfa_reduction::Pca;
use ndarray_linfa::{Array1, Array2, Axis};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use rapport_conversation::Speaker;
use rapport_engine::{DirectionModel, MarkovChain};
use serde::Serialize;

use super::example::Example;
use super::random::{generator, shuffle};
use crate::metrics::{Bootstrap, Interval, silhouettes};

/// Back-off strengths that are tried, in counts.
const STRENGTHS: [f32; 5] = [2.0, 5.0, 10.0, 20.0, 50.0];
/// What people call the acts, in class order: six response types, six seller acts.
const PHRASES: [&str; 12] = [
    "customer's questions",
    "agreement",
    "objections",
    "customer's situation",
    "reactions",
    "courtesies",
    "greetings",
    "seller's questions",
    "the pitch",
    "the ask",
    "small talk",
    "good-byes",
];
/// Points for the silhouette, whose cost is quadratic.
const SILHOUETTE_POINTS: usize = 1000;
/// A number of clusters is stable when two halves of the data agree on it this well.
const STABLE: f64 = 0.75;

/// How the direction model is trained.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct DirectionOptions {
    /// Principal axes.
    pub axes: usize,
    /// Numbers of clusters that are tried.
    pub clusters: Vec<usize>,
    /// Turns that axes and centres are fitted on, at most; the same number from each set, because clusters tell kinds
    /// of talk apart before they tell moments apart, and a small set would share one.
    pub sample: usize,
    /// Seed of the sample and the centres.
    pub seed: u64,
}

impl Default for DirectionOptions {
    fn default() -> Self {
        Self { axes: 12, clusters: vec![4, 5, 6, 7, 8, 10, 12], sample: 6000, seed: 1 }
    }
}

/// Figures of one number of clusters.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClusterFigures {
    /// Number of clusters.
    pub k: usize,
    /// Mean squared distance to the nearest centre.
    pub inertia: f64,
    /// Mean silhouette of a sample.
    pub silhouette: f64,
    /// Adjusted Rand index of two clusterings, each fitted on another half.
    pub stability: f64,
}

/// Log loss of the chain at one order, on conversations kept back.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChainFigures {
    /// Log loss of the marginal, the first and the second order, natural logarithm.
    pub log_loss: [Interval; 3],
    /// How much lower the first order's is than the marginal's.
    pub first_under_marginal: Interval,
    /// How much lower the second order's is than the first's.
    pub second_under_first: Interval,
    /// Transitions scored.
    pub n: usize,
}

/// Everything that was measured on the way.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DirectionFigures {
    /// Share of the variance on the axes.
    pub explained_variance: f64,
    /// One line for each number of clusters.
    pub clusters: Vec<ClusterFigures>,
    /// The number chosen.
    pub chosen: usize,
    /// The chain.
    pub chain: ChainFigures,
}

/// k-means++ with four starts; the same points and seed give the same centres.
pub(crate) fn kmeans(
    points: &Array2<f64>,
    k: usize,
    seed: u64,
) -> Result<KMeans<f64, linfa_nn::distance::L2Dist>> {
    let data = DatasetBase::from(points.clone());
    KMeans::params_with_rng(k, Xoshiro256Plus::seed_from_u64(seed))
        .n_runs(4)
        .max_n_iterations(200)
        .tolerance(1e-4)
        .fit(&data)
        .with_context(|| format!("cluster into {k}"))
}

fn silhouette(points: &Array2<f64>, assigned: &Array1<usize>) -> f64 {
    let n = points.nrows().min(SILHOUETTE_POINTS);
    let rows: Vec<Vec<f64>> = (0..n).map(|i| points.row(i).to_vec()).collect();
    let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let assigned: Vec<usize> = assigned.iter().take(n).copied().collect();
    silhouettes(&rows, &assigned).iter().sum::<f64>() / n.max(1) as f64
}

/// Adjusted Rand index of two assignments of the same points.
pub(crate) fn adjusted_rand(a: &[usize], b: &[usize]) -> f64 {
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let (ka, kb) = (a.iter().max().map_or(0, |m| m + 1), b.iter().max().map_or(0, |m| m + 1));
    let mut table = vec![vec![0.0; kb]; ka];
    a.iter().zip(b).for_each(|(&x, &y)| table[x][y] += 1.0);
    let cells: f64 = table.iter().flatten().map(|&n| pairs(n)).sum();
    let rows: f64 = table.iter().map(|r| pairs(r.iter().sum())).sum();
    let columns: f64 = (0..kb).map(|j| pairs(table.iter().map(|r| r[j]).sum())).sum();
    let expected = rows * columns / pairs(a.len() as f64).max(1.0);
    let most = f64::midpoint(rows, columns);
    if (most - expected).abs() < 1e-12 { 1.0 } else { (cells - expected) / (most - expected) }
}

fn cluster_figures(points: &Array2<f64>, k: usize, seed: u64) -> Result<ClusterFigures> {
    let whole = kmeans(points, k, seed)?;
    let assigned: Array1<usize> = whole.predict(points);
    let half = points.nrows() / 2;
    let (first, second) = points.view().split_at(Axis(0), half);
    let one: Array1<usize> = kmeans(&first.to_owned(), k, seed)?.predict(points);
    let two: Array1<usize> = kmeans(&second.to_owned(), k, seed + 1)?.predict(points);
    Ok(ClusterFigures {
        k,
        inertia: whole.inertia(),
        silhouette: silhouette(points, &assigned),
        stability: adjusted_rand(&one.to_vec(), &two.to_vec()),
    })
}

/// The most clusters that are stable; when none is, the most stable.
fn choose(figures: &[ClusterFigures]) -> usize {
    let stable = figures.iter().filter(|f| f.stability >= STABLE).map(|f| f.k).max();
    let most = figures.iter().max_by(|a, b| a.stability.total_cmp(&b.stability)).map(|f| f.k);
    stable.or(most).unwrap_or(4)
}

/// Log losses of each transition at the three orders, with chains fitted on other conversations.
fn held_out_losses(sequences: &[Vec<usize>], folds: &[usize], k: usize, strength: [f32; 3]) -> Vec<[f64; 3]> {
    let groups = folds.iter().max().map_or(0, |m| m + 1);
    let mut losses: Vec<Vec<[f64; 3]>> = vec![Vec::new(); sequences.len()];
    for fold in 0..groups {
        let others = (0..sequences.len()).filter(|&i| folds[i] != fold).map(|i| &sequences[i][..]);
        let chain = MarkovChain::count(others, k, 2, strength);
        for i in (0..sequences.len()).filter(|&i| folds[i] == fold) {
            for w in sequences[i].windows(3) {
                let p = |order| f64::from(chain.next(Some(w[0]), Some(w[1]), order)[w[2]]);
                losses[i].push([-p(0).ln(), -p(1).ln(), -p(2).ln()]);
            }
        }
    }
    losses.concat()
}

/// What turns of each cluster mostly do, for people.
fn names(examples: &[&Example], acts: &[Vec<Vec<f32>>], model: &DirectionModel) -> Vec<String> {
    let k = model.centroids.len();
    let mut counts = vec![vec![0.0f32; 12]; k];
    for (example, acts) in examples.iter().zip(acts) {
        for (t, reading) in example.readings.iter().enumerate() {
            let side = if example.speaker(t) == Speaker::Customer { 0 } else { 6 };
            let cluster = model.cluster(&reading.embedding);
            acts[t].iter().enumerate().for_each(|(c, p)| counts[cluster][side + c] += p);
        }
    }
    let totals: Vec<f32> = (0..12).map(|i| counts.iter().map(|c| c[i]).sum::<f32>()).collect();
    let all: f32 = totals.iter().sum();
    counts
        .iter()
        .map(|own| {
            let size: f32 = own.iter().sum();
            // What is both frequent here and more frequent than elsewhere.
            let salience = |i: usize| {
                let share = own[i] / size.max(1e-6);
                share * (share / (totals[i] / all.max(1e-6)).max(1e-6)).max(1e-6).ln()
            };
            let mut order: Vec<usize> = (0..12).collect();
            order.sort_by(|&a, &b| salience(b).total_cmp(&salience(a)));
            let mut name = format!("{} and {}", PHRASES[order[0]], PHRASES[order[1]]);
            name[..1].make_ascii_uppercase();
            name
        })
        .collect()
}

/// Fits axes, clusters and the chain; `acts` are the act probabilities of every turn, for the names;
/// `folds` assign each conversation to one of the parts that are kept back in turn.
///
/// # Errors
/// When there are too few turns or a decomposition fails.
pub(crate) fn fit(
    examples: &[&Example],
    acts: &[Vec<Vec<f32>>],
    folds: &[usize],
    sets: &[String],
    options: &DirectionOptions,
) -> Result<(DirectionModel, DirectionFigures)> {
    let mut by_set: BTreeMap<&str, Vec<&[f32]>> = BTreeMap::new();
    for (example, set) in examples.iter().zip(sets) {
        by_set.entry(set).or_default().extend(example.readings.iter().map(|r| &r.embedding[..]));
    }
    let random = &mut generator(options.seed, "direction sample");
    let share = options.sample / by_set.len().max(1);
    let mut turns: Vec<&[f32]> = Vec::new();
    for mut own in by_set.into_values() {
        shuffle(random, &mut own);
        own.truncate(share);
        turns.extend(own);
    }
    shuffle(random, &mut turns);
    let most = options.clusters.iter().copied().max().unwrap_or(0);
    ensure!(turns.len() >= 10 * most.max(1), "{} turns are too few for {most} clusters", turns.len());
    let width = turns[0].len();
    let flat: Vec<f64> = turns.iter().flat_map(|t| t.iter().map(|&x| f64::from(x))).collect();
    let records = Array2::from_shape_vec((turns.len(), width), flat)?;
    let total_variance: f64 = records.var_axis(Axis(0), 0.0).sum();
    let pca = Pca::params(options.axes).fit(&DatasetBase::from(records.clone())).context("principal axes")?;
    let mean: Vec<f32> = pca.mean().iter().map(|&x| x as f32).collect();
    let components: Vec<Vec<f32>> = pca
        .components()
        .rows()
        .into_iter()
        .map(|row| {
            // The sign of an axis is arbitrary: make its largest part positive.
            let peak = row.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
            row.iter().map(|x| (x * peak.signum()) as f32).collect()
        })
        .collect();
    let mut model = DirectionModel {
        mean,
        components,
        centroids: vec![],
        names: vec![],
        chain: MarkovChain::count(std::iter::empty(), 1, 1, [1.0; 3]),
    };
    let projected: Vec<f64> = turns.iter().flat_map(|t| model.project(t)).map(f64::from).collect();
    let points = Array2::from_shape_vec((turns.len(), model.components.len()), projected)?;
    let explained_variance = points.var_axis(Axis(0), 0.0).sum() / total_variance;
    let figures: Vec<ClusterFigures> =
        options.clusters.iter().map(|&k| cluster_figures(&points, k, options.seed)).collect::<Result<_>>()?;
    let k = choose(&figures);
    let centres = kmeans(&points, k, options.seed)?;
    model.centroids =
        centres.centroids().rows().into_iter().map(|r| r.iter().map(|&x| x as f32).collect()).collect();
    let sequences: Vec<Vec<usize>> =
        examples.iter().map(|e| e.readings.iter().map(|r| model.cluster(&r.embedding)).collect()).collect();
    let (chain, chain_figures) = chain(&sequences, folds, k);
    model.chain = chain;
    model.names = names(examples, acts, &model);
    Ok((model, DirectionFigures { explained_variance, clusters: figures, chosen: k, chain: chain_figures }))
}

fn chain(sequences: &[Vec<usize>], folds: &[usize], k: usize) -> (MarkovChain, ChainFigures) {
    let mut best: Option<([f32; 3], Vec<[f64; 3]>, f64)> = None;
    for first in STRENGTHS {
        for second in STRENGTHS {
            let strength = [1.0, first, second];
            let losses = held_out_losses(sequences, folds, k, strength);
            let total: f64 = losses.iter().map(|l| l[2]).sum();
            if best.as_ref().is_none_or(|(_, _, least)| total < *least) {
                best = Some((strength, losses, total));
            }
        }
    }
    let (strength, losses, _) = best.unwrap_or(([1.0; 3], Vec::new(), 0.0));
    let groups: Vec<usize> =
        sequences.iter().enumerate().flat_map(|(i, s)| vec![i; s.len().saturating_sub(2)]).collect();
    // Held-out losses come conversation by conversation, in order.
    let bootstrap = Bootstrap::new(&groups, 1000, 1);
    let mean = |indices: &[u32], f: &dyn Fn(&[f64; 3]) -> f64| {
        indices.iter().map(|&i| f(&losses[i as usize])).sum::<f64>() / indices.len().max(1) as f64
    };
    let interval = |f: &dyn Fn(&[f64; 3]) -> f64| bootstrap.interval(losses.len(), |i| mean(i, f));
    let figures = ChainFigures {
        log_loss: [interval(&|l| l[0]), interval(&|l| l[1]), interval(&|l| l[2])],
        first_under_marginal: interval(&|l| l[0] - l[1]),
        second_under_first: interval(&|l| l[1] - l[2]),
        n: losses.len(),
    };
    let order = if figures.second_under_first.value > 0.0 { 2 } else { 1 };
    let chain = MarkovChain::count(sequences.iter().map(Vec::as_slice), k, order, strength);
    (chain, figures)
}

/// Random assignments for tests of [`adjusted_rand`].
#[cfg(test)]
fn noise(n: usize, k: usize) -> Vec<usize> {
    use rand::RngExt;
    let random = &mut generator(3, "noise");
    (0..n).map(|_| random.random_range(0..k)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rand_index_is_one_for_renamed_clusters_and_near_zero_for_noise() {
        assert!((adjusted_rand(&[0, 0, 1, 1, 2], &[2, 2, 0, 0, 1]) - 1.0).abs() < 1e-12);
        let (a, b) = (noise(2000, 4), noise(4000, 4)[2000..].to_vec());
        assert!(adjusted_rand(&a, &b).abs() < 0.05);
    }

    #[test]
    fn the_most_clusters_that_are_stable_win() {
        let figure = |k, stability| ClusterFigures { k, inertia: 1.0, silhouette: 0.1, stability };
        assert_eq!(choose(&[figure(4, 0.9), figure(6, 0.8), figure(8, 0.5)]), 6);
        assert_eq!(choose(&[figure(4, 0.4), figure(6, 0.5)]), 6);
    }
}
