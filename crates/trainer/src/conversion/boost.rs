//! Gradient boosting of shallow trees for a yes or no, written as the engine's [`Trees`].
//!
//! Second-order boosting (Friedman 2001; Chen & Guestrin 2016) over quantile bins, with complete trees of a fixed depth
//! so that the engine's file stays flat and small. The crates that boost either have no stated licence or
//! choose the trees' shape and number themselves.

use rand::RngExt;
use rapport_engine::conversion::Trees;

use crate::train::random::generator;

/// How to boost.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BoostOptions {
    /// Trees.
    pub trees: usize,
    /// Levels of splits.
    pub depth: usize,
    /// Factor of every tree.
    pub learning_rate: f32,
    /// Share of the features that a tree may split on.
    pub features: f32,
    /// Quadratic penalty on the leaves.
    pub l2: f32,
    /// Weighted rows that a leaf must have at least.
    pub leaf_rows: f32,
    /// Bins of every feature.
    pub bins: usize,
    /// Seed of the choice of features.
    pub seed: u64,
}

impl Default for BoostOptions {
    fn default() -> Self {
        Self {
            trees: 300,
            depth: 3,
            learning_rate: 0.02,
            features: 0.2,
            l2: 5.0,
            leaf_rows: 15.0,
            bins: 48,
            seed: 1,
        }
    }
}

/// A row: features, the answer, and how much it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoostRow<'a> {
    pub features: &'a [f32],
    pub won: bool,
    pub weight: f32,
}

/// A feature cut into bins: `cuts[b]` is the highest value of bin `b`; the last bin has none.
struct Binned {
    cuts: Vec<f32>,
    of_row: Vec<u8>,
}

fn bin(rows: &[BoostRow<'_>], feature: usize, bins: usize) -> Binned {
    let mut sorted: Vec<f32> = rows.iter().map(|r| r.features[feature]).collect();
    sorted.sort_by(f32::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let bins = bins.clamp(2, 255);
    let mut cuts: Vec<f32> = if distinct.len() <= bins {
        distinct.windows(2).map(|w| f32::midpoint(w[0], w[1])).collect()
    } else {
        (1..bins).map(|b| sorted[b * sorted.len() / bins]).collect()
    };
    cuts.dedup();
    // The highest value has nothing above it to be cut from.
    if let Some(top) = sorted.last() {
        cuts.retain(|c| c < top);
    }
    let of_row = rows.iter().map(|r| cuts.partition_point(|c| *c < r.features[feature]) as u8).collect();
    Binned { cuts, of_row }
}

/// Sums of gradients, of curvatures and of weights.
type Sums = [f64; 3];

fn add(a: &mut Sums, b: &Sums) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
}

/// Fits a forest; the result depends on nothing but the arguments.
pub(crate) fn boost(rows: &[BoostRow<'_>], options: &BoostOptions) -> Trees {
    let width = rows.first().map_or(0, |r| r.features.len());
    let binned: Vec<Binned> = (0..width).map(|f| bin(rows, f, options.bins)).collect();
    let total: f64 = rows.iter().map(|r| f64::from(r.weight)).sum();
    let won: f64 = rows.iter().filter(|r| r.won).map(|r| f64::from(r.weight)).sum();
    let base = ((won + 0.5) / (total - won + 0.5)).ln();
    let (splits, leaves) = ((1usize << options.depth) - 1, 1usize << options.depth);
    let mut trees = Trees {
        depth: options.depth,
        base: base as f32,
        features: Vec::with_capacity(options.trees * splits),
        thresholds: Vec::with_capacity(options.trees * splits),
        leaves: Vec::with_capacity(options.trees * leaves),
    };
    let mut random = generator(options.seed, "boosted trees");
    let mut scores = vec![base; rows.len()];
    for _ in 0..options.trees {
        let sums: Vec<Sums> = rows
            .iter()
            .zip(&scores)
            .map(|(row, score)| {
                let (p, w) = (1.0 / (1.0 + (-score).exp()), f64::from(row.weight));
                [w * (p - f64::from(u8::from(row.won))), w * p * (1.0 - p), w]
            })
            .collect();
        let mut chosen: Vec<usize> =
            (0..width).filter(|_| random.random::<f32>() < options.features).collect();
        if chosen.is_empty() && width > 0 {
            chosen.push(random.random_range(0..width));
        }
        grow(&binned, &sums, &chosen, options, &mut trees, &mut scores);
    }
    trees
}

/// Grows one tree and adds it to the forest and to the scores.
fn grow(
    binned: &[Binned],
    sums: &[Sums],
    chosen: &[usize],
    options: &BoostOptions,
    trees: &mut Trees,
    scores: &mut [f64],
) {
    let mut node_of = vec![0usize; sums.len()];
    let l2 = f64::from(options.l2);
    let value = |s: &Sums| s[0] * s[0] / (s[1] + l2);
    for level in 0..options.depth {
        let nodes = 1usize << level;
        let mut best: Vec<Option<(f64, usize, usize)>> = vec![None; nodes];
        for &feature in chosen {
            let Binned { cuts, of_row } = &binned[feature];
            if cuts.is_empty() {
                continue;
            }
            let bins = cuts.len() + 1;
            let mut histogram = vec![[0.0; 3]; nodes * bins];
            for ((node, bin), s) in node_of.iter().zip(of_row).zip(sums) {
                add(&mut histogram[node * bins + usize::from(*bin)], s);
            }
            for (node, best) in best.iter_mut().enumerate() {
                let row = &histogram[node * bins..][..bins];
                let mut all = [0.0; 3];
                row.iter().for_each(|s| add(&mut all, s));
                let mut left = [0.0; 3];
                for (cut, s) in row[..bins - 1].iter().enumerate() {
                    add(&mut left, s);
                    let right = [all[0] - left[0], all[1] - left[1], all[2] - left[2]];
                    let least = f64::from(options.leaf_rows);
                    if left[2] < least || right[2] < least {
                        continue;
                    }
                    let gain = value(&left) + value(&right) - value(&all);
                    if gain > best.map_or(1e-9, |(gain, ..)| gain) {
                        *best = Some((gain, feature, cut));
                    }
                }
            }
        }
        for split in &best {
            // A node that is not worth a split sends every row to the first child.
            let (feature, threshold) =
                split.map_or((0, f32::MAX), |(_, feature, cut)| (feature, binned[feature].cuts[cut]));
            trees.features.push(feature as u16);
            trees.thresholds.push(threshold);
        }
        for (row, node) in node_of.iter_mut().enumerate() {
            let right = best[*node].is_some_and(|(_, f, cut)| usize::from(binned[f].of_row[row]) > cut);
            *node = 2 * *node + usize::from(right);
        }
    }
    let mut leaves = vec![[0.0; 3]; 1 << options.depth];
    node_of.iter().zip(sums).for_each(|(leaf, s)| add(&mut leaves[*leaf], s));
    let leaves: Vec<f32> =
        leaves.iter().map(|s| (-f64::from(options.learning_rate) * s[0] / (s[1] + l2)) as f32).collect();
    scores.iter_mut().zip(&node_of).for_each(|(score, leaf)| *score += f64::from(leaves[*leaf]));
    trees.leaves.extend(leaves);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Won when exactly one of the two numbers is above its middle; no line separates that.
    fn either_or() -> Vec<([f32; 3], bool)> {
        (0..400u32)
            .map(|i| {
                let (a, b) = ((i % 20) as f32, (i / 20) as f32);
                ([a, b, (i % 7) as f32], (a > 9.0) != (b > 9.0))
            })
            .collect()
    }

    #[test]
    fn trees_learn_what_no_line_separates() {
        let data = either_or();
        let rows: Vec<BoostRow<'_>> =
            data.iter().map(|(f, won)| BoostRow { features: f, won: *won, weight: 1.0 }).collect();
        let options = BoostOptions { features: 1.0, learning_rate: 0.2, ..Default::default() };
        let trees = boost(&rows, &options);
        let right = data.iter().filter(|(f, won)| (trees.score(f) > 0.0) == *won).count();
        assert!(right >= 390, "{right} of 400");
        assert_eq!(trees, boost(&rows, &options));
    }

    #[test]
    fn a_row_of_no_weight_teaches_nothing() {
        let data = either_or();
        let rows = |weight: f32| -> Vec<BoostRow<'_>> {
            let half = data.iter().enumerate();
            half.map(|(i, (f, won))| {
                let odd = i % 2 == 1;
                BoostRow {
                    features: f,
                    won: if odd { !won } else { *won },
                    weight: if odd { weight } else { 1.0 },
                }
            })
            .collect()
        };
        let options = BoostOptions { features: 1.0, learning_rate: 0.2, ..Default::default() };
        let trees = boost(&rows(0.0), &options);
        let right = data.iter().step_by(2).filter(|(f, won)| (trees.score(f) > 0.0) == *won).count();
        assert!(right >= 190, "{right} of 200");
    }

    #[test]
    fn constant_features_and_answers_give_the_base_rate() {
        let rows: Vec<BoostRow<'_>> =
            (0..40).map(|i| BoostRow { features: &[1.0, 2.0], won: i % 4 == 0, weight: 1.0 }).collect();
        let p = 1.0 / (1.0 + (-boost(&rows, &BoostOptions::default()).score(&[1.0, 2.0])).exp());
        assert!((p - 0.25).abs() < 0.02, "{p}");
    }
}
