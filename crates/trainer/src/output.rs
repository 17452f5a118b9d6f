//! What a command says: results on standard output, progress and remarks on standard error.

use std::io::{ErrorKind, Write};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// Where results and progress go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// With `json`, results are one JSON object each and nothing is drawn.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// True when results are printed as JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: as JSON, or as `text` for a person.
    pub fn result<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) -> Result<()> {
        let line = if self.json { serde_json::to_string(value)? } else { text() };
        match writeln!(std::io::stdout().lock(), "{}", line.trim_end()) {
            // Whoever reads the output has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// Says what is going on.
    pub fn note(self, text: impl AsRef<str>) {
        if self.json {
            eprintln!("{}", serde_json::json!({ "note": text.as_ref() }));
        } else {
            eprintln!("{}", text.as_ref());
        }
    }

    /// A bar over `length` steps.
    pub fn steps(self, length: u64, what: &str) -> ProgressBar {
        self.bar(length, what, "{msg:24} [{bar:32}] {pos}/{len} {eta}")
    }

    /// A bar over `length` bytes.
    pub fn bytes(self, length: u64, what: &str) -> ProgressBar {
        self.bar(length, what, "{msg:24} [{bar:32}] {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    }

    fn bar(self, length: u64, what: &str, template: &str) -> ProgressBar {
        let target = if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        ProgressBar::with_draw_target(Some(length), target).with_style(style).with_message(what.to_owned())
    }
}
