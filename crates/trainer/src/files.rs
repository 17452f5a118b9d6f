//! Files: where the cache is, hashing, and writing so that a half-written file never looks finished.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
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
