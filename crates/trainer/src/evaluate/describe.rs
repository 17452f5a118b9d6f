//! A report as tables for a person.

use std::fmt::Write;

use super::change::{ChangeReport, Detection, PREDICTORS};
use super::figures::Metrics;
use super::report::{Comparison, Report, TaskReport};
use crate::metrics::Interval;

/// Width of the first column.
const NAME: usize = 26;
/// Width of a figure with its interval.
const FIGURE: usize = 28;

/// The whole report.
pub(super) fn describe(report: &Report) -> String {
    let mut text = format!(
        "{}: {} conversations; baselines {}\n",
        report.bundle,
        report.conversations,
        report.baselines.sentence()
    );
    for (task, of) in &report.tasks {
        let _ = write!(text, "\n{}: {} moments of {} conversations", task.name(), of.n, of.conversations);
        let weak: Vec<String> = of
            .labelled_by
            .iter()
            .filter(|(by, _)| matches!(**by, "rule" | "model"))
            .map(|(by, n)| format!("{n} labelled by a {by}"))
            .collect();
        if !weak.is_empty() {
            let _ = write!(text, " ({}: agreement with those proves little)", weak.join(", "));
        }
        text.push('\n');
        describe_task(of, &mut text);
    }
    for (task, reason) in &report.skipped {
        let _ = writeln!(text, "\n{}: skipped, {reason}", task.name());
    }
    text.push_str("\nIntervals: 95 %, bootstrap over conversations. * the interval excludes 0.\n");
    text
}

fn describe_task(of: &TaskReport, text: &mut String) {
    header(text);
    let Comparison { metrics, baselines, differences } = &of.comparison;
    row(text, "model", metrics, figure);
    for (name, of) in baselines {
        row(text, name.title(), of, figure);
    }
    for (name, of) in differences {
        row(text, &format!("model - {}", name.title()), of, difference);
    }
    if let Some(orders) = &of.orders {
        let _ = writeln!(text, "  orders of the chain");
        for (name, of) in
            [("order 0", &orders.marginal), ("order 1", &orders.first), ("order 2", &orders.second)]
        {
            row(text, name, of, figure);
        }
        let d = &orders.differences;
        row(text, "order 1 - order 0", &d.first_minus_marginal, difference);
        row(text, "order 2 - order 1", &d.second_minus_first, difference);
    }
    if let Some(change) = &of.stage_change {
        describe_change(change, text);
    }
    let _ = writeln!(text, "  by turns read");
    for (bucket, of) in &of.by_turns {
        row(text, &format!("{:<5}{:>7} moments", bucket.name(), of.n), &of.comparison.metrics, figure);
    }
}

fn describe_change(change: &ChangeReport, text: &mut String) {
    let share = change.changes as f64 / change.n as f64 * 100.0;
    let _ = writeln!(text, "  detection of a change: {} of {} ({share:.0} %)", change.changes, change.n);
    for (present, by) in [
        ("present stage predicted", &change.present_predicted),
        ("present stage known", &change.present_known),
    ] {
        for name in PREDICTORS {
            let Some(Detection { auc, average_precision }) = by.get(name) else { continue };
            let _ = writeln!(
                text,
                "  {:<NAME$}{present:<FIGURE$}AUC {:<FIGURE$}average precision {}",
                name.replace('_', " "),
                figure(auc),
                figure(average_precision)
            );
        }
    }
}

fn header(text: &mut String) {
    let _ = writeln!(
        text,
        "  {:<NAME$}{:<FIGURE$}{:<FIGURE$}{:<FIGURE$}{:>8}{:>8}{:>8}",
        "", "accuracy", "macro F1", "log loss", "balanced", "top-2", "calib."
    );
}

fn row(text: &mut String, name: &str, of: &Metrics, cell: fn(&Interval) -> String) {
    let _ = writeln!(
        text,
        "  {name:<NAME$}{:<FIGURE$}{:<FIGURE$}{:<FIGURE$}{:>8.3}{:>8.3}{:>8.3}",
        cell(&of.accuracy),
        cell(&of.macro_f1),
        cell(&of.log_loss),
        of.balanced_accuracy.value,
        of.top2_accuracy.value,
        of.calibration_error.value
    );
}

/// A figure with its interval.
pub(crate) fn figure(of: &Interval) -> String {
    format!("{:.3} [{:.3}, {:.3}]", of.value, of.low, of.high)
}

/// A difference with its interval, marked when it is clear.
pub(crate) fn difference(of: &Interval) -> String {
    let mark = if excludes_zero(of) { " *" } else { "" };
    format!("{:+.3} [{:+.3}, {:+.3}]{mark}", of.value, of.low, of.high)
}

/// True when the difference is clear.
fn excludes_zero(of: &Interval) -> bool {
    of.low > 0.0 || of.high < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_difference_is_marked() {
        let interval = |value, low, high| Interval { value, low, high };
        assert_eq!(difference(&interval(0.1, 0.05, 0.2)), "+0.100 [+0.050, +0.200] *");
        assert_eq!(difference(&interval(-0.1, -0.2, -0.05)), "-0.100 [-0.200, -0.050] *");
        assert_eq!(difference(&interval(0.1, -0.05, 0.2)), "+0.100 [-0.050, +0.200]");
        assert!(!excludes_zero(&interval(0.0, 0.0, 0.0)));
        assert!(!excludes_zero(&interval(0.0, f64::NAN, f64::NAN)));
    }
}
