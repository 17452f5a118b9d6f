//! `rapport signals train`

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rapport_conversation::Conversation;
use rapport_engine::bundle::artifact;
use rapport_engine::{Bundle, BundleConfig, Engine, Playbook, Reader, TurnReading, merge_turns};
use rapport_inference::{EncoderLimits, MemoryBudget, SentenceEncoder};
use rayon::prelude::*;
use serde_json::json;

use crate::bundle::{BUNDLE_CARD, BundleArgs, card_with};
use crate::data::read_conversations;
use crate::files::{StagedFolder, read};
use crate::train::sentiment;
use crate::train::signals::{self, SignalOptions, SignalTexts, report, texts};
use crate::train::vectors::VectorStore;
use crate::{Output, sha256_hex, write_file};

/// Texts that the tone heads are compared over, as `rapport train` takes them.
const TONE_TEXTS: usize = 20_000;

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    bundle: BundleArgs,
    /// Canonical JSONL with labelled turns: objection, buying signal, urgency, commitment, sentiment.
    #[arg(long = "data", value_name = "FILE.jsonl", required = true)]
    data: Vec<PathBuf>,
    /// Texts with emotions: `GoEmotions`' table, plain or gzipped.
    #[arg(long, value_name = "FILE.tsv")]
    emotions: PathBuf,
    /// Texts with service intents: `Banking77`'s table, plain or gzipped. Without it the bundle names none.
    #[arg(long, value_name = "FILE.csv")]
    intents: Option<PathBuf>,
    /// Texts with emotions that are read at most.
    #[arg(long, value_name = "N")]
    texts: Option<usize>,
    /// Parts that are kept back in turn.
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// What the signals were trained on, with its licence, for the registry's entry. May be given several times.
    #[arg(long = "source", value_name = "TEXT")]
    sources: Vec<String>,
    /// Folder of the run; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &TrainArgs, output: Output) -> Result<()> {
    let usual = SignalOptions::default();
    let options = SignalOptions {
        texts: args.texts.unwrap_or(usual.texts),
        folds: args.folds.unwrap_or(usual.folds),
        ..usual
    };
    ensure!(options.folds >= 2, "--folds {}: at least 2 are needed", options.folds);
    let folder = StagedFolder::new(&args.out)?;
    let mut files = args.bundle.files()?;
    files.retain(|(name, _)| name != artifact::SIGNALS && name != artifact::SIGNALS_CONFIG);
    let mut conversations: Vec<Conversation> = Vec::new();
    for path in &args.data {
        conversations.extend(read_conversations(path)?);
    }
    let mut said = SignalTexts {
        emotions: texts::emotions(&args.emotions, options.texts)?,
        intents: args.intents.as_deref().map(texts::intents).transpose()?.unwrap_or_default(),
        playbook: Vec::new(),
    };
    let tones = sentiment::read_goemotions(&args.emotions, TONE_TEXTS)?;

    let (reader, mut store) = open(&files)?;
    let encoder = SentenceEncoder::load(
        file(&files, artifact::ENCODER)?,
        file(&files, artifact::TOKENIZER)?,
        limits(&files)?,
    )?;
    let merged: Vec<Vec<_>> = conversations.iter().map(merge_turns).collect();
    let turns = merged.iter().flatten().map(|t| t.text.as_str());
    let all = turns
        .clone()
        .chain(said.emotions.iter().chain(&said.intents).map(|e| e.text.as_str()))
        .chain(tones.iter().map(|t| t.text.as_str()));
    store.encode(all, &encoder, output)?;
    reader.expect_texts(merged.iter().map(Vec::len).sum());
    for text in turns {
        if let Some(vector) = store.get(text) {
            reader.remember(text, vector);
        }
    }
    let readings: Vec<Vec<TurnReading>> =
        merged.par_iter().map(|turns| reader.read(turns)).collect::<Result<_, _>>()?;
    let readings: Vec<&[TurnReading]> = readings.iter().map(Vec::as_slice).collect();
    let playbook: Playbook = serde_json::from_slice(file(&files, artifact::PLAYBOOK)?)
        .context("playbook.json of the bundle cannot be read")?;
    said.playbook = signals::playbook_lines(&playbook, &reader)?;
    let trained = signals::train(&conversations, &readings, &said, &tones, &store, &options, output)?;

    let inputs: Vec<&PathBuf> = args.data.iter().chain([&args.emotions]).chain(&args.intents).collect();
    let hashes = inputs
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Ok(json!({ "file": name, "sha256": sha256_hex(&read(path)?) }))
        })
        .collect::<Result<Vec<_>>>()?;
    let record = json!({
        "rapport": env!("CARGO_PKG_VERSION"),
        "encoder_sha256": sha256_hex(file(&files, artifact::ENCODER)?),
        "data": hashes,
        "settings": options,
        "figures": trained.figures,
    });
    let graph_bytes = trained.graph.len();
    files.push((artifact::SIGNALS.into(), trained.graph));
    files.push((artifact::SIGNALS_CONFIG.into(), serde_json::to_vec_pretty(&trained.config)?));
    Engine::load(Bundle::new(files.clone())).context("the bundle with its new signals")?;
    if !args.sources.is_empty() {
        let card = card_with(&files, |card| {
            for name in [artifact::SIGNALS, artifact::SIGNALS_CONFIG] {
                card["artifacts"][name] = json!({ "data": args.sources });
            }
        })?;
        files.retain(|(name, _)| name != BUNDLE_CARD);
        files.push((BUNDLE_CARD.into(), card));
    }
    let put = |name: &str, bytes: &[u8]| write_file(&folder.path().join(name), bytes);
    for (name, bytes) in &files {
        put(&format!("bundle/{name}"), bytes)?;
    }
    put("signals.json", &serde_json::to_vec_pretty(&record)?)?;
    put("cards/signals.md", report::card(&trained.figures).as_bytes())?;
    folder.finish()?;
    let summary = json!({
        "out": args.out,
        "heads": trained.config.heads.len(),
        "rules": trained.config.rules.len(),
        "tone": trained.config.tone.is_some(),
        "graph_bytes": graph_bytes,
        "figures": trained.figures,
    });
    output.result(&summary, || {
        format!(
            "{}{} heads and {} rules; signals.onnx has {graph_bytes} bytes and agrees with the heads within {:.3}.\n\
             The run is in {}; `bundle` in it can be published.",
            report::tables(&trained.figures),
            trained.config.heads.len(),
            trained.config.rules.len(),
            trained.figures.export_difference,
            args.out.display()
        )
    })
}

fn file<'a>(files: &'a [(String, Vec<u8>)], name: &str) -> Result<&'a [u8]> {
    let found = files.iter().find(|(n, _)| n == name).map(|(_, bytes)| bytes.as_slice());
    found.with_context(|| format!("the bundle has no {name}; give the folder of a whole bundle"))
}

fn config(files: &[(String, Vec<u8>)]) -> Result<BundleConfig> {
    serde_json::from_slice(file(files, artifact::CONFIG)?).context("bundle.json cannot be read")
}

fn limits(files: &[(String, Vec<u8>)]) -> Result<EncoderLimits> {
    let encoder = config(files)?.encoder;
    Ok(EncoderLimits { max_tokens: encoder.max_tokens, dimensions: encoder.dimensions })
}

/// The reader of a bundle, and the store of its encoder's vectors.
pub(super) fn open(files: &[(String, Vec<u8>)]) -> Result<(Reader, VectorStore)> {
    let (encoder, limits) = (file(files, artifact::ENCODER)?, limits(files)?);
    let reader = Reader::load(
        encoder,
        file(files, artifact::TOKENIZER)?,
        file(files, artifact::SENTIMENT)?,
        limits,
        config(files)?.temperatures.sentiment,
        &MemoryBudget::TOOLS,
    )?;
    Ok((reader, VectorStore::open(&sha256_hex(encoder), limits.dimensions)))
}
