//! What the `rapport` binary is made of: base weights, data, export, metrics.

mod base;
mod cli;
pub mod encoder;
mod export;
mod files;
pub mod onnx;
mod output;
mod registry;

pub use cli::Cli;
pub use files::{cache_dir, sha256_hex, write_file};
pub use output::Output;
