//! `rapport train`: conversations and labels in, a candidate bundle out.

mod acts_net;
mod balance;
mod bundle;
mod card;
pub(crate) mod checkpoint;
pub(crate) mod compute;
mod crossfit;
pub(crate) mod direction;
mod epochs;
pub(crate) mod example;
mod figures;
mod goemotions;
mod heads_onnx;
#[cfg(test)]
mod heads_onnx_tests;
pub(crate) mod layer;
pub(crate) mod lbfgs;
pub(crate) mod logistic;
pub(crate) mod random;
mod run;
pub(crate) mod scaling;
pub(crate) mod sentiment;
mod sequence_net;
mod sequences;
pub(crate) mod signals;
mod temperature;
pub(crate) mod vectors;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use rapport_engine::Playbook;
use serde_json::Value;

use crate::files::{StagedFolder, read, read_text};
use crate::{Output, cache_dir};
use run::{Settings, Sources};

/// `rapport train`
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Canonical JSONL; conversations without labels help the sequence models all the same.
    #[arg(long = "data", value_name = "FILE.jsonl", required = true)]
    data: Vec<PathBuf>,
    /// Texts with emotions for the sentiment head: `GoEmotions`' table, plain or gzipped.
    #[arg(long, value_name = "FILE.tsv")]
    sentiment: PathBuf,
    /// Texts with service intents for the signals: `Banking77`'s table, plain or gzipped. Without it the bundle
    /// names none.
    #[arg(long, value_name = "FILE.csv")]
    intents: Option<PathBuf>,
    /// The suggestions.
    #[arg(long, value_name = "FILE", default_value = "models/playbook.json")]
    playbook: PathBuf,
    /// Folder with `encoder.onnx` and `tokenizer.json`; the default is where `rapport export encoder` puts them.
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
    /// Name of the bundle, shown as the model version.
    #[arg(long, default_value = "candidate")]
    name: String,
    /// Folder of the run; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Settings as JSON, as a run's `settings.json` has them; what is left out keeps its default.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Power of the inverse class frequency in the losses: 0 as they come, 1 balanced.
    #[arg(long, value_name = "POWER")]
    class_weights: Option<f64>,
    /// Times that a conversation with a rare class may be seen in an epoch.
    #[arg(long, value_name = "CAP")]
    oversample: Option<usize>,
    /// Chance that a turn is left out of a training sequence.
    #[arg(long, value_name = "SHARE")]
    turn_dropout: Option<f32>,
    /// Chance that a training sequence begins at a later turn.
    #[arg(long, value_name = "SHARE")]
    crop: Option<f32>,
    /// Networks of each kind that are averaged.
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    /// Passes over the conversations, for every network.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Stop a network after so many epochs without a lower loss on a tenth of its conversations, kept aside;
    /// without it, every epoch is made.
    #[arg(long, value_name = "EPOCHS")]
    patience: Option<usize>,
    /// Parts that are kept back in turn.
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// SPDX licence of the models, for the card.
    #[arg(long, default_value = "MIT OR Apache-2.0", value_name = "SPDX")]
    licence: String,
    /// What the models were trained on, a line each, for the card.
    #[arg(long = "source", value_name = "TEXT")]
    data_sources: Vec<String>,
}

impl TrainArgs {
    fn settings(&self) -> Result<Settings> {
        let mut settings: Settings = match &self.settings {
            None => Settings::default(),
            Some(path) => serde_json::from_str(&read_text(path)?)
                .and_then(over_defaults)
                .with_context(|| format!("{} is not a run's settings", path.display()))?,
        };
        let stopping = self.patience.map(|patience| epochs::EarlyStopping { share: 0.1, patience });
        for sequence in [&mut settings.response_type, &mut settings.stage] {
            sequence.class_weight_power = self.class_weights.unwrap_or(sequence.class_weight_power);
            sequence.turn_dropout = self.turn_dropout.unwrap_or(sequence.turn_dropout);
            sequence.crop = self.crop.unwrap_or(sequence.crop);
            sequence.oversample = self.oversample.unwrap_or(sequence.oversample);
            sequence.seeds = self.seeds.unwrap_or(sequence.seeds);
            sequence.epochs = self.epochs.unwrap_or(sequence.epochs);
            sequence.early_stopping = stopping.or(sequence.early_stopping);
        }
        settings.acts.early_stopping = stopping.or(settings.acts.early_stopping);
        settings.acts.class_weight_power = self.class_weights.unwrap_or(settings.acts.class_weight_power);
        settings.acts.oversample = self.oversample.unwrap_or(settings.acts.oversample);
        settings.acts.epochs = self.epochs.unwrap_or(settings.acts.epochs);
        settings.act_seeds = self.seeds.unwrap_or(settings.act_seeds);
        settings.folds = self.folds.unwrap_or(settings.folds);
        ensure!(settings.folds >= 2, "--folds {}: at least 2 are needed", settings.folds);
        ensure!(settings.act_seeds > 0 && settings.response_type.seeds > 0, "--seeds must be at least 1");
        let share = |name: &str, x: f32| {
            ensure!((0.0..1.0).contains(&x), "--{name} {x}: a share from 0 to below 1 is needed");
            Ok(())
        };
        share("turn-dropout", settings.stage.turn_dropout)?;
        share("crop", settings.stage.crop)?;
        Ok(settings)
    }
}

/// What a data file is called in the cards: its name, or its folder's for a part of a split.
fn set_name(path: &Path) -> String {
    let name = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let stem = name(path.file_stem());
    let folder = name(path.parent().and_then(Path::file_name));
    if matches!(stem.as_str(), "train" | "validation" | "test") && !folder.is_empty() { folder } else { stem }
}

/// Settings from what a file gives; each that is left out, at any depth, keeps its own default.
fn over_defaults(given: Value) -> serde_json::Result<Settings> {
    fn lay(over: Value, under: &mut Value) {
        match (over, under) {
            (Value::Object(over), Value::Object(under)) => {
                for (name, value) in over {
                    lay(value, under.entry(name).or_insert(Value::Null));
                }
            }
            (over, under) => *under = over,
        }
    }
    let mut settings = serde_json::to_value(Settings::default())?;
    lay(given, &mut settings);
    serde_json::from_value(settings)
}

fn hashed(path: &Path) -> Result<Value> {
    let bytes = read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(serde_json::json!({ "file": name, "bytes": bytes.len(), "sha256": crate::sha256_hex(&bytes) }))
}

pub(crate) fn run(args: &TrainArgs, output: Output) -> Result<()> {
    let settings = args.settings()?;
    ensure!(!args.out.exists(), "{} is there already; give another --out", args.out.display());
    let encoder = args.encoder.clone().unwrap_or_else(|| cache_dir().join("export"));
    let (mut conversations, mut sets) = (Vec::new(), Vec::new());
    for path in &args.data {
        conversations.extend(crate::data::read_conversations(path)?);
        sets.resize(conversations.len(), set_name(path));
    }
    let playbook: Playbook = serde_json::from_str(&read_text(&args.playbook)?)
        .with_context(|| format!("{} is not a playbook", args.playbook.display()))?;
    let weights = |name: &str| {
        read(&encoder.join(name)).context("`rapport base fetch` and `rapport export encoder` make it")
    };
    let sources = Sources {
        conversations,
        sets,
        tones: sentiment::read_goemotions(&args.sentiment, settings.sentiment_texts)?,
        emotions: signals::texts::emotions(&args.sentiment, settings.signals.texts)?,
        intents: args.intents.as_deref().map(signals::texts::intents).transpose()?.unwrap_or_default(),
        playbook,
        encoder: weights("encoder.onnx")?,
        tokenizer: weights("tokenizer.json")?,
    };
    // Checkpoints belong to one choice of data and settings: any change starts anew.
    let mut inputs = args.data.iter().map(|p| hashed(p)).collect::<Result<Vec<_>>>()?;
    inputs.push(hashed(&args.sentiment)?);
    inputs.extend(args.intents.as_deref().map(hashed).transpose()?);
    inputs.push(hashed(&args.playbook)?);
    let record = serde_json::json!({
        "rapport": env!("CARGO_PKG_VERSION"),
        "encoder_sha256": crate::sha256_hex(&sources.encoder),
        "data": inputs,
        "settings": settings,
    });
    let checkpoints = cache_dir().join("checkpoints").join(crate::sha256_hex(record.to_string().as_bytes()));
    std::fs::create_dir_all(&checkpoints)
        .with_context(|| format!("cannot make {}", checkpoints.display()))?;

    let trained = run::train(&sources, &settings, Some(&checkpoints), output)?;

    let folder = StagedFolder::new(&args.out)?;
    let summary = bundle::write(folder.path(), args, &sources, &settings, &record, &trained, output)?;
    folder.finish()?;
    let _ = std::fs::remove_dir_all(&checkpoints);
    output.result(&summary, || summary.text(&args.out))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_split_have_their_folders_name() {
        assert_eq!(set_name(Path::new("runs/corpus/train.jsonl")), "corpus");
        assert_eq!(set_name(Path::new("persuasion.jsonl")), "persuasion");
        assert_eq!(set_name(Path::new("train.jsonl")), "train");
    }

    #[test]
    fn settings_left_out_keep_their_own_default() {
        let settings = over_defaults(serde_json::json!({"stage": {"seeds": 2}, "folds": 3})).unwrap();
        let usual = Settings::default();
        assert_eq!((settings.stage.seeds, settings.folds), (2, 3));
        assert_eq!(settings.stage.epochs, usual.stage.epochs);
        assert_ne!(usual.stage.epochs, usual.response_type.epochs, "the test needs two defaults");
        assert!(over_defaults(serde_json::json!({"folsd": 3})).is_err());
    }
}
