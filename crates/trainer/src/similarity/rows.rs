//! Conversations with an outcome as pooled vectors.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use rapport_conversation::{Conversation, Outcome};
use rapport_engine::bundle::artifact;
use rapport_engine::similarity::{Past, Space};
use rapport_engine::{Bundle, Engine, Reader, merge_turns, pooled_vector};
use rapport_inference::{EncoderLimits, SentenceEncoder};
use rayon::prelude::*;

use crate::Output;
use crate::bundle::BundleArgs;
use crate::data::read_conversations;
use crate::train::vectors::VectorStore;

/// One conversation with an outcome.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its identifier.
    pub(super) id: String,
    /// Index of the file that it came from.
    pub(super) file: usize,
    /// How it ended.
    pub(super) won: bool,
    /// Turns of the whole.
    pub(super) turns: usize,
    /// Pooled vector of the whole.
    pub(super) whole: Vec<f32>,
    /// Pooled vector of the first half of its turns, rounded up.
    pub(super) half: Vec<f32>,
}

impl Row {
    /// What a reference set keeps beside the vector.
    pub(super) fn past(&self) -> Past {
        let outcome = if self.won { Outcome::Won } else { Outcome::Lost };
        Past { id: self.id.clone(), outcome, turns: self.turns as u32 }
    }

    /// A row of a vector for tests.
    #[cfg(test)]
    pub(super) fn made(id: &str, won: bool, vector: &[f32]) -> Self {
        let vector = vector.to_vec();
        Self { id: id.into(), file: 0, won, turns: 4, half: vector.clone(), whole: vector }
    }
}

/// What the files hold.
#[derive(Debug)]
pub(super) struct Read {
    /// Conversations with an outcome, in file order.
    pub(super) rows: Vec<Row>,
    /// The same conversations.
    pub(super) conversations: Vec<Conversation>,
    /// The bundle's artifacts.
    pub(super) bundle: Vec<(String, Vec<u8>)>,
    /// What their vectors can be compared with.
    pub(super) space: Space,
    /// Names of the files.
    pub(super) files: Vec<String>,
    /// Conversations without an outcome or without turns.
    pub(super) left_out: usize,
}

/// Reads the conversations of all files with the bundle's encoder.
pub(super) fn read(paths: &[PathBuf], bundle: &BundleArgs, output: Output) -> Result<Read> {
    let mut conversations: Vec<(usize, Conversation)> = Vec::new();
    for (file, path) in paths.iter().enumerate() {
        conversations.extend(read_conversations(path)?.into_iter().map(|c| (file, c)));
    }
    let found = conversations.len();
    conversations.retain(|(_, c)| c.outcome.is_some() && !c.turns.is_empty());
    let mut names = HashSet::new();
    for (file, conversation) in &conversations {
        ensure!(
            names.insert(&conversation.id),
            "{}: the identifier {} is there twice; identifiers must differ between all files",
            paths[*file].display(),
            conversation.id
        );
    }
    let left_out = found - conversations.len();
    let files = bundle.files()?;
    let artifacts: BTreeMap<String, Vec<u8>> = files.iter().cloned().collect();
    let engine = Engine::load(Bundle::new(files.clone())).context("the bundle cannot be loaded")?;
    encode(&engine, &artifacts, &conversations, output)?;
    let bar = output.steps(conversations.len() as u64, "read conversations");
    let rows: Vec<Row> = conversations
        .par_iter()
        .map(|(file, conversation)| {
            let row = row(engine.reader(), *file, conversation)
                .with_context(|| format!("conversation {}", conversation.id))?;
            bar.inc(1);
            Ok(row)
        })
        .collect::<Result<_>>()?;
    bar.finish_and_clear();
    let space = Space::of(engine.reader())?;
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Read {
        rows,
        conversations: conversations.into_iter().map(|(_, c)| c).collect(),
        bundle: files,
        space,
        files: paths.iter().map(name).collect(),
        left_out,
    })
}

/// Gives the reader the vector of every turn, from an earlier run where there is one.
fn encode(
    engine: &Engine,
    artifacts: &BTreeMap<String, Vec<u8>>,
    conversations: &[(usize, Conversation)],
    output: Output,
) -> Result<()> {
    let take = |name: &str| artifacts.get(name).with_context(|| format!("the bundle has no {name}"));
    let onnx = take(artifact::ENCODER)?;
    let info = engine.info();
    let limits = EncoderLimits { max_tokens: info.max_tokens, dimensions: info.dimensions };
    let encoder = SentenceEncoder::load(onnx, take(artifact::TOKENIZER)?, limits)?;
    let mut store = VectorStore::open(&crate::sha256_hex(onnx), limits.dimensions);
    let texts: Vec<String> =
        conversations.iter().flat_map(|(_, c)| merge_turns(c)).map(|turn| turn.text).collect();
    store.encode(texts.iter().map(String::as_str), &encoder, output)?;
    let reader = engine.reader();
    reader.expect_texts(texts.len());
    for text in &texts {
        if let Some(vector) = store.get(text) {
            reader.remember(text, vector);
        }
    }
    Ok(())
}

fn row(reader: &Reader, file: usize, conversation: &Conversation) -> Result<Row> {
    let readings = reader.read(&merge_turns(conversation))?;
    Ok(Row {
        id: conversation.id.clone(),
        file,
        won: conversation.outcome == Some(Outcome::Won),
        turns: readings.len(),
        whole: pooled_vector(&readings)?,
        half: pooled_vector(&readings[..readings.len().div_ceil(2)])?,
    })
}
