//! `rapport encode`: the embedding of each line of a text file.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use rapport_inference::{EncoderLimits, SentenceEncoder};
use rayon::prelude::*;
use serde::Serialize;

use crate::bundle::BundleArgs;
use crate::files::{read, read_text};
use crate::{Output, write_file};

/// Length of an embedding.
const DIMENSIONS: usize = 384;

#[derive(Debug, Args)]
pub(crate) struct EncodeArgs {
    /// One text a line; blank lines are left out.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Encoder to use instead of a bundle's.
    #[arg(long, value_name = "FILE", requires = "tokenizer")]
    encoder: Option<PathBuf>,
    /// Its tokenizer.
    #[arg(long, value_name = "FILE", requires = "encoder")]
    tokenizer: Option<PathBuf>,
    /// Tokens read of a text.
    #[arg(long, default_value_t = 128)]
    max_tokens: usize,
    /// File to write instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    bundle: BundleArgs,
}

#[derive(Debug, Serialize)]
struct Encoded {
    dimensions: usize,
    /// Seconds that encoding took on all cores, reading the models not counted.
    seconds: f64,
    embeddings: Vec<Vec<f32>>,
}

pub(crate) fn run(args: &EncodeArgs, output: Output) -> Result<()> {
    let (onnx, tokenizer) = match (&args.encoder, &args.tokenizer) {
        (Some(encoder), Some(tokenizer)) => (read(encoder)?, read(tokenizer)?),
        _ => of_bundle(&args.bundle)?,
    };
    let limits = EncoderLimits { max_tokens: args.max_tokens, dimensions: DIMENSIONS };
    let encoder = SentenceEncoder::load(onnx, &tokenizer, limits)?;
    let texts = read_text(&args.file)?;
    let texts: Vec<&str> = texts.lines().filter(|line| !line.trim().is_empty()).collect();
    let bar = output.steps(texts.len() as u64, "encoding");
    let begun = Instant::now();
    let encode = |text: &&str| {
        let vector = encoder.encode(text);
        bar.inc(1);
        vector
    };
    let embeddings: Vec<Vec<f32>> = texts.par_iter().map(encode).collect::<Result<_, _>>()?;
    let seconds = begun.elapsed().as_secs_f64();
    bar.finish_and_clear();
    output.note(format!(
        "{} texts in {seconds:.2} s, {:.0} a second",
        texts.len(),
        texts.len() as f64 / seconds
    ));
    let encoded = Encoded { dimensions: DIMENSIONS, seconds, embeddings };
    match &args.out {
        Some(path) if output.is_json() => write_file(path, &serde_json::to_vec(&encoded)?),
        Some(path) => write_file(path, lines(&encoded).as_bytes()),
        None => output.result(&encoded, || lines(&encoded)),
    }
}

fn of_bundle(bundle: &BundleArgs) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut files: std::collections::BTreeMap<_, _> = bundle.files()?.into_iter().collect();
    let mut take = |name: &str| files.remove(name).with_context(|| format!("the bundle has no {name}"));
    Ok((take("encoder.onnx")?, take("tokenizer.json")?))
}

/// One embedding a line, numbers separated by spaces.
fn lines(encoded: &Encoded) -> String {
    let line = |e: &Vec<f32>| e.iter().map(f32::to_string).collect::<Vec<_>>().join(" ");
    encoded.embeddings.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}
