//! `rapport signals`: the signal heads alone, over a bundle that is there already.

mod evaluate;
mod show;
mod train;

use anyhow::Result;
use clap::Subcommand;

use crate::Output;

/// `rapport signals …`
#[derive(Debug, Subcommand)]
pub(crate) enum SignalsCommand {
    /// Train the signal heads over a bundle's encoder and write the bundle with them.
    Train(train::TrainArgs),
    /// Judge a bundle's signals on conversations and texts that nothing was trained on.
    Evaluate(evaluate::EvaluateArgs),
    /// The signals of one history.
    Show(show::ShowArgs),
}

pub(crate) fn run(command: &SignalsCommand, output: Output) -> Result<()> {
    match command {
        SignalsCommand::Train(args) => train::run(args, output),
        SignalsCommand::Evaluate(args) => evaluate::run(args, output),
        SignalsCommand::Show(args) => show::run(args, output),
    }
}
