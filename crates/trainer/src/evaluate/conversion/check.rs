//! What cannot be judged is refused with a reason.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::{Forecast, JudgeOptions};

/// Refuses options and forecasts that no figure can be made of.
pub(super) fn check(forecasts: &[Forecast], options: &JudgeOptions) -> Result<()> {
    ensure!(
        !forecasts.is_empty(),
        "there is no conversation to judge; conversations with a recorded outcome are needed"
    );
    for threshold in [options.threshold, options.alarm_below] {
        ensure!(
            (0.0..=1.0).contains(&threshold),
            "the threshold {threshold} is not a probability; it has to be from 0 to 1"
        );
    }
    ensure!(
        options.resamples >= JudgeOptions::FEWEST_RESAMPLES,
        "{} resamples are too few for an interval; give at least {}",
        options.resamples,
        JudgeOptions::FEWEST_RESAMPLES
    );
    let mut seen = BTreeSet::new();
    for forecast in forecasts {
        ensure!(
            seen.insert(&forecast.id),
            "conversation {} is there twice; the interval would promise too much",
            forecast.id
        );
        check_one(forecast, &forecasts[0])?;
    }
    let won = forecasts.iter().filter(|f| f.won).count();
    let only = |what: &str| {
        format!(
            "all {} conversations are {what}: there is nothing to tell apart; add others",
            forecasts.len()
        )
    };
    ensure!(won > 0, only("lost"));
    ensure!(won < forecasts.len(), only("won"));
    Ok(())
}

fn check_one(forecast: &Forecast, first: &Forecast) -> Result<()> {
    let id = &forecast.id;
    let whole = [forecast.whole, forecast.whole_without_outcome].into_iter().flatten();
    let running = forecast.by_turns.iter().map(|(_, p, _)| *p);
    for p in whole.chain(running) {
        ensure!((0.0..=1.0).contains(&p), "conversation {id}: {p} is not a probability from 0 to 1");
    }
    for (turns, p, interval) in &forecast.by_turns {
        ensure!(
            (1..forecast.lines).contains(turns),
            "conversation {id}: a forecast after {turns} of its {} lines was not made while it was running",
            forecast.lines
        );
        if let Some((low, high)) = interval {
            ensure!(
                low <= high && (0.0..=1.0).contains(low) && (0.0..=1.0).contains(high),
                "conversation {id}: [{low}, {high}] around {p} after {turns} lines is not an interval from 0 to 1"
            );
        }
    }
    ensure!(
        forecast.by_turns.is_sorted_by(|a, b| a.0 < b.0),
        "conversation {id}: the forecasts by turns are not in ascending order, each number once"
    );
    ensure!(
        forecast.baselines.keys().eq(first.baselines.keys()),
        "conversation {id} has other baselines than conversation {}",
        first.id
    );
    for (name, score) in &forecast.baselines {
        ensure!(
            score.is_finite(),
            "conversation {id}: the score {score} of the baseline {name} is not a number"
        );
    }
    Ok(())
}
