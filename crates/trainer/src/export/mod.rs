//! Models as standard ONNX files.

mod encoder;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};

use crate::Output;

/// `rapport export …`
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Write the sentence encoder and its tokenizer, and check them against the f32 reference.
    Encoder {
        /// Folder of the base weights; the default is where `rapport base fetch` puts them.
        #[arg(long, value_name = "DIR")]
        base: Option<PathBuf>,
        /// Adapter of `rapport finetune` to merge into the base weights.
        #[arg(long, value_name = "FILE")]
        adapter: Option<PathBuf>,
        /// Where to write; the default is `export` in the cache.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Which graphs: `encoder-f32.onnx`, `encoder.onnx` (int8), or both.
        #[arg(long, value_enum, default_value_t = Precisions::Both)]
        precision: Precisions,
    },
}

/// Which graphs to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precisions {
    /// 32-bit floats.
    F32,
    /// 8-bit integers.
    Int8,
    /// Both.
    Both,
}

pub(crate) fn run(command: ExportCommand, output: Output) -> Result<()> {
    match command {
        ExportCommand::Encoder { base, adapter, out, precision } => {
            encoder::export(base, adapter.as_deref(), out, precision, output)
        }
    }
}
