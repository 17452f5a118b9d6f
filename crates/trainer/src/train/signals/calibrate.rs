//! From a logit to a probability (Platt, 1999), and from there to a yes or no.

use crate::train::lbfgs::{LbfgsOptions, minimize};

/// Lowest threshold: what is named is right about three times of ten at least.
const LOWEST: f64 = 0.3;

/// `1 / (1 + exp(-(scale * logit + offset)))`, and the probability from which the label counts as present.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Calibration {
    /// Multiplied with the logit.
    pub scale: f64,
    /// Added to it.
    pub offset: f64,
    /// Probability from which the label counts as present.
    pub threshold: f64,
}

impl Calibration {
    /// Fits scale and offset by maximum likelihood with Platt's softened targets, then the threshold with the highest F1,
    /// but at least 0.3. The logits are of cases that their model never saw.
    pub(crate) fn fit(logits: &[f64], positive: &[bool]) -> Self {
        let positives = positive.iter().filter(|p| **p).count() as f64;
        let negatives = positive.len() as f64 - positives;
        let (high, low) = ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
        let options = LbfgsOptions { iterations: 100, tolerance: 1e-6, ..Default::default() };
        let n = positive.len().max(1) as f64;
        let found = minimize(vec![1.0, 0.0], options, |x, g| {
            g.fill(0.0);
            let mut loss = 0.0;
            for (&logit, &positive) in logits.iter().zip(positive) {
                let truth = if positive { high } else { low };
                let z = x[0] * logit + x[1];
                loss += z.max(0.0) + (-z.abs()).exp().ln_1p() - truth * z;
                let error = 1.0 / (1.0 + (-z).exp()) - truth;
                g[0] += error * logit / n;
                g[1] += error / n;
            }
            loss / n
        });
        let mut calibration = Self { scale: found[0], offset: found[1], threshold: LOWEST };
        let p: Vec<f64> = logits.iter().map(|&l| calibration.probability(l)).collect();
        calibration.threshold = best_threshold(&p, positive).max(LOWEST);
        calibration
    }

    /// The probability of a logit.
    pub(crate) fn probability(&self, logit: f64) -> f64 {
        1.0 / (1.0 + (-(self.scale * logit + self.offset)).exp())
    }
}

/// The probability from which on naming cases gives the highest F1; between the last named and the next.
fn best_threshold(p: &[f64], positive: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    let all = positive.iter().filter(|p| **p).count() as f64;
    let (mut found, mut best, mut threshold) = (0.0, 0.0, 0.5);
    for (place, &case) in order.iter().enumerate() {
        found += f64::from(u8::from(positive[case]));
        let next = order.get(place + 1).map_or(0.0, |&case| p[case]);
        let f1 = 2.0 * found / ((place + 1) as f64 + all);
        if next < p[case] && f1 > best {
            (best, threshold) = (f1, f64::midpoint(p[case], next));
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_the_shares() {
        // At logit 1 three of four are positive, at logit -1 one of four.
        let logits: Vec<f64> = (0..400).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let positive: Vec<bool> = (0..400).map(|i| (i / 2 % 4 == 0) != (i % 2 == 0)).collect();
        let c = Calibration::fit(&logits, &positive);
        assert!((c.probability(1.0) - 0.75).abs() < 0.01, "{c:?}");
        assert!((c.probability(-1.0) - 0.25).abs() < 0.01, "{c:?}");
        assert!(c.threshold > 0.3 && c.threshold < 0.75, "{c:?}");
    }

    #[test]
    fn without_a_positive_case_nothing_is_named() {
        let c = Calibration::fit(&[0.5, -0.5, 0.1], &[false; 3]);
        assert!([0.5, -0.5, 0.1].iter().all(|l| c.probability(*l) < c.threshold), "{c:?}");
    }
}
