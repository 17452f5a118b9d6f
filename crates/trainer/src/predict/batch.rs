//! `rapport predict --batch`: a table of conversations in, a table of answers out, a piece at a time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use indicatif::ProgressBar;
use rapport_conversation::Conversation;
use rapport_engine::{Bundle, Engine};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::entries::{Entries, Entry};
use super::part::{Part, Task};
use super::read::conversation;
use super::row::{COLUMNS, Row, Scores};
use crate::bundle::BundleArgs;
use crate::{Output, sha256_hex};

/// Conversations that are answered together, and bytes of text after which no more join them.
const CHUNK: usize = 512;
const CHUNK_BYTES: usize = 8 << 20;

#[derive(Debug, Args)]
pub(super) struct BatchOptions {
    /// With `--batch`: the conversations are over; their length then counts as the whole length.
    #[arg(long, requires = "batch")]
    finished: bool,
    /// With `--batch`: throw away what an earlier run left unfinished.
    #[arg(long, requires = "batch")]
    restart: bool,
}

#[derive(Debug, Serialize)]
struct Answered {
    out: PathBuf,
    /// Conversations in the result, and those of them that have an error instead of answers.
    rows: u64,
    errors: u64,
    /// Rows that an earlier run had left.
    resumed_from: u64,
    seconds: f64,
    /// Of this run.
    conversations_per_second: f64,
}

pub(super) fn run(
    table: &Path,
    out: &Path,
    options: &BatchOptions,
    bundle: &BundleArgs,
    output: Output,
) -> Result<()> {
    let start = Instant::now();
    let input_bytes =
        std::fs::metadata(table).with_context(|| format!("cannot read {}", table.display()))?.len();
    let bar = output.bytes(input_bytes, "0 rows");
    bar.enable_steady_tick(Duration::from_millis(500));
    let entries = Entries::open(table, &bar)?;
    let files = bundle.files()?;
    let task = Task {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        input_bytes,
        bundle: bundle_hash(&files),
        finished: options.finished,
    };
    let engine = Engine::load(Bundle::new(files)).context("the bundle cannot be loaded")?;
    let score = |conversation: &Conversation, domain: Option<&str>| {
        Scores::of(&engine, conversation, domain, options.finished).map_err(|error| error.to_string())
    };
    let mut batch = Batch::begin(entries, Part::open(out, task, &header()?, options.restart)?, score)?;
    let resumed_from = batch.part.state.rows;
    if resumed_from > 0 {
        output.note(format!("going on after row {resumed_from}, which an earlier run had reached"));
    }
    while batch.step(CHUNK)? {
        report(&bar, batch.part.state.rows, resumed_from, start);
    }
    bar.finish_and_clear();
    let (rows, errors) = (batch.part.state.rows, batch.part.state.errors);
    batch.part.rename(out)?;
    let seconds = start.elapsed().as_secs_f64();
    let conversations_per_second = (rows - resumed_from) as f64 / seconds.max(1e-9);
    let answered =
        Answered { out: out.to_owned(), rows, errors, resumed_from, seconds, conversations_per_second };
    output.result(&answered, || {
        format!(
            "{rows} rows in {}, {errors} of them with an error\n{seconds:.1} s, {conversations_per_second:.1} \
             conversations a second",
            out.display()
        )
    })
}

fn report(bar: &ProgressBar, rows: u64, resumed_from: u64, start: Instant) {
    let rate = (rows - resumed_from) as f64 / start.elapsed().as_secs_f64().max(1e-9);
    bar.set_message(format!("{rows} rows, {rate:.0}/s"));
}

/// SHA-256 over names and contents of the bundle's files.
fn bundle_hash(files: &[(String, Vec<u8>)]) -> String {
    let lines: Vec<String> =
        files.iter().map(|(name, bytes)| format!("{} {name}\n", sha256_hex(bytes))).collect();
    sha256_hex(lines.concat().as_bytes())
}

fn header() -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(COLUMNS)?;
    Ok(csv.into_inner()?)
}

/// A run over a table. The result does not depend on how it is cut into steps.
struct Batch<S> {
    entries: Entries,
    part: Part,
    read: Sha256,
    score: S,
}

impl<S> Batch<S>
where
    S: Fn(&Conversation, Option<&str>) -> Result<Scores, String> + Sync,
{
    /// Passes over the conversations that are answered already.
    fn begin(mut entries: Entries, part: Part, score: S) -> Result<Self> {
        let mut read = Sha256::new();
        for _ in 0..part.state.rows {
            // A table that ends too early has another hash as well.
            let Some(entry) = entries.next()? else { break };
            entry.hash(&mut read);
        }
        part.check_read(&hex::encode(read.clone().finalize()))?;
        Ok(Self { entries, part, read, score })
    }

    /// Answers up to `size` conversations; false at the end of the table.
    fn step(&mut self, size: usize) -> Result<bool> {
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while chunk.len() < size && bytes < CHUNK_BYTES {
            let Some(entry) = self.entries.next()? else { break };
            entry.hash(&mut self.read);
            bytes += entry.bytes();
            chunk.push(entry);
        }
        if chunk.is_empty() {
            return Ok(false);
        }
        let score = &self.score;
        let rows: Vec<Row> = chunk.par_iter().with_max_len(1).map(|entry| answer(entry, score)).collect();
        let mut csv = csv::Writer::from_writer(Vec::new());
        for row in &rows {
            row.write(&mut csv)?;
        }
        let errors = rows.iter().filter(|row| row.answer.is_err()).count();
        let read = hex::encode(self.read.clone().finalize());
        self.part.append(&csv.into_inner()?, rows.len() as u64, errors as u64, read)?;
        Ok(true)
    }
}

fn answer<S>(entry: &Entry, score: &S) -> Row
where
    S: Fn(&Conversation, Option<&str>) -> Result<Scores, String>,
{
    match conversation(entry) {
        Ok(conversation) => {
            Row { answer: score(&conversation, entry.domain.as_deref()), id: conversation.id }
        }
        Err(reason) => Row { id: entry.id.clone(), answer: Err(reason) },
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
