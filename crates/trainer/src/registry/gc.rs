//! `rapport registry gc`

use std::fs;

use anyhow::{Context, Result};
use clap::Args;
use rapport_registry::RegistryError;
use serde_json::json;

use super::keys::{SigningArgs, TrustArgs};
use super::store::Store;
use super::table;
use crate::Output;

/// `rapport registry gc`
#[derive(Debug, Args)]
pub(super) struct GcArgs {
    /// How many rollbacks of each alias stay possible.
    #[arg(long, value_name = "N", default_value_t = 1)]
    keep_rollbacks: usize,
    /// Say what would go, change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Why, for the ledger.
    #[arg(long, default_value = "not needed any more")]
    reason: String,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn run(args: &GcArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let key = args.signing.key(trust)?;
    let locked = store.lock(trust.with(Some(&key.public()))?)?;
    let keep = locked.ledger.rollback_targets(args.keep_rollbacks);
    let change = match locked.manifest.gc(&keep, &args.signing.context(&key, &args.reason)) {
        Ok(change) => Some(change),
        Err(RegistryError::NothingToDo { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let after = change.as_ref().map_or(&locked.manifest, |change| &change.manifest);
    let bundles: Vec<_> =
        locked.manifest.bundles.keys().filter(|id| !after.bundles.contains_key(id)).copied().collect();
    let version = after.version;
    // Files that an interrupted publish or gc left behind go too.
    let unneeded = locked.unneeded_files(after)?;
    if !args.dry_run {
        // The manifest goes first: it must never name a file that is gone.
        if let Some(change) = change {
            locked.commit(change, &key)?;
        }
        for path in unneeded.keys() {
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    let freed: u64 = unneeded.values().sum();
    let value = json!({
        "version": version, "dry_run": args.dry_run, "bundles": bundles, "files": unneeded.len(), "bytes": freed,
    });
    output.result(&value, || {
        let list: Vec<String> = bundles.iter().map(|bundle| format!("  {bundle}\n")).collect();
        let verb = if args.dry_run { "would remove" } else { "removed" };
        format!(
            "{verb} {} bundles and {} files ({})\n{}",
            bundles.len(),
            unneeded.len(),
            table::bytes(freed),
            list.concat()
        )
    })
}
