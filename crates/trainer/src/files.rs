//! Files: where the cache is, hashing, and writing so that a half-written file never looks finished.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// The cache outside the checkout: `$RAPPORT_CACHE`, else `rapport` in the user's cache folder.
pub fn cache_dir() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    variable("RAPPORT_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|dir| dir.join("rapport")))
        .or_else(|| variable("HOME").map(|dir| dir.join(".cache").join("rapport")))
        .unwrap_or_else(|| PathBuf::from(".rapport-cache"))
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a whole file, unpacked when it is gzipped.
pub(crate) fn read_unpacked(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..])
        .read_to_end(&mut plain)
        .with_context(|| format!("unpack {}", path.display()))?;
    Ok(plain)
}

/// Reads a whole UTF-8 file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {} as text", path.display()))
}

/// Writes a file aside and renames it into place.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> Result<()> {
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        // Temporary files are private; results are for everyone whom the umask lets read.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut aside = builder.tempfile_in(folder)?;
        aside.write_all(bytes)?;
        aside.as_file().sync_all()?;
        aside.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// A folder that is filled aside and gets its name when it is finished.
#[derive(Debug)]
pub(crate) struct StagedFolder {
    aside: tempfile::TempDir,
    target: PathBuf,
}

impl StagedFolder {
    /// Begins a folder. `target` must not exist yet.
    pub(crate) fn new(target: &Path) -> Result<Self> {
        ensure!(!target.exists(), "{} is there already; remove it or give another folder", target.display());
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let begin = || -> std::io::Result<tempfile::TempDir> {
            fs::create_dir_all(parent)?;
            tempfile::Builder::new().prefix(".unfinished-").tempdir_in(parent)
        };
        let aside = begin().with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        Ok(Self { aside, target: target.to_owned() })
    }

    /// Where to write to.
    pub(crate) fn path(&self) -> &Path {
        self.aside.path()
    }

    /// Gives the folder its name.
    pub(crate) fn finish(self) -> Result<()> {
        // Temporary folders are private; results are for everyone whom the umask lets read.
        #[cfg(unix)]
        fs::set_permissions(self.aside.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        fs::rename(self.aside.path(), &self.target)
            .with_context(|| format!("cannot name {}", self.target.display()))?;
        // It no longer lies where the guard would remove it from.
        let _ = self.aside.keep();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_finished_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("run");
        let folder = StagedFolder::new(&target).unwrap();
        write_file(&folder.path().join("a.txt"), b"a").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);

        let folder = StagedFolder::new(&target).unwrap();
        write_file(&folder.path().join("a.txt"), b"a").unwrap();
        folder.finish().unwrap();
        assert_eq!(read(&target.join("a.txt")).unwrap(), b"a");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        assert!(StagedFolder::new(&target).is_err());
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read(Path::new("no/such/file")).unwrap_err();
        assert!(error.to_string().contains("no/such/file"), "{error}");
    }
}
