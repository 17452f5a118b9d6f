//! What the `rapport` binary is made of: base weights, data, export, metrics.

mod base;
mod bundle;
pub mod charts;
mod cli;
mod compare;
mod conversion;
pub mod data;
mod encode;
pub mod encoder;
pub mod evaluate;
mod export;
mod files;
mod finetune;
pub mod html;
pub mod metrics;
pub mod onnx;
mod output;
mod predict;
mod registry;
mod signals;
mod similarity;
mod train;

pub use cli::Cli;
pub use files::{cache_dir, sha256_hex, write_file};
pub use output::Output;
