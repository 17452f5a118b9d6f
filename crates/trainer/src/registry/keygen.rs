//! `rapport registry keygen`

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use rapport_registry::{DEVELOPMENT_KEY_ID, SigningKey};
use serde_json::json;

use crate::Output;

/// `rapport registry keygen`
#[derive(Debug, Args)]
pub(super) struct KeygenArgs {
    /// Name of the key, for example the publisher's domain.
    #[arg(long, value_name = "NAME")]
    key_id: String,
    /// File for the secret key, readable by its owner only. Never inside a repository.
    #[arg(long, value_name = "FILE", required_unless_present = "print")]
    out: Option<PathBuf>,
    /// Print the secret key instead, for a secret store.
    #[arg(long, conflicts_with = "out")]
    print: bool,
    /// Write into a git work tree all the same.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &KeygenArgs, output: Output) -> Result<()> {
    if args.key_id == DEVELOPMENT_KEY_ID {
        bail!("the name `{DEVELOPMENT_KEY_ID}` belongs to the committed development key; choose another");
    }
    let mut seed = [0; 32];
    getrandom_04::fill(&mut seed).context("the operating system gives no random bytes")?;
    let key = SigningKey::from_seed(&args.key_id, &seed)?;
    let public = key.public().to_string();
    let secret = key.to_secret_text();
    if let Some(path) = &args.out {
        write_secret(path, &secret, args.force)?;
        let value = json!({ "key_id": key.id(), "public_key": public, "secret_key_file": path });
        return output.result(&value, || {
            format!(
                "secret key  {}\npublic key  {public}\n\nBuild what shall trust it with RAPPORT_TRUSTED_KEYS=\"{public}\".",
                path.display()
            )
        });
    }
    let value = json!({ "key_id": key.id(), "public_key": public, "secret_key": secret });
    output.result(&value, || format!("secret key  {secret}\npublic key  {public}"))
}

fn write_secret(path: &Path, secret: &str, force: bool) -> Result<()> {
    if let Some(tree) = work_tree(path)?.filter(|_| !force) {
        bail!(
            "{} lies in the git work tree {}, where a secret key is committed sooner or later: \
             choose a place outside, or give --force",
            path.display(),
            tree.display()
        );
    }
    let mut options = File::options();
    // A key is never written over: what it signed could not be continued.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || -> std::io::Result<()> {
        let mut file = options.open(path)?;
        writeln!(file, "{secret}")?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write a new file {}", path.display()))
}

/// The git work tree that `path` would lie in.
fn work_tree(path: &Path) -> Result<Option<PathBuf>> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().with_context(|| format!("no folder {}", folder.display()))?;
    Ok(folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned))
}
