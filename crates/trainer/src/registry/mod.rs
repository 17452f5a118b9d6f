//! `rapport registry …`: the files around `rapport_registry`. Keys, the models folder, bundles on disk; every rule
//! of trust is the library's.

mod export;
mod gc;
mod keygen;
mod keys;
mod publish;
mod repoint;
mod show;
mod source;
mod store;
mod table;
mod verify;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::Output;
pub(crate) use source::{BundleSource, load};

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
