//! The whole way from conversations to a report.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::fixture::{analysis, conversation, direction};
use super::*;

fn options(tasks: &[Task]) -> ReportOptions {
    ReportOptions {
        tasks: tasks.to_vec(),
        clusters: direction().names,
        baselines: BaselineSource::CrossFitted,
        resamples: 50,
        seed: 1,
    }
}

fn predictions() -> Vec<ConversationPredictions> {
    let examples: Vec<Example> = ["a", "b", "c", "d"]
        .iter()
        .map(|id| {
            let conversation = conversation(id);
            Example::new(&conversation, &analysis(&conversation), &direction()).unwrap()
        })
        .collect();
    cross_fit(&examples, 2)
}

/// The value with every number replaced by a word, and every list by its first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Number(_) => json!("number"),
        Value::Array(values) => Value::Array(values.first().map(shape).into_iter().collect()),
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), shape(v))).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_json_keeps_its_shape() {
    let report = report("champion", &predictions(), &options(&Task::ALL));
    let found = shape(&serde_json::to_value(&report).unwrap());
    let interval = json!({"value": "number", "low": "number", "high": "number"});
    let metrics: Value =
        ["accuracy", "balanced_accuracy", "macro_f1", "top2_accuracy", "log_loss", "calibration_error"]
            .iter()
            .map(|name| ((*name).to_owned(), interval.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
    let by = |names: &[&str], value: &Value| -> Value {
        names.iter().map(|n| ((*n).to_owned(), value.clone())).collect::<serde_json::Map<_, _>>().into()
    };
    let expected = |baselines: &[&str], buckets: &[&str], label: &str, labelled_by: &[&str]| {
        let baselines = by(baselines, &metrics);
        let bucket = json!({
            "n": "number", "conversations": "number", "metrics": metrics, "baselines": baselines,
            "differences": baselines,
        });
        json!({
            "n": "number", "conversations": "number", "metrics": metrics, "baselines": baselines,
            "differences": baselines, "labelled_by": by(labelled_by, &json!("number")),
            "by_turns": by(buckets, &bucket),
            "confusion": {"labels": [label], "counts": [["number"]]},
            "reliability": [{"low": "number", "high": "number", "count": "number", "confidence": "number",
                "accuracy": "number"}],
        })
    };
    let plain = ["majority", "last_turn", "markov"];
    let detection =
        by(&["model", "last_turn", "markov"], &json!({"auc": interval, "average_precision": interval}));
    let change = json!({"n": "number", "changes": "number", "present_predicted": detection,
        "present_known": detection});
    let mut now = expected(
        &["majority", "last_turn", "markov", "stay_predicted"],
        &["1-2", "3-4"],
        "opening",
        &["human", "unstated"],
    );
    now["stage_change"] = change.clone();
    let mut next = expected(
        &["majority", "last_turn", "markov", "stay", "stay_predicted"],
        &["1-2", "3-4"],
        "opening",
        &["human", "unstated"],
    );
    next["stage_change"] = change;
    let mut direction = expected(&plain, &["1-2", "3-4"], "needs", &[]);
    direction["orders"] = json!({"marginal": metrics, "first": metrics, "second": metrics, "differences":
        by(&["first_minus_marginal", "second_minus_first", "second_minus_marginal"], &metrics)});
    let golden = json!({
        "bundle": "champion",
        "conversations": "number",
        "baselines": "fitted by cross-fitting on the evaluated conversations, which favours the baselines",
        "skipped": {},
        "tasks": {
            "response-type-now": expected(&plain, &["1-2", "3-4", "5-8"], "question", &["unstated"]),
            "response-type-next": expected(&plain, &["1-2", "3-4"], "question", &["unstated"]),
            "stage-now": now,
            "stage-next": next,
            "direction": direction,
        },
    });
    assert_eq!(found, golden);
}

#[test]
fn figures_are_those_counted_by_hand() {
    let report = report("b", &predictions(), &options(&Task::ALL));
    // The fixture reads every act right, with .75 on the right class.
    let now = &report.tasks[&Task::ResponseTypeNow];
    assert_eq!((now.n, now.conversations), (12, 4));
    assert_eq!(now.comparison.metrics.accuracy.value, 1.0);
    assert!((now.comparison.metrics.log_loss.value + 0.75f64.ln()).abs() < 1e-6);
    assert!((now.comparison.metrics.calibration_error.value - 0.25).abs() < 1e-6);
    // It predicts classes 1 and 3 where 3 and 1 are right.
    let next = &report.tasks[&Task::ResponseTypeNext];
    assert_eq!(next.comparison.metrics.accuracy.value, 0.0);
    assert_eq!(next.confusion.counts[3][1], 4);
    assert_eq!(next.confusion.counts[1][3], 4);
    // The chain knows from the other fold what follows an inquiry and an ask.
    assert_eq!(next.comparison.baselines[&Baseline::Markov].accuracy.value, 1.0);
    assert_eq!(next.comparison.differences[&Baseline::Markov].accuracy.value, -1.0);
    assert_eq!(next.comparison.differences[&Baseline::Markov].accuracy.high, -1.0);
    // Two classes are as frequent; the first of them is right in half.
    assert_eq!(next.comparison.baselines[&Baseline::Majority].accuracy.value, 0.5);
    // After turns 0, 1, 2 it predicts stages 0, 1, 2; right are 1, 1, 3. Staying in the true stage: 0, 1, 1.
    let stage = &report.tasks[&Task::StageNext];
    assert!((stage.comparison.metrics.accuracy.value - 1.0 / 3.0).abs() < 1e-9);
    assert!((stage.comparison.baselines[&Baseline::Stay].accuracy.value - 1.0 / 3.0).abs() < 1e-9);
    let change = stage.stage_change.as_ref().unwrap();
    assert_eq!((change.n, change.changes), (12, 8));
    assert_eq!(stage.by_turns[&TurnsSeen::UpTo2].n, 8);
    // The clusters alternate, and the chain was counted on the same alternation.
    let direction = &report.tasks[&Task::Direction];
    assert_eq!(direction.comparison.metrics.accuracy.value, 1.0);
    let orders = direction.orders.as_ref().unwrap();
    assert!(orders.differences.second_minus_first.log_loss.high < 0.0);
    assert_eq!(direction.comparison.differences[&Baseline::Markov], orders.differences.second_minus_first);
}

#[test]
fn a_task_without_labels_is_skipped_and_said() {
    let mut predictions = predictions();
    for p in &mut predictions {
        p.tasks.remove(&Task::StageNow);
    }
    let report = report("b", &predictions, &options(&[Task::StageNow, Task::StageNext]));
    assert_eq!(report.skipped[&Task::StageNow], "no turn has a label `stage`");
    let text = describe_report(&report);
    assert!(text.contains("stage-now: skipped, no turn has a label `stage`"), "{text}");
    for part in
        ["stage-next: 12 moments of 4 conversations", "model - Markov", "stay (true)", "by turns read"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn a_weak_label_is_no_proof() {
    let mut predictions = predictions();
    for p in predictions.iter_mut().flat_map(|p| p.tasks.values_mut().flatten()) {
        p.source = Some(rapport_conversation::LabelSource::Model);
    }
    let text = describe_report(&report("b", &predictions, &options(&[Task::ResponseTypeNow])));
    assert!(text.contains("12 labelled by a model: agreement with those proves little"), "{text}");
}

#[test]
fn a_folder_holds_two_pictures_for_each_task() {
    let report = report("b", &predictions(), &options(&[Task::StageNow, Task::Direction]));
    let place = tempfile::tempdir().unwrap();
    pictures::write(place.path(), &report).unwrap();
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    for task in ["stage-now", "direction"] {
        assert!(read(&format!("confusion-{task}.svg")).contains("predicted"));
        assert!(read(&format!("reliability-{task}.svg")).contains("share that is right"));
    }
}
