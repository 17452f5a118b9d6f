//! Which classes are taken for which.

use serde::Serialize;

use super::score::Scored;

/// Counts by true class (rows) and predicted class (columns).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfusionMatrix {
    counts: Vec<Vec<usize>>,
}

/// How well one class is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassScore {
    /// Share of the predictions of this class that are right; 0 when it is never predicted.
    pub precision: f64,
    /// Share of its moments that are found; 0 when it does not occur.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// How often it is true.
    pub support: usize,
}

impl ConfusionMatrix {
    /// Counts scored predictions.
    pub fn of<'a>(scored: impl IntoIterator<Item = &'a Scored>) -> Self {
        let mut matrix = Self { counts: Vec::new() };
        for s in scored {
            matrix.grow(s.probabilities.len());
            matrix.add(s.truth, s.predicted());
        }
        matrix
    }

    /// Counts pairs of a true and a predicted class.
    pub fn from_pairs(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut matrix = Self { counts: vec![vec![0; classes]; classes] };
        for (truth, predicted) in pairs {
            matrix.add(truth, predicted);
        }
        matrix
    }

    /// The counts, `[true][predicted]`.
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// All predictions.
    pub fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// Share of the diagonal.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.counts.len()).map(|c| self.counts[c][c]).sum();
        right as f64 / self.total() as f64
    }

    /// Precision, recall and F1 of each class.
    pub fn classes(&self) -> Vec<ClassScore> {
        (0..self.counts.len())
            .map(|class| {
                let right = self.counts[class][class] as f64;
                let support: usize = self.counts[class].iter().sum();
                let predicted = self.predicted(class);
                ClassScore {
                    precision: share(right, predicted as f64),
                    recall: share(right, support as f64),
                    f1: share(2.0 * right, (support + predicted) as f64),
                    support,
                }
            })
            .collect()
    }

    /// Mean recall over the classes that occur.
    pub fn balanced_accuracy(&self) -> f64 {
        mean(self.classes().iter().filter(|c| c.support > 0).map(|c| c.recall))
    }

    /// Mean F1 over the classes that occur or are predicted.
    pub fn macro_f1(&self) -> f64 {
        let classes = self.classes();
        let seen = |class: &usize| classes[*class].support > 0 || self.predicted(*class) > 0;
        mean((0..classes.len()).filter(seen).map(|class| classes[class].f1))
    }

    /// Cohen's kappa: agreement beyond what the class frequencies give by chance.
    pub fn kappa(&self) -> f64 {
        let total = self.total() as f64;
        let chance: f64 = self
            .classes()
            .iter()
            .enumerate()
            .map(|(class, score)| score.support as f64 * self.predicted(class) as f64)
            .sum::<f64>()
            / (total * total);
        (self.accuracy() - chance) / (1.0 - chance)
    }

    fn predicted(&self, class: usize) -> usize {
        self.counts.iter().map(|row| row[class]).sum()
    }

    fn add(&mut self, truth: usize, predicted: usize) {
        self.grow(truth.max(predicted) + 1);
        self.counts[truth][predicted] += 1;
    }

    fn grow(&mut self, classes: usize) {
        if self.counts.len() < classes {
            self.counts.resize_with(classes, Vec::new);
            self.counts.iter_mut().for_each(|row| row.resize(classes, 0));
        }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    sum / count
}

#[cfg(test)]
mod tests {
    use super::super::score::tests::{near, sample};
    use super::*;

    #[test]
    fn counts_and_class_scores_agree_with_scikit_learn() {
        let matrix = ConfusionMatrix::of(&sample());
        assert_eq!(matrix.counts(), [[1, 1, 0, 0], [1, 3, 0, 0], [1, 0, 2, 0], [1, 0, 0, 0]]);
        near(matrix.accuracy(), 0.6);
        near(matrix.kappa(), 0.428_571_428_571_428_6);
        let classes = matrix.classes();
        assert_eq!(classes.iter().map(|c| c.support).collect::<Vec<_>>(), [2, 4, 3, 1]);
        near(classes[0].precision, 0.25);
        near(classes[2].recall, 0.666_666_67);
        near(classes[2].f1, 0.8);
        near(classes[3].f1, 0.0);
    }

    #[test]
    fn a_class_that_neither_occurs_nor_is_predicted_does_not_count() {
        let matrix = ConfusionMatrix::from_pairs(3, [(0, 0), (1, 1)]);
        near(matrix.macro_f1(), 1.0);
        near(matrix.balanced_accuracy(), 1.0);
    }
}
