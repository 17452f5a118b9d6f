//! `rapport data check`: whether a labelled corpus is what its plan says, and safe to train on.
//!
//! A corpus is a folder: canonical JSONL files, `plan.json` (what was to be written, and how much of each kind at
//! least) and `second-labels.json` (turns that two people labelled without seeing each other's labels).

mod agreement;
mod labels;
mod leakage;
mod overlap;
mod plan;
mod privacy;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rapport_conversation::Conversation;
use serde::Serialize;

use super::jsonl::read_conversations;
use crate::files::read;
use crate::train::vectors::VectorStore;
use crate::{Output, cache_dir};
use rapport_inference::{EncoderLimits, SentenceEncoder};

const PLAN: &str = "plan.json";
const SECOND: &str = "second-labels.json";

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Folder with the corpus.
    #[arg(default_value = "models/corpus")]
    folder: PathBuf,
    /// Other texts that no passage may come from: any text files, plain or gzipped.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    against: Vec<PathBuf>,
    /// Folder with `encoder.onnx` and `tokenizer.json`; the default is where `rapport export encoder` puts them.
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
}

/// What the checks found. `faults` is empty when all is well.
#[derive(Debug, Default, Serialize)]
struct Findings {
    conversations: usize,
    turns: usize,
    words: usize,
    /// Conversations by each planned trait and its value.
    spread: BTreeMap<String, BTreeMap<String, usize>>,
    /// Personal data that the redactor sees, by kind; names are invented and allowed.
    personal_data: BTreeMap<String, usize>,
    /// The two closest conversations: share of the longer turns of one that have a near-equal in the other.
    closest: Option<overlap::Closest>,
    /// Passages shared with the texts given by `--against`; absent when none were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_passages: Option<usize>,
    /// Cross-validated area under the ROC curve of models that must not be able to tell won from lost.
    leakage: BTreeMap<&'static str, f64>,
    /// Cohen's kappa of the two labellings.
    agreement: BTreeMap<&'static str, agreement::Agreement>,
    faults: Vec<String>,
}

/// The canonical JSONL files of a folder, in order of their names.
fn corpus_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    ensure!(!files.is_empty(), "{} holds no .jsonl file", folder.display());
    Ok(files)
}

pub(super) fn run(args: &CheckArgs, output: Output) -> Result<()> {
    let mut conversations: Vec<Conversation> = Vec::new();
    for file in corpus_files(&args.folder)? {
        conversations.extend(read_conversations(&file)?);
    }
    let encoder = args.encoder.clone().unwrap_or_else(|| cache_dir().join("export"));
    let vectors = encode(&encoder, &conversations, output)?;

    let mut findings = Findings {
        conversations: conversations.len(),
        turns: conversations.iter().map(|c| c.turns.len()).sum(),
        words: conversations.iter().flat_map(|c| &c.turns).map(|t| words(&t.text)).sum(),
        ..Findings::default()
    };
    output.note("compare with the plan");
    plan::check(&args.folder.join(PLAN), &conversations, &mut findings)?;
    labels::check(&conversations, &mut findings);
    privacy::check(&conversations, &mut findings);
    output.note("look for passages and turns that occur twice");
    overlap::within(&conversations, &vectors, &mut findings);
    overlap::against(&conversations, &args.against, &mut findings)?;
    output.note("try to tell the outcome from what must not tell it");
    leakage::check(&conversations, &vectors, &mut findings)?;
    agreement::check(&args.folder.join(SECOND), &conversations, &mut findings)?;

    output.result(&findings, || describe(&findings))?;
    if !findings.faults.is_empty() {
        bail!("{} of the corpus' checks failed", findings.faults.len());
    }
    Ok(())
}

fn encode(folder: &Path, conversations: &[Conversation], output: Output) -> Result<VectorStore> {
    let weights = |name: &str| {
        read(&folder.join(name)).context("`rapport base fetch` and `rapport export encoder` make it")
    };
    let (model, tokenizer) = (weights("encoder.onnx")?, weights("tokenizer.json")?);
    let limits = EncoderLimits { max_tokens: 128, dimensions: 384 };
    let encoder = SentenceEncoder::load(&model, &tokenizer, limits)?;
    let mut store = VectorStore::open(&crate::sha256_hex(&model), limits.dimensions);
    let texts = conversations.iter().flat_map(|c| &c.turns).map(|t| t.text.as_str());
    store.encode(texts, &encoder, output)?;
    Ok(store)
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn describe(f: &Findings) -> String {
    let mut text = format!("{} conversations, {} turns, {} words\n", f.conversations, f.turns, f.words);
    for (name, counts) in &f.spread {
        let counts: Vec<String> = counts.iter().map(|(value, n)| format!("{value} {n}")).collect();
        let _ = writeln!(text, "{name:<12} {}", counts.join(", "));
    }
    let personal: Vec<String> = f.personal_data.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
    let _ = writeln!(
        text,
        "the redactor sees: {}",
        if personal.is_empty() { "nothing".into() } else { personal.join(", ") }
    );
    if let Some(c) = &f.closest {
        let _ = writeln!(
            text,
            "closest two: {} and {}, {:.0} % of turns alike",
            c.first,
            c.second,
            c.share * 100.0
        );
    }
    if let Some(n) = f.shared_passages {
        let _ = writeln!(text, "passages shared with the other texts: {n}");
    }
    for (name, auc) in &f.leakage {
        let _ = writeln!(text, "won or lost from {name}: AUC {auc:.3}");
    }
    for (name, k) in &f.agreement {
        let _ = writeln!(
            text,
            "kappa {name:<14} {:.2}  ({} turns, {:.0} % equal)",
            k.kappa,
            k.turns,
            k.equal * 100.0
        );
    }
    for fault in &f.faults {
        let _ = writeln!(text, "FAULT: {fault}");
    }
    if f.faults.is_empty() {
        text.push_str("all checks passed\n");
    }
    text
}
