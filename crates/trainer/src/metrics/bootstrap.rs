//! Intervals by drawing whole conversations again and again.
//!
//! Turns of one conversation resemble each other, so a bootstrap over turns would promise too
//! much. The draws depend on the seed alone.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::score::Scored;

/// A figure and the 95 % interval around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure over everything.
    pub value: f64,
    /// 2.5th percentile of the resamples.
    pub low: f64,
    /// 97.5th percentile of the resamples.
    pub high: f64,
}

impl Interval {
    /// The interval that the figures of the resamples span; figures that are not finite are left out.
    pub fn from_resamples(value: f64, mut resamples: Vec<f64>) -> Self {
        resamples.retain(|v| v.is_finite());
        resamples.sort_by(f64::total_cmp);
        Self { value, low: percentile(&resamples, 0.025), high: percentile(&resamples, 0.975) }
    }
}

/// Resamples of whole groups, the same ones for every figure, so that figures can be compared.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// For each resample, the indices of its predictions.
    draws: Vec<Vec<u32>>,
}

impl Bootstrap {
    /// Draws `resamples` times as many groups as there are, with replacement.
    pub fn new(groups: &[usize], resamples: usize, seed: u64) -> Self {
        let mut members: std::collections::BTreeMap<usize, Vec<u32>> = std::collections::BTreeMap::new();
        for (index, group) in groups.iter().enumerate() {
            members.entry(*group).or_default().push(index as u32);
        }
        let members: Vec<Vec<u32>> = members.into_values().collect();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || {
            (0..members.len())
                .flat_map(|_| &members[random.random_range(0..members.len())])
                .copied()
                .collect()
        };
        Self { draws: (0..resamples).map(|_| draw()).collect() }
    }

    /// Resamples over the groups of scored predictions.
    pub fn over(scored: &[Scored], resamples: usize, seed: u64) -> Self {
        let groups: Vec<usize> = scored.iter().map(|s| s.group).collect();
        Self::new(&groups, resamples, seed)
    }

    /// The indices of each resample, for callers that compute several figures of each.
    pub fn draws(&self) -> &[Vec<u32>] {
        &self.draws
    }

    /// A figure with its interval; `figure` is given the indices to compute it over.
    pub fn interval(&self, count: usize, figure: impl Fn(&[u32]) -> f64) -> Interval {
        let all: Vec<u32> = (0..count as u32).collect();
        let value = figure(&all);
        Interval::from_resamples(value, self.draws.iter().map(|d| figure(d)).collect())
    }

    /// A score over predictions with its interval.
    pub fn score(&self, scored: &[Scored], score: impl Fn(&[&Scored]) -> f64) -> Interval {
        self.interval(scored.len(), |indices| score(&pick(scored, indices)))
    }

    /// How much better `a` scores than `b` on the same moments.
    pub fn difference(&self, a: &[Scored], b: &[Scored], score: impl Fn(&[&Scored]) -> f64) -> Interval {
        self.interval(a.len(), |indices| score(&pick(a, indices)) - score(&pick(b, indices)))
    }
}

fn pick<'a>(scored: &'a [Scored], indices: &[u32]) -> Vec<&'a Scored> {
    indices.iter().map(|&i| &scored[i as usize]).collect()
}

/// Linear interpolation between the closest ranks, numpy's default.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    sorted[low] + part * (sorted[(low + 1).min(last)] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::super::score::accuracy;
    use super::super::score::tests::{near, sample};
    use super::*;

    fn accuracy_of(scored: &[&Scored]) -> f64 {
        accuracy(scored.iter().copied())
    }

    #[test]
    fn percentiles_interpolate_like_numpy() {
        near(percentile(&[1.0, 2.0, 3.0, 4.0], 0.025), 1.075);
        near(percentile(&[1.0, 2.0, 3.0, 4.0], 0.975), 3.925);
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn the_interval_holds_the_value_and_depends_on_the_seed_alone() {
        let scored = sample();
        let bootstrap = Bootstrap::over(&scored, 500, 1);
        assert_eq!(bootstrap.draws, Bootstrap::over(&scored, 500, 1).draws);
        assert_ne!(bootstrap.draws, Bootstrap::over(&scored, 500, 2).draws);
        let first = bootstrap.score(&scored, accuracy_of);
        near(first.value, 0.6);
        assert!(first.low < 0.6 && first.high > 0.6, "{first:?}");
    }

    #[test]
    fn groups_are_drawn_whole() {
        let bootstrap = Bootstrap::new(&[7, 7, 7, 9], 200, 3);
        for draw in &bootstrap.draws {
            let sevens = draw.iter().filter(|&&i| i < 3).count();
            assert_eq!(sevens % 3, 0);
            assert!(matches!(draw.len(), 2 | 4 | 6));
        }
    }

    #[test]
    fn a_model_does_not_differ_from_itself() {
        let scored = sample();
        let same = Bootstrap::over(&scored, 100, 5).difference(&scored, &scored, accuracy_of);
        assert_eq!(same, Interval { value: 0.0, low: 0.0, high: 0.0 });
    }

    #[test]
    fn one_group_gives_a_point() {
        let bootstrap = Bootstrap::new(&[0, 0], 50, 1);
        let interval = bootstrap.interval(2, |indices| indices.len() as f64);
        assert_eq!((interval.low, interval.value, interval.high), (2.0, 2.0, 2.0));
    }
}
