//! `rapport signals show`

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use rapport_conversation::{Label, parse_history};
use rapport_engine::{Bundle, Engine, SignalReport};

use crate::Output;
use crate::bundle::BundleArgs;
use crate::files::read;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    bundle: BundleArgs,
    /// A body of the prediction API: `{"history":[{"speaker":"Customer","response":"…"}]}`.
    #[arg(long, value_name = "FILE.json")]
    history: PathBuf,
}

pub(super) fn run(args: &ShowArgs, output: Output) -> Result<()> {
    let engine = Engine::load(Bundle::new(args.bundle.files()?)).context("the bundle cannot be loaded")?;
    let conversation = parse_history(&read(&args.history)?)
        .with_context(|| format!("{} is not a history", args.history.display()))?;
    let report = engine.signals(&conversation).context("`rapport signals train` adds signals to a bundle")?;
    output.result(&report, || text(&report))
}

fn text(report: &SignalReport) -> String {
    let mut out = String::new();
    for turn in &report.turns {
        let present: Vec<String> =
            turn.present().iter().map(|(s, p)| format!("{} {p:.2}", s.phrase())).collect();
        let _ = writeln!(
            out,
            "turn {:3}  {:11}  {} ({:+.2})  {}",
            turn.line + 1,
            if turn.speaker == rapport_conversation::Speaker::Customer { "customer" } else { "salesperson" },
            turn.sentiment.label.title(),
            turn.sentiment.score,
            present.join(", ")
        );
    }
    for highlight in &report.summary.strongest {
        let _ = writeln!(out, "{} ({:.2})", highlight.text, highlight.probability);
    }
    for note in &report.notes {
        let _ = writeln!(out, "{}", note.describe());
    }
    out
}
