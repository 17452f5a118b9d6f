//! Whether probabilities mean what they say.

use serde::Serialize;

use super::score::Scored;

/// Predictions whose top probability lies in one tenth (or whatever share) of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Lower edge, excluded (but for the first bin).
    pub low: f64,
    /// Upper edge, included.
    pub high: f64,
    /// Predictions in it.
    pub count: usize,
    /// Mean top probability.
    pub confidence: f64,
    /// Share that is right.
    pub accuracy: f64,
}

/// Groups predictions by their top probability into `bins` bins of equal width; empty ones are
/// left out.
pub fn reliability<'a>(scored: impl IntoIterator<Item = &'a Scored>, bins: usize) -> Vec<ReliabilityBin> {
    let mut sums = vec![(0usize, 0.0f64, 0usize); bins];
    for s in scored {
        let predicted = s.predicted();
        let confidence = f64::from(s.probabilities[predicted]);
        let bin = ((confidence * bins as f64).ceil() as usize).clamp(1, bins) - 1;
        sums[bin].0 += 1;
        sums[bin].1 += confidence;
        sums[bin].2 += usize::from(predicted == s.truth);
    }
    let bin = |(index, (count, confidence, right)): (usize, (usize, f64, usize))| ReliabilityBin {
        low: index as f64 / bins as f64,
        high: (index + 1) as f64 / bins as f64,
        count,
        confidence: confidence / count as f64,
        accuracy: right as f64 / count as f64,
    };
    sums.into_iter().enumerate().filter(|(_, (count, ..))| *count > 0).map(bin).collect()
}

/// Mean distance between confidence and accuracy over the bins, weighted by their counts.
pub fn expected_calibration_error<'a>(scored: impl IntoIterator<Item = &'a Scored>, bins: usize) -> f64 {
    let bins = reliability(scored, bins);
    let total: usize = bins.iter().map(|b| b.count).sum();
    bins.iter().map(|b| b.count as f64 * (b.confidence - b.accuracy).abs()).sum::<f64>() / total as f64
}

#[cfg(test)]
mod tests {
    use super::super::score::tests::{near, sample};
    use super::*;

    #[test]
    fn the_error_is_the_weighted_gap() {
        near(expected_calibration_error(&sample(), 7), 0.18);
    }

    #[test]
    fn bins_hold_their_upper_edge() {
        let certain = Scored { truth: 0, probabilities: vec![1.0, 0.0], group: 0 };
        let even = Scored { truth: 1, probabilities: vec![0.5, 0.5], group: 0 };
        let bins = reliability([&certain, &even], 2);
        assert_eq!((bins[0].high, bins[0].count, bins[0].accuracy), (0.5, 1, 0.0));
        assert_eq!((bins[1].high, bins[1].count, bins[1].accuracy), (1.0, 1, 1.0));
    }
}
