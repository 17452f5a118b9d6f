//! One number over many predictions.

use super::confusion::ConfusionMatrix;

/// Smallest probability that a logarithm is taken of, scikit-learn's for 64-bit floats.
const SMALLEST: f64 = f64::EPSILON;

/// One prediction and what was true.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The true class.
    pub truth: usize,
    /// A probability for each class.
    pub probabilities: Vec<f32>,
    /// What it belongs to (its conversation): the unit that the bootstrap draws.
    pub group: usize,
}

impl Scored {
    /// The most probable class; the first of equals.
    pub fn predicted(&self) -> usize {
        let mut best = 0;
        for (class, p) in self.probabilities.iter().enumerate() {
            if *p > self.probabilities[best] {
                best = class;
            }
        }
        best
    }

    fn rank_of_truth(&self) -> usize {
        let own = self.probabilities.get(self.truth).copied().unwrap_or(0.0);
        let before = |(class, p): &(usize, &f32)| **p > own || (**p == own && *class < self.truth);
        self.probabilities.iter().enumerate().filter(before).count()
    }
}

fn mean<'a>(scored: impl IntoIterator<Item = &'a Scored>, value: impl Fn(&Scored) -> f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for s in scored {
        sum += value(s);
        count += 1;
    }
    if count == 0 { f64::NAN } else { sum / count as f64 }
}

/// Share of predictions whose most probable class is the true one.
pub fn accuracy<'a>(scored: impl IntoIterator<Item = &'a Scored>) -> f64 {
    mean(scored, |s| f64::from(u8::from(s.predicted() == s.truth)))
}

/// Share of predictions with the true class among the `k` most probable.
pub fn top_k_accuracy<'a>(scored: impl IntoIterator<Item = &'a Scored>, k: usize) -> f64 {
    mean(scored, |s| f64::from(u8::from(s.rank_of_truth() < k)))
}

/// Mean negative natural logarithm of the true class's probability.
pub fn log_loss<'a>(scored: impl IntoIterator<Item = &'a Scored>) -> f64 {
    mean(scored, |s| {
        let p = s.probabilities.get(s.truth).copied().unwrap_or(0.0);
        -f64::from(p).clamp(SMALLEST, 1.0 - SMALLEST).ln()
    })
}

/// Mean squared distance between the probabilities and the truth as a one-hot vector, 0 to 2.
pub fn brier<'a>(scored: impl IntoIterator<Item = &'a Scored>) -> f64 {
    mean(scored, |s| {
        let one_hot = |class| f64::from(u8::from(class == s.truth));
        s.probabilities.iter().enumerate().map(|(c, p)| (f64::from(*p) - one_hot(c)).powi(2)).sum()
    })
}

/// Mean recall over the classes that occur.
pub fn balanced_accuracy<'a>(scored: impl IntoIterator<Item = &'a Scored>) -> f64 {
    ConfusionMatrix::of(scored).balanced_accuracy()
}

/// Mean F1 over the classes that occur or are predicted.
pub fn macro_f1<'a>(scored: impl IntoIterator<Item = &'a Scored>) -> f64 {
    ConfusionMatrix::of(scored).macro_f1()
}

/// Area under the ROC curve: the chance that a positive case scores higher than a negative one,
/// ties counting half. NaN when one of the two is missing.
pub fn roc_auc(positive: &[bool], scores: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut rank_sum, mut at) = (0.0, 0);
    while at < order.len() {
        let end = at + order[at..].iter().take_while(|&&i| scores[i] == scores[order[at]]).count();
        let rank = (at + 1 + end) as f64 / 2.0;
        rank_sum += rank * order[at..end].iter().filter(|&&i| positive[i]).count() as f64;
        at = end;
    }
    let positives = positive.iter().filter(|&&p| p).count() as f64;
    let negatives = positive.len() as f64 - positives;
    (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Ten predictions over four classes, one of which occurs once and is never predicted. The
    /// expected figures below were computed with scikit-learn on these numbers.
    pub(in crate::metrics) fn sample() -> Vec<Scored> {
        let rows: [(usize, [f32; 4]); 10] = [
            (0, [0.6, 0.2, 0.1, 0.1]),
            (1, [0.1, 0.7, 0.1, 0.1]),
            (2, [0.2, 0.2, 0.5, 0.1]),
            (2, [0.4, 0.3, 0.2, 0.1]),
            (1, [0.3, 0.4, 0.2, 0.1]),
            (0, [0.25, 0.45, 0.2, 0.1]),
            (2, [0.1, 0.2, 0.65, 0.05]),
            (1, [0.5, 0.3, 0.1, 0.1]),
            (1, [0.05, 0.8, 0.1, 0.05]),
            (3, [0.3, 0.3, 0.25, 0.15]),
        ];
        let scored = |(i, (truth, p)): (usize, (usize, [f32; 4]))| Scored {
            truth,
            probabilities: p.to_vec(),
            group: i / 2,
        };
        rows.into_iter().enumerate().map(scored).collect()
    }

    #[track_caller]
    pub(in crate::metrics) fn near(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-6, "{actual} is not {expected}");
    }

    #[test]
    fn scores_agree_with_scikit_learn() {
        let s = sample();
        near(accuracy(&s), 0.6);
        near(balanced_accuracy(&s), 0.479_166_666_666_666_63);
        near(macro_f1(&s), 0.470_833_333_333_333_3);
        near(top_k_accuracy(&s, 2), 0.8);
        near(log_loss(&s), 0.922_769_001_011_329_1);
        near(brier(&s), 0.485);
    }

    #[test]
    fn area_under_the_curve_counts_ties_half() {
        let positive = [false, false, true, true, false, true];
        near(roc_auc(&positive, &[0.1, 0.4, 0.35, 0.8, 0.35, 0.9]), 0.833_333_333_333_333_3);
        assert!(roc_auc(&[true, true], &[0.1, 0.2]).is_nan());
    }

    #[test]
    fn certainty_about_the_wrong_class_costs_but_stays_finite() {
        let wrong = Scored { truth: 1, probabilities: vec![1.0, 0.0], group: 0 };
        near(log_loss([&wrong]), -f64::EPSILON.ln());
        assert!(accuracy(&[]).is_nan());
    }
}
