//! What tract answers, for the comparison with ONNX Runtime in `tests/parity-onnx`.
//!
//! Reads one request a line from standard input and writes one answer a line:
//! `{"model": PATH, "inputs": {NAME: {"shape": […], "i64": […]} or {"shape": […], "f32": […]}}, "outputs": [NAME…]}`
//! gives a list with, for each output, `{"shape": […], "f32": […]}`;
//! `{"encoder": PATH, "tokenizer": PATH, "max_tokens": N, "dimensions": N, "texts": [TEXT…]}`
//! gives a list with, for each text, `{"tokens": […], "embedding": […]}`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rapport_inference::{EncoderLimits, Input, OnnxModel, SentenceEncoder};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    Model { model: PathBuf, inputs: BTreeMap<String, Given>, outputs: Vec<String> },
    Texts { encoder: PathBuf, tokenizer: PathBuf, max_tokens: usize, dimensions: usize, texts: Vec<String> },
}

#[derive(Deserialize)]
struct Given {
    shape: Vec<usize>,
    i64: Option<Vec<i64>>,
    f32: Option<Vec<f32>>,
}

#[derive(Serialize)]
struct Answer {
    shape: Vec<usize>,
    f32: Vec<f32>,
}

#[derive(Serialize)]
struct Encoded {
    tokens: Vec<i64>,
    embedding: Vec<f32>,
}

fn main() -> Result<()> {
    let mut models = HashMap::new();
    for line in stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?).context("a request cannot be read")? {
            Request::Model { model, inputs, outputs } => {
                if !models.contains_key(&model) {
                    models.insert(
                        model.clone(),
                        OnnxModel::load(&model.display().to_string(), &read(&model)?)?,
                    );
                }
                serde_json::to_string(&run(&models[&model], inputs, &outputs)?)?
            }
            Request::Texts { encoder, tokenizer, max_tokens, dimensions, texts } => {
                let limits = EncoderLimits { max_tokens, dimensions };
                let encoder = SentenceEncoder::load(read(&encoder)?, &read(&tokenizer)?, limits)?;
                let encode = |text: &String| -> Result<Encoded> {
                    Ok(Encoded { tokens: encoder.tokenize(text)?, embedding: encoder.encode(text)? })
                };
                serde_json::to_string(&texts.iter().map(encode).collect::<Result<Vec<_>>>()?)?
            }
        };
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn run(model: &OnnxModel, inputs: BTreeMap<String, Given>, outputs: &[String]) -> Result<Vec<Answer>> {
    let inputs = inputs
        .into_iter()
        .map(|(name, given)| {
            let input = match given {
                Given { shape, i64: Some(values), f32: None } => Input::i64(&shape, values),
                Given { shape, f32: Some(values), i64: None } => Input::f32(&shape, values),
                Given { .. } => bail!("input {name}: give either i64 or f32"),
            };
            Ok((
                name.clone(),
                input.with_context(|| format!("input {name}: the values do not fill the shape"))?,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    let inputs = inputs.iter().map(|(name, input)| (name.as_str(), input.clone())).collect();
    let wanted: Vec<&str> = outputs.iter().map(String::as_str).collect();
    Ok(model
        .run(inputs, &wanted)?
        .into_iter()
        .map(|array| Answer { shape: array.shape().to_vec(), f32: array.into_iter().collect() })
        .collect())
}
