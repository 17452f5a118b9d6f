//! Figures of forecasts on whole conversations, beside simple models.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Forecast, JudgeOptions};
use crate::metrics::{
    Bootstrap, CalibrationBin, Interval, Ranking, brier_skill, calibration_bins, squared_error, surprise,
};

/// Bins of the calibration error.
pub(super) const BINS: usize = 10;
/// Number of figures in [`Scores`].
const FIGURES: usize = 15;

/// How good probabilities of won are; each figure with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Area under the ROC curve: the chance that a won conversation has a higher probability than a lost one.
    pub auc: Interval,
    /// Average precision of won; the share of won is chance.
    pub average_precision: Interval,
    /// Share of won among the ten highest probabilities; absent with fewer conversations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_at_10: Option<Interval>,
    /// Share of won among the fifty highest; absent with fewer conversations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_at_50: Option<Interval>,
    /// Share of won among the highest tenth.
    pub precision_at_10_percent: Interval,
    /// Share of conversations on the right side of the threshold.
    pub accuracy: Interval,
    /// Accuracy less that of always saying the more frequent outcome.
    pub accuracy_over_majority: Interval,
    /// Harmonic mean of precision and recall of won, at the threshold.
    pub f1: Interval,
    /// Share of won among those called won; 0 when none is.
    pub precision: Interval,
    /// Share of the won conversations that are called won.
    pub recall: Interval,
    /// Mean of the F1 of won and the F1 of lost.
    pub macro_f1: Interval,
    /// Mean squared distance of the probability from the outcome (0 or 1); lower is better.
    pub brier: Interval,
    /// One less the Brier score over that of always saying the share of won; 0 is no better than the share.
    pub brier_skill: Interval,
    /// Mean negative natural logarithm of the outcome's probability; lower is better.
    pub log_loss: Interval,
    /// Mean distance of the probability from the share of won, over ten bins; lower is better. Resampling only adds to
    /// it, so its interval lies high.
    pub calibration_error: Interval,
}

/// What a simple model reaches, or how much more the model does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RivalFigures {
    /// Area under the ROC curve.
    pub auc: Interval,
    /// Average precision of won.
    pub average_precision: Interval,
    /// Brier score; absent where the scores are no probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier: Option<Interval>,
    /// Log loss; absent where the scores are no probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<Interval>,
}

/// Forecasts of whole conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WholeFigures {
    /// Conversations with such a forecast.
    pub n: usize,
    /// Won conversations among them.
    pub won: usize,
    /// Share of the more frequent outcome: the accuracy of always saying it.
    pub majority: f64,
    /// The model's figures.
    #[serde(flatten)]
    pub scores: Scores,
    /// Figures of the simple models, on the same conversations.
    pub baselines: BTreeMap<String, RivalFigures>,
    /// The model's less each simple model's, paired.
    pub differences: BTreeMap<String, RivalFigures>,
    /// Probabilities against the share of won.
    pub reliability: Vec<CalibrationBin>,
}

/// One conversation: won or not, and the probability of it.
pub(super) type Case = (bool, f64);

/// Every figure of the same conversations and draws.
pub(super) struct Judged {
    value: [f64; FIGURES],
    resamples: Vec<[f64; FIGURES]>,
}

impl Judged {
    pub(super) fn of(cases: &[Case], threshold: f64, bootstrap: &Bootstrap) -> Self {
        let ranking = ranking(cases);
        let all: Vec<u32> = (0..cases.len() as u32).collect();
        let of = |draw: &[u32]| measure(cases, &ranking, threshold, draw);
        Self { value: of(&all), resamples: bootstrap.draws().par_iter().map(|draw| of(draw)).collect() }
    }

    fn interval(&self, figure: usize) -> Interval {
        Interval::from_resamples(self.value[figure], self.resamples.iter().map(|r| r[figure]).collect())
    }

    fn difference(&self, other: &Self, figure: usize) -> Interval {
        let pairs = self.resamples.iter().zip(&other.resamples);
        let value = self.value[figure] - other.value[figure];
        Interval::from_resamples(value, pairs.map(|(a, b)| a[figure] - b[figure]).collect())
    }

    pub(super) fn scores(&self) -> Scores {
        let of = |figure: usize| self.interval(figure);
        // With too few conversations there is no such place in the order.
        let some = |figure: usize| self.value[figure].is_finite().then(|| self.interval(figure));
        Scores {
            auc: of(0),
            average_precision: of(1),
            precision_at_10: some(2),
            precision_at_50: some(3),
            precision_at_10_percent: of(4),
            accuracy: of(5),
            accuracy_over_majority: of(6),
            f1: of(7),
            precision: of(8),
            recall: of(9),
            macro_f1: of(10),
            brier: of(11),
            brier_skill: of(12),
            log_loss: of(13),
            calibration_error: of(14),
        }
    }

    fn rival(&self, probabilities: bool) -> RivalFigures {
        rival(|figure| self.interval(figure), probabilities)
    }

    fn less(&self, other: &Self, probabilities: bool) -> RivalFigures {
        rival(|figure| self.difference(other, figure), probabilities)
    }

    /// How much larger the area under the ROC curve is.
    pub(super) fn auc_over(&self, other: &Self) -> Interval {
        self.difference(other, 0)
    }
}

fn rival(of: impl Fn(usize) -> Interval, probabilities: bool) -> RivalFigures {
    RivalFigures {
        auc: of(0),
        average_precision: of(1),
        brier: probabilities.then(|| of(11)),
        log_loss: probabilities.then(|| of(13)),
    }
}

fn ranking(cases: &[Case]) -> Ranking {
    let (won, scores): (Vec<bool>, Vec<f64>) = cases.iter().copied().unzip();
    Ranking::new(&won, &scores)
}

/// Every figure in one pass, in the order of [`Scores`].
fn measure(cases: &[Case], ranking: &Ranking, threshold: f64, draw: &[u32]) -> [f64; FIGURES] {
    let n = draw.len() as f64;
    let (mut brier, mut loss, mut gaps) = (0.0, 0.0, [0.0f64; BINS]);
    // Lost and won, each called lost and won.
    let mut counts = [[0.0f64; 2]; 2];
    for &index in draw {
        let (won, p) = cases[index as usize];
        brier += squared_error(won, p) / n;
        loss += surprise(won, p) / n;
        let bin = ((p * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        gaps[bin] += p - f64::from(u8::from(won));
        counts[usize::from(won)][usize::from(p >= threshold)] += 1.0;
    }
    let [[true_lost, false_won], [false_lost, true_won]] = counts;
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let f1 = |right: f64, wrong: f64| share(2.0 * right, 2.0 * right + wrong);
    let wrong = false_won + false_lost;
    let base_rate = (false_lost + true_won) / n;
    let accuracy = (true_lost + true_won) / n;
    let (auc, average_precision) = ranking.figures(draw);
    [
        auc,
        average_precision,
        ranking.precision_at(draw, 10),
        ranking.precision_at(draw, 50),
        ranking.precision_at(draw, draw.len().div_ceil(10)),
        accuracy,
        accuracy - base_rate.max(1.0 - base_rate),
        f1(true_won, wrong),
        share(true_won, true_won + false_won),
        share(true_won, true_won + false_lost),
        f64::midpoint(f1(true_won, wrong), f1(true_lost, wrong)),
        brier,
        brier_skill(brier, base_rate),
        loss,
        gaps.iter().map(|gap| gap.abs()).sum::<f64>() / n,
    ]
}

/// Figures of one kind of forecast (`probability` says which) beside the simple models; `None` when no
/// conversation has one, or all that have are of one outcome.
pub(super) fn whole(
    forecasts: &[Forecast],
    probability: impl Fn(&Forecast) -> Option<f64>,
    options: &JudgeOptions,
) -> Option<WholeFigures> {
    let judged: Vec<(&Forecast, f64)> =
        forecasts.iter().filter_map(|f| probability(f).map(|p| (f, p))).collect();
    let cases: Vec<Case> = judged.iter().map(|(f, p)| (f.won, *p)).collect();
    let won = cases.iter().filter(|(won, _)| *won).count();
    if won == 0 || won == cases.len() {
        return None;
    }
    let bootstrap = conversations(cases.len(), options);
    let model = Judged::of(&cases, options.threshold, &bootstrap);
    let (mut baselines, mut differences) = (BTreeMap::new(), BTreeMap::new());
    for name in judged.first().into_iter().flat_map(|(f, _)| f.baselines.keys()) {
        let scores: Vec<Case> =
            judged.iter().filter_map(|(f, _)| Some((f.won, *f.baselines.get(name)?))).collect();
        let probabilities = scores.iter().all(|(_, score)| (0.0..=1.0).contains(score));
        let of = Judged::of(&scores, options.threshold, &bootstrap);
        baselines.insert(name.clone(), of.rival(probabilities));
        differences.insert(name.clone(), model.less(&of, probabilities));
    }
    Some(WholeFigures {
        n: cases.len(),
        won,
        majority: won.max(cases.len() - won) as f64 / cases.len() as f64,
        scores: model.scores(),
        baselines,
        differences,
        reliability: calibration_bins(cases, BINS),
    })
}

/// How much larger the area is with the turns that state the outcome, on conversations that have both forecasts.
pub(super) fn leak(forecasts: &[Forecast], options: &JudgeOptions) -> Option<Interval> {
    let both: Vec<(bool, f64, f64)> =
        forecasts.iter().filter_map(|f| Some((f.won, f.whole?, f.whole_without_outcome?))).collect();
    if both.iter().all(|b| b.0) || !both.iter().any(|b| b.0) {
        return None;
    }
    let bootstrap = conversations(both.len(), options);
    let of = |p: fn(&(bool, f64, f64)) -> f64| {
        let cases: Vec<Case> = both.iter().map(|b| (b.0, p(b))).collect();
        Judged::of(&cases, options.threshold, &bootstrap)
    };
    Some(of(|b| b.1).auc_over(&of(|b| b.2)))
}

/// Draws of single conversations.
pub(super) fn conversations(count: usize, options: &JudgeOptions) -> Bootstrap {
    let groups: Vec<usize> = (0..count).collect();
    Bootstrap::new(&groups, options.resamples, options.seed)
}
