//! `rapport data label`: labels for every turn, each with its source and confidence.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use rapport_conversation::{Conversation, Speaker};
use rapport_engine::{Bundle, Engine, merge_turns};
use rayon::prelude::*;
use serde_json::json;

use super::jsonl::{read_conversations, write_conversations};
use super::weak::{TurnPosteriors, label};
use crate::Output;
use crate::bundle::BundleArgs;

#[derive(Debug, Args)]
pub(crate) struct LabelArgs {
    /// Canonical JSONL; the labels that people set stay as they are.
    file: PathBuf,
    /// Canonical JSONL to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    acts: ActSource,
}

/// Where the model's votes come from.
#[derive(Debug, Args)]
pub(crate) struct ActSource {
    /// Label by the rules alone; what no rule matches gets no label.
    #[arg(long)]
    rules_only: bool,
    #[command(flatten)]
    bundle: BundleArgs,
}

impl ActSource {
    /// True when models vote beside the rules.
    pub(super) fn uses_models(&self) -> bool {
        !self.rules_only
    }
}

pub(super) fn run(args: &LabelArgs, output: Output) -> Result<()> {
    let mut conversations = read_conversations(&args.file)?;
    label_all(&mut conversations, &args.acts, output)?;
    let sha256 = write_conversations(&args.out, &conversations)?;
    let mut sources = std::collections::BTreeMap::<String, usize>::new();
    for turn in conversations.iter().flat_map(|c| &c.turns) {
        let act = match turn.speaker {
            Speaker::Customer => "response_type",
            Speaker::Salesperson => "seller_act",
        };
        let source = turn.labels.provenance.get(act);
        let source = source.map_or("none".to_owned(), |p| format!("{:?}", p.source).to_lowercase());
        *sources.entry(source).or_default() += 1;
    }
    let result = json!({ "out": args.out, "sha256": sha256, "turns_by_source": sources });
    output.result(&result, || {
        let counts: Vec<String> = sources.iter().map(|(s, n)| format!("{s} {n}")).collect();
        format!("turns by source: {}\n{}  sha256 {sha256}", counts.join(", "), args.out.display())
    })
}

/// Labels conversations in place.
pub(super) fn label_all(
    conversations: &mut [Conversation],
    source: &ActSource,
    output: Output,
) -> Result<()> {
    let engine = if source.rules_only {
        None
    } else {
        Some(Engine::load(Bundle::new(source.bundle.files()?)).context("the bundle cannot be loaded")?)
    };
    let bar = output.steps(conversations.len() as u64, "labelling");
    conversations.par_iter_mut().try_for_each(|conversation| -> Result<()> {
        let posteriors = match &engine {
            Some(engine) if !conversation.turns.is_empty() => Some(
                posteriors(engine, conversation)
                    .with_context(|| format!("conversation {}", conversation.id))?,
            ),
            _ => None,
        };
        label(conversation, posteriors.as_deref());
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(())
}

/// What the models say about each line. Lines of one speaker in a row are one turn to the models,
/// so they share what is said about it.
fn posteriors(engine: &Engine, conversation: &Conversation) -> Result<Vec<TurnPosteriors>> {
    let analysis = engine.analyze(conversation)?;
    let mut lines = Vec::with_capacity(conversation.turns.len());
    for (index, turn) in merge_turns(conversation).iter().enumerate() {
        let acts = &analysis.acts[index];
        let posterior = TurnPosteriors {
            response_type: acts.response_type.to_vec(),
            seller_act: acts.seller_act.to_vec(),
            sentiment: analysis.readings[index].sentiment.to_vec(),
            stage: analysis.outlook.stage_now[index].clone(),
        };
        lines.resize(turn.last_line + 1, posterior);
    }
    Ok(lines)
}
