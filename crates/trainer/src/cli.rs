//! The command line.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{
    Output, base, compare, conversion, data, encode, evaluate, export, finetune, predict, registry, signals,
    similarity, train,
};

/// Conversations in, models out.
#[derive(Debug, Parser)]
#[command(name = "rapport", version, arg_required_else_help = true)]
pub struct Cli {
    /// Print results as JSON on standard output, and no progress bars.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Base weights of the sentence encoder.
    #[command(subcommand)]
    Base(base::BaseCommand),
    /// Conversations: import, count, split, label.
    #[command(subcommand)]
    Data(data::DataCommand),
    /// Train every head of a bundle and measure the recipe on conversations kept back.
    Train(train::TrainArgs),
    /// Whether conversations convert.
    #[command(subcommand)]
    Conversion(conversion::ConversionCommand),
    /// The signals of each turn: emotions, intents, objections, buying signals, urgency, commitments.
    #[command(subcommand)]
    Signals(signals::SignalsCommand),
    /// Fine-tune the sentence encoder by contrast, as an adapter beside the base weights.
    Finetune(Box<finetune::FinetuneArgs>),
    /// Write models as standard ONNX.
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Judge a bundle on labelled conversations, beside simple baselines.
    Evaluate(evaluate::EvaluateArgs),
    /// Compare two sentence encoders: how well their vectors tell outcomes or acts apart.
    Compare(compare::CompareArgs),
    /// Answer with a bundle: next response, next stage, suggestion, direction.
    Predict(predict::PredictArgs),
    /// Compare conversations with won and lost ones of the past.
    #[command(subcommand)]
    Similarity(similarity::SimilarityCommand),
    /// Embed the lines of a text file.
    Encode(encode::EncodeArgs),
    /// The signed registry of bundles.
    Registry(registry::RegistryArgs),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<()> {
        let output = Output::new(self.json);
        match self.command {
            Command::Base(command) => base::run(command, output),
            Command::Data(command) => data::run(command, output),
            Command::Train(args) => train::run(&args, output),
            Command::Conversion(command) => conversion::run(command, output),
            Command::Signals(command) => signals::run(&command, output),
            Command::Finetune(args) => finetune::run(&args, output),
            Command::Export(command) => export::run(command, output),
            Command::Encode(args) => encode::run(&args, output),
            Command::Evaluate(args) => evaluate::run(&args, output),
            Command::Compare(args) => compare::run(&args, output),
            Command::Predict(args) => predict::run(&args, output),
            Command::Similarity(command) => similarity::run(command, output),
            Command::Registry(args) => registry::run(args, output),
        }
    }
}
