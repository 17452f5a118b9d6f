//! Figures of forecasts as tables for a person.

use std::fmt::Write;

use super::{AlarmFigures, ConversionFigures, TurnsFigures, WholeFigures};
use crate::evaluate::describe::{difference, figure};
use crate::metrics::Interval;

/// Width of the first column.
const NAME: usize = 26;
/// Width of a figure with its interval.
const FIGURE: usize = 28;

/// Every table, those of the single sets after those of all.
pub fn describe(figures: &ConversionFigures) -> String {
    let mut text = String::new();
    part("conversion", figures, &mut text);
    for (set, of) in &figures.sets {
        text.push('\n');
        part(&format!("conversion, {set} alone"), of, &mut text);
    }
    text.push_str("\nIntervals: 95 %, bootstrap over conversations. * the interval excludes 0.\n");
    text
}

fn part(title: &str, figures: &ConversionFigures, text: &mut String) {
    let _ = writeln!(
        text,
        "{title}: {} conversations, {} won ({:.0} %); won from {:.2} on",
        figures.n,
        figures.won,
        figures.base_rate * 100.0,
        figures.threshold
    );
    for (name, of) in [
        ("the whole conversation", &figures.whole),
        ("without the turns that state the outcome", &figures.whole_without_outcome),
    ] {
        if let Some(of) = of {
            whole(name, of, text);
        }
    }
    if let Some(leak) = &figures.auc_from_stated_outcome {
        let _ =
            writeln!(text, "  AUC that comes from the turns that state the outcome: {}", difference(leak));
    }
    by_turns(figures, text);
    if let Some(of) = &figures.alarms {
        alarms(of, text);
    }
    for note in &figures.notes {
        let _ = writeln!(text, "  note: {note}");
    }
}

fn whole(name: &str, of: &WholeFigures, text: &mut String) {
    let s = &of.scores;
    let _ = writeln!(text, "\n  {name} ({} conversations)", of.n);
    let _ = writeln!(
        text,
        "  {:<NAME$}{:<FIGURE$}{:<FIGURE$}{:<FIGURE$}log loss",
        "", "AUC", "average precision", "Brier"
    );
    row(text, "model", [Some(&s.auc), Some(&s.average_precision), Some(&s.brier), Some(&s.log_loss)], figure);
    for (name, of) in &of.baselines {
        let cells = [Some(&of.auc), Some(&of.average_precision), of.brier.as_ref(), of.log_loss.as_ref()];
        row(text, name, cells, figure);
    }
    for (name, of) in &of.differences {
        let cells = [Some(&of.auc), Some(&of.average_precision), of.brier.as_ref(), of.log_loss.as_ref()];
        row(text, &format!("model - {name}"), cells, difference);
    }
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<NAME$}{value}");
    };
    line("accuracy", format!("{}, majority {:.3}", figure(&s.accuracy), of.majority));
    line("accuracy - majority", difference(&s.accuracy_over_majority));
    line("F1 of won, macro F1", format!("{}, {}", figure(&s.f1), figure(&s.macro_f1)));
    line("precision, recall of won", format!("{}, {}", figure(&s.precision), figure(&s.recall)));
    for (k, precision) in [
        ("10", s.precision_at_10.as_ref()),
        ("50", s.precision_at_50.as_ref()),
        ("10 %", Some(&s.precision_at_10_percent)),
    ] {
        if let Some(precision) = precision {
            line(&format!("precision at {k}"), figure(precision));
        }
    }
    line("Brier skill", figure(&s.brier_skill));
    line("calibration error", figure(&s.calibration_error));
}

fn row(text: &mut String, name: &str, cells: [Option<&Interval>; 4], cell: fn(&Interval) -> String) {
    let cells = cells.map(|of| of.map_or_else(|| "-".to_owned(), cell));
    let [first, second, third, last] = &cells;
    let _ = writeln!(text, "  {name:<NAME$}{first:<FIGURE$}{second:<FIGURE$}{third:<FIGURE$}{last}");
}

fn by_turns(figures: &ConversionFigures, text: &mut String) {
    if figures.by_turns.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  after exactly so many turns, conversations still running");
    let _ = writeln!(
        text,
        "  {:<8}{:>6}{:>7}  {:<FIGURE$}{:<FIGURE$}{:>7}{:>7}{:>9}{:>12}",
        "turns", "n", "won", "AUC", "Brier skill", "Brier", "calib.", "covered", "compatible"
    );
    for (turns, of) in &figures.by_turns {
        let TurnsFigures { n, base_rate, auc, brier, brier_skill, calibration_error, coverage, .. } = of;
        let share = |of: Option<f64>| of.map_or_else(|| "-".to_owned(), |c| format!("{:.0} %", c * 100.0));
        let _ = writeln!(
            text,
            "  {turns:<8}{n:>6}{:>7}  {:<FIGURE$}{:<FIGURE$}{:>7.3}{:>7.3}{:>9}{:>12}",
            format!("{:.0} %", base_rate * 100.0),
            figure(auc),
            figure(brier_skill),
            brier.value,
            calibration_error.value,
            share(coverage.map(|c| c.covered)),
            share(coverage.map(|c| c.compatible)),
        );
    }
}

fn alarms(of: &AlarmFigures, text: &mut String) {
    let _ = writeln!(
        text,
        "\n  alarms of a loss, above {:.2} at any turn ({} conversations, {} lost)",
        of.loss_threshold, of.n, of.lost
    );
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<NAME$}{value}");
    };
    line("true positive rate", figure(&of.true_positive_rate));
    line("false positive rate", figure(&of.false_positive_rate));
    line("precision, F1", format!("{}, {}", figure(&of.precision), figure(&of.f1)));
    if let (Some(mean), Some(median)) = (&of.mean_horizon, of.median_horizon) {
        let interval = format!("{:.1} [{:.1}, {:.1}]", mean.value, mean.low, mean.high);
        line("mean horizon", format!("{interval} turns before the end, median {median:.1}"));
    }
    if let Some(withdrawn) = &of.false_alarms_withdrawn {
        line("false alarms withdrawn", format!("{} of {}", figure(withdrawn), of.false_alarms));
    }
    let parts = format!(
        "correct {:.3}, incorrect {:.3}",
        of.correct_adjustments.value, of.incorrect_adjustments.value
    );
    line("recovery", format!("{} ({parts})", difference(&of.recovery)));
}
