//! `rapport data outcome`: how far the outcome can be told from whole conversations of a set, by a simple model.
//!
//! Logistic regression over pooled turn vectors, hashed words and what the turns do. It is the line that a model of
//! conversion must beat, and shows whether one set helps with another.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rapport_conversation::{Conversation, Outcome, Speaker};
use rapport_engine::{Analysis, Bundle, Engine, LEXICAL_BUCKETS};
use rapport_inference::softmax;
use rayon::prelude::*;
use serde::Serialize;

use super::jsonl::read_conversations;
use crate::Output;
use crate::bundle::BundleArgs;
use crate::metrics::{Bootstrap, Interval, Scored, expected_calibration_error, log_loss, roc_auc};
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row};

/// Resamples of the intervals.
const RESAMPLES: usize = 1000;
/// Quadratic penalty; fixed, not tuned on any set.
const L2: f64 = 1.0;
/// Turns at the end that are pooled apart from the rest.
const LAST: usize = 2;

#[derive(Debug, Args)]
pub(crate) struct OutcomeArgs {
    /// Canonical JSONL to fit on; conversations without a recorded outcome are left out.
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    train: Vec<PathBuf>,
    /// Canonical JSONL to score, each file by itself; none of its conversations may be in `--train`.
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    test: Vec<PathBuf>,
    #[command(flatten)]
    bundle: BundleArgs,
}

#[derive(Debug, Serialize)]
struct Figures {
    conversations: usize,
    won: usize,
    auc: Interval,
    /// Of a model that sees the number of turns and words alone.
    auc_of_length: Interval,
    log_loss: f64,
    calibration_error: f64,
}

/// A conversation as the two models see it.
struct Case {
    id: String,
    won: bool,
    whole: Row,
    length: Row,
}

pub(super) fn run(args: &OutcomeArgs, output: Output) -> Result<()> {
    let engine = Engine::load(Bundle::new(args.bundle.files()?)).context("the bundle cannot be loaded")?;
    let train = cases(&args.train, &engine, output)?;
    let labels: Vec<usize> = train.iter().map(|c| usize::from(c.won)).collect();
    ensure!(labels.contains(&0) && labels.contains(&1), "--train needs won and lost conversations");
    let fit = |row: fn(&Case) -> &Row, sparse: usize| {
        let rows: Vec<&Row> = train.iter().map(row).collect();
        let lbfgs = LbfgsOptions { iterations: 200, tolerance: 1e-3, ..Default::default() };
        let options = LogisticOptions { l2_dense: L2, l2_sparse: L2, class_weights: vec![1.0; 2], lbfgs };
        Logistic::fit(&rows, &labels, 2, sparse, &options)
    };
    let (whole, length) = (fit(|c| &c.whole, LEXICAL_BUCKETS), fit(|c| &c.length, 0));
    let mut figures = BTreeMap::new();
    for file in &args.test {
        let test = cases(std::slice::from_ref(file), &engine, output)?;
        if let Some(both) = test.iter().find(|t| train.iter().any(|c| c.id == t.id)) {
            anyhow::bail!("{} is in --train and in {}", both.id, file.display());
        }
        figures.insert(file.display().to_string(), measure(&test, &whole, &length));
    }
    output.result(&figures, || {
        let mut text = format!(
            "fitted on {} conversations\n{:36} {:>5} {:>6} {:>22} {:>9} {:>6} {:>10}\n",
            train.len(),
            "test",
            "n",
            "won",
            "AUC",
            "log loss",
            "ECE",
            "AUC length"
        );
        for (file, f) in &figures {
            let share = f.won as f64 / f.conversations.max(1) as f64;
            let auc = format!("{:.3} [{:.3}, {:.3}]", f.auc.value, f.auc.low, f.auc.high);
            let _ = writeln!(
                text,
                "{file:36} {:>5} {share:>6.2} {auc:>22} {:>9.3} {:>6.3} {:>10.3}",
                f.conversations, f.log_loss, f.calibration_error, f.auc_of_length.value
            );
        }
        text
    })
}

fn cases(files: &[PathBuf], engine: &Engine, output: Output) -> Result<Vec<Case>> {
    let mut conversations = Vec::new();
    for file in files {
        conversations.extend(read_conversations(file)?);
    }
    conversations.retain(|c| c.outcome.is_some() && !c.turns.is_empty());
    let bar = output.steps(conversations.len() as u64, "read conversations");
    let cases = conversations
        .par_iter()
        .map(|c| {
            let analysis = engine.analyze(c).with_context(|| format!("conversation {}", c.id))?;
            bar.inc(1);
            let won = c.outcome == Some(Outcome::Won);
            Ok(Case { id: c.id.clone(), won, whole: whole(&analysis), length: length(c) })
        })
        .collect::<Result<Vec<Case>>>()?;
    bar.finish_and_clear();
    Ok(cases)
}

/// Means of both sides' vectors, of the last turns' vectors and of the acts, and the hashed words of all turns.
fn whole(analysis: &Analysis) -> Row {
    let dimensions = analysis.readings.first().map_or(0, |r| r.embedding.len());
    let turns = analysis.readings.len();
    let pooled = |keep: &dyn Fn(usize) -> bool| -> Vec<f32> {
        let own: Vec<usize> = (0..turns).filter(|&t| keep(t)).collect();
        let mut mean = vec![0.0; dimensions];
        for &t in &own {
            let vector = &analysis.readings[t].embedding;
            mean.iter_mut().zip(vector.iter()).for_each(|(m, x)| *m += x / own.len() as f32);
        }
        // Vectors of length 1 have coordinates near 0.05: brought to the size of the other inputs.
        mean.iter_mut().for_each(|m| *m *= 8.0);
        mean
    };
    let speaker = |t: usize| analysis.readings[t].speaker;
    let mut dense = pooled(&|t| speaker(t) == Speaker::Customer);
    dense.extend(pooled(&|t| speaker(t) == Speaker::Salesperson));
    dense.extend(pooled(&|t| t + LAST >= turns));
    for class in 0..6 {
        let mean = |of: &dyn Fn(usize) -> f32| (0..turns).map(of).sum::<f32>() / turns.max(1) as f32;
        dense.push(4.0 * mean(&|t| analysis.acts[t].response_type[class]));
        dense.push(4.0 * mean(&|t| analysis.acts[t].seller_act[class]));
    }
    let mut words: BTreeMap<u32, f32> = BTreeMap::new();
    for (bucket, weight) in analysis.readings.iter().flat_map(|r| &r.lexical) {
        *words.entry(*bucket).or_default() += weight;
    }
    let norm = words.values().map(|w| w * w).sum::<f32>().sqrt().max(1e-6);
    Row { dense, sparse: words.into_iter().map(|(b, w)| (b, 5.0 * w / norm)).collect() }
}

fn length(c: &Conversation) -> Row {
    let words: usize = c.turns.iter().map(|t| t.text.split_whitespace().count()).sum();
    Row { dense: vec![(c.turns.len() as f32).ln(), (words.max(1) as f32).ln()], sparse: Vec::new() }
}

fn measure(test: &[Case], whole: &Logistic, length: &Logistic) -> Figures {
    let scored = |model: &Logistic, row: fn(&Case) -> &Row| -> Vec<Scored> {
        let one = |(group, c): (usize, &Case)| {
            let probabilities = softmax(&model.logits(row(c)), 1.0);
            Scored { truth: usize::from(c.won), probabilities, group }
        };
        test.iter().enumerate().map(one).collect()
    };
    let (of_whole, of_length) = (scored(whole, |c| &c.whole), scored(length, |c| &c.length));
    let bootstrap = Bootstrap::over(&of_whole, RESAMPLES, 1);
    let auc = |scored: &[Scored]| {
        bootstrap.score(scored, |s| {
            let won: Vec<bool> = s.iter().map(|s| s.truth == 1).collect();
            let scores: Vec<f64> = s.iter().map(|s| f64::from(s.probabilities[1])).collect();
            roc_auc(&won, &scores)
        })
    };
    Figures {
        conversations: test.len(),
        won: test.iter().filter(|c| c.won).count(),
        auc: auc(&of_whole),
        auc_of_length: auc(&of_length),
        log_loss: log_loss(&of_whole),
        calibration_error: expected_calibration_error(&of_whole, 10),
    }
}
