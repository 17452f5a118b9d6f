//! A comparison as tables for a person.

use std::fmt::Write;

use super::CompareReport;
use super::figures::{Comparison, SpaceFigures};
use crate::evaluate::describe::{difference, figure};
use crate::metrics::Interval;

/// Figures by name, in the order of tables.
pub(super) fn rows(of: &SpaceFigures) -> Vec<(&'static str, Interval)> {
    let mut rows = Vec::new();
    rows.extend(of.head_auc.map(|auc| ("AUC of the head", auc)));
    rows.extend([
        ("accuracy of the head", of.head_accuracy),
        ("macro F1 of the head", of.head_macro_f1),
        ("kNN accuracy", of.knn_accuracy),
        ("kNN macro F1", of.knn_macro_f1),
        ("silhouette", of.silhouette),
    ]);
    rows
}

/// The relative gain of a figure, where there is one.
pub(super) fn gain(of: &Comparison, name: &str) -> Option<Interval> {
    let gain = &of.relative_gain;
    match name {
        "AUC of the head" => gain.head_auc,
        "accuracy of the head" => Some(gain.head_accuracy),
        "kNN accuracy" => Some(gain.knn_accuracy),
        "silhouette" => gain.silhouette,
        _ => None,
    }
}

/// A share as percent with its interval.
pub(super) fn percent(of: &Interval) -> String {
    let [value, low, high] = [of.value, of.low, of.high].map(|x| x * 100.0);
    format!("{value:+.1} % [{low:+.1}, {high:+.1}]")
}

/// What is compared, in a sentence.
pub(super) fn sentence(kind: &str, of: &Comparison) -> String {
    let classes: Vec<String> =
        of.classes.iter().map(|(name, n)| format!("{n} {}", name.replace('_', " "))).collect();
    format!(
        "{}: {} items of {} conversations ({}); always saying the most frequent class is right in {:.1} %",
        kind.replace('_', " "),
        of.n,
        of.conversations,
        classes.join(", "),
        of.majority * 100.0
    )
}

/// How heads and neighbours were found.
pub(super) fn way(report: &CompareReport) -> String {
    if report.trained_apart {
        format!("heads fitted on, and {} neighbours looked up in, other conversations", report.neighbours)
    } else {
        format!(
            "heads by five-fold cross-validation over whole conversations, {} neighbours from other conversations",
            report.neighbours
        )
    }
}

pub(super) fn describe(report: &CompareReport) -> String {
    let mut text = format!("vectors alone; {}\n", way(report));
    for (kind, of) in &report.labels {
        let _ = writeln!(text, "\n{}", sentence(kind, of));
        let _ = writeln!(
            text,
            "  {:<22}{:<26}{:<26}{:<30}relative gain",
            "", "generic", "fine-tuned", "difference"
        );
        let sides = rows(&of.generic).into_iter().zip(rows(&of.fine_tuned)).zip(rows(&of.difference));
        for (((name, before), (_, after)), (_, less)) in sides {
            let gain = gain(of, name).map_or_else(|| "-".into(), |g| percent(&g));
            let _ = writeln!(
                text,
                "  {name:<22}{:<26}{:<26}{:<30}{gain}",
                figure(&before),
                figure(&after),
                difference(&less)
            );
        }
    }
    for note in &report.notes {
        let _ = writeln!(text, "\nnote: {note}");
    }
    text.push_str("\nIntervals: 95 %, bootstrap over conversations, paired. * the interval excludes 0.\n");
    text
}
