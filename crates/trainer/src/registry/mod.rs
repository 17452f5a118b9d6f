//! `rapport registry …`: the files around `rapport_registry`. Keys, the models folder, bundles on disk; every rule
//! of trust is the library's.

mod export;
mod gc;
mod keygen;
mod keys;
mod publish;
mod repoint;
mod show;
mod store;
mod table;
mod verify;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use rapport_registry::TrustState;

use crate::{Output, files};

/// `rapport registry …`
#[derive(Debug, Args)]
pub(crate) struct RegistryArgs {
    /// Folder with registry.json, ledger.jsonl and the small artifacts.
    #[arg(long, global = true, value_name = "DIR", default_value = "models")]
    models: PathBuf,
    #[command(flatten)]
    trust: keys::TrustArgs,
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Debug, Subcommand)]
enum RegistryCommand {
    /// Make a publisher's key pair.
    Keygen(keygen::KeygenArgs),
    /// List aliases and bundles.
    List,
    /// Show one bundle: artifacts, metrics, where it comes from.
    Show(show::ShowArgs),
    /// List the ledger: who changed what, when and why.
    Log(show::LogArgs),
    /// Check signature, rules, expiry, ledger and the artifacts that are here.
    Verify(verify::VerifyArgs),
    /// Add a folder of artifacts as a bundle.
    Publish(publish::PublishArgs),
    /// Point an alias at a bundle.
    Promote(repoint::PromoteArgs),
    /// Point an alias back at a bundle it pointed at before.
    Rollback(repoint::RollbackArgs),
    /// Sign the manifest again with a later expiry.
    Renew(repoint::RenewArgs),
    /// Remove bundles that no alias needs, and the artifacts that no bundle needs.
    Gc(gc::GcArgs),
    /// Lay out registry.json and its artifacts for serving.
    Export(export::ExportArgs),
}

pub(crate) fn run(args: RegistryArgs, output: Output) -> Result<()> {
    let store = store::Store::new(args.models);
    let trust = args.trust;
    match args.command {
        RegistryCommand::Keygen(command) => keygen::run(&command, output),
        RegistryCommand::List => show::list(&store, &trust, output),
        RegistryCommand::Show(command) => show::run(&command, &store, &trust, output),
        RegistryCommand::Log(command) => show::log(&command, &store, output),
        RegistryCommand::Verify(command) => verify::run(&command, &store, &trust, output),
        RegistryCommand::Publish(command) => publish::run(&command, &store, &trust, output),
        RegistryCommand::Promote(command) => repoint::promote(&command, &store, &trust, output),
        RegistryCommand::Rollback(command) => repoint::rollback(&command, &store, &trust, output),
        RegistryCommand::Renew(command) => repoint::renew(&command, &store, &trust, output),
        RegistryCommand::Gc(command) => gc::run(&command, &store, &trust, output),
        RegistryCommand::Export(command) => export::run(&command, &store, &trust, output),
    }
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
                 `rapport export encoder` make the large ones",
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
