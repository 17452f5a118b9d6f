//! `rapport data import`.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use rapport_conversation::{
    Format, Import, Limits, Outcome, PersonalData, SourceFile, import, redact_conversation,
};
use serde::Serialize;

use super::jsonl::write_conversations;
use crate::Output;
use crate::files::read;

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Layout of the files.
    #[arg(long, value_parser = PossibleValuesParser::new(Format::ALL.iter().map(|f| f.name())))]
    format: String,
    /// Files of one data set; gzipped ones are read as they are.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Canonical JSONL to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace personal data (addresses, numbers, names from greetings) by placeholders.
    #[arg(long)]
    redact: bool,
    /// Leave out conversations whose outcome is not recorded.
    #[arg(long)]
    with_outcome: bool,
}

#[derive(Debug, Serialize)]
struct Imported<'a> {
    out: &'a PathBuf,
    sha256: String,
    report: &'a rapport_conversation::Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<std::collections::BTreeMap<PersonalData, usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_outcome: Option<usize>,
}

pub(super) fn run(args: &ImportArgs, output: Output) -> Result<()> {
    let format = Format::from_name(&args.format).context("the format is not known")?;
    let files = args
        .files
        .iter()
        .map(|path| Ok(SourceFile::new(path.display().to_string(), read(path)?)))
        .collect::<Result<Vec<_>>>()?;
    let Import { mut conversations, report } = import(format, &files, &Limits::IMPORT)?;
    let without_outcome = args.with_outcome.then(|| {
        let before = conversations.len();
        conversations.retain(|c| matches!(c.outcome, Some(Outcome::Won | Outcome::Lost)));
        before - conversations.len()
    });
    let redacted = args.redact.then(|| {
        let bar = output.steps(conversations.len() as u64, "redacting");
        let mut counts = std::collections::BTreeMap::new();
        for conversation in &mut conversations {
            let (clean, found) = redact_conversation(conversation);
            *conversation = clean;
            for found in found.into_iter().flatten() {
                *counts.entry(found.kind).or_insert(0) += 1;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        counts
    });
    let sha256 = write_conversations(&args.out, &conversations)?;
    let imported = Imported { out: &args.out, sha256, report: &report, redacted, without_outcome };
    output.result(&imported, || describe(&imported))
}

fn describe(imported: &Imported<'_>) -> String {
    let mut text = imported.report.to_string();
    if let Some(count) = imported.without_outcome {
        let _ = writeln!(text, "left out {count:>7}  without a recorded outcome");
    }
    for (kind, count) in imported.redacted.iter().flatten() {
        let _ = writeln!(text, "redacted {count:>7}  {kind:?}");
    }
    text + &format!("{}  sha256 {}", imported.out.display(), imported.sha256)
}
