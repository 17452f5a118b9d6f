//! `rapport finetune`: contrastive fine-tuning of the sentence encoder.

mod adapter;
mod batches;
mod data;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod example;
mod full;
mod general;
mod loss;
mod measure;
mod mining;
mod network;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod network_tests;
mod probe;
mod report;
mod run;
mod schedule;
mod session;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod session_tests;
mod shrink;
mod tokens;
mod triplets;
mod windows;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use crate::Output;
use crate::train::compute::Compute;
pub(crate) use adapter::AdapterFile;
use adapter::{AdapterSpec, Target};
use mining::Mining;
use schedule::{Distil, LossKind, Schedule, Stop};
pub(crate) use tokens::Tokens;
use windows::{LONGEST, LabelKind};

/// `rapport finetune`
#[derive(Debug, Args)]
pub(crate) struct FinetuneArgs {
    /// Canonical JSONL with labelled turns or outcomes.
    #[arg(long, value_name = "FILE.jsonl", num_args = 1.., required_unless_present = "triplets")]
    data: Vec<PathBuf>,
    /// Conversations kept back to choose the epoch, instead of a share of `--data`.
    #[arg(long, value_name = "FILE.jsonl", num_args = 1.., conflicts_with = "triplets")]
    val: Vec<PathBuf>,
    /// Share of `--data` that is kept back, by whole conversation.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    val_share: f64,
    /// Conversations to measure on, each file by itself; neither trained on nor used to choose anything.
    #[arg(long, value_name = "FILE.jsonl", num_args = 1..)]
    test: Vec<PathBuf>,
    /// What is alike: turns that do the same, or conversations that end the same.
    #[arg(long, value_enum, default_value_t = LabelKind::Acts)]
    labels: LabelKind,
    /// Turns in a window, 1 to 4. One turn is its text alone, as the engine encodes it; more are
    /// `speaker: text` each, joined by spaces.
    #[arg(long, value_name = "N", default_value_t = 1)]
    window: usize,
    /// Train on triplets of this folder instead of mining them from `--data`.
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    triplets: Option<PathBuf>,
    /// Write the triplets that the base's neighbours give to this folder before training.
    #[arg(long, value_name = "DIR", conflicts_with = "triplets")]
    write_triplets: Option<PathBuf>,
    /// The contrastive loss.
    #[arg(long, value_enum, default_value_t = LossKind::Supcon)]
    loss: LossKind,
    /// Divisor of similarities in `supcon` and `mnr`.
    #[arg(long, default_value_t = 0.1)]
    temperature: f64,
    /// Margin of the triplet loss.
    #[arg(long, default_value_t = 0.2)]
    margin: f64,
    /// A negative is drawn from this many nearest of another label; 0 draws from all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    hard: usize,
    /// A positive is drawn from this many nearest of its label; 0 draws from all.
    #[arg(long, value_name = "N", default_value_t = 0)]
    near: usize,
    /// A negative more similar than the positive by more than this is taken for a false one and dropped.
    #[arg(long, value_name = "COSINE", default_value_t = 0.2)]
    guard: f32,
    /// Inner width of the adapters.
    #[arg(long, default_value_t = 8)]
    rank: usize,
    /// What the adapters add is multiplied by alpha / rank.
    #[arg(long, default_value_t = 16.0)]
    alpha: f64,
    /// Projections with an adapter.
    #[arg(long, value_enum, value_delimiter = ',', num_args = 1..,
          default_values_t = [Target::Query, Target::Value, Target::Intermediate, Target::Output])]
    targets: Vec<Target>,
    /// Layers below this, counted from 0, stay as they are; they cost nothing after the first pass.
    #[arg(long, value_name = "LAYER", default_value_t = 2)]
    first_layer: usize,
    /// Train all layers instead of adapters beside them; the word tables stay as they are.
    #[arg(long, conflicts_with_all = ["rank", "alpha", "targets"])]
    full: bool,
    /// Where the network is computed.
    #[arg(long, value_enum, default_value_t = Compute::Cpu)]
    device: Compute,
    /// Passes over the windows at most.
    #[arg(long, default_value_t = 6)]
    epochs: usize,
    /// Texts in a step, a third of them anchors.
    #[arg(long, default_value_t = 48)]
    batch: usize,
    /// Peak learning rate; without it 0.0005 for adapters, 0.00002 with `--full`.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Decoupled weight decay.
    #[arg(long, default_value_t = 0.01)]
    weight_decay: f32,
    /// Share of the steps over which the learning rate rises.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    warm_up: f64,
    /// What decides the epoch that is kept and when to stop.
    #[arg(long, value_enum, default_value_t = Stop::Knn)]
    stop: Stop,
    /// Epochs without a gain after which training stops.
    #[arg(long, default_value_t = 2)]
    patience: usize,
    /// Texts on which the encoder is held to the base: `.csv` with a column `text`, `.tsv`, or lines.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    general: Vec<PathBuf>,
    /// General texts read at most.
    #[arg(long, value_name = "N", default_value_t = 4000)]
    general_texts: usize,
    /// General texts in a step.
    #[arg(long, value_name = "N", default_value_t = 16)]
    general_batch: usize,
    /// Weight of the distillation on general texts.
    #[arg(long, default_value_t = 1.0)]
    general_weight: f64,
    /// What is held: each vector, or the similarities of pairs.
    #[arg(long, value_enum, default_value_t = Distil::Cosine)]
    distil: Distil,
    /// Texts with intents, columns `text` and `category`: what the encoder knows of them before and after.
    #[arg(long, value_name = "FILE.csv")]
    check_intents: Option<PathBuf>,
    /// Measure this adapter, and choose its share, instead of training one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["full", "resume", "write_triplets", "triplets"])]
    adapter: Option<PathBuf>,
    /// How much of what the adapters learned is added to the base, from 0 to 1; without it the most that keeps what
    /// `--check-intents` asks.
    #[arg(long, value_name = "SHARE", conflicts_with = "full")]
    share: Option<f64>,
    /// Folder of the base weights; the default is where `rapport base fetch` puts them.
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// Tokens read of a window.
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_tokens: usize,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; the default is one for each core. Sums may round differently with another number.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Go on from the checkpoint that an interrupted run with the same inputs and settings has left.
    #[arg(long)]
    resume: bool,
    /// Folder of the run; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl FinetuneArgs {
    fn schedule(&self) -> Result<Schedule> {
        let positive = |name: &str, x: f64| {
            ensure!(x.is_finite() && x > 0.0, "--{name} {x}: a number above 0 is needed");
            Ok(())
        };
        let share = |name: &str, x: f64| {
            ensure!((0.0..1.0).contains(&x), "--{name} {x}: a share from 0 to below 1 is needed");
            Ok(())
        };
        let learning_rate = self.learning_rate.unwrap_or(if self.full { 2e-5 } else { 5e-4 });
        positive("temperature", self.temperature)?;
        positive("learning-rate", learning_rate)?;
        share("warm-up", self.warm_up)?;
        share("val-share", self.val_share)?;
        if let Some(share) = self.share {
            ensure!(share > 0.0 && share <= 1.0, "--share {share}: above 0, up to 1");
        }
        ensure!(self.general_weight >= 0.0, "--general-weight {}: 0 or more is needed", self.general_weight);
        ensure!(self.guard >= 0.0, "--guard {}: 0 or more is needed", self.guard);
        ensure!(
            (0.0..=2.0).contains(&self.margin),
            "--margin {}: from 0 to 2, as cosines differ",
            self.margin
        );
        ensure!((1..=LONGEST).contains(&self.window), "--window {}: from 1 to {LONGEST}", self.window);
        ensure!(self.epochs > 0 && self.patience > 0, "--epochs and --patience must be at least 1");
        ensure!(self.batch >= 6, "--batch {}: at least 6, two triplets", self.batch);
        ensure!((8..=512).contains(&self.max_tokens), "--max-tokens {}: from 8 to 512", self.max_tokens);
        Ok(Schedule {
            labels: self.labels,
            apart: self.labels == LabelKind::Outcomes || self.window > 1,
            loss: self.loss,
            temperature: self.temperature,
            margin: self.margin,
            mining: Mining { hard: self.hard, near: self.near, margin: self.guard },
            epochs: self.epochs,
            batch: self.batch,
            learning_rate,
            weight_decay: self.weight_decay,
            warm_up: self.warm_up,
            general_batch: self.general_batch,
            general_weight: self.general_weight,
            distil: self.distil,
            stop: self.stop,
            patience: self.patience,
            seed: self.seed,
        })
    }

    fn spec(&self) -> AdapterSpec {
        let mut targets = self.targets.clone();
        targets.sort_unstable();
        targets.dedup();
        AdapterSpec { rank: self.rank, alpha: self.alpha, targets, first_layer: self.first_layer }
    }
}

pub(crate) fn run(args: &FinetuneArgs, output: Output) -> Result<()> {
    run::run(args, output)
}
