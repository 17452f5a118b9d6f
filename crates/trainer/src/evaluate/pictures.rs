//! A report as pictures: what is taken for what and how far to trust it.

use std::path::Path;

use anyhow::Result;

use super::Task;
use super::report::{Report, TaskReport};
use crate::metrics::ConfusionMatrix;
use crate::{charts, write_file};

/// Class names longer than this do not fit a cell.
const CELL_NAME: usize = 12;

/// Writes two pictures for each task.
pub(super) fn write(folder: &Path, report: &Report) -> Result<()> {
    report.tasks.iter().try_for_each(|(task, of)| draw(folder, *task, of))
}

fn draw(folder: &Path, task: Task, of: &TaskReport) -> Result<()> {
    let name = task.name();
    let long = of.confusion.labels.iter().any(|l| l.chars().count() > CELL_NAME);
    let numbers: Vec<String> = (0..of.confusion.labels.len()).map(|i| i.to_string()).collect();
    let classes: Vec<&str> =
        if long { &numbers } else { &of.confusion.labels }.iter().map(String::as_str).collect();
    let pairs = of.confusion.counts.iter().enumerate().flat_map(|(truth, row)| {
        row.iter().enumerate().flat_map(move |(predicted, n)| std::iter::repeat_n((truth, predicted), *n))
    });
    let matrix = ConfusionMatrix::from_pairs(classes.len(), pairs);
    let svg = charts::confusion_chart(name, &classes, &matrix)?;
    write_file(&folder.join(format!("confusion-{name}.svg")), svg.as_bytes())?;
    let svg = charts::reliability_chart(&format!("{name}: reliability"), &of.reliability)?;
    write_file(&folder.join(format!("reliability-{name}.svg")), svg.as_bytes())
}
