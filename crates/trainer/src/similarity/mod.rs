//! `rapport similarity`: what won and lost conversations look like, and the past ones to compare with.

mod describe;
mod figures;
mod fit;
mod rows;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use rapport_engine::bundle::artifact;
use rapport_engine::similarity::{MAX_PAST, Prototypes, ReferenceSet, SimilarOptions};
use rapport_engine::{Bundle, Engine};
use serde::Serialize;

use crate::bundle::BundleArgs;
use crate::data::{fold_of, share_of};
use crate::files::StagedFolder;
use crate::{Output, write_file};
use figures::Figures;
use rows::{Read, Row};

/// Name of the figures beside the artifacts; the engine does not read them.
const FIGURES: &str = "similarity-figures.json";

/// Conversations that the engine answers as a check.
const CHECKED: usize = 20;
/// Salt of the choice when there are more conversations than a reference set holds.
const REFERENCE_SALT: &str = "reference";

/// `rapport similarity …`
#[derive(Debug, Subcommand)]
pub(crate) enum SimilarityCommand {
    /// Compute prototypes and a reference set, learn the weights of the hybrid score, and measure every score on
    /// conversations kept back.
    Fit(FitArgs),
}

/// `rapport similarity fit`
#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// Canonical JSONL; conversations without an outcome are left out.
    #[arg(long = "data", value_name = "FILE.jsonl", required = true)]
    data: Vec<PathBuf>,
    /// Folder to write `prototypes.json`, `reference.bin` and `similarity-figures.json` to; it must not exist. The
    /// first two go into the bundle.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Prototypes of each outcome. One, the mean, told outcomes apart best where there was a difference; the figures
    /// have 1, 2, 4 and 8 side by side.
    #[arg(long, value_name = "K", default_value_t = 1)]
    prototypes: usize,
    /// Parts that are kept back in turn.
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
    /// Salt of the folds.
    #[arg(long, value_name = "TEXT", default_value = "folds")]
    salt: String,
    #[command(flatten)]
    bundle: BundleArgs,
}

/// What the command has written and measured.
#[derive(Debug, Serialize)]
struct Summary {
    out: PathBuf,
    /// Artifacts and their bytes.
    artifacts: BTreeMap<&'static str, usize>,
    /// Conversations in the reference set.
    reference: usize,
    figures: Figures,
}

pub(crate) fn run(command: SimilarityCommand, output: Output) -> Result<()> {
    match command {
        SimilarityCommand::Fit(args) => run_fit(&args, output),
    }
}

fn run_fit(args: &FitArgs, output: Output) -> Result<()> {
    ensure!(args.folds >= 3, "--folds {}: at least 3 are needed", args.folds);
    ensure!(args.prototypes >= 1, "--prototypes 0: at least 1 is needed");
    let folder = StagedFolder::new(&args.out)?;
    let read = rows::read(&args.data, &args.bundle, output)?;
    let folds = folds(&read.rows, args)?;
    let measured = figures::measure(&read, &folds, args.prototypes, output)?;

    let all: Vec<&Row> = read.rows.iter().collect();
    let mut fitted = fit::prototypes(&all, args.prototypes, read.space)?;
    fitted.hybrid = measured.hybrid;
    let reference = fit::reference(&at_most_max(&all), read.space)?;
    let files =
        [(artifact::PROTOTYPES, serde_json::to_vec(&fitted)?), (artifact::REFERENCE, reference.to_bytes())];
    check(&read, &fitted, &reference, &files)?;
    for (name, bytes) in &files {
        write_file(&folder.path().join(name), bytes)?;
    }
    write_file(&folder.path().join(FIGURES), &serde_json::to_vec_pretty(&measured.figures)?)?;
    folder.finish()?;
    let summary = Summary {
        out: args.out.clone(),
        artifacts: files.iter().map(|(name, bytes)| (*name, bytes.len())).collect(),
        reference: reference.len(),
        figures: measured.figures,
    };
    output.result(&summary, || describe::describe(&summary))
}

/// Loads the artifacts through the engine, and holds its answers to those of the training for some conversations.
fn check(
    read: &Read,
    prototypes: &Prototypes,
    reference: &ReferenceSet,
    artifacts: &[(&str, Vec<u8>)],
) -> Result<()> {
    let mut bundle: BTreeMap<String, Vec<u8>> = read.bundle.iter().cloned().collect();
    bundle.extend(artifacts.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())));
    let engine = Engine::load(Bundle::new(bundle)).context("the bundle with the new artifacts")?;
    let step = (read.rows.len() / CHECKED).max(1);
    for (row, conversation) in read.rows.iter().zip(&read.conversations).step_by(step) {
        let answer = engine.similar(conversation, &SimilarOptions::nearest(1))?;
        let found = answer.scores.with_context(|| format!("no scores of conversation {}", row.id))?;
        let found = [Some(found.cosine), Some(found.euclidean), found.neighbours];
        let expected = fit::scores(prototypes, reference, &row.whole)?;
        ensure!(
            answer.past == reference.len()
                && found.iter().zip(expected).all(|(f, e)| f.is_some_and(|f| (f - e).abs() < 1e-5)),
            "conversation {}: the engine scores {found:?}, the training {expected:?}",
            row.id
        );
    }
    Ok(())
}

/// The part that each conversation is kept back in.
fn folds(rows: &[Row], args: &FitArgs) -> Result<Vec<usize>> {
    let folds: Vec<usize> = rows.iter().map(|r| fold_of(&r.id, &args.salt, args.folds)).collect();
    for won in [true, false] {
        let word = if won { "won" } else { "lost" };
        let places: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].won == won).collect();
        ensure!(
            !places.is_empty(),
            "no conversation was {word}; both outcomes are needed to compare with (`outcome`: \"won\" or \"lost\")"
        );
        // Two parts are left out at a time.
        for f in 0..args.folds {
            for g in f..args.folds {
                let left = places.iter().filter(|&&i| folds[i] != f && folds[i] != g).count();
                ensure!(
                    left >= args.prototypes,
                    "{} conversations were {word}: too few for {} prototypes and {} folds; give more conversations, \
                     or less of --prototypes or --folds",
                    places.len(),
                    args.prototypes,
                    args.folds
                );
            }
        }
    }
    for f in 0..args.folds {
        ensure!(folds.contains(&f), "fold {f} of {} is empty; use fewer with --folds", args.folds);
    }
    Ok(folds)
}

/// As many conversations as a reference set holds, chosen by the hash of their identifiers, in their order.
fn at_most_max<'a>(rows: &[&'a Row]) -> Vec<&'a Row> {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    if rows.len() > MAX_PAST {
        places.sort_by(|&a, &b| {
            share_of(&rows[a].id, REFERENCE_SALT).total_cmp(&share_of(&rows[b].id, REFERENCE_SALT))
        });
        places.truncate(MAX_PAST);
        places.sort_unstable();
    }
    places.into_iter().map(|i| rows[i]).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn args(prototypes: usize, folds: usize) -> FitArgs {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            fit: FitArgs,
        }
        let (prototypes, folds) = (prototypes.to_string(), folds.to_string());
        let line = ["x", "--data", "d", "--out", "o", "--prototypes", &prototypes, "--folds", &folds];
        <Line as clap::Parser>::parse_from(line).fit
    }

    fn rows(won: usize, lost: usize) -> Vec<Row> {
        (0..won + lost).map(|i| Row::made(&format!("c{i}"), i < won, &[1.0, 0.0])).collect()
    }

    #[test]
    fn outcomes_that_are_missing_or_too_few_are_named() {
        let error = folds(&rows(20, 0), &args(1, 3)).unwrap_err().to_string();
        assert!(error.contains("no conversation was lost"), "{error}");
        let error = folds(&rows(30, 4), &args(4, 3)).unwrap_err().to_string();
        assert!(error.contains("4 conversations were lost"), "{error}");
        assert!(folds(&rows(40, 40), &args(2, 3)).is_ok());
    }

    #[test]
    fn a_reference_set_is_cut_to_what_it_holds() {
        let many = rows(MAX_PAST + 5, 0);
        let all: Vec<&Row> = many.iter().collect();
        let kept = at_most_max(&all);
        assert_eq!(kept.len(), MAX_PAST);
        assert!(kept.windows(2).all(|w| w[0].id[1..].parse::<usize>().ok() < w[1].id[1..].parse().ok()));
        assert_eq!(at_most_max(&all[..9]).len(), 9);
    }
}
