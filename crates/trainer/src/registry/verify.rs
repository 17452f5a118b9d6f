//! `rapport registry verify`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use rapport_registry::{Artifact, ContentHash, Freshness, Manifest, TrustState};
use serde_json::json;

use super::keys::TrustArgs;
use super::store::Store;
use crate::Output;

/// `rapport registry verify`
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Refuse a manifest below this version.
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    last_version: u64,
    /// Every artifact must be here, not only those that are.
    #[arg(long)]
    complete: bool,
    /// The folder is one that `export` made: without a ledger, complete in itself for every alias.
    #[arg(long)]
    served: bool,
}

pub(super) fn run(args: &VerifyArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let verified = store.verified(&trust.keys()?, &TrustState::at(args.last_version))?;
    let manifest = &verified.manifest;
    let mut ledger_lines = None;
    if !args.served {
        let ledger = store.ledger()?;
        ledger.check_head(manifest).with_context(|| {
            format!(
                "{} is not this manifest's; restore both from version control (or finish an interrupted change by \
                 any next one)",
                store.ledger_path().display()
            )
        })?;
        ledger_lines = Some(ledger.lines().len());
    }
    let (here, missing) = if args.served { served(store, manifest)? } else { known(store, manifest)? };
    if (args.complete || args.served) && !missing.is_empty() {
        bail!("missing: {}", missing.join(", "));
    }
    let value = json!({
        "ok": true, "version": manifest.version, "digest": verified.digest, "signed_by": verified.key_ids,
        "expires_at": manifest.expires_at, "freshness": verified.freshness, "ledger_lines": ledger_lines,
        "artifacts_verified": here, "artifacts_missing": missing,
    });
    output.result(&value, || {
        let fresh = match verified.freshness {
            Freshness::Fresh { expires_in_seconds } => format!("expires in {}", days(expires_in_seconds)),
            Freshness::ExpiredWithinGrace { expired_for_seconds, refused_in_seconds } => format!(
                "EXPIRED {} ago, refused in {}",
                days(expired_for_seconds),
                days(refused_in_seconds)
            ),
        };
        let ledger = ledger_lines.map_or("not checked".into(), |lines| format!("{lines} lines, chain unbroken"));
        let gaps = if missing.is_empty() { String::new() } else { format!("\nnot here    {}", missing.join(", ")) };
        format!(
            "manifest    version {}, signed by {}, {fresh}\nledger      {ledger}\nartifacts   {here} verified{gaps}",
            manifest.version,
            verified.key_ids.join(", ")
        )
    })
}

/// How many artifacts of the manifest are here, and which are not.
fn known(store: &Store, manifest: &Manifest) -> Result<(usize, Vec<String>)> {
    let artifacts = manifest.artifacts.iter().map(|(hash, artifact)| (*hash, artifact)).collect();
    look_for(artifacts, &[store.committed(), Store::cached()])
}

/// The same for what the aliases need, in the folder itself.
fn served(store: &Store, manifest: &Manifest) -> Result<(usize, Vec<String>)> {
    let mut artifacts = BTreeMap::new();
    for alias in manifest.aliases.keys() {
        artifacts.extend(manifest.bundle_artifacts(alias.as_str())?);
    }
    look_for(artifacts, &[store.committed()])
}

fn look_for(
    artifacts: BTreeMap<ContentHash, &Artifact>,
    folders: &[PathBuf],
) -> Result<(usize, Vec<String>)> {
    let mut here = 0;
    let mut missing = Vec::new();
    for (hash, artifact) in artifacts {
        match Store::find_in(folders, &hash, artifact)? {
            Some(_) => here += 1,
            None => missing.push(format!("{} ({hash})", artifact.name)),
        }
    }
    Ok((here, missing))
}

/// A duration for people.
pub(super) fn days(seconds: i64) -> String {
    match seconds {
        ..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
