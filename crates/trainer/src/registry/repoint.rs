//! `rapport registry promote | rollback | renew`

use anyhow::Result;
use clap::Args;
use rapport_registry::{Alias, ContentHash, Manifest};
use serde_json::json;

use super::keys::{SigningArgs, TrustArgs};
use super::store::{self, Store};
use crate::Output;

/// `rapport registry promote`
#[derive(Debug, Args)]
pub(super) struct PromoteArgs {
    /// The alias to move, for example `champion`.
    alias: Alias,
    /// The bundle: its id, the beginning of its id, or another alias.
    bundle: String,
    /// Why, for the ledger.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signing: SigningArgs,
}

/// `rapport registry rollback`
#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// The alias to move back.
    #[arg(default_value = "champion")]
    alias: Alias,
    /// A bundle that it pointed at before; without it, the one before the present one.
    #[arg(long, value_name = "BUNDLE")]
    to: Option<String>,
    /// Why, for the ledger.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signing: SigningArgs,
}

/// `rapport registry renew`
#[derive(Debug, Args)]
pub(super) struct RenewArgs {
    /// Why, for the ledger.
    #[arg(long, default_value = "later expiry")]
    reason: String,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) fn promote(args: &PromoteArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let key = args.signing.key(trust)?;
    let locked = store.lock(trust.with(Some(&key.public()))?)?;
    let bundle = store::resolve(&locked.manifest, &args.bundle)?;
    let from = locked.manifest.resolve(args.alias.as_str()).ok();
    let change = locked.manifest.promote(&args.alias, &bundle, &args.signing.context(&key, &args.reason))?;
    report(&args.alias, from, &locked.commit(change, &key)?, output)
}

pub(super) fn rollback(args: &RollbackArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let key = args.signing.key(trust)?;
    let locked = store.lock(trust.with(Some(&key.public()))?)?;
    let to = args.to.as_deref().map(|to| store::resolve(&locked.manifest, to)).transpose()?;
    let from = locked.manifest.resolve(args.alias.as_str()).ok();
    let context = args.signing.context(&key, &args.reason);
    let change = locked.manifest.rollback(&args.alias, to.as_ref(), &locked.ledger, &context)?;
    report(&args.alias, from, &locked.commit(change, &key)?, output)
}

pub(super) fn renew(args: &RenewArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let key = args.signing.key(trust)?;
    let locked = store.lock(trust.with(Some(&key.public()))?)?;
    let change = locked.manifest.renew(&args.signing.context(&key, &args.reason))?;
    let Manifest { version, expires_at, .. } = locked.commit(change, &key)?;
    output.result(&json!({ "version": version, "expires_at": expires_at }), || {
        format!("version {version} expires {expires_at}")
    })
}

fn report(alias: &Alias, from: Option<ContentHash>, manifest: &Manifest, output: Output) -> Result<()> {
    let bundle = manifest.resolve(alias.as_str())?;
    let value = json!({ "version": manifest.version, "alias": alias, "bundle": bundle, "from": from });
    output.result(&value, || {
        let from = from.map_or("nothing".into(), |from| from.short());
        format!("version {}: {alias} points at {} (was {from})", manifest.version, bundle.short())
    })
}
