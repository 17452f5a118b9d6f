//! How well scores put the positive cases first.

/// Cases from the highest score down, sorted once for all resamples.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// Cases of equal score, the highest first, each with whether it is positive.
    ties: Vec<Vec<(u32, bool)>>,
}

/// A point of a curve over thresholds: what is found when everything from a score on up is called positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operating {
    /// Share of the positive cases that are found: recall, the true positive rate.
    pub recall: f64,
    /// Share of the negative cases that are called positive: the false positive rate.
    pub fall_out: f64,
    /// Share of what is called positive that is positive; 1 where nothing is.
    pub precision: f64,
}

impl Ranking {
    /// Sorts cases by their scores. Both slices have the same length.
    pub fn new(positive: &[bool], scores: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let ties = order.chunk_by(|&a, &b| scores[a] == scores[b]);
        Self { ties: ties.map(|tie| tie.iter().map(|&i| (i as u32, positive[i])).collect()).collect() }
    }

    /// Number of cases.
    pub fn cases(&self) -> usize {
        self.ties.iter().map(Vec::len).sum()
    }

    /// Area under the ROC curve, and average precision (mean precision over the positive cases, from the
    /// highest score down, equal scores together, as scikit-learn computes it) of the drawn cases. NaN
    /// where there is no positive or no negative case to compare.
    pub fn figures(&self, draw: &[u32]) -> (f64, f64) {
        let (mut found, mut passed, mut above, mut precision) = (0.0, 0.0, 0.0, 0.0);
        for (positive, negative) in self.counts(draw) {
            // Positives found before count fully over these negatives, those of equal score half.
            above += negative * (found + positive / 2.0);
            found += positive;
            passed += positive + negative;
            if positive > 0.0 {
                precision += positive * found / passed;
            }
        }
        (above / (found * (passed - found)), precision / found)
    }

    /// Share of positive cases among the `k` drawn cases of the highest scores. Of cases of equal score at the
    /// edge, the mean over all orders counts. NaN when fewer than `k` were drawn, or `k` is 0.
    pub fn precision_at(&self, draw: &[u32], k: usize) -> f64 {
        let (k, mut found, mut passed) = (k as f64, 0.0, 0.0);
        for (positive, negative) in self.counts(draw) {
            let taken = (k - passed).min(positive + negative);
            if positive > 0.0 {
                found += positive * taken / (positive + negative);
            }
            passed += taken;
            if passed >= k {
                return found / k;
            }
        }
        f64::NAN
    }

    /// The ROC and precision-recall curves in one: from calling nothing positive to calling everything.
    pub fn curve(&self) -> Vec<Operating> {
        let all: Vec<u32> = (0..self.cases() as u32).collect();
        let counts = self.counts(&all);
        let (positives, negatives) =
            counts.iter().fold((0.0, 0.0), |(p, n), (positive, negative)| (p + positive, n + negative));
        let (mut found, mut wrong) = (0.0, 0.0);
        let mut curve = vec![Operating { recall: 0.0, fall_out: 0.0, precision: 1.0 }];
        for (positive, negative) in counts {
            found += positive;
            wrong += negative;
            curve.push(Operating {
                recall: found / positives,
                fall_out: wrong / negatives,
                precision: found / (found + wrong),
            });
        }
        curve
    }

    /// How many positive and negative cases were drawn of each score, the highest first.
    fn counts(&self, draw: &[u32]) -> Vec<(f64, f64)> {
        let mut times = vec![0.0f64; self.cases()];
        draw.iter().for_each(|&index| times[index as usize] += 1.0);
        let count = |tie: &Vec<(u32, bool)>| {
            tie.iter().fold((0.0, 0.0), |(positive, negative), &(case, is_positive)| {
                let times = times[case as usize];
                if is_positive { (positive + times, negative) } else { (positive, negative + times) }
            })
        };
        self.ties.iter().map(count).collect()
    }
}

/// Mean precision over the positive cases, from the highest score down; their share is chance. NaN without one.
pub fn average_precision(positive: &[bool], scores: &[f64]) -> f64 {
    let all: Vec<u32> = (0..scores.len() as u32).collect();
    Ranking::new(positive, scores).figures(&all).1
}

#[cfg(test)]
mod tests {
    use super::super::score::roc_auc;
    use super::super::score::tests::near;
    use super::*;

    #[test]
    fn average_precision_agrees_with_scikit_learn() {
        // The example of scikit-learn's documentation.
        near(average_precision(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8]), 0.833_333_333_333);
        // All equal: the share of the positive cases.
        near(average_precision(&[true, false, false, false], &[0.5; 4]), 0.25);
        assert!(average_precision(&[false], &[0.5]).is_nan());
    }

    #[test]
    fn a_draw_counts_as_if_its_cases_were_written_out() {
        let positive = [false, true, true, false, true, false];
        let scores = [0.3, 0.3, 0.9, 0.1, 0.2, 0.2];
        let ranking = Ranking::new(&positive, &scores);
        for draw in [&[0, 1, 2, 3, 4, 5][..], &[1, 1, 3, 3, 0], &[2, 4, 5, 5, 5, 0, 1], &[0, 3]] {
            let of: Vec<bool> = draw.iter().map(|&i: &u32| positive[i as usize]).collect();
            let by: Vec<f64> = draw.iter().map(|&i| scores[i as usize]).collect();
            let (auc, precision) = ranking.figures(draw);
            let (whole, expected) = (roc_auc(&of, &by), average_precision(&of, &by));
            let same = |a: f64, b: f64| (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan());
            assert!(same(auc, whole), "{draw:?}: {auc} is not {whole}");
            assert!(same(precision, expected), "{draw:?}: {precision} is not {expected}");
        }
    }

    #[test]
    fn the_order_of_the_cases_does_not_matter() {
        let positive: Vec<bool> = (0..50).map(|i| i * 7 % 11 < 4).collect();
        let scores: Vec<f64> = (0..50).map(|i| f64::from(i * 13 % 17)).collect();
        let all: Vec<u32> = (0..50).collect();
        let (auc, precision) = Ranking::new(&positive, &scores).figures(&all);
        for step in [3, 7, 11, 49] {
            // Steps that share no factor with 50 go through every case once.
            let order: Vec<usize> = (0..50).map(|i| i * step % 50).collect();
            let positive: Vec<bool> = order.iter().map(|&i| positive[i]).collect();
            let scores: Vec<f64> = order.iter().map(|&i| scores[i]).collect();
            let permuted = Ranking::new(&positive, &scores).figures(&all);
            near(permuted.0, auc);
            near(permuted.1, precision);
        }
        // Turning the scores round turns the area round.
        let turned: Vec<f64> = scores.iter().map(|s| -s).collect();
        near(Ranking::new(&positive, &turned).figures(&all).0, 1.0 - auc);
    }

    #[test]
    fn precision_at_k_shares_the_edge() {
        let ranking = Ranking::new(&[true, false, true, false], &[0.9, 0.5, 0.5, 0.1]);
        let all = [0, 1, 2, 3];
        near(ranking.precision_at(&all, 1), 1.0);
        // One of two at the edge is taken, half of them positive.
        near(ranking.precision_at(&all, 2), 0.75);
        near(ranking.precision_at(&all, 3), 2.0 / 3.0);
        near(ranking.precision_at(&all, 4), 0.5);
        assert!(ranking.precision_at(&all, 5).is_nan() && ranking.precision_at(&all, 0).is_nan());
        // The second case twice: two places, no positive one.
        near(ranking.precision_at(&[1, 1], 2), 0.0);
    }

    #[test]
    fn the_curve_goes_from_nothing_to_everything() {
        let curve = Ranking::new(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8]).curve();
        // Recall and false positive rate of scikit-learn's roc_curve on the same example.
        let points: Vec<(f64, f64)> = curve.iter().map(|p| (p.fall_out, p.recall)).collect();
        assert_eq!(points, [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]);
        let precision: Vec<f64> = curve.iter().map(|p| p.precision).collect();
        assert_eq!(precision, [1.0, 1.0, 0.5, 2.0 / 3.0, 0.5]);
    }
}
