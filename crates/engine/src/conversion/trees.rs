//! Gradient-boosted trees, as the engine evaluates them.

use serde::{Deserialize, Serialize};

/// A forest whose outputs are added up.
///
/// Every tree is complete: `depth` levels of splits, then `2^depth` leaves. Node `i` has the children `2i + 1` and
/// `2i + 2`; a value at or below the threshold goes to the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    /// Levels of splits, 1 to 8.
    pub depth: usize,
    /// Log-odds before the first tree.
    pub base: f32,
    /// Feature of each split, `[trees * (2^depth - 1)]`.
    pub features: Vec<u16>,
    /// Threshold of each split, the same shape.
    pub thresholds: Vec<f32>,
    /// Log-odds of each leaf, `[trees * 2^depth]`.
    pub leaves: Vec<f32>,
}

impl Trees {
    /// What is wrong with the forest for rows of `width` features, if anything.
    pub(super) fn fault(&self, width: usize) -> Option<String> {
        if !(1..=8).contains(&self.depth) {
            return Some(format!("trees of depth {}", self.depth));
        }
        let (splits, leaves) = ((1 << self.depth) - 1, 1 << self.depth);
        let trees = self.leaves.len() / leaves;
        if self.leaves.len() != trees * leaves
            || self.features.len() != trees * splits
            || self.thresholds.len() != trees * splits
        {
            return Some("trees whose parts differ in number".into());
        }
        if let Some(feature) = self.features.iter().find(|f| usize::from(**f) >= width) {
            return Some(format!("a tree that reads feature {feature} of {width}"));
        }
        let finite = |values: &[f32]| values.iter().all(|x| x.is_finite());
        (!finite(&self.thresholds) || !finite(&self.leaves) || !self.base.is_finite())
            .then(|| "trees with numbers that are not finite".into())
    }

    /// Log-odds of one row; its length was checked when the model was loaded.
    pub fn score(&self, row: &[f32]) -> f32 {
        let (splits, leaves) = ((1 << self.depth) - 1, 1 << self.depth);
        let trees = self
            .features
            .chunks_exact(splits)
            .zip(self.thresholds.chunks_exact(splits))
            .zip(self.leaves.chunks_exact(leaves));
        let mut sum = self.base;
        for ((features, thresholds), leaves) in trees {
            let mut node = 0;
            while node < splits {
                let right = row[usize::from(features[node])] > thresholds[node];
                node = 2 * node + 1 + usize::from(right);
            }
            sum += leaves[node - splits];
        }
        sum
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn two_levels() -> Trees {
        Trees {
            depth: 2,
            base: 0.5,
            features: vec![0, 1, 1],
            thresholds: vec![0.0, 1.0, 2.0],
            leaves: vec![1.0, 2.0, 3.0, 4.0],
        }
    }

    #[test]
    fn a_row_goes_down_to_its_leaf() {
        let trees = two_levels();
        let cases = [([-1.0, 1.0], 1.5), ([0.0, 1.5], 2.5), ([0.1, 2.0], 3.5), ([9.0, 2.5], 4.5)];
        for (row, expected) in cases {
            assert_eq!(trees.score(&row), expected, "{row:?}");
        }
    }

    #[test]
    fn a_broken_forest_is_refused() {
        assert_eq!(two_levels().fault(2), None);
        assert!(two_levels().fault(1).unwrap().contains("feature 1"));
        assert!(Trees { leaves: vec![1.0; 3], ..two_levels() }.fault(2).is_some());
        assert!(Trees { depth: 40, ..two_levels() }.fault(2).is_some());
        assert!(Trees { base: f32::NAN, ..two_levels() }.fault(2).is_some());
    }
}
