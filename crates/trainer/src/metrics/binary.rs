//! Probabilities of one event: how far they are from what happened, and whether they mean what they say.

use serde::{Deserialize, Serialize};

/// Smallest probability that a logarithm is taken of, scikit-learn's for 64-bit floats.
const SMALLEST: f64 = f64::EPSILON;
/// Standard normal quantile of a 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// Squared distance between a probability and what happened, 0 to 1: the term of the Brier score for two outcomes
/// (half of that over a vector of two classes).
pub fn squared_error(happened: bool, probability: f64) -> f64 {
    (probability - f64::from(u8::from(happened))).powi(2)
}

/// Negative natural logarithm of the probability of what happened.
pub fn surprise(happened: bool, probability: f64) -> f64 {
    let p = if happened { probability } else { 1.0 - probability };
    -p.clamp(SMALLEST, 1.0 - SMALLEST).ln()
}

/// How much lower a Brier score is than the one of always saying the share of events, as a share of it: 1 is
/// perfect, 0 no better than the share. NaN when everything or nothing happened.
pub fn brier_skill(brier: f64, share: f64) -> f64 {
    1.0 - brier / (share * (1.0 - share))
}

/// Cases whose probability of the event lies in one of several bins of equal width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lower edge, excluded (but for the first bin).
    pub low: f64,
    /// Upper edge, included.
    pub high: f64,
    /// Cases in it.
    pub count: usize,
    /// Mean probability.
    pub probability: f64,
    /// Share in which the event happened.
    pub observed: f64,
    /// 95 % interval of that share as one of so many cases (Wilson's).
    pub observed_interval: (f64, f64),
}

/// Groups cases, each whether the event happened and its probability, into `bins` bins; empty ones are left out.
pub fn calibration_bins(cases: impl IntoIterator<Item = (bool, f64)>, bins: usize) -> Vec<CalibrationBin> {
    let mut sums = vec![(0usize, 0.0f64, 0usize); bins];
    for (happened, probability) in cases {
        let sum = &mut sums[bin(probability, bins)];
        sum.0 += 1;
        sum.1 += probability;
        sum.2 += usize::from(happened);
    }
    let bin = |(index, (count, probability, happened)): (usize, (usize, f64, usize))| CalibrationBin {
        low: index as f64 / bins as f64,
        high: (index + 1) as f64 / bins as f64,
        count,
        probability: probability / count as f64,
        observed: happened as f64 / count as f64,
        observed_interval: wilson(happened, count),
    };
    sums.into_iter().enumerate().filter(|(_, (count, ..))| *count > 0).map(bin).collect()
}

/// Mean distance between probability and share over the bins, weighted by their counts. NaN without cases.
pub fn calibration_error(cases: impl IntoIterator<Item = (bool, f64)>, bins: usize) -> f64 {
    let mut gaps = vec![0.0f64; bins];
    let mut count = 0usize;
    for (happened, probability) in cases {
        gaps[bin(probability, bins)] += probability - f64::from(u8::from(happened));
        count += 1;
    }
    gaps.iter().map(|gap| gap.abs()).sum::<f64>() / count as f64
}

/// Bins hold their upper edge.
fn bin(probability: f64, bins: usize) -> usize {
    ((probability * bins as f64).ceil() as usize).clamp(1, bins) - 1
}

/// Wilson's 95 % score interval of a share (1927); unlike the normal one it stays within 0 to 1.
pub fn wilson(happened: usize, count: usize) -> (f64, f64) {
    let (n, p) = (count as f64, happened as f64 / count as f64);
    let (centre, scale) = (p + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::score::tests::near;
    use super::*;

    /// Figures of scikit-learn's documentation of `brier_score_loss`.
    #[test]
    fn the_brier_score_agrees_with_scikit_learn() {
        let cases = [(false, 0.1), (true, 0.9), (true, 0.8), (false, 0.3)];
        let brier = cases.iter().map(|&(happened, p)| squared_error(happened, p)).sum::<f64>() / 4.0;
        near(brier, 0.0375);
        // The share is a half, so always saying it costs a quarter.
        near(brier_skill(brier, 0.5), 0.85);
        assert!(brier_skill(0.0, 1.0).is_nan());
    }

    #[test]
    fn surprise_is_finite_and_symmetric() {
        near(surprise(true, 0.25), 4.0f64.ln());
        near(surprise(false, 0.75), 4.0f64.ln());
        near(surprise(true, 0.0), -f64::EPSILON.ln());
    }

    #[test]
    fn the_calibration_error_is_the_weighted_gap() {
        // Bin 1: mean .25, share .5, two cases; bin 2: mean .8, share 2/3, three cases.
        let cases = [(true, 0.2), (false, 0.3), (true, 0.7), (true, 0.8), (false, 0.9)];
        near(calibration_error(cases, 2), (2.0 * 0.25 + 3.0 * (0.8 - 2.0 / 3.0)) / 5.0);
        let bins = calibration_bins(cases, 2);
        assert_eq!((bins[0].count, bins[0].observed, bins[1].count), (2, 0.5, 3));
        near(bins[1].probability, 0.8);
        assert_eq!(calibration_bins([(true, 0.5)], 2)[0].high, 0.5);
        assert!(calibration_error([], 2).is_nan());
    }

    #[test]
    fn wilsons_interval_agrees_with_published_figures() {
        // Newcombe (1998), table I: 81 of 263 and 0 of 20.
        let (low, high) = wilson(81, 263);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        let (low, high) = wilson(0, 20);
        assert!(low < 1e-12 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
    }

    #[test]
    fn calibrated_probabilities_have_a_small_error() {
        // Of 100 cases at each tenth as many happen as the probability says.
        let cases =
            (1..=9).flat_map(|tenth| (0..100).map(move |i| (i < tenth * 10, f64::from(tenth) / 10.0)));
        near(calibration_error(cases.clone(), 10), 0.0);
        // Turned round, the gap is |1 - 2p|.
        near(calibration_error(cases.map(|(happened, p)| (!happened, p)), 10), 4.0 / 9.0);
    }
}
