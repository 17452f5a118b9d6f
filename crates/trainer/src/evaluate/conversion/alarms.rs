//! Forecasts as alarms: does the model warn of a loss, how early, and does it take a wrong warning back?
//!
//! The measures of conversational forecasting (Chang and Danescu-Niculescu-Mizil, EMNLP 2019; recovery as `ConvoKit`'s
//! `Forecaster` defines it). The event that is forecast is the loss. A conversation raises an alarm when, after any
//! number of turns that there is a forecast of, the probability of won is below the threshold (that of a loss above one
//! less the threshold); it counts as forecast to be lost from then on, whatever is said later.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::whole::conversations;
use super::{Forecast, JudgeOptions};
use crate::metrics::Interval;

/// Number of figures with intervals.
const FIGURES: usize = 9;
/// Thresholds on the probability of a loss in the table of trades, in tenths.
const TENTHS: std::ops::RangeInclusive<usize> = 1..=9;

/// How alarms do at the model's threshold; each share with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmFigures {
    /// Conversations with a forecast while they were running.
    pub n: usize,
    /// Lost conversations among them.
    pub lost: usize,
    /// Conversations that were over before the first forecast; they are left out.
    pub without_forecast: usize,
    /// An alarm goes off above this probability of a loss.
    pub loss_threshold: f64,
    /// Share of the lost conversations with an alarm (recall).
    pub true_positive_rate: Interval,
    /// Share of the won conversations with an alarm.
    pub false_positive_rate: Interval,
    /// Share of the alarms that were right.
    pub precision: Interval,
    /// Harmonic mean of precision and the true positive rate.
    pub f1: Interval,
    /// Share of conversations with an alarm if lost and none if won.
    pub accuracy: Interval,
    /// Mean number of turns from the first alarm to the end, of lost conversations with an alarm; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_horizon: Option<Interval>,
    /// Median of the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_horizon: Option<f64>,
    /// How many lost conversations had their first alarm so many turns before the end.
    pub horizons: BTreeMap<usize, usize>,
    /// Alarms in won conversations.
    pub false_alarms: usize,
    /// Share of those that the last forecast before the end had withdrawn; absent without a false alarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub false_alarms_withdrawn: Option<Interval>,
    /// Share of all conversations that were won, had an alarm, and had it withdrawn by the last forecast.
    pub correct_adjustments: Interval,
    /// Share of all conversations that were lost, had an alarm, and had it withdrawn by the last forecast.
    pub incorrect_adjustments: Interval,
    /// Correct less incorrect adjustments: above 0, changing one's mind was worth it.
    pub recovery: Interval,
    /// What other thresholds would give.
    pub trades: Vec<AlarmTrade>,
}

/// What one threshold gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AlarmTrade {
    /// An alarm goes off above this probability of a loss.
    pub loss_threshold: f64,
    /// Share of the lost conversations with an alarm.
    pub true_positive_rate: f64,
    /// Share of the won conversations with an alarm.
    pub false_positive_rate: f64,
    /// Mean turns from the first alarm to the end; absent without an alarm in a lost conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_horizon: Option<f64>,
    /// Correct less incorrect adjustments, as a share of all conversations.
    pub recovery: f64,
}

/// What happened in one conversation.
#[derive(Debug, Clone, Copy)]
struct Course {
    lost: bool,
    /// Turns from the first alarm to the end.
    horizon: Option<usize>,
    /// An alarm, and the last forecast was without one.
    withdrawn: bool,
}

impl Course {
    /// `None` when nothing was forecast while the conversation ran.
    fn of(forecast: &Forecast, threshold: f64) -> Option<Self> {
        let (_, last, _) = forecast.by_turns.last()?;
        let first = forecast.by_turns.iter().find(|(_, p, _)| *p < threshold);
        let horizon = first.map(|(turns, ..)| forecast.lines - turns);
        Some(Self { lost: !forecast.won, horizon, withdrawn: horizon.is_some() && *last >= threshold })
    }
}

/// Figures of alarms; `None` when no conversation, or only ones of one outcome, had a forecast while running.
pub(super) fn alarms(forecasts: &[Forecast], options: &JudgeOptions) -> Option<AlarmFigures> {
    let courses: Vec<Course> = forecasts.iter().filter_map(|f| Course::of(f, options.alarm_below)).collect();
    let lost = courses.iter().filter(|c| c.lost).count();
    if lost == 0 || lost == courses.len() {
        return None;
    }
    let bootstrap = conversations(courses.len(), options);
    let all: Vec<u32> = (0..courses.len() as u32).collect();
    let value = measure(&courses, &all);
    let resamples: Vec<[f64; FIGURES]> =
        bootstrap.draws().par_iter().map(|draw| measure(&courses, draw)).collect();
    let of = |i: usize| Interval::from_resamples(value[i], resamples.iter().map(|r| r[i]).collect());
    let some = |i: usize| value[i].is_finite().then(|| of(i));
    let mut horizons = BTreeMap::new();
    for horizon in courses.iter().filter(|c| c.lost).filter_map(|c| c.horizon) {
        *horizons.entry(horizon).or_default() += 1;
    }
    Some(AlarmFigures {
        n: courses.len(),
        lost,
        without_forecast: forecasts.len() - courses.len(),
        loss_threshold: 1.0 - options.alarm_below,
        true_positive_rate: of(0),
        false_positive_rate: of(1),
        precision: of(2),
        f1: of(3),
        accuracy: of(4),
        mean_horizon: some(5),
        median_horizon: median(&horizons),
        horizons,
        false_alarms: courses.iter().filter(|c| !c.lost && c.horizon.is_some()).count(),
        false_alarms_withdrawn: some(6),
        correct_adjustments: of(7),
        incorrect_adjustments: of(8),
        recovery: Interval::from_resamples(
            value[7] - value[8],
            resamples.iter().map(|r| r[7] - r[8]).collect(),
        ),
        trades: TENTHS.map(|tenth| trade(forecasts, tenth as f64 / 10.0)).collect(),
    })
}

/// True and false positive rate, precision, F1, accuracy, mean horizon, withdrawn share of the false alarms, correct
/// and incorrect adjustments as shares of all.
fn measure(courses: &[Course], draw: &[u32]) -> [f64; FIGURES] {
    let (mut lost, mut right, mut wrong, mut horizon, mut correct, mut incorrect) =
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for &index in draw {
        let course = &courses[index as usize];
        let withdrawn = f64::from(u8::from(course.withdrawn));
        match (course.lost, course.horizon) {
            (true, Some(turns)) => {
                right += 1.0;
                horizon += turns as f64;
                incorrect += withdrawn;
            }
            (false, Some(_)) => {
                wrong += 1.0;
                correct += withdrawn;
            }
            (_, None) => {}
        }
        lost += f64::from(u8::from(course.lost));
    }
    let n = draw.len() as f64;
    let won = n - lost;
    // Without an alarm none is right.
    let precision = if right + wrong > 0.0 { right / (right + wrong) } else { 0.0 };
    let f1 = 2.0 * right / (right + wrong + lost).max(1.0);
    [
        right / lost,
        wrong / won,
        precision,
        f1,
        (right + won - wrong) / n,
        horizon / right,
        correct / wrong,
        correct / n,
        incorrect / n,
    ]
}

fn trade(forecasts: &[Forecast], loss_threshold: f64) -> AlarmTrade {
    let courses: Vec<Course> = forecasts.iter().filter_map(|f| Course::of(f, 1.0 - loss_threshold)).collect();
    let all: Vec<u32> = (0..courses.len() as u32).collect();
    let figures = measure(&courses, &all);
    AlarmTrade {
        loss_threshold,
        true_positive_rate: figures[0],
        false_positive_rate: figures[1],
        mean_horizon: Some(figures[5]).filter(|h| h.is_finite()),
        recovery: figures[7] - figures[8],
    }
}

/// Median of counted values.
fn median(counts: &BTreeMap<usize, usize>) -> Option<f64> {
    let values: Vec<usize> = counts.iter().flat_map(|(value, n)| std::iter::repeat_n(*value, *n)).collect();
    let middle = values.len().checked_sub(1)?;
    Some(f64::midpoint(values[middle / 2] as f64, values[middle.div_ceil(2)] as f64))
}
