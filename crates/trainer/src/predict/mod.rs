//! `rapport predict`: answers for one history, for a file of conversations, or for a table of any size.

mod answers;
mod batch;
mod entries;
mod layout;
mod part;
mod read;
mod row;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use rapport_engine::{Bundle, Engine};

use crate::Output;
use crate::bundle::BundleArgs;

#[derive(Debug, Args)]
#[group(id = "input", required = true, args = ["history", "conversations", "batch"])]
pub(crate) struct PredictArgs {
    /// A body of the prediction API: `{"history":[{"speaker":"Customer","response":"…"}]}`.
    #[arg(long, value_name = "FILE.json")]
    history: Option<PathBuf>,
    /// Canonical JSONL: one answer a line, in the order of the file.
    #[arg(long, value_name = "FILE.jsonl", requires = "out")]
    conversations: Option<PathBuf>,
    /// A table of any size, one row of answers for each conversation: CSV with one conversation a row (`id` and
    /// `history`, or `id` and `transcript`) or one line of a conversation a row (`conversation_id`, `speaker`,
    /// `text`, perhaps `at`; rows of one conversation together), perhaps `domain`; or canonical JSONL. Gzipped or
    /// not. Stopped half-way, the same command goes on.
    #[arg(long, value_name = "FILE.csv", requires = "out")]
    batch: Option<PathBuf>,
    /// Where the answers go.
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    out: Option<PathBuf>,
    #[command(flatten)]
    options: batch::BatchOptions,
    #[command(flatten)]
    bundle: BundleArgs,
}

pub(crate) fn run(args: &PredictArgs, output: Output) -> Result<()> {
    if let (Some(table), Some(out)) = (&args.batch, &args.out) {
        return batch::run(table, out, &args.options, &args.bundle, output);
    }
    let engine = Engine::load(Bundle::new(args.bundle.files()?)).context("the bundle cannot be loaded")?;
    match (&args.history, &args.conversations, &args.out) {
        (Some(history), ..) => answers::one(&engine, history, output),
        (None, Some(conversations), Some(out)) => answers::many(&engine, conversations, out, output),
        _ => Ok(()),
    }
}
