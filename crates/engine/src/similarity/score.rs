//! How alike two conversations are, and what that says about the outcome.
//!
//! With `x` the conversation's pooled vector, `w` a prototype of won conversations, `l` one of lost ones and `r` a past
//! conversation:
//!
//! | score | formula |
//! |---|---|
//! | cosine | `max_w cos(x, w) - max_l cos(x, l)` |
//! | Euclidean | `max_w 1 / (1 + ‖x - w‖) - max_l 1 / (1 + ‖x - l‖)` |
//! | neighbours | `Σ_r cos⁺(x, r) [r won] / Σ_r cos⁺(x, r)`, over past conversations chosen by MMR |
//! | hybrid | `1 / (1 + exp(-(b + a₁ cosine + a₂ Euclidean + a₃ neighbours)))` |

use rapport_inference::dot;
use serde::{Deserialize, Serialize};

/// Cosine of the angle between two vectors of the same length, in -1..=1: `a·b / (‖a‖ ‖b‖)`; 0 when one of them is
/// zero.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Closeness by Euclidean distance, in 0..=1: `1 / (1 + ‖a - b‖)`.
pub fn euclidean(a: &[f32], b: &[f32]) -> f32 {
    let distance = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f32>().sqrt();
    1.0 / (1.0 + distance)
}

/// Maximal marginal relevance (Carbonell and Goldstein, 1998): chooses up to `k` of the candidates one by one, each time
/// the one with the highest `λ relevance[i] - (1 - λ) max_{j chosen} alike(i, j)`, the first of equals. `λ` = 1 ranks by
/// relevance alone.
pub fn maximal_marginal_relevance(
    relevance: &[f32],
    alike: impl Fn(usize, usize) -> f32,
    k: usize,
    lambda: f32,
) -> Vec<usize> {
    let mut left: Vec<usize> = (0..relevance.len()).collect();
    // Of each candidate, the largest likeness to what was chosen; nothing is chosen before the first.
    let mut nearest: Vec<Option<f32>> = vec![None; relevance.len()];
    let mut chosen = Vec::new();
    while chosen.len() < k {
        let worth = |i: usize| lambda * relevance[i] - (1.0 - lambda) * nearest[i].unwrap_or(0.0);
        let Some(best) = (0..left.len()).min_by(|&a, &b| worth(left[b]).total_cmp(&worth(left[a]))) else {
            break;
        };
        let best = left.remove(best);
        for &i in &left {
            let likeness = alike(i, best);
            nearest[i] = Some(nearest[i].map_or(likeness, |n| n.max(likeness)));
        }
        chosen.push(best);
    }
    chosen
}

/// Share of won ones among `(similarity, won)`, each weighted by its similarity where that is positive:
/// `Σ s⁺ [won] / Σ s⁺`. None when no similarity is positive.
pub fn vote(neighbours: impl IntoIterator<Item = (f32, bool)>) -> Option<f32> {
    let (mut won, mut all) = (0.0, 0.0);
    for (similarity, is_won) in neighbours {
        let weight = similarity.max(0.0);
        all += weight;
        won += if is_won { weight } else { 0.0 };
    }
    (all > 0.0).then(|| won / all)
}

/// Weights of the hybrid score, learned by logistic regression on conversations that the other scores had not seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HybridWeights {
    /// Weight of the cosine score.
    pub cosine: f32,
    /// Weight of the Euclidean score.
    pub euclidean: f32,
    /// Weight of the neighbours' vote.
    pub neighbours: f32,
    /// Added to the weighted sum.
    pub bias: f32,
}

impl HybridWeights {
    /// `1 / (1 + exp(-(bias + Σ weight * score)))`, the probability that a conversation that has ended was won.
    pub fn probability(&self, cosine: f32, euclidean: f32, neighbours: f32) -> f32 {
        let sum =
            self.bias + self.cosine * cosine + self.euclidean * euclidean + self.neighbours * neighbours;
        1.0 / (1.0 + (-sum).exp())
    }

    pub(super) fn is_finite(&self) -> bool {
        [self.cosine, self.euclidean, self.neighbours, self.bias].iter().all(|w| w.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f32, expected: f32) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn cosine_is_by_angle_alone() {
        near(cosine(&[3.0, 4.0], &[6.0, 8.0]), 1.0);
        near(cosine(&[3.0, 4.0], &[4.0, 3.0]), 0.96);
        near(cosine(&[1.0, 0.0], &[-2.0, 0.0]), -1.0);
        near(cosine(&[0.0, 0.0], &[1.0, 0.0]), 0.0);
    }

    #[test]
    fn euclidean_falls_with_distance() {
        near(euclidean(&[1.0, 1.0], &[1.0, 1.0]), 1.0);
        near(euclidean(&[0.0, 0.0], &[3.0, 4.0]), 1.0 / 6.0);
    }

    #[test]
    fn mmr_prefers_what_is_not_said_yet() {
        // Relevance 0.9, 0.8 and 0.5; 0 and 1 are alike by 0.95, 2 is like neither (0.1).
        let alike = |i: usize, j: usize| if i + j == 1 { 0.95 } else { 0.1 };
        let relevance = [0.9, 0.8, 0.5];
        // After 0: of 1, 0.5 * 0.8 - 0.5 * 0.95 = -0.075; of 2, 0.5 * 0.5 - 0.5 * 0.1 = 0.2.
        assert_eq!(maximal_marginal_relevance(&relevance, alike, 2, 0.5), [0, 2]);
        assert_eq!(maximal_marginal_relevance(&relevance, alike, 9, 1.0), [0, 1, 2]);
        // With 0.9: of 1, 0.72 - 0.095 = 0.625; of 2, 0.45 - 0.01 = 0.44.
        assert_eq!(maximal_marginal_relevance(&relevance, alike, 2, 0.9), [0, 1]);
        assert_eq!(maximal_marginal_relevance(&[0.5, 0.5], |_, _| 1.0, 1, 0.5), [0]);
        assert!(maximal_marginal_relevance(&[], |_, _| 1.0, 3, 0.5).is_empty());
        assert!(maximal_marginal_relevance(&relevance, alike, 0, 0.5).is_empty());
    }

    #[test]
    fn votes_count_by_similarity() {
        near(vote([(0.8, true), (0.4, false), (0.4, true), (-0.9, false)]).unwrap_or(f32::NAN), 0.75);
        assert_eq!(vote([(-0.1, true)]), None);
        assert_eq!(vote([]), None);
    }

    #[test]
    fn the_hybrid_is_a_logistic_regression() {
        let weights = HybridWeights { cosine: 2.0, euclidean: -1.0, neighbours: 0.5, bias: 0.25 };
        // 0.25 + 2 * 0.5 - 1 * 0.25 + 0.5 * 0.4 = 1.2
        near(weights.probability(0.5, 0.25, 0.4), 0.768_524_8);
        near(weights.probability(-1e30, 0.0, 0.0), 0.0);
    }
}
