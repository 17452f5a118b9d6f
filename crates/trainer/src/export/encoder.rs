//! `rapport export encoder`: the graphs, the tokenizer, and the check of what was written.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::Precisions;
use crate::base::Base;
use crate::encoder::{Agreement, compare, f32_graph, int8_graph, ranks};
use crate::files::read;
use crate::finetune::{AdapterFile, Tokens};
use crate::{Output, cache_dir, sha256_hex, write_file};

/// Sentences that every export is checked over.
const CHECK_TEXTS: &str = include_str!("check_texts.txt");
/// Turns of the sales corpus that say what goes into the encoder's products; none of them is a sentence above.
const CALIBRATION_TEXTS: &str = include_str!("calibration_texts.txt");
/// Tokens read of a text.
const MAX_TOKENS: usize = 128;
/// Largest difference of a component that the f32 graph may show.
const F32_TOLERANCE: f32 = 1e-4;
/// Lowest mean cosine that the int8 graph may show over these few short sentences, which lie lower than texts in general
/// (0.998 or more over 300 of them, which the parity tests hold).
const INT8_MEAN_COSINE: f32 = 0.9975;
/// Lowest cosine of any sentence that it may show.
const INT8_MIN_COSINE: f32 = 0.985;

#[derive(Debug, Serialize)]
struct Written {
    file: PathBuf,
    bytes: usize,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<Agreement>,
}

pub(super) fn export(
    base: Option<PathBuf>,
    adapter: Option<&Path>,
    out: Option<PathBuf>,
    precision: Precisions,
    output: Output,
) -> Result<()> {
    let mut base = Base::open(base)?;
    if let Some(path) = adapter {
        let merge = || AdapterFile::from_bytes(&read(path)?, &base.weights);
        let file = merge().with_context(|| format!("cannot use --adapter {}", path.display()))?;
        file.merge(&mut base.weights, &base.sha256)
            .with_context(|| format!("--adapter {}", path.display()))?;
    }
    let folder = out.unwrap_or_else(|| cache_dir().join("export"));
    let tokens = Tokens::new(&base.tokenizer, MAX_TOKENS)?;
    let sequences = tokenize(&tokens, CHECK_TEXTS)?;
    let mut written = Vec::new();
    if precision != Precisions::Int8 {
        let onnx = f32_graph(&base.weights);
        let agreement = compare(&onnx, &base.weights, &sequences).context("encoder-f32.onnx")?;
        ensure!(
            agreement.max_difference <= F32_TOLERANCE,
            "encoder-f32.onnx differs from the reference by {}, {F32_TOLERANCE} is allowed",
            agreement.max_difference
        );
        written.push(write(&folder.join("encoder-f32.onnx"), &onnx, Some(agreement))?);
    }
    if precision != Precisions::F32 {
        let ranks = vocabulary_ranks(&tokens, base.weights.vocabulary);
        let onnx = int8_graph(&base.weights, &ranks, &tokenize(&tokens, CALIBRATION_TEXTS)?);
        let agreement = compare(&onnx, &base.weights, &sequences).context("encoder.onnx")?;
        ensure!(
            agreement.mean_cosine >= INT8_MEAN_COSINE,
            "encoder.onnx has a mean cosine of {} to the reference, {INT8_MEAN_COSINE} is the least",
            agreement.mean_cosine
        );
        ensure!(
            agreement.min_cosine >= INT8_MIN_COSINE,
            "encoder.onnx has a lowest cosine of {} to the reference, {INT8_MIN_COSINE} is the least",
            agreement.min_cosine
        );
        written.push(write(&folder.join("encoder.onnx"), &onnx, Some(agreement))?);
        keep(&onnx)?;
    }
    written.push(write(&folder.join("tokenizer.json"), &base.tokenizer, None)?);
    keep(&base.tokenizer)?;
    output.result(&written, || written.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// How often each of the table's words is read.
fn vocabulary_ranks(tokens: &Tokens, words: usize) -> Vec<u32> {
    // A number without a word is never read, as the reserved ones.
    let entries = tokens.entries(words);
    ranks(entries.iter().map(|entry| entry.as_deref().unwrap_or("[unused]")))
}

fn tokenize(tokens: &Tokens, texts: &str) -> Result<Vec<Vec<u32>>> {
    texts.lines().filter(|l| !l.trim().is_empty()).map(|text| tokens.of(text)).collect()
}

fn write(path: &Path, bytes: &[u8], agreement: Option<Agreement>) -> Result<Written> {
    write_file(path, bytes)?;
    Ok(Written { file: path.to_owned(), bytes: bytes.len(), sha256: sha256_hex(bytes), agreement })
}

/// Keeps an artifact in the cache under its hash, where the registry looks for what is too large to commit.
fn keep(bytes: &[u8]) -> Result<()> {
    write_file(&cache_dir().join("artifacts").join(sha256_hex(bytes)), bytes)
}

fn line(written: &Written) -> String {
    let check = written.agreement.map_or_else(String::new, |a| {
        format!(
            "\n  against the f32 reference over {} sentences: cosine {:.5} mean, {:.5} lowest; largest difference {:.1e}",
            a.sequences, a.mean_cosine, a.min_cosine, a.max_difference
        )
    });
    format!("{}  {} bytes  sha256 {}{check}", written.file.display(), written.bytes, written.sha256)
}
