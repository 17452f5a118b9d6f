//! Figures of one label that is there or not.

/// Cases in the order of a score, so that resamples can be judged without sorting again.
#[derive(Debug, Clone)]
pub struct WeightedRanking {
    /// Case numbers from the highest score to the lowest.
    order: Vec<u32>,
    /// True for the last case of each run of equal scores.
    ends: Vec<bool>,
    positive: Vec<bool>,
}

impl WeightedRanking {
    /// Ranks cases by their scores, highest first.
    pub fn new(positive: &[bool], scores: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        let score = |i: usize| scores[order[i] as usize];
        let ends = (0..order.len()).map(|i| i + 1 == order.len() || score(i) > score(i + 1)).collect();
        Self { order, ends, positive: positive.to_vec() }
    }

    /// Runs of equal scores from the highest: positives and negatives, each case counted `weights` times.
    fn runs<'a>(&'a self, weights: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        let mut run = (0.0, 0.0);
        self.order.iter().zip(&self.ends).filter_map(move |(&case, &end)| {
            let weight = weights[case as usize];
            if self.positive[case as usize] {
                run.0 += weight;
            } else {
                run.1 += weight;
            }
            end.then(|| std::mem::take(&mut run))
        })
    }

    /// Average precision: the precision at each threshold weighted by the recall gained there, as scikit-learn computes
    /// it. NaN without a positive case.
    pub fn average_precision(&self, weights: &[f64]) -> f64 {
        let (mut found, mut taken, mut sum) = (0.0, 0.0, 0.0);
        for (positives, negatives) in self.runs(weights) {
            found += positives;
            taken += positives + negatives;
            if positives > 0.0 {
                sum += positives * found / taken;
            }
        }
        sum / found
    }

    /// Area under the ROC curve, ties counting half. NaN when one of the two is missing.
    pub fn roc_auc(&self, weights: &[f64]) -> f64 {
        let (mut found, mut passed, mut area) = (0.0, 0.0, 0.0);
        for (positives, negatives) in self.runs(weights) {
            area += negatives * (found + positives / 2.0);
            found += positives;
            passed += negatives;
        }
        area / (found * passed)
    }
}

/// Precision, recall and their harmonic mean of what is `named`, each case counted `weights` times; 0 where nothing is.
pub fn precision_recall_f1(positive: &[bool], named: &[bool], weights: &[f64]) -> (f64, f64, f64) {
    let (mut right, mut wrong, mut missed) = (0.0, 0.0, 0.0);
    for ((&positive, &named), weight) in positive.iter().zip(named).zip(weights) {
        match (positive, named) {
            (true, true) => right += weight,
            (false, true) => wrong += weight,
            (true, false) => missed += weight,
            (false, false) => {}
        }
    }
    let share = |whole: f64| if whole > 0.0 { right / whole } else { 0.0 };
    (share(right + wrong), share(right + missed), share(right + f64::midpoint(wrong, missed)))
}

#[cfg(test)]
mod tests {
    use super::super::score::roc_auc;
    use super::super::score::tests::near;
    use super::*;

    const POSITIVE: [bool; 6] = [false, false, true, true, false, true];
    const SCORES: [f64; 6] = [0.1, 0.4, 0.35, 0.8, 0.35, 0.9];

    #[test]
    fn average_precision_agrees_with_scikit_learn() {
        // average_precision_score(y, s) of scikit-learn on these numbers.
        near(WeightedRanking::new(&POSITIVE, &SCORES).average_precision(&[1.0; 6]), 0.866_666_666_666_666_7);
        assert!(WeightedRanking::new(&[false], &[0.5]).average_precision(&[1.0]).is_nan());
    }

    #[test]
    fn the_area_is_that_of_the_ranks() {
        near(WeightedRanking::new(&POSITIVE, &SCORES).roc_auc(&[1.0; 6]), roc_auc(&POSITIVE, &SCORES));
    }

    #[test]
    fn a_weight_counts_a_case_so_often() {
        let weights = [2.0, 0.0, 1.0, 1.0, 3.0, 1.0];
        let (mut positive, mut scores) = (Vec::new(), Vec::new());
        for (i, w) in weights.iter().enumerate() {
            for _ in 0..*w as usize {
                positive.push(POSITIVE[i]);
                scores.push(SCORES[i]);
            }
        }
        let ones = vec![1.0; positive.len()];
        let (all, drawn) =
            (WeightedRanking::new(&positive, &scores), WeightedRanking::new(&POSITIVE, &SCORES));
        near(drawn.average_precision(&weights), all.average_precision(&ones));
        near(drawn.roc_auc(&weights), all.roc_auc(&ones));
    }

    #[test]
    fn counts_give_precision_and_recall() {
        let (p, r, f1) = precision_recall_f1(&POSITIVE, &[true, false, true, true, false, false], &[1.0; 6]);
        near(p, 2.0 / 3.0);
        near(r, 2.0 / 3.0);
        near(f1, 2.0 / 3.0);
        near(precision_recall_f1(&[true], &[false], &[1.0]).2, 0.0);
    }
}
