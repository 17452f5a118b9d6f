//! `rapport signals evaluate`

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rapport_conversation::Conversation;
use rapport_engine::{Bundle, Engine, Signal, SignalReport, SignalRow, SignalSource, merge_turns};
use rayon::prelude::*;
use serde_json::json;

use crate::Output;
use crate::bundle::BundleArgs;
use crate::data::read_conversations;
use crate::metrics::Scored;
use crate::train::signals::figures::{Choice, HeadFigures, Scores, weights};
use crate::train::signals::targets::{emotion_signals, service_signals, targets, turn_signals};
use crate::train::signals::texts::{TextExample, emotions, intents};
use crate::train::signals::{SignalFigures, SignalOptions, report, tone};

#[derive(Debug, Args)]
#[group(id = "judged", required = true, multiple = true, args = ["data", "emotions", "intents"])]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    bundle: BundleArgs,
    /// Canonical JSONL with labelled turns, of conversations that the bundle was not trained on.
    #[arg(long = "data", value_name = "FILE.jsonl")]
    data: Vec<PathBuf>,
    /// Texts with emotions that it was not trained on.
    #[arg(long, value_name = "FILE.tsv")]
    emotions: Option<PathBuf>,
    /// Texts with service intents that it was not trained on.
    #[arg(long, value_name = "FILE.csv")]
    intents: Option<PathBuf>,
}

pub(super) fn run(args: &EvaluateArgs, output: Output) -> Result<()> {
    let engine = Engine::load(Bundle::new(args.bundle.files()?)).context("the bundle cannot be loaded")?;
    engine.signal_model().context("`rapport signals train` adds them to a bundle")?;
    let options = SignalOptions::default();
    let mut figures = SignalFigures::default();
    let mut conversations: Vec<Conversation> = Vec::new();
    for path in &args.data {
        conversations.extend(read_conversations(path)?);
    }
    conversations.retain(|c| !c.turns.is_empty());
    if !conversations.is_empty() {
        judge_turns(&engine, &conversations, &options, &mut figures, output)?;
    }
    if let Some(path) = &args.emotions {
        let examples = emotions(path, usize::MAX)?;
        figures.emotions = judge_texts(&engine, &examples, &emotion_signals(), &options, output)?;
    }
    if let Some(path) = &args.intents {
        let examples = intents(path)?;
        figures.intents = judge_texts(&engine, &examples, &service_signals(), &options, output)?;
    }
    let result = json!({ "model_version": engine.info().model_version, "figures": figures });
    output.result(&result, || report::tables(&figures))
}

/// What answers a signal in this bundle.
fn source(engine: &Engine, signal: Signal) -> Result<Choice> {
    let config = engine.signal_model()?.config();
    Ok(if config.heads.iter().any(|h| h.signal == signal) {
        Choice::Model
    } else if config.rules.iter().any(|r| r.signal == signal) {
        Choice::Rule
    } else {
        Choice::None
    })
}

fn judge_turns(
    engine: &Engine,
    conversations: &[Conversation],
    options: &SignalOptions,
    figures: &mut SignalFigures,
    output: Output,
) -> Result<()> {
    let bar = output.steps(conversations.len() as u64, "conversations");
    let reports: Vec<(SignalReport, Vec<SignalRow>, Vec<[f32; 3]>)> = conversations
        .par_iter()
        .map(|conversation| {
            let readings = engine.reader().read(&merge_turns(conversation))?;
            let report = engine.signal_model()?.report(&readings)?;
            let rows = (0..readings.len())
                .map(|t| SignalRow::new(&readings[t], t.checked_sub(1).map(|b| &readings[b])))
                .collect();
            bar.inc(1);
            Ok((report, rows, readings.iter().map(|r| r.sentiment).collect()))
        })
        .collect::<Result<_>>()
        .context("a conversation cannot be answered")?;
    bar.finish_and_clear();

    let signals = turn_signals();
    let (mut cases, mut groups) = (Vec::new(), Vec::new());
    let (mut alone, mut shipped) = (Vec::new(), Vec::new());
    let (mut alarms, mut customers) = (0usize, 0usize);
    for (group, (conversation, (report, rows, sentiments))) in conversations.iter().zip(&reports).enumerate()
    {
        let targets = targets(conversation, &merge_turns(conversation));
        for (t, (target, turn)) in targets.into_iter().zip(&report.turns).enumerate() {
            if let Some(tone) = target.tone {
                let scored = |p: &[f32]| Scored {
                    truth: rapport_conversation::Label::index(tone),
                    probabilities: p.to_vec(),
                    group,
                };
                alone.push(scored(&sentiments[t]));
                shipped.push(scored(turn.sentiment.probabilities.values()));
            }
            if let Some(labels) = target.signals {
                customers += 1;
                let service =
                    |(s, _, present): &(Signal, f32, bool)| *present && matches!(s, Signal::ServiceIntent(_));
                alarms += usize::from(turn.signals.iter().any(service));
                cases.push((labels, turn, &rows[t]));
                groups.push(group);
            }
        }
    }
    ensure!(
        !cases.is_empty() || !alone.is_empty(),
        "no turn of these conversations has a label such as urgency or sentiment to judge by"
    );
    let draws = weights(&groups, options);
    for (head, &signal) in signals.iter().enumerate() {
        let source = source(engine, signal)?;
        if source == Choice::None || cases.is_empty() {
            continue;
        }
        let shown = |turn: &rapport_engine::TurnSignals| {
            turn.signals
                .iter()
                .find(|(s, ..)| *s == signal)
                .map_or((0.0, false), |(_, p, is)| (f64::from(*p), *is))
        };
        let scores = Scores {
            truth: cases.iter().map(|(labels, ..)| labels[head]).collect(),
            p: cases.iter().map(|(_, turn, _)| shown(turn).0).collect(),
            named: cases.iter().map(|(_, turn, _)| shown(turn).1).collect(),
            words: None,
            rules: Some(cases.iter().map(|(.., row)| f64::from(row.rule(signal))).collect()),
        };
        let threshold = threshold(&reports[0].0, signal);
        figures.turns.push(HeadFigures { ships: source, ..scores.figures(signal, threshold, &draws) });
    }
    if engine.signal_model()?.config().heads.iter().any(|h| matches!(h.signal, Signal::ServiceIntent(_))) {
        figures.service_alarms = Some(alarms as f64 / customers.max(1) as f64);
    }
    if !alone.is_empty() && engine.signal_model()?.config().tone.is_some() {
        let mut compared = tone::compare(&alone, &shipped, options);
        compared.ships = true;
        figures.tone = Some(compared);
    }
    Ok(())
}

fn threshold(report: &SignalReport, signal: Signal) -> f64 {
    let entry = report.catalogue.iter().find(|e| e.signal == signal && e.source == SignalSource::Model);
    entry.and_then(|e| e.threshold).map_or(0.5, f64::from)
}

fn judge_texts(
    engine: &Engine,
    examples: &[TextExample],
    signals: &[Signal],
    options: &SignalOptions,
    output: Output,
) -> Result<Vec<HeadFigures>> {
    let model = engine.signal_model()?;
    let bar = output.steps(examples.len() as u64, "texts");
    let logits: Vec<Vec<f32>> = examples
        .par_iter()
        .map(|example| {
            let vector = engine.reader().embed(&example.text)?;
            bar.inc(1);
            Ok(model.logits(&[SignalRow::of_text(&example.text, &vector)])?.remove(0))
        })
        .collect::<Result<_>>()?;
    bar.finish_and_clear();
    let draws = weights(&(0..examples.len()).collect::<Vec<_>>(), options);
    let mut figures = Vec::new();
    for (at, &signal) in signals.iter().enumerate() {
        let Some(head) = model.config().heads.iter().find(|h| h.signal == signal) else { continue };
        let p: Vec<f64> = logits
            .iter()
            .map(|l| 1.0 / (1.0 + f64::from(-(head.scale * l[head.output] + head.offset)).exp()))
            .collect();
        let scores = Scores {
            truth: examples.iter().map(|e| e.labels[at]).collect(),
            named: p.iter().map(|p| *p >= f64::from(head.threshold)).collect(),
            p,
            words: None,
            rules: None,
        };
        figures.push(HeadFigures {
            ships: Choice::Model,
            ..scores.figures(signal, f64::from(head.threshold), &draws)
        });
    }
    Ok(figures)
}
