//! Conversations as files: importing, counting, splitting, labelling.

mod corpus;
mod import;
mod jsonl;
mod label;
mod outcome;
mod split;
mod stats;
mod verify;
mod weak;

use anyhow::Result;
use clap::Subcommand;

use crate::Output;

pub use jsonl::{read_conversations, write_conversations};
pub use split::{Part, fold_of, share_of};
pub use weak::{TurnPosteriors, human_only, label, without_labels};

/// `rapport data …`
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Read transcripts or a data set into canonical JSONL.
    Import(import::ImportArgs),
    /// Count conversations, turns, words, outcomes and labels.
    Stats(stats::StatsArgs),
    /// Divide conversations into training, validation and test, always whole.
    Split(split::SplitArgs),
    /// Label every turn: people before rules before the models.
    Label(label::LabelArgs),
    /// Check a labelled corpus: its plan, labels, personal data, repeats, leakage, agreement.
    Check(corpus::CheckArgs),
    /// Score how far a simple model tells won from lost: the line that a model of conversion must beat.
    Outcome(outcome::OutcomeArgs),
    /// Compare what rules and models say with human labels.
    Verify(verify::VerifyArgs),
}

pub(crate) fn run(command: DataCommand, output: Output) -> Result<()> {
    match command {
        DataCommand::Import(args) => import::run(&args, output),
        DataCommand::Stats(args) => stats::run(&args, output),
        DataCommand::Split(args) => split::run(&args, output),
        DataCommand::Label(args) => label::run(&args, output),
        DataCommand::Check(args) => corpus::run(&args, output),
        DataCommand::Outcome(args) => outcome::run(&args, output),
        DataCommand::Verify(args) => verify::run(&args, output),
    }
}
