//! `rapport evaluate`: a bundle against labelled conversations.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use rapport_conversation::{Conversation, Speaker};
use rapport_engine::{Bundle, Engine, MemoryBudget};
use rayon::prelude::*;

use super::baselines::BASELINES_FILE;
use super::report::{BaselineSource, ReportOptions};
use super::{Baselines, Example, Task, cross_fit, describe, pictures, report};
use crate::Output;
use crate::bundle::BundleArgs;
use crate::conversion::{Hide, Judged, judge};
use crate::data::read_conversations;
use crate::files::StagedFolder;

/// Parts of the conversations when the baselines have to be fitted on them.
const FOLDS: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// Canonical JSONL with turn labels: `"labels":{"response_type":"question","stage":"discovery"}`.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// What to judge; may be given several times. Everything that there are labels for when left out.
    #[arg(long = "task", value_name = "NAME")]
    tasks: Vec<Task>,
    /// Folder for the figures and pictures; it must not exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Domain whose model of conversion answers; the global one without it.
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// What the second judgement of whole conversations leaves out, with `--task conversion`.
    #[arg(long, value_name = "WHAT", default_value = "amounts")]
    hide: Hide,
    /// Resamples of the intervals.
    #[arg(long, default_value_t = 1000)]
    resamples: usize,
    /// Seed of the intervals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    bundle: BundleArgs,
}

pub(crate) fn run(args: &EvaluateArgs, output: Output) -> Result<()> {
    let folder = args.out.as_deref().map(StagedFolder::new).transpose()?;
    let conversations = read_conversations(&args.data)?;
    if args.tasks.contains(&Task::Conversion) {
        ensure!(args.tasks.len() == 1, "--task conversion is judged by itself; leave the other tasks out");
        let engine = Engine::load_within(Bundle::new(args.bundle.files()?), &MemoryBudget::TOOLS)?;
        let set = args.data.file_stem().unwrap_or_default().to_string_lossy();
        let judged = Judged {
            set: &set,
            domain: args.domain.as_deref(),
            hide: args.hide,
            resamples: args.resamples,
            seed: args.seed,
        };
        return judge(&engine, conversations, &judged, folder, output);
    }
    let tasks = judged(args, &conversations)?;
    let mut files = args.bundle.files()?;
    let baselines = match files.iter().position(|(name, _)| name == BASELINES_FILE) {
        Some(at) => Some(Baselines::read(&files.swap_remove(at).1)?),
        None => None,
    };
    let engine = Engine::load(Bundle::new(files))?;
    let mut examples = examples(&engine, &conversations, output)?;
    for example in &mut examples {
        example.moments.retain(|task, _| tasks.contains(task));
    }
    let fitted = baselines.filter(|b| examples.iter().all(|e| b.fit_to(e)));
    let (source, predictions) = if let Some(fitted) = fitted {
        (BaselineSource::Training, examples.iter().map(|e| fitted.predict(e)).collect())
    } else {
        output.note(format!(
            "the bundle has no {BASELINES_FILE} for these tasks: the baselines are fitted on the evaluated \
             conversations"
        ));
        (BaselineSource::CrossFitted, cross_fit(&examples, FOLDS))
    };
    let options = ReportOptions {
        tasks: tasks.into_iter().collect(),
        clusters: engine.direction_model().names.clone(),
        baselines: source,
        resamples: args.resamples,
        seed: args.seed,
    };
    let report = report(&engine.info().model_version, &predictions, &options);
    for (task, reason) in &report.skipped {
        output.note(format!("{}: skipped, {reason}", task.name()));
    }
    ensure!(
        !report.tasks.is_empty(),
        "{} holds nothing that these tasks could be judged by; conversations of two turns and more are needed",
        args.data.display()
    );
    if let Some(folder) = folder {
        pictures::write(folder, &report)?;
    }
    output.result(&report, || describe::describe(&report))
}

/// The tasks to judge. Says early that a file has no labels, before anything is computed.
fn judged(args: &EvaluateArgs, conversations: &[Conversation]) -> Result<BTreeSet<Task>> {
    let tasks: BTreeSet<Task> =
        if args.tasks.is_empty() { Task::ALL.into() } else { args.tasks.iter().copied().collect() };
    let turns = || conversations.iter().flat_map(|c| &c.turns);
    let has = |label: &str| match label {
        "stage" => turns().any(|t| t.labels.stage.is_some()),
        _ => turns().any(|t| t.speaker == Speaker::Customer && t.labels.response_type.is_some()),
    };
    let needed: BTreeSet<&str> = tasks.iter().filter_map(|t| t.label()).collect();
    let wanted = needed.iter().copied().collect::<Vec<_>>().join("` or `");
    ensure!(
        needed.is_empty() || needed.iter().any(|label| has(label)),
        "no turn of {} has a label `{wanted}`; write them into the turns, as in \
         \"labels\":{{\"response_type\":\"question\",\"stage\":\"discovery\"}} (response types on customer turns), \
         or give --task direction, which needs none",
        args.data.display()
    );
    Ok(tasks)
}

/// Runs the engine over every conversation. A conversation without turns has nothing to judge.
fn examples(engine: &Engine, conversations: &[Conversation], output: Output) -> Result<Vec<Example>> {
    let bar = output.steps(conversations.len() as u64, "conversations");
    let examples = conversations
        .par_iter()
        .filter(|c| !c.turns.is_empty())
        .map(|conversation| {
            let analysis =
                engine.analyze(conversation).with_context(|| format!("conversation {}", conversation.id))?;
            bar.inc(1);
            Example::new(conversation, &analysis, engine.direction_model())
        })
        .collect();
    bar.finish_and_clear();
    examples
}
