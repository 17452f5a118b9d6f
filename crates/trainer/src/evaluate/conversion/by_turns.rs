//! Figures after a fixed number of turns, among conversations that were still running.
//!
//! Prefixes by share of the final length would leak the length, which nobody knows while a conversation runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::whole::{Judged, conversations};
use super::{Forecast, JudgeOptions};
use crate::metrics::{Interval, wilson};

/// Numbers of turns that are judged, as far as enough conversations go.
pub(super) const TURNS: [usize; 14] = [2, 4, 6, 8, 10, 12, 16, 20, 24, 28, 40, 64, 96, 128];
/// Groups of alike probability at most, and conversations in each at least.
const GROUPS: usize = 10;
const GROUP_SIZE: usize = 20;

/// Forecasts after one number of turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TurnsFigures {
    /// Conversations that were still running.
    pub n: usize,
    /// Won conversations among them.
    pub won: usize,
    /// Their share.
    pub base_rate: f64,
    /// Area under the ROC curve.
    pub auc: Interval,
    /// Brier score.
    pub brier: Interval,
    /// Brier score of always saying the share of won.
    pub base_rate_brier: f64,
    /// One less the ratio of the two.
    pub brier_skill: Interval,
    /// Calibration error over ten bins.
    pub calibration_error: Interval,
    /// What the stated intervals are worth; absent when a forecast states none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
}

/// Whether stated intervals hold the share of won.
///
/// A single outcome is 0 or 1 and lies in no interval of a probability, so conversations are sorted by probability
/// and cut into groups of the same size (at most ten, 20 conversations at least). A group is covered when its share
/// of won lies between the mean lower and the mean upper end of its members' intervals. The share itself is
/// only known to within its own noise: `compatible` counts groups whose 95 % Wilson interval of the share meets the
/// mean stated interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Groups of alike probability.
    pub groups: usize,
    /// Share of the groups that are covered.
    pub covered: f64,
    /// Share of the groups that are covered or miss by no more than the noise of their share.
    pub compatible: f64,
    /// Mean width of the stated intervals.
    pub mean_width: f64,
}

/// A forecast at one number of turns: won, probability, interval.
type Moment = (bool, f64, Option<(f64, f64)>);

/// Figures by number of turns, as far as enough conversations of both outcomes were still running.
pub(super) fn by_turns(forecasts: &[Forecast], options: &JudgeOptions) -> BTreeMap<usize, TurnsFigures> {
    let mut figures = BTreeMap::new();
    for turns in TURNS {
        let moments: Vec<Moment> = forecasts
            .iter()
            .filter_map(|f| f.by_turns.iter().find(|(n, ..)| *n == turns).map(|(_, p, i)| (f.won, *p, *i)))
            .collect();
        let won = moments.iter().filter(|m| m.0).count();
        if won.min(moments.len() - won) >= options.fewest_of_outcome.max(1) {
            figures.insert(turns, after(&moments, won, options));
        }
    }
    figures
}

fn after(moments: &[Moment], won: usize, options: &JudgeOptions) -> TurnsFigures {
    let cases: Vec<(bool, f64)> = moments.iter().map(|(won, p, _)| (*won, *p)).collect();
    let scores = Judged::of(&cases, options.threshold, &conversations(cases.len(), options)).scores();
    let base_rate = won as f64 / moments.len() as f64;
    TurnsFigures {
        n: moments.len(),
        won,
        base_rate,
        auc: scores.auc,
        brier: scores.brier,
        base_rate_brier: base_rate * (1.0 - base_rate),
        brier_skill: scores.brier_skill,
        calibration_error: scores.calibration_error,
        coverage: coverage(moments),
    }
}

fn coverage(moments: &[Moment]) -> Option<Coverage> {
    let mut stated: Vec<(bool, f64, (f64, f64))> =
        moments.iter().map(|(won, p, interval)| interval.map(|i| (*won, *p, i))).collect::<Option<_>>()?;
    stated.sort_by(|a, b| a.1.total_cmp(&b.1));
    let groups = (stated.len() / GROUP_SIZE).clamp(1, GROUPS);
    let (mut covered, mut compatible) = (0.0, 0.0);
    for group in 0..groups {
        let members = &stated[group * stated.len() / groups..(group + 1) * stated.len() / groups];
        let count = members.len() as f64;
        let won = members.iter().filter(|m| m.0).count();
        let low = members.iter().map(|m| m.2.0).sum::<f64>() / count;
        let high = members.iter().map(|m| m.2.1).sum::<f64>() / count;
        let share = won as f64 / count;
        let (lowest, highest) = wilson(won, members.len());
        covered += f64::from(u8::from((low..=high).contains(&share)));
        compatible += f64::from(u8::from(lowest <= high && low <= highest));
    }
    Some(Coverage {
        groups,
        covered: covered / groups as f64,
        compatible: compatible / groups as f64,
        mean_width: stated.iter().map(|m| m.2.1 - m.2.0).sum::<f64>() / stated.len() as f64,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 200 conversations in two groups of probability; `won` of each ten are won.
    fn moments(won: [usize; 2], half_width: f64) -> Vec<Moment> {
        let one = |i: usize| {
            let (group, p) = if i < 100 { (0, 0.3) } else { (1, 0.8) };
            // A tiny slope keeps the groups of one size apart in the order.
            let p = p + i as f64 * 1e-6;
            (i % 10 < won[group], p, Some((p - half_width, p + half_width)))
        };
        (0..200).map(one).collect()
    }

    #[test]
    fn intervals_that_hold_the_share_cover_it() {
        let right = coverage(&moments([3, 8], 0.05)).unwrap();
        assert_eq!((right.groups, right.covered, right.compatible), (10, 1.0, 1.0));
        assert!((right.mean_width - 0.1).abs() < 1e-9);
        // The lower half promises three in ten and nine are won.
        let wrong = coverage(&moments([9, 8], 0.05)).unwrap();
        assert_eq!((wrong.covered, wrong.compatible), (0.5, 0.5));
    }

    #[test]
    fn noise_is_told_from_a_wrong_interval() {
        // Half a point wide, a tenth off: no group of 20 is covered, none is shown to be wrong.
        let narrow = coverage(&moments([4, 7], 0.005)).unwrap();
        assert_eq!((narrow.covered, narrow.compatible), (0.0, 1.0));
        let mut without = moments([3, 8], 0.05);
        without[7].2 = None;
        assert!(coverage(&without).is_none());
    }
}
