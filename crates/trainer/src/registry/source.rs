//! Which published bundle a command answers with, and its bytes.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use rapport_registry::TrustState;

use super::{keys, store};
use crate::files;

/// Which published bundle to answer with.
#[derive(Debug, Args)]
pub(crate) struct BundleSource {
    /// Folder with registry.json and the small artifacts.
    #[arg(long, value_name = "DIR", default_value = "models")]
    models: PathBuf,
    /// Which bundle of the registry.
    #[arg(long, default_value = "champion")]
    alias: String,
    #[command(flatten)]
    trust: keys::TrustArgs,
}

/// The artifacts, `(name, bytes)`, of the bundle that an alias names, each checked against the signed manifest.
pub(crate) fn load(args: &BundleSource) -> Result<Vec<(String, Vec<u8>)>> {
    let store = store::Store::new(args.models.clone());
    let verified = store.verified(&args.trust.keys()?, &TrustState::at(0))?;
    let mut artifacts = Vec::new();
    for (hash, artifact) in verified.manifest.bundle_artifacts(&args.alias)? {
        let path = store.find(&hash, artifact)?.with_context(|| {
            format!(
                "{} ({hash}) of the {} bundle is neither in {} nor in {}; `rapport base fetch` and \
                 `rapport export encoder --adapter models/adapter.safetensors` make the large ones",
                artifact.name,
                args.alias,
                store.committed().display(),
                store::Store::cached().display()
            )
        })?;
        artifacts.push((artifact.name.clone(), files::read(&path)?));
    }
    Ok(artifacts)
}
