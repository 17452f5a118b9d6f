//! Where a bundle comes from: a folder of artifacts, or the registry's champion.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::files::read;
use crate::registry::{self, BundleSource};

/// What is said of a bundle for the registry: licence, data and figures of its artifacts.
pub(crate) const BUNDLE_CARD: &str = "bundle-card.json";

/// The card of a bundle with what `change` does to it; the card of a bundle without one begins empty.
///
/// # Errors
/// When the card is not JSON.
pub(crate) fn card_with(files: &[(String, Vec<u8>)], change: impl FnOnce(&mut Value)) -> Result<Vec<u8>> {
    let mut card = match files.iter().find(|(name, _)| name == BUNDLE_CARD) {
        Some((_, bytes)) => serde_json::from_slice(bytes)
            .with_context(|| format!("{BUNDLE_CARD} of the bundle is not JSON"))?,
        None => json!({}),
    };
    change(&mut card);
    Ok(serde_json::to_vec_pretty(&card)?)
}

/// Which bundle a command works with.
#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    /// Folder of artifact files (`bundle.json`, `encoder.onnx`, …). Without it, the bundle that the registry's
    /// alias names.
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    source: BundleSource,
}

impl BundleArgs {
    /// The artifacts, `(name, bytes)`.
    pub(crate) fn files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        match &self.bundle {
            Some(folder) => read_folder(folder),
            None => registry::load(&self.source).context(
                "no bundle from the registry; `--bundle DIR` takes a folder of artifact files instead",
            ),
        }
    }
}

/// Reads every file of a folder, by name.
pub(crate) fn read_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_file() {
            files.push((name, read(&entry.path())?));
        }
    }
    ensure!(!files.is_empty(), "{} holds no artifacts", folder.display());
    files.sort();
    Ok(files)
}
