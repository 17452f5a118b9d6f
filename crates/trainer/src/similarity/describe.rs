//! The figures as tables for a person.

use std::fmt::Write;

use super::Summary;
use super::figures::PartFigures;
use crate::metrics::Interval;

/// The scores in the order of the table.
const SCORES: [(&str, &str); 5] = [
    ("turns", "number of turns"),
    ("cosine", "cosine"),
    ("euclidean", "Euclidean"),
    ("neighbours", "neighbours (MMR)"),
    ("hybrid", "hybrid"),
];

pub(super) fn describe(summary: &Summary) -> String {
    let figures = &summary.figures;
    let mut text = format!(
        "{} conversations ({} without an outcome left out), {} folds, {} prototypes of each outcome\n",
        figures.conversations, figures.left_out, figures.folds, figures.prototypes
    );
    part(&mut text, "whole conversations", &figures.whole);
    part(&mut text, "first half of the turns", &figures.first_half);
    for (name, of) in &figures.by_file {
        part(&mut text, name, of);
    }
    text.push_str("\nAUC by number of prototypes, whole conversations\n");
    for of in &figures.by_prototypes {
        let _ = writeln!(
            text,
            "  {:<18} cosine {}   Euclidean {}",
            of.prototypes,
            interval(&of.cosine),
            interval(&of.euclidean)
        );
    }
    text.push_str(
        "\nIntervals: 95 %, bootstrap over conversations; each is judged by models that never saw it.\n",
    );
    for (name, bytes) in &summary.artifacts {
        let _ = writeln!(text, "{} ({bytes} bytes)", summary.out.join(name).display());
    }
    text
}

fn part(text: &mut String, name: &str, of: &PartFigures) {
    let _ = writeln!(text, "\n{name}: {}, {:.3} won", of.n, of.won_share);
    for (key, title) in SCORES {
        if let Some(auc) = of.auc.get(key) {
            let _ = writeln!(text, "  AUC {title:<18} {}", interval(auc));
        }
    }
    let _ = writeln!(text, "  hybrid over its best part {}", interval(&of.hybrid_over_best_part));
    let _ = writeln!(
        text,
        "  Brier {}, of the base {}; calibration error {:.3}",
        interval(&of.brier),
        interval(&of.brier_of_base),
        of.calibration_error
    );
}

fn interval(of: &Interval) -> String {
    format!("{:.3} [{:.3}, {:.3}]", of.value, of.low, of.high)
}
