//! `rapport registry export`: what a web server or a seeding script needs, in one folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use rapport_registry::{ContentHash, Freshness, TrustState, verify_artifact};
use serde_json::json;

use super::keys::TrustArgs;
use super::store::Store;
use super::table;
use crate::{Output, files};

/// `rapport registry export`
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Folder to fill with registry.json and artifacts/<sha256>.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Every bundle, not only those that an alias points at.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &ExportArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let bytes = store.registry_bytes()?;
    let verified = store.verified(&trust.keys()?, &TrustState::default())?;
    if let Freshness::ExpiredWithinGrace { .. } = verified.freshness {
        output.note("the manifest has expired; `rapport registry renew` signs it again");
    }
    let manifest = verified.manifest;
    let aliased = manifest.aliases.values().copied();
    let bundles: BTreeSet<ContentHash> =
        if args.all { manifest.bundles.keys().copied().collect() } else { aliased.collect() };

    let mut found = Vec::new();
    let mut missing = Vec::new();
    for bundle in &bundles {
        for (hash, artifact) in manifest.artifacts_of(bundle)? {
            match store.find(&hash, artifact)? {
                Some(path) => found.push((hash, artifact, path)),
                None => missing.push(format!("{} ({hash})", artifact.name)),
            }
        }
    }
    missing.sort();
    missing.dedup();
    if !missing.is_empty() {
        bail!(
            "not in {} nor in {}: {}. `rapport base fetch` and `rapport export encoder --adapter models/adapter.safetensors` rebuild the encoder and the \
             tokenizer; the rest comes with the repository or from `rapport train`",
            store.committed().display(),
            Store::cached().display(),
            missing.join(", ")
        );
    }
    found.sort_by_key(|(hash, ..)| *hash);
    found.dedup_by_key(|(hash, ..)| *hash);

    let mut written = 0;
    for (hash, artifact, path) in &found {
        let target = args.out.join("artifacts").join(hash.to_string());
        let there = fs::read(&target).is_ok_and(|bytes| verify_artifact(hash, artifact, &bytes).is_ok());
        if !there {
            let bytes = files::read(path)?;
            verify_artifact(hash, artifact, &bytes)?;
            files::write_file(&target, &bytes)?;
            written += 1;
        }
    }
    // Last, so that what registry.json names is always there.
    files::write_file(&args.out.join("registry.json"), &bytes)?;

    let total: u64 = found.iter().map(|(_, artifact, _)| artifact.bytes).sum();
    let value = json!({
        "out": args.out, "version": manifest.version, "bundles": bundles, "artifacts": found.len(),
        "written": written, "bytes": total,
    });
    output.result(&value, || {
        format!(
            "{}: version {}, {} artifacts ({}), {written} of them new",
            args.out.display(),
            manifest.version,
            found.len(),
            table::bytes(total)
        )
    })
}
