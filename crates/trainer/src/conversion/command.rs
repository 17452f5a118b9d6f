//! `rapport conversion train`: the model of conversion of a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use rapport_conversation::Conversation;
use rapport_engine::conversion::{CONVERSION_FEATURES_VERSION, ConversionModel, Domain, GLOBAL};
use rapport_engine::{Bundle, Engine, bundle::artifact};
use serde::Serialize;
use serde_json::{Value, json};

use super::card::card;
use super::fit::{FitOptions, fit_scorer};
use super::hide::Hide;
use super::rows::{Case, read_cases};
use super::validate::{cross_validate, cross_validate_whole};
use crate::Output;
use crate::bundle::{BUNDLE_CARD, BundleArgs, card_with};
use crate::data::read_conversations;
use crate::evaluate::conversion::write as write_forecasts;
use crate::evaluate::conversion::{
    ConversionFigures, Forecast, JudgeOptions, describe as judgement, figures,
};
use crate::files::{StagedFolder, read_text};
use crate::metrics::{Bootstrap, Interval, Ranking, surprise};

/// Fewer of an outcome cannot be divided into folds.
const FEWEST_OF_OUTCOME: usize = 20;
/// Resamples of the intervals.
const RESAMPLES: usize = 1000;

/// Whether conversations convert.
#[derive(Debug, Subcommand)]
pub(crate) enum ConversionCommand {
    /// Train the model of conversion of a bundle, and measure it by cross-validation.
    Train(Box<TrainArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// Canonical JSONL with outcomes. Each file is a domain with a model of its own beside the global one, named as
    /// given, or as the file.
    #[arg(long, value_name = "[NAME=]FILE.jsonl", required = true, num_args = 1..)]
    data: Vec<String>,
    #[command(flatten)]
    bundle: BundleArgs,
    /// Folder of the run; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Settings as JSON; what is left out keeps its default.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Parts that are kept back in turn for the figures.
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
    /// Outcomes that a domain must have for a model of its own.
    #[arg(long, value_name = "N", default_value_t = 100)]
    minimum_outcomes: usize,
    /// Outcomes at which a domain's own model counts as much as the global one.
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    shrinkage: f32,
    /// What the model is trained on, a line each, for the card.
    #[arg(long = "source", value_name = "TEXT")]
    sources: Vec<String>,
    /// Name of the bundle, shown as the model version; the given bundle's when left out.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Leave the figures without the outcome-stating turns out: they take two more cross-validations.
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(command: ConversionCommand, output: Output) -> Result<()> {
    match command {
        ConversionCommand::Train(args) => train(&args, output),
    }
}

/// What a run says of itself.
#[derive(Debug, Serialize)]
struct Summary {
    out: PathBuf,
    settings: FitOptions,
    domains: BTreeMap<String, DomainSummary>,
}

#[derive(Debug, Serialize)]
pub(super) struct DomainSummary {
    /// On conversations kept back, each by models of the other folds.
    pub(super) figures: ConversionFigures,
    /// AUC with something hidden, by what is hidden, of models that were fitted on such conversations.
    auc_hidden: BTreeMap<&'static str, Interval>,
    /// Weight of each part (meaning, wording, features, trees) while a conversation runs, and when it is over.
    stack: [[f32; 4]; 2],
}

/// A file of conversations with the name of its domain.
fn named(data: &str) -> Result<(String, PathBuf)> {
    let (name, path) = if let Some((name, path)) = data.split_once('=') {
        (name.to_owned(), PathBuf::from(path))
    } else {
        let path = PathBuf::from(data);
        (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path)
    };
    ensure!(!name.is_empty() && name != GLOBAL, "--data {data}: a domain needs a name other than `{GLOBAL}`");
    Ok((name, path))
}

fn read(args: &TrainArgs) -> Result<Vec<(String, Conversation)>> {
    let mut all: Vec<(String, Conversation)> = Vec::new();
    for data in &args.data {
        let (name, path) = named(data)?;
        let conversations = read_conversations(&path)?;
        let outcomes = conversations.iter().filter(|c| c.outcome.is_some()).count();
        ensure!(
            outcomes > 0,
            "{} has no outcome: write \"outcome\":\"won\" or \"lost\" into its conversations",
            path.display()
        );
        all.extend(conversations.into_iter().map(|c| (name.clone(), c)));
    }
    let mut seen = BTreeSet::new();
    for (_, conversation) in &all {
        ensure!(seen.insert(&conversation.id), "conversation {} is there twice", conversation.id);
    }
    Ok(all)
}

fn check_outcomes(cases: &[Case]) -> Result<()> {
    let won = cases.iter().filter(|c| c.won).count();
    let lost = cases.len() - won;
    ensure!(
        won >= FEWEST_OF_OUTCOME && lost >= FEWEST_OF_OUTCOME,
        "{won} conversations were won and {lost} lost; a model needs at least {FEWEST_OF_OUTCOME} of each"
    );
    Ok(())
}

fn train(args: &TrainArgs, output: Output) -> Result<()> {
    ensure!(args.folds >= 2, "--folds {}: at least 2 are needed", args.folds);
    ensure!(!args.out.exists(), "{} is there already; give another --out", args.out.display());
    let settings: FitOptions = match &args.settings {
        None => FitOptions::default(),
        Some(path) => serde_json::from_str(&read_text(path)?)
            .with_context(|| format!("{} is not the settings of a model of conversion", path.display()))?,
    };
    let files = args.bundle.files()?;
    let engine = Engine::load(Bundle::new(files.clone())).context("the bundle cannot be loaded")?;
    let conversations = read(args)?;
    let cases = read_cases(&engine, &conversations, Hide::Nothing, true, output)?;
    check_outcomes(&cases)?;

    let mut sets: Vec<&str> = cases.iter().map(|c| c.set.as_str()).collect();
    sets.dedup();
    let mut domains = BTreeMap::new();
    let mut summaries = BTreeMap::new();
    let mut forecasts: BTreeMap<String, Vec<Forecast>> = BTreeMap::new();
    // With one set alone, it is the global model.
    let names = std::iter::once(GLOBAL).chain(sets.iter().copied().filter(|_| sets.len() > 1));
    for name in names {
        let own: Vec<Case> = cases.iter().filter(|c| name == GLOBAL || c.set == name).cloned().collect();
        if own.len() < args.minimum_outcomes || check_outcomes(&own).is_err() {
            output.note(format!("{name}: {} outcomes are too few for a model of its own", own.len()));
            continue;
        }
        output.note(format!("{name}: {} conversations", own.len()));
        let held_out = cross_validate(&own, args.folds, &settings, output);
        let mut hidden = BTreeMap::new();
        for hide in Hide::HIDING.into_iter().filter(|_| !args.quick) {
            let of_domain: Vec<(String, Conversation)> =
                conversations.iter().filter(|(set, _)| name == GLOBAL || set == name).cloned().collect();
            let shown = read_cases(&engine, &of_domain, hide, false, output)?;
            if check_outcomes(&shown).is_ok() {
                hidden.insert(hide.name(), cross_validate_whole(&shown, args.folds, &settings));
            }
        }
        let train: Vec<&Case> = own.iter().collect();
        let domain = Domain {
            outcomes: own.len(),
            won: own.iter().filter(|c| c.won).count() as f32 / own.len() as f32,
            running: fit_scorer(&train, false, &settings, "conversion"),
            finished: fit_scorer(&train, true, &settings, "conversion"),
        };
        summaries.insert(
            name.to_owned(),
            summary(&own, &with_hidden(held_out.clone(), &hidden), &hidden, &domain)?,
        );
        let kept = match forecasts.get(GLOBAL) {
            Some(global) if name != GLOBAL => loss(&held_out) < loss(of_same(global, &held_out)),
            _ => true,
        };
        forecasts.insert(name.to_owned(), with_hidden(held_out, &hidden));
        if kept {
            domains.insert(name.to_owned(), domain);
        } else {
            output.note(format!(
                "{name}: the global model forecasts it better, so it gets no model of its own"
            ));
        }
    }
    let model = ConversionModel {
        features: CONVERSION_FEATURES_VERSION,
        minimum_outcomes: args.minimum_outcomes,
        shrinkage: args.shrinkage,
        domains,
    };
    model.check(engine.info().dimensions)?;
    let summary = Summary { out: args.out.clone(), settings, domains: summaries };
    write(args, &files, &model, &summary, &forecasts)?;
    output.result(&summary, || describe(&summary))
}

/// Mean log loss of forecasts of whole conversations.
fn loss<'f>(forecasts: impl IntoIterator<Item = &'f Forecast>) -> f64 {
    let losses: Vec<f64> =
        forecasts.into_iter().filter_map(|f| f.whole.map(|p| surprise(f.won, p))).collect();
    losses.iter().sum::<f64>() / losses.len().max(1) as f64
}

/// Those of `all` whose conversations `some` has too.
fn of_same<'f>(all: &'f [Forecast], some: &[Forecast]) -> Vec<&'f Forecast> {
    let ids: BTreeSet<&str> = some.iter().map(|f| f.id.as_str()).collect();
    all.iter().filter(|f| ids.contains(f.id.as_str())).collect()
}

/// Forecasts without the turns that state the outcome, put beside those of the whole: the harder of the two.
fn with_hidden(
    mut forecasts: Vec<Forecast>,
    hidden: &BTreeMap<&'static str, Vec<(String, f64)>>,
) -> Vec<Forecast> {
    let Some(scores) = hidden.get(Hide::Amounts.name()) else { return forecasts };
    let by_id: BTreeMap<&str, f64> = scores.iter().map(|(id, p)| (id.as_str(), *p)).collect();
    for forecast in &mut forecasts {
        forecast.whole_without_outcome = by_id.get(forecast.id.as_str()).copied();
    }
    forecasts
}

fn auc(scored: &[(bool, f64)]) -> Interval {
    let (won, scores): (Vec<bool>, Vec<f64>) = scored.iter().copied().unzip();
    let groups: Vec<usize> = (0..scored.len()).collect();
    let ranking = Ranking::new(&won, &scores);
    Bootstrap::new(&groups, RESAMPLES, 1).interval(scored.len(), |draw| ranking.figures(draw).0)
}

fn summary(
    cases: &[Case],
    forecasts: &[Forecast],
    hidden: &BTreeMap<&'static str, Vec<(String, f64)>>,
    domain: &Domain,
) -> Result<DomainSummary> {
    let outcome: BTreeMap<&str, bool> = cases.iter().map(|c| (c.id.as_str(), c.won)).collect();
    let auc_hidden = hidden
        .iter()
        .map(|(name, scores)| {
            let scored: Vec<(bool, f64)> =
                scores.iter().filter_map(|(id, p)| Some((*outcome.get(id.as_str())?, *p))).collect();
            (*name, auc(&scored))
        })
        .collect();
    Ok(DomainSummary {
        figures: figures(
            forecasts,
            &JudgeOptions {
                alarm_below: f64::from(domain.running.threshold),
                ..JudgeOptions::new(f64::from(domain.finished.threshold))
            },
        )?,
        auc_hidden,
        stack: [domain.running.stack.weights, domain.finished.stack.weights],
    })
}

/// The bundle's configuration under its new name, and its card with the model of conversion.
fn described(
    args: &TrainArgs,
    files: &[(String, Vec<u8>)],
    summary: &Summary,
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let config = files.iter().find(|(file, _)| file == artifact::CONFIG);
    let (name, bytes) = config.context("the bundle has no bundle.json")?;
    let mut config: Value =
        serde_json::from_slice(bytes).with_context(|| format!("{name} of the bundle is not JSON"))?;
    if let Some(name) = &args.name {
        config["name"] = json!(name);
    }
    let metrics: BTreeMap<&String, Value> = summary
        .domains
        .iter()
        .filter_map(|(name, domain)| {
            let whole = &domain.figures.whole.as_ref()?.scores;
            let figures = json!({
                "auc": whole.auc.value, "brier": whole.brier.value,
                "calibration_error": whole.calibration_error.value, "n": domain.figures.n,
            });
            Some((name, figures))
        })
        .collect();
    let card = card_with(files, |card| {
        if let Some(name) = &args.name {
            let note = format!("{name}, with a model of conversion by rapport {}", env!("CARGO_PKG_VERSION"));
            card["note"] = json!(note);
        }
        card["artifacts"][artifact::CONVERSION] = json!({ "data": args.sources, "metrics": metrics });
    })?;
    Ok(vec![(artifact::CONFIG, serde_json::to_vec_pretty(&config)?), (BUNDLE_CARD, card)])
}

fn write(
    args: &TrainArgs,
    files: &[(String, Vec<u8>)],
    model: &ConversionModel,
    summary: &Summary,
    forecasts: &BTreeMap<String, Vec<Forecast>>,
) -> Result<()> {
    let folder = StagedFolder::new(&args.out)?;
    let bundle = folder.path().join("bundle");
    let replaced = [artifact::CONVERSION, artifact::CONFIG, BUNDLE_CARD];
    for (name, bytes) in files.iter().filter(|(name, _)| !replaced.contains(&name.as_str())) {
        crate::write_file(&bundle.join(name), bytes)?;
    }
    for (name, bytes) in described(args, files, summary)? {
        crate::write_file(&bundle.join(name), &bytes)?;
    }
    crate::write_file(&bundle.join(artifact::CONVERSION), &serde_json::to_vec(model)?)?;
    crate::write_file(&folder.path().join("conversion-figures.json"), &serde_json::to_vec_pretty(summary)?)?;
    let card = card(&args.sources, &summary.domains);
    crate::write_file(&folder.path().join("cards").join("conversion.md"), card.as_bytes())?;
    for (name, forecasts) in forecasts {
        let Some(domain) = summary.domains.get(name) else { continue };
        let source = format!(
            "Domain `{name}`: every forecast comes from a model that was trained without that conversation \
             (cross-validation by whole conversation)."
        );
        write_forecasts(&folder.path().join(name), &source, forecasts, &domain.figures)?;
    }
    folder.finish()
}

fn describe(summary: &Summary) -> String {
    let mut text = String::new();
    for (name, domain) in &summary.domains {
        let _ = writeln!(text, "== {name}\n{}", judgement(&domain.figures).trim_end());
        for (what, i) in &domain.auc_hidden {
            let _ = writeln!(text, "AUC with {what} hidden: {:.3} [{:.3}, {:.3}]", i.value, i.low, i.high);
        }
        let [running, finished] = domain.stack;
        let _ = writeln!(
            text,
            "meaning, wording, features, trees: running {running:.2?}, finished {finished:.2?}"
        );
    }
    let _ = writeln!(text, "{}", summary.out.display());
    text
}
