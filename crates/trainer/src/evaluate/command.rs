//! `rapport evaluate`: a bundle against labelled conversations, and against recorded outcomes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use rapport_conversation::{Conversation, Speaker};
use rapport_engine::{Bundle, Engine};
use rayon::prelude::*;

use super::baselines::BASELINES_FILE;
use super::conversion::{self, Asked, ConversionFigures, Forecast};
use super::report::{BaselineSource, ReportOptions};
use super::{Baselines, Example, Report, Task, cross_fit, describe, pictures, report};
use crate::bundle::BundleArgs;
use crate::conversion::Hide;
use crate::data::read_conversations;
use crate::files::StagedFolder;
use crate::{Output, write_file};

/// Parts of the conversations when the baselines have to be fitted on them.
const FOLDS: usize = 5;

/// What `--task` names: a question about moments, or the outcome of the whole conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Moments(Task),
    Conversion,
}

impl ValueEnum for Wanted {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Moments(Task::ResponseTypeNow),
            Self::Moments(Task::ResponseTypeNext),
            Self::Moments(Task::StageNow),
            Self::Moments(Task::StageNext),
            Self::Moments(Task::Direction),
            Self::Conversion,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Moments(task) => task.to_possible_value(),
            Self::Conversion => {
                Some(PossibleValue::new("conversion").help("Whether the conversation will convert"))
            }
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// Canonical JSONL with turn labels: `"labels":{"response_type":"question","stage":"discovery"}`; conversion needs
    /// `"outcome":"won"` or `"outcome":"lost"` instead.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// What to judge; may be given several times. When left out, everything about moments that there are labels for.
    #[arg(long = "task", value_name = "NAME", value_enum)]
    tasks: Vec<Wanted>,
    /// Company or data set whose own model of conversion answers; the global one when left out.
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// What states the outcome and is taken out in the second version of the conversion figures.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Hide::Amounts)]
    hide: Hide,
    /// Folder for the figures and pictures, and the page about conversion; it must not exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
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
    let tasks = judged(args, &conversations)?;
    let mut files = args.bundle.files()?;
    let baselines = match files.iter().position(|(name, _)| name == BASELINES_FILE) {
        Some(at) => Some(Baselines::read(&files.swap_remove(at).1)?),
        None => None,
    };
    let engine = Engine::load(Bundle::new(files))?;
    let conversion = if args.tasks.contains(&Wanted::Conversion) {
        Some(judge_conversion(args, &engine, &conversations, output)?)
    } else {
        None
    };
    let report = if tasks.is_empty() {
        Report {
            bundle: engine.info().model_version,
            conversations: conversations.len(),
            baselines: BaselineSource::CrossFitted,
            tasks: std::collections::BTreeMap::new(),
            skipped: std::collections::BTreeMap::new(),
        }
    } else {
        judge_moments(args, &engine, baselines, &conversations, tasks, output)?
    };
    let mut answer = serde_json::to_value(&report)?;
    if let Some((_, figures)) = &conversion {
        answer["tasks"]["conversion"] = serde_json::to_value(figures)?;
    }
    if let Some(folder) = folder {
        write_file(&folder.path().join("evaluation.json"), &serde_json::to_vec_pretty(&answer)?)?;
        pictures::write(folder.path(), &report)?;
        if let Some((forecasts, figures)) = &conversion {
            let source = format!(
                "Model {} on {} conversations of {}, none of which it may have been trained on.",
                report.bundle,
                figures.n,
                set_name(&args.data)
            );
            conversion::write(folder.path(), &source, forecasts, figures)?;
        }
        folder.finish()?;
    }
    output.result(&answer, || {
        let moments = if report.tasks.is_empty() { String::new() } else { describe::describe(&report) };
        let conversion = conversion.map_or_else(String::new, |(_, figures)| conversion::describe(&figures));
        [moments, conversion].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n")
    })
}

fn judge_moments(
    args: &EvaluateArgs,
    engine: &Engine,
    baselines: Option<Baselines>,
    conversations: &[Conversation],
    tasks: BTreeSet<Task>,
    output: Output,
) -> Result<Report> {
    let mut examples = examples(engine, conversations, output)?;
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
    Ok(report)
}

fn judge_conversion(
    args: &EvaluateArgs,
    engine: &Engine,
    conversations: &[Conversation],
    output: Output,
) -> Result<(Vec<Forecast>, ConversionFigures)> {
    let set = set_name(&args.data);
    let asked = Asked { domain: args.domain.as_deref(), set: &set, hide: args.hide };
    let judged = || format!("{}: conversion", args.data.display());
    let (forecasts, options) =
        conversion::forecasts(engine, conversations, asked, output).with_context(judged)?;
    let options = conversion::JudgeOptions { resamples: args.resamples, seed: args.seed, ..options };
    let figures = conversion::figures(&forecasts, &options).with_context(judged)?;
    Ok((forecasts, figures))
}

/// A set is named as its file.
fn set_name(data: &Path) -> String {
    data.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The tasks to judge. Says early that a file has no labels, before anything is computed.
fn judged(args: &EvaluateArgs, conversations: &[Conversation]) -> Result<BTreeSet<Task>> {
    let named = args.tasks.iter().filter_map(|wanted| match wanted {
        Wanted::Moments(task) => Some(*task),
        Wanted::Conversion => None,
    });
    let tasks: BTreeSet<Task> = if args.tasks.is_empty() { Task::ALL.into() } else { named.collect() };
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
         or give --task direction, which needs none, or --task conversion, which needs outcomes",
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
