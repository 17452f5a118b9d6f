//! The figures of one predictor, over everything and over each resample.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::metrics::{Bootstrap, Interval, Scored, log_loss, top_k_accuracy};

/// Bins of the calibration error.
pub(super) const BINS: usize = 10;
/// Number of figures.
const FIGURES: usize = 6;

/// How good predictions are, or how much better than others; each figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of moments whose most probable class is right.
    pub accuracy: Interval,
    /// Mean recall over the classes that occur.
    pub balanced_accuracy: Interval,
    /// Mean F1 over the classes that occur or are predicted.
    pub macro_f1: Interval,
    /// Share of moments with the right class among the two most probable.
    pub top2_accuracy: Interval,
    /// Mean negative natural logarithm of the right class's probability; lower is better.
    pub log_loss: Interval,
    /// Mean distance between the top probability and the share that is right, over ten bins; lower is better.
    /// Resampling only adds to it, so its interval lies high.
    pub calibration_error: Interval,
}

/// One predictor's figures, of the same moments and resamples as the others'.
pub(super) struct Figures {
    value: [f64; FIGURES],
    resamples: Vec<[f64; FIGURES]>,
}

impl Figures {
    pub(super) fn of(scored: &[Scored], bootstrap: &Bootstrap) -> Self {
        let moments: Vec<Judged> = scored.iter().map(Judged::of).collect();
        let all: Vec<u32> = (0..moments.len() as u32).collect();
        let classes = moments.iter().map(|m| m.truth.max(m.predicted) + 1).max().unwrap_or(0);
        let of = |indices: &[u32]| figures(&moments, indices, classes);
        Self { value: of(&all), resamples: bootstrap.draws().par_iter().map(|draw| of(draw)).collect() }
    }

    pub(super) fn metrics(&self) -> Metrics {
        Metrics::new(self.value, &self.resamples)
    }

    /// How much more each figure is than another predictor's, resample by resample.
    pub(super) fn minus(&self, other: &Self) -> Metrics {
        let less = |a: &[f64; FIGURES], b: &[f64; FIGURES]| std::array::from_fn(|i| a[i] - b[i]);
        let resamples: Vec<_> =
            self.resamples.iter().zip(&other.resamples).map(|(a, b)| less(a, b)).collect();
        Metrics::new(less(&self.value, &other.value), &resamples)
    }
}

impl Metrics {
    fn new(value: [f64; FIGURES], resamples: &[[f64; FIGURES]]) -> Self {
        let of = |i: usize| Interval::from_resamples(value[i], resamples.iter().map(|r| r[i]).collect());
        Self {
            accuracy: of(0),
            balanced_accuracy: of(1),
            macro_f1: of(2),
            top2_accuracy: of(3),
            log_loss: of(4),
            calibration_error: of(5),
        }
    }
}

/// What the figures need of one moment.
struct Judged {
    truth: usize,
    predicted: usize,
    confidence: f64,
    /// The bin of the confidence, which holds its upper edge.
    bin: usize,
    among_two: f64,
    loss: f64,
}

impl Judged {
    fn of(scored: &Scored) -> Self {
        let predicted = scored.predicted();
        let confidence = f64::from(scored.probabilities[predicted]);
        Self {
            truth: scored.truth,
            predicted,
            confidence,
            bin: ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1,
            among_two: top_k_accuracy([scored], 2),
            loss: log_loss([scored]),
        }
    }
}

/// Every figure in one pass, since there are a thousand resamples of several predictors; `classes` is above
/// every class.
fn figures(moments: &[Judged], indices: &[u32], classes: usize) -> [f64; FIGURES] {
    let mut bins = [(0.0, 0.0); BINS];
    let (mut among_two, mut loss) = (0.0, 0.0);
    // Of each class: how often it is right, true, and predicted.
    let mut counts = vec![[0.0f64; 3]; classes];
    for &index in indices {
        let m = &moments[index as usize];
        let right = f64::from(u8::from(m.predicted == m.truth));
        among_two += m.among_two;
        loss += m.loss;
        bins[m.bin].0 += m.confidence;
        bins[m.bin].1 += right;
        counts[m.truth][0] += right;
        counts[m.truth][1] += 1.0;
        counts[m.predicted][2] += 1.0;
    }
    let count = indices.len() as f64;
    let gap: f64 = bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum();
    let right: f64 = counts.iter().map(|c| c[0]).sum();
    let recalls = counts.iter().filter(|c| c[1] > 0.0).map(|c| c[0] / c[1]);
    let f1 = counts.iter().filter(|c| c[1] + c[2] > 0.0).map(|c| 2.0 * c[0] / (c[1] + c[2]));
    [right / count, mean(recalls), mean(f1), among_two / count, loss / count, gap / count]
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{accuracy, balanced_accuracy, expected_calibration_error, macro_f1};

    fn sample() -> Vec<Scored> {
        let rows: [(usize, [f32; 3]); 6] = [
            (0, [0.7, 0.2, 0.1]),
            (1, [0.5, 0.3, 0.2]),
            (1, [0.1, 0.8, 0.1]),
            (2, [0.3, 0.6, 0.1]),
            (2, [0.1, 0.3, 0.6]),
            (0, [0.4, 0.35, 0.25]),
        ];
        let scored = |(i, (truth, p)): (usize, (usize, [f32; 3]))| Scored {
            truth,
            probabilities: p.to_vec(),
            group: i / 2,
        };
        rows.into_iter().enumerate().map(scored).collect()
    }

    #[test]
    fn one_pass_gives_what_the_metrics_give() {
        let scored = sample();
        let of = Figures::of(&scored, &Bootstrap::over(&scored, 50, 1)).metrics();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} is not {b}");
        near(of.accuracy.value, accuracy(&scored));
        near(of.balanced_accuracy.value, balanced_accuracy(&scored));
        near(of.macro_f1.value, macro_f1(&scored));
        near(of.top2_accuracy.value, top_k_accuracy(&scored, 2));
        near(of.log_loss.value, log_loss(&scored));
        near(of.calibration_error.value, expected_calibration_error(&scored, BINS));
        // By hand: four of six are right, and the fourth's truth is its third choice.
        near(of.accuracy.value, 4.0 / 6.0);
        near(of.top2_accuracy.value, 5.0 / 6.0);
        assert!(of.accuracy.low <= of.accuracy.value && of.accuracy.value <= of.accuracy.high);
    }

    #[test]
    fn intervals_are_those_of_the_bootstrap() {
        let scored = sample();
        let bootstrap = Bootstrap::over(&scored, 200, 9);
        let of = Figures::of(&scored, &bootstrap).metrics();
        assert_eq!(of.accuracy, bootstrap.score(&scored, |s| accuracy(s.iter().copied())));
        assert_eq!(of.macro_f1, bootstrap.score(&scored, |s| macro_f1(s.iter().copied())));
    }

    #[test]
    fn a_difference_is_taken_resample_by_resample() {
        let scored = sample();
        let bootstrap = Bootstrap::over(&scored, 100, 2);
        let model = Figures::of(&scored, &bootstrap);
        let none = model.minus(&model);
        assert_eq!(none.log_loss, Interval { value: 0.0, low: 0.0, high: 0.0 });
        // A predictor that is always wrong where this one is right differs by at least its accuracy.
        let wrong: Vec<Scored> =
            scored.iter().map(|s| Scored { truth: (s.predicted() + 1) % 3, ..s.clone() }).collect();
        let wrong = Figures::of(&wrong, &bootstrap);
        assert!((model.minus(&wrong).accuracy.value - 4.0 / 6.0).abs() < 1e-9);
        assert_eq!(model.minus(&wrong).accuracy, model.metrics().accuracy);
    }
}
