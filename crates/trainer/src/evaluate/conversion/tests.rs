//! Figures of made forecasts.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;

/// Options that a few conversations are enough for.
fn options() -> JudgeOptions {
    JudgeOptions { resamples: 200, fewest_of_outcome: 2, ..JudgeOptions::new(0.5) }
}

/// A conversation of ten lines, forecast after 2, 4, 6 and 8.
fn forecast(id: usize, won: bool, whole: f64, running: [f64; 4]) -> Forecast {
    let after = |(i, p): (usize, f64)| (2 * (i + 1), p, Some(((p - 0.1).max(0.0), (p + 0.1).min(1.0))));
    Forecast {
        id: format!("c{id}"),
        set: "made".into(),
        won,
        lines: 10,
        whole: Some(whole),
        whole_without_outcome: Some(f64::midpoint(whole, 0.5)),
        by_turns: running.into_iter().enumerate().map(after).collect(),
        baselines: BTreeMap::from([("length".to_owned(), 0.5), ("words".to_owned(), id as f64)]),
    }
}

/// Six conversations: the order of the probabilities is .9 won, .8 won, .6 lost, .4 won, .3 lost, .2 lost.
fn made() -> Vec<Forecast> {
    vec![
        // Never an alarm.
        forecast(0, true, 0.9, [0.6, 0.7, 0.8, 0.9]),
        // A false alarm, withdrawn.
        forecast(1, true, 0.8, [0.6, 0.4, 0.7, 0.8]),
        // A false alarm that stays.
        forecast(2, true, 0.4, [0.6, 0.4, 0.4, 0.4]),
        // No alarm though lost.
        forecast(3, false, 0.6, [0.6, 0.6, 0.7, 0.6]),
        // An alarm after two turns, withdrawn though right.
        forecast(4, false, 0.3, [0.4, 0.6, 0.6, 0.6]),
        // An alarm after six turns.
        forecast(5, false, 0.2, [0.6, 0.5, 0.3, 0.2]),
    ]
}

#[track_caller]
fn near(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-9, "{actual} is not {expected}");
}

#[test]
fn figures_of_the_whole_agree_with_paper_and_pencil() {
    let figures = figures(&made(), &options()).unwrap();
    let whole = figures.whole.as_ref().unwrap();
    let s = &whole.scores;
    // Of nine pairs the lost .6 stands before the won .4 alone.
    near(s.auc.value, 8.0 / 9.0);
    // Won at places 1, 2 and 4.
    near(s.average_precision.value, (1.0 + 1.0 + 0.75) / 3.0);
    // Two of three called won are won, two of three won are found, and the same of lost.
    near(s.precision.value, 2.0 / 3.0);
    near(s.recall.value, 2.0 / 3.0);
    near(s.f1.value, 2.0 / 3.0);
    near(s.macro_f1.value, 2.0 / 3.0);
    near(s.accuracy.value, 4.0 / 6.0);
    near(s.accuracy_over_majority.value, 4.0 / 6.0 - 0.5);
    let brier = (0.01 + 0.04 + 0.36 + 0.36 + 0.09 + 0.04) / 6.0;
    near(s.brier.value, brier);
    near(s.brier_skill.value, 1.0 - brier / 0.25);
    near(s.log_loss.value, -[0.9f64, 0.8, 0.4, 0.4, 0.7, 0.8].map(f64::ln).iter().sum::<f64>() / 6.0);
    // Every conversation has a bin of its own.
    near(s.calibration_error.value, (0.1 + 0.2 + 0.6 + 0.6 + 0.3 + 0.2) / 6.0);
    // One in ten of six, rounded up, is one: the first, and it is won.
    near(s.precision_at_10_percent.value, 1.0);
    assert!(s.precision_at_10.is_none() && s.precision_at_50.is_none());
    assert!(s.auc.low < s.auc.value && s.auc.value <= s.auc.high);
    // Halfway to a half the order stays, so nothing comes from the turns that state the outcome.
    near(figures.auc_from_stated_outcome.unwrap().value, 0.0);
}

#[test]
fn simple_models_are_compared_by_what_they_say() {
    let figures = figures(&made(), &options()).unwrap();
    let whole = figures.whole.unwrap();
    near(whole.baselines["length"].auc.value, 0.5);
    near(whole.baselines["length"].brier.unwrap().value, 0.25);
    // Identifiers are no probabilities, so that only their order counts: won are 0, 1, 2, lost are 3, 4, 5.
    near(whole.baselines["words"].auc.value, 0.0);
    assert!(whole.baselines["words"].brier.is_none());
    near(whole.differences["length"].auc.value, 8.0 / 9.0 - 0.5);
    near(whole.differences["words"].auc.value, 8.0 / 9.0);
}

#[test]
fn alarms_agree_with_paper_and_pencil() {
    let alarms = figures(&made(), &options()).unwrap().alarms.unwrap();
    assert_eq!((alarms.n, alarms.lost, alarms.false_alarms, alarms.without_forecast), (6, 3, 2, 0));
    near(alarms.true_positive_rate.value, 2.0 / 3.0);
    near(alarms.false_positive_rate.value, 2.0 / 3.0);
    near(alarms.precision.value, 0.5);
    near(alarms.f1.value, 2.0 * 0.5 * (2.0 / 3.0) / (0.5 + 2.0 / 3.0));
    near(alarms.accuracy.value, 0.5);
    // First alarms after 2 and 6 of ten turns.
    near(alarms.mean_horizon.unwrap().value, 6.0);
    near(alarms.median_horizon.unwrap(), 6.0);
    assert_eq!(alarms.horizons, BTreeMap::from([(8, 1), (4, 1)]));
    near(alarms.false_alarms_withdrawn.unwrap().value, 0.5);
    near(alarms.correct_adjustments.value, 1.0 / 6.0);
    near(alarms.incorrect_adjustments.value, 1.0 / 6.0);
    near(alarms.recovery.value, 0.0);
    // A lower threshold on the loss can only raise more alarms.
    assert!(
        alarms.trades.is_sorted_by(|a, b| a.true_positive_rate >= b.true_positive_rate
            && a.false_positive_rate >= b.false_positive_rate)
    );
}

#[test]
fn only_running_conversations_are_judged_by_turns() {
    let mut forecasts = made();
    // Two conversations end after seven lines.
    for forecast in &mut forecasts[4..] {
        forecast.lines = 7;
        forecast.by_turns.truncate(3);
    }
    let figures = figures(&forecasts, &options()).unwrap();
    assert_eq!(figures.by_turns.keys().copied().collect::<Vec<_>>(), [2, 4, 6]);
    let after = &figures.by_turns[&6];
    assert_eq!((after.n, after.won), (6, 3));
    // Won: .8 .7 .4; lost: .7 .6 .3. Of nine pairs 6 are right and one is equal.
    near(after.auc.value, 6.5 / 9.0);
    near(after.base_rate_brier, 0.25);
    assert!(after.coverage.is_some());
    assert!(figures.notes.is_empty(), "{:?}", figures.notes);
}

#[test]
fn what_is_missing_is_left_out_and_said() {
    let mut forecasts = made();
    for forecast in &mut forecasts {
        forecast.by_turns.clear();
        forecast.whole_without_outcome = None;
    }
    forecasts[0].whole = None;
    let figures = figures(&forecasts, &options()).unwrap();
    assert!(figures.alarms.is_none() && figures.by_turns.is_empty());
    assert!(figures.whole_without_outcome.is_none() && figures.auc_from_stated_outcome.is_none());
    let notes = figures.notes.join("\n");
    for part in ["5 of 6 conversations have a forecast", "without the turns", "by turns:", "alarms:"] {
        assert!(notes.contains(part), "{part} is not in {notes}");
    }
    assert!(!serde_json::to_string(&figures).unwrap().contains("null"));
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let refused = |forecasts: &[Forecast]| figures(forecasts, &options()).unwrap_err().to_string();
    assert!(refused(&[]).contains("no conversation"));
    assert!(refused(&made()[..3]).contains("all 3 conversations are won"));
    let with = |change: fn(&mut Forecast)| {
        let mut forecasts = made();
        change(&mut forecasts[5]);
        refused(&forecasts)
    };
    assert!(with(|f| f.whole = Some(f64::NAN)).contains("c5: NaN is not a probability"));
    assert!(with(|f| f.by_turns[3].0 = 10).contains("not made while it was running"));
    assert!(with(|f| f.by_turns.swap(0, 1)).contains("ascending"));
    assert!(with(|f| f.by_turns[0].2 = Some((0.9, 0.1))).contains("not an interval"));
    assert!(with(|f| f.id = "c0".into()).contains("c0 is there twice"));
    assert!(with(|f| assert!(f.baselines.remove("length").is_some())).contains("other baselines"));
    let few = JudgeOptions { resamples: 5, ..options() };
    assert!(figures(&made(), &few).unwrap_err().to_string().contains("at least 100"));
    let wild = JudgeOptions { threshold: 1.5, ..options() };
    assert!(figures(&made(), &wild).is_err());
}

#[test]
fn every_set_is_judged_alone() {
    let mut forecasts = made();
    for forecast in made() {
        forecasts.push(Forecast { id: format!("other-{}", forecast.id), set: "other".into(), ..forecast });
    }
    // A third set has one outcome only.
    forecasts.push(Forecast { id: "lone".into(), set: "lone".into(), ..forecasts[0].clone() });
    let figures = figures(&forecasts, &options()).unwrap();
    assert_eq!(figures.sets.keys().collect::<Vec<_>>(), ["made", "other"]);
    near(figures.sets["made"].whole.as_ref().unwrap().scores.auc.value, 8.0 / 9.0);
    assert!(figures.notes.iter().any(|n| n.starts_with("lone alone: all 1 conversations are won")));
}

#[test]
fn the_report_names_every_figure_in_text_and_on_the_page() {
    let forecasts = made();
    let figures = figures(&forecasts, &options()).unwrap();
    let text = describe(&figures);
    for part in ["6 conversations, 3 won", "average precision", "recovery", "still running", "model - length"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let pictures = pictures(&forecasts, &figures).unwrap();
    let names: Vec<&str> = pictures.iter().map(|p| p.name.as_str()).collect();
    let all =
        ["roc", "precision-recall", "reliability", "reliability-without-outcome", "auc-by-turns", "horizon"];
    assert_eq!(names, all);
    let page = html("Six made conversations.", &figures, &pictures);
    assert_eq!(page.matches("<svg role=\"img\"").count(), pictures.len());
    assert!(!page.contains("NaN"));
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let again = |seed| figures(&made(), &JudgeOptions { seed, ..options() }).unwrap();
    assert_eq!(again(3), again(3));
    assert_ne!(again(3), again(4));
}
