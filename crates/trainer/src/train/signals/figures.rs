//! What each head is worth on cases kept back, beside a rule and hashed words alone, and which of them ships.

use rapport_engine::Signal;
use serde::Serialize;

use super::SignalOptions;
use super::block::{Block, FittedBlock};
use super::calibrate::Calibration;
use crate::metrics::{Bootstrap, Interval, WeightedRanking, calibration_error, precision_recall_f1};

/// Positive cases below which no head is shipped: its figures would be chance.
const FEWEST: usize = 15;
/// Bins of the calibration error.
const BINS: usize = 10;

/// What answers a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Choice {
    /// The head.
    Model,
    /// The written rule.
    Rule,
    /// Neither is good enough.
    None,
}

/// A rule on the same cases.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RuleFigures {
    /// Share of the matches that are right.
    pub precision: f64,
    /// Share of the positive cases that match.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: Interval,
    /// Average precision by the confidence of the rule.
    pub average_precision: f64,
    /// Share of positive cases among those where it does not match.
    pub otherwise: f64,
    /// F1 of the head less that of the rule.
    pub head_gains_f1: Interval,
    /// Average precision of the head less that of the rule.
    pub head_gains_average_precision: Interval,
}

/// A head on cases kept back. Its logits are of heads that never saw the case's fold, and scale, offset and threshold
/// were fitted on the other folds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HeadFigures {
    /// The signal.
    pub signal: Signal,
    /// What answers it in the bundle.
    pub ships: Choice,
    /// Cases.
    pub cases: usize,
    /// Cases that show it.
    pub positives: usize,
    /// Share of them: the average precision of a guess. Saying "no" to every case has F1 0.
    pub base_rate: f64,
    /// Average precision.
    pub average_precision: Interval,
    /// Area under the ROC curve.
    pub auc: Interval,
    /// F1 at the threshold.
    pub f1: Interval,
    /// Share of the named cases that are right.
    pub precision: f64,
    /// Share of the positive cases that are named.
    pub recall: f64,
    /// Expected calibration error of the probability, ten bins.
    pub calibration_error: f64,
    /// Average precision of a head over hashed words alone; absent where none was fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words_alone: Option<f64>,
    /// Average precision of the head less that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain_over_words: Option<Interval>,
    /// The written rule, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleFigures>,
    /// Threshold of what ships.
    pub threshold: f64,
}

/// Figures of every head of a block.
pub(crate) fn judge(block: &Block, fitted: &FittedBlock, options: &SignalOptions) -> Vec<HeadFigures> {
    use rayon::prelude::*;
    let groups: Vec<usize> = block.cases.iter().map(|c| c.group).collect();
    let draws = weights(&groups, options);
    (0..block.signals.len())
        .into_par_iter()
        .map(|head| {
            let logits: Vec<f64> = fitted.held.iter().map(|l| f64::from(l[head])).collect();
            let words: Vec<f64> = fitted.held_words.iter().map(|l| f64::from(l[head])).collect();
            let rules: Option<Vec<f64>> = block
                .cases
                .iter()
                .map(|c| c.rules.get(head).map(|r| f64::from(*r)))
                .collect::<Option<Vec<_>>>()
                .filter(|rules| rules.iter().any(|r| *r > 0.0));
            let folds: Vec<usize> = block.cases.iter().map(|c| c.fold).collect();
            let (p, named) = cross_calibrated(&logits, &block.truth(head), &folds, options.folds);
            let scored = Scores { truth: block.truth(head), p, named, words: Some(words), rules };
            scored.figures(block.signals[head], fitted.calibrations[head].threshold, &draws)
        })
        .collect()
}

/// How often each case counts in each resample of whole groups.
pub(crate) fn weights(groups: &[usize], options: &SignalOptions) -> Vec<Vec<f64>> {
    Bootstrap::new(groups, options.resamples, options.seed)
        .draws()
        .iter()
        .map(|draw| {
            let mut weights = vec![0.0; groups.len()];
            draw.iter().for_each(|&i| weights[i as usize] += 1.0);
            weights
        })
        .collect()
}

/// Probabilities, and whether each is above the threshold, with the calibration of a fold fitted on the others.
fn cross_calibrated(
    logits: &[f64],
    truth: &[bool],
    fold_of: &[usize],
    folds: usize,
) -> (Vec<f64>, Vec<bool>) {
    let (mut p, mut named) = (vec![0.0; logits.len()], vec![false; logits.len()]);
    for fold in 0..folds {
        let (own, others): (Vec<usize>, Vec<usize>) = (0..logits.len()).partition(|&i| fold_of[i] == fold);
        let calibration = Calibration::fit(
            &others.iter().map(|&i| logits[i]).collect::<Vec<_>>(),
            &others.iter().map(|&i| truth[i]).collect::<Vec<_>>(),
        );
        for i in own {
            p[i] = calibration.probability(logits[i]);
            named[i] = p[i] >= calibration.threshold;
        }
    }
    (p, named)
}

/// Everything that is known of one head's cases.
pub(crate) struct Scores {
    /// Whether each case shows the signal.
    pub truth: Vec<bool>,
    /// The probability that the head gives.
    pub p: Vec<f64>,
    /// Whether the head names it.
    pub named: Vec<bool>,
    /// Scores of hashed words alone.
    pub words: Option<Vec<f64>>,
    /// Confidence of the rule.
    pub rules: Option<Vec<f64>>,
}

impl Scores {
    /// The figures, with the choice of what ships.
    pub(crate) fn figures(self, signal: Signal, threshold: f64, draws: &[Vec<f64>]) -> HeadFigures {
        let Self { truth, p, named, words, rules } = self;
        let ones = vec![1.0; truth.len()];
        let interval = |figure: &dyn Fn(&[f64]) -> f64| {
            Interval::from_resamples(figure(&ones), draws.iter().map(|w| figure(w)).collect())
        };
        let ranking = WeightedRanking::new(&truth, &p);
        let by_words = words.map(|words| WeightedRanking::new(&truth, &words));
        let f1 = |named: &[bool], w: &[f64]| precision_recall_f1(&truth, named, w).2;
        let (precision, recall, _) = precision_recall_f1(&truth, &named, &ones);
        let positives = truth.iter().filter(|t| **t).count();
        let rule = rules.map(|confidence| {
            let found: Vec<bool> = confidence.iter().map(|c| *c > 0.0).collect();
            let by_rule = WeightedRanking::new(&truth, &confidence);
            let (precision, recall, _) = precision_recall_f1(&truth, &found, &ones);
            let missed = (0..truth.len()).filter(|&i| truth[i] && !found[i]).count();
            let not_found = found.iter().filter(|f| !**f).count();
            RuleFigures {
                precision,
                recall,
                f1: interval(&|w| f1(&found, w)),
                average_precision: by_rule.average_precision(&ones),
                otherwise: missed as f64 / not_found.max(1) as f64,
                head_gains_f1: interval(&|w| f1(&named, w) - f1(&found, w)),
                head_gains_average_precision: interval(&|w| {
                    ranking.average_precision(w) - by_rule.average_precision(w)
                }),
            }
        });
        let mut figures = HeadFigures {
            signal,
            ships: Choice::None,
            cases: truth.len(),
            positives,
            base_rate: positives as f64 / truth.len().max(1) as f64,
            average_precision: interval(&|w| ranking.average_precision(w)),
            auc: interval(&|w| ranking.roc_auc(w)),
            f1: interval(&|w| f1(&named, w)),
            precision,
            recall,
            calibration_error: calibration_error(truth.iter().copied().zip(p.iter().copied()), BINS),
            words_alone: by_words.as_ref().map(|r| r.average_precision(&ones)),
            gain_over_words: by_words
                .map(|r| interval(&|w| ranking.average_precision(w) - r.average_precision(w))),
            rule,
            threshold,
        };
        figures.ships = figures.choice();
        figures
    }
}

impl HeadFigures {
    /// The head where it ranks better than the rule and names no worse; else the rule where three of ten of its matches
    /// are right; else neither, nor where there are too few positive cases.
    fn choice(&self) -> Choice {
        let better_than_chance = self.auc.low > 0.5 && self.average_precision.low > self.base_rate;
        let head = self.positives >= FEWEST && better_than_chance;
        match &self.rule {
            None if head => Choice::Model,
            None => Choice::None,
            Some(rule) => {
                let ranks_better = self.average_precision.value > rule.average_precision;
                if head && ranks_better && self.f1.value >= rule.f1.value {
                    Choice::Model
                } else if rule.precision >= 0.3 {
                    Choice::Rule
                } else if head && ranks_better {
                    Choice::Model
                } else {
                    Choice::None
                }
            }
        }
    }
}
