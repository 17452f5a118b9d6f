//! How good a bundle is on labelled conversations, always beside simple baselines.
//!
//! The way of the figures: a conversation and its analysis become an [`Example`] (the moments at which
//! each [`Task`] can be judged); fitted [`Baselines`] add their answers ([`ConversationPredictions`]);
//! [`report()`] scores them, with intervals by drawing whole conversations. Cross-validation takes the
//! same way with analyses of the models of its folds.

mod baselines;
mod change;
mod command;
pub mod conversion;
pub(crate) mod describe;
mod example;
mod figures;
#[cfg(test)]
mod fixture;
mod pictures;
mod predictions;
mod report;
mod task;
#[cfg(test)]
mod tests;

pub use baselines::{BASELINES_FILE, Baselines};
pub use change::{ChangeReport, Detection};
pub(crate) use command::{EvaluateArgs, run};
pub use example::{Context, Example, Moment};
pub use figures::Metrics;
pub use predictions::{Baseline, ConversationPredictions, Prediction, collect, cross_fit};
pub use report::{
    BaselineSource, Comparison, Confusion, OrderDifferences, Orders, Report, ReportOptions, TaskReport,
    TurnsReport, TurnsSeen, report, score,
};
pub use task::Task;

/// The report as tables for a person.
pub fn describe_report(report: &Report) -> String {
    describe::describe(report)
}
