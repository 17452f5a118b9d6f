//! How the encoder is trained.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::mining::Mining;
use super::windows::LabelKind;

/// The contrastive loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LossKind {
    /// Supervised contrastive: all of one label in a batch attract each other.
    Supcon,
    /// Triplets with a margin.
    Triplet,
    /// Multiple-negatives ranking: the own positive among all of the batch.
    Mnr,
}

/// How the tuned encoder is held to the base on general texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Distil {
    /// Each vector stays near the base's.
    Cosine,
    /// The similarities of pairs stay near the base's.
    Relational,
}

/// What decides when training stops and which epoch is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stop {
    /// The contrastive loss on what is kept back.
    Loss,
    /// The accuracy of nearest neighbours on what is kept back.
    Knn,
}

/// How the network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    pub labels: LabelKind,
    /// Windows of one conversation are not compared.
    pub apart: bool,
    pub loss: LossKind,
    /// Divisor of similarities in `SupCon` and ranking.
    pub temperature: f64,
    /// Margin of the triplet loss.
    pub margin: f64,
    pub mining: Mining,
    pub epochs: usize,
    /// Texts in a step.
    pub batch: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Share of the steps over which the rate rises; it then falls to zero by a cosine.
    pub warm_up: f64,
    /// General texts in a step.
    pub general_batch: usize,
    /// Weight of the distillation.
    pub general_weight: f64,
    pub distil: Distil,
    pub stop: Stop,
    /// Epochs without a gain after which training stops.
    pub patience: usize,
    pub seed: u64,
}

impl Schedule {
    /// The learning rate at a share of the way: a linear rise, then a cosine's fall to zero.
    pub(crate) fn rate(&self, place: f64) -> f64 {
        let warm = self.warm_up.max(1e-9);
        let factor = if place < warm {
            place / warm
        } else {
            0.5 + 0.5 * ((place - warm) / (1.0 - warm).max(1e-9) * std::f64::consts::PI).cos()
        };
        self.learning_rate * factor.max(1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::schedule;
    use super::*;

    #[test]
    fn the_rate_rises_then_falls() {
        let schedule = Schedule { learning_rate: 1.0, warm_up: 0.2, ..schedule() };
        assert!((schedule.rate(0.1) - 0.5).abs() < 1e-12);
        assert!((schedule.rate(0.2) - 1.0).abs() < 1e-12);
        assert!((schedule.rate(0.6) - 0.5).abs() < 1e-12);
        assert!(schedule.rate(0.999) < 0.01);
    }
}
