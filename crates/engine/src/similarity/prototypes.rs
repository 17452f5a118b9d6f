//! Prototypes: what won and lost conversations typically look like.

use rapport_inference::dot;
use serde::{Deserialize, Serialize};

use super::score::{HybridWeights, cosine, euclidean};
use super::space::Space;
use crate::EngineError;
use crate::bundle::artifact;

/// Version of the layout of `prototypes.json`.
pub const PROTOTYPES_FORMAT: u32 = 1;

/// `prototypes.json`: k-means centres of the pooled vectors of won and of lost conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prototypes {
    /// Layout of the file, [`PROTOTYPES_FORMAT`].
    pub format: u32,
    /// What the vectors can be compared with.
    pub space: Space,
    /// Centres of won conversations, `[K][width]`.
    pub won: Vec<Vec<f32>>,
    /// Centres of lost conversations, `[K][width]`.
    pub lost: Vec<Vec<f32>>,
    /// Share of won conversations among those that the centres were computed from.
    pub won_share: f32,
    /// Weights of the hybrid score.
    pub hybrid: HybridWeights,
}

/// Nearness to the prototypes, won less lost: positive speaks for won.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrototypeScores {
    /// By cosine.
    pub cosine: f32,
    /// By Euclidean distance.
    pub euclidean: f32,
}

impl Prototypes {
    /// Refuses a file whose parts do not fit together.
    ///
    /// # Errors
    /// [`EngineError::Artifact`] naming what does not fit.
    pub fn check(&self, width: usize) -> Result<(), EngineError> {
        let refuse = |reason: String| Err(EngineError::artifact(artifact::PROTOTYPES, reason));
        if self.format != PROTOTYPES_FORMAT {
            return refuse(format!(
                "format {} is not {PROTOTYPES_FORMAT}, which this engine reads",
                self.format
            ));
        }
        if self.won.is_empty() || self.lost.is_empty() {
            return refuse("it has no prototype of one of the outcomes".into());
        }
        let all = || self.won.iter().chain(&self.lost);
        if all().any(|p| p.len() != width) {
            return refuse(format!("a prototype is not a vector of {width}"));
        }
        if all().flatten().any(|x| !x.is_finite()) || !self.hybrid.is_finite() {
            return refuse("a number is not finite".into());
        }
        // A centre of unit vectors is not longer than they are.
        if all().any(|p| dot(p, p) > 1.01) {
            return refuse("a prototype is longer than 1".into());
        }
        if !(0.0..=1.0).contains(&self.won_share) {
            return refuse(format!("a share of {} of won conversations", self.won_share));
        }
        Ok(())
    }

    /// Scores of a pooled vector; see [`crate::similarity`] for the formulas.
    pub fn scores(&self, pooled: &[f32]) -> PrototypeScores {
        let nearest = |prototypes: &[Vec<f32>], likeness: fn(&[f32], &[f32]) -> f32| {
            prototypes.iter().map(|p| likeness(pooled, p)).fold(f32::NEG_INFINITY, f32::max)
        };
        let margin = |likeness| nearest(&self.won, likeness) - nearest(&self.lost, likeness);
        PrototypeScores { cosine: margin(cosine), euclidean: margin(euclidean) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::similarity) fn prototypes() -> Prototypes {
        Prototypes {
            format: PROTOTYPES_FORMAT,
            space: Space(7),
            won: vec![vec![1.0, 0.0], vec![0.0, 0.5]],
            lost: vec![vec![-0.6, 0.8]],
            won_share: 0.5,
            hybrid: HybridWeights { cosine: 1.0, euclidean: 1.0, neighbours: 1.0, bias: -0.5 },
        }
    }

    #[test]
    fn the_nearest_prototype_of_each_outcome_counts() {
        let scores = prototypes().scores(&[0.6, 0.8]);
        // cos: max(0.6, 0.8) - (-0.36 + 0.64); distances: √0.8, √(0.36 + 0.09), 1.2.
        assert!((scores.cosine - (0.8 - 0.28)).abs() < 1e-6, "{scores:?}");
        let expected = 1.0 / (1.0 + 0.45f32.sqrt()) - 1.0 / 2.2;
        assert!((scores.euclidean - expected).abs() < 1e-6, "{scores:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(prototypes().check(2).is_ok());
        assert!(prototypes().check(3).is_err());
        let broken = |change: fn(&mut Prototypes)| {
            let mut prototypes = prototypes();
            change(&mut prototypes);
            prototypes.check(2).is_err()
        };
        assert!(broken(|p| p.format = 2));
        assert!(broken(|p| p.won.clear()));
        assert!(broken(|p| p.lost.clear()));
        assert!(broken(|p| p.won[1].truncate(1)));
        assert!(broken(|p| p.lost[0][0] = f32::NAN));
        assert!(broken(|p| p.lost[0][0] = 3.0));
        assert!(broken(|p| p.hybrid.bias = f32::INFINITY));
        assert!(broken(|p| p.won_share = f32::NAN));
    }
}
