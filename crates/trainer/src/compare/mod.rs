//! `rapport compare`: how well the vectors of two encoders tell conversations or turns apart.
//!
//! Nothing but vectors: a head of logistic regression over them, the nearest neighbours, the silhouette. The two
//! encoders are judged on the same items, folds and resamples, so that every difference is paired.

mod describe;
mod figures;
mod head;
mod items;
mod map;
mod page;
mod space;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use rapport_conversation::Conversation;
use serde::{Deserialize, Serialize};

use self::figures::{CompareOptions, Comparison, compare};
use self::items::{Items, Kind};
use self::space::Space;
use crate::data::read_conversations;
use crate::files::StagedFolder;
use crate::{Output, html, write_file};

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Encoder before fine-tuning: a bundle, or a folder with `encoder.onnx` and `tokenizer.json`.
    #[arg(long, value_name = "DIR")]
    generic: PathBuf,
    /// Encoder after fine-tuning, the same way.
    #[arg(long, value_name = "DIR")]
    fine_tuned: PathBuf,
    /// Canonical JSONL to judge on; conversations that neither encoder was trained on.
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Canonical JSONL that heads are fitted on and neighbours are looked up in. Without it, both by cross-validation
    /// over whole conversations of `--data`.
    #[arg(long, value_name = "FILE.jsonl", num_args = 1..)]
    train: Vec<PathBuf>,
    /// What is told apart: conversations by outcome, or turns by what they do.
    #[arg(long, value_enum, default_value_t = Labels::Outcome)]
    labels: Labels,
    /// Neighbours that vote.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    neighbours: u16,
    /// Resamples of the intervals.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..))]
    resamples: u32,
    /// Seed of the intervals and of the t-SNE picture.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for figures, pictures and a page; it must not exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Labels {
    /// Conversations: won or lost.
    Outcome,
    /// Turns: response types of the customer, acts of the salesperson.
    Acts,
}

impl Labels {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Outcome => &[Kind::Outcome],
            Self::Acts => &[Kind::ResponseType, Kind::SellerAct],
        }
    }
}

/// Figures of both encoders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CompareReport {
    /// SHA-256 of the encoder before fine-tuning.
    pub generic: String,
    /// SHA-256 of the encoder after it.
    pub fine_tuned: String,
    /// True when heads and neighbours come from other conversations than the judged ones.
    pub trained_apart: bool,
    /// Neighbours that vote.
    pub neighbours: usize,
    /// By what is told apart: `outcome`, or `response_type` and `seller_act`.
    pub labels: BTreeMap<String, Comparison>,
    /// What could not be judged, and what limits the figures.
    pub notes: Vec<String>,
}

pub(crate) fn run(args: &CompareArgs, output: Output) -> Result<()> {
    let folder = args.out.as_deref().map(StagedFolder::new).transpose()?;
    let read = |files: &[PathBuf]| -> Result<Vec<Conversation>> {
        let mut conversations = Vec::new();
        for file in files {
            conversations.extend(read_conversations(file)?);
        }
        Ok(conversations)
    };
    let (judged, train) = (read(&args.data)?, read(&args.train)?);
    let kinds = items::labelled(args.labels.kinds(), &judged, &train)?;
    let mut spaces = [Space::load(&args.generic)?, Space::load(&args.fine_tuned)?];
    let mut report = CompareReport {
        generic: spaces[0].sha256.clone(),
        fine_tuned: spaces[1].sha256.clone(),
        trained_apart: !train.is_empty(),
        neighbours: usize::from(args.neighbours),
        labels: BTreeMap::new(),
        notes: Vec::new(),
    };
    if report.generic == report.fine_tuned {
        report.notes.push("both encoders are the same file: every difference is zero".into());
    }
    for space in &mut spaces {
        space.encode(judged.iter().chain(&train), output)?;
    }
    let options = CompareOptions {
        neighbours: usize::from(args.neighbours),
        resamples: args.resamples as usize,
        seed: args.seed,
    };
    let mut pictures = Vec::new();
    for kind in kinds {
        let of = |space: &Space, conversations: &[Conversation], first: usize| {
            Items::collect(kind, conversations, first, |text| space.vector(text))
        };
        let sides = |space: &Space| -> Result<(Items, Option<Items>)> {
            let other = if train.is_empty() { None } else { Some(of(space, &train, judged.len())?) };
            Ok((of(space, &judged, 0)?, other))
        };
        let (generic, fine_tuned) = (sides(&spaces[0])?, sides(&spaces[1])?);
        output.note(format!("{}: {} items", kind.title(), generic.0.labels.len()));
        let comparison = compare(
            kind,
            (&generic.0, generic.1.as_ref()),
            (&fine_tuned.0, fine_tuned.1.as_ref()),
            &options,
        )?;
        report.notes.extend(comparison.notes());
        report.labels.insert(kind.name().into(), comparison);
        if folder.is_some() {
            output.note("drawing the maps");
            match map::maps(kind, [&generic.0, &fine_tuned.0], args.seed) {
                Ok(maps) => pictures.extend(maps),
                Err(reason) => report.notes.push(format!("{}: no map, {reason}", kind.title())),
            }
        }
    }
    ensure!(!report.labels.is_empty(), "nothing could be compared");
    if let Some(folder) = folder {
        let at = |name: &str| folder.path().join(name);
        write_file(&at("compare.json"), &serde_json::to_vec_pretty(&report)?)?;
        for picture in &pictures {
            write_file(&at(&format!("{}.svg", picture.name)), picture.svg.as_bytes())?;
        }
        write_file(&at("compare.html"), html::render(&page::page(&report, &pictures)).as_bytes())?;
        folder.finish()?;
    }
    output.result(&report, || describe::describe(&report))
}
