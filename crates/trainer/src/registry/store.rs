//! The models folder: reading what is signed, writing the next version, keeping artifacts under their hash.
//!
//! A change writes `registry.json.next` aside, then renames the new ledger into place, then renames
//! `registry.json.next`. A crash before the ledger's rename leaves everything as it was; a crash after it leaves the
//! next version beside a ledger that ends with it, and the next change finishes the rename.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rapport_registry::{
    Artifact, Change, ContentHash, Ledger, Limits, Manifest, SignedManifest, SigningKey, TrustState,
    TrustedKeys, Verified, sign, verify_artifact,
};
use serde_json::Value;

use super::keys::now;
use crate::files;

const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// A models folder.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

/// A models folder that nobody else changes meanwhile.
pub(super) struct LockedStore<'a> {
    store: &'a Store,
    keys: TrustedKeys,
    /// The present version; [`Manifest::empty`] before the first.
    pub(super) manifest: Manifest,
    pub(super) ledger: Ledger,
    /// Held until dropped; the operating system lets go of it when the process dies.
    _lock: File,
}

impl Store {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn registry(&self) -> PathBuf {
        self.folder.join("registry.json")
    }

    pub(super) fn ledger_path(&self) -> PathBuf {
        self.folder.join("ledger.jsonl")
    }

    fn next(&self) -> PathBuf {
        self.folder.join("registry.json.next")
    }

    /// Where small artifacts are committed.
    pub(super) fn committed(&self) -> PathBuf {
        self.folder.join("artifacts")
    }

    /// Where large artifacts are kept.
    pub(super) fn cached() -> PathBuf {
        files::cache_dir().join("artifacts")
    }

    /// The bytes of registry.json.
    pub(super) fn registry_bytes(&self) -> Result<Vec<u8>> {
        let path = self.registry();
        if !path.exists() {
            bail!(
                "{} is not there: `rapport registry publish` makes it, --models DIR looks elsewhere",
                path.display()
            );
        }
        files::read(&path)
    }

    /// The manifest, verified as a face would do it now.
    pub(super) fn verified(&self, keys: &TrustedKeys, state: &TrustState) -> Result<Verified> {
        let path = self.registry();
        SignedManifest::parse(&self.registry_bytes()?, &Limits::default())
            .and_then(|signed| signed.verify(keys, state, now().unix()))
            .with_context(|| format!("{} is refused", path.display()))
    }

    /// The ledger with its chain verified; empty when there is none.
    pub(super) fn ledger(&self) -> Result<Ledger> {
        let path = self.ledger_path();
        if !path.exists() {
            return Ok(Ledger::default());
        }
        Ledger::parse(&files::read(&path)?)
            .with_context(|| format!("{} is broken; restore it from version control", path.display()))
    }

    /// Where the bytes of an artifact are, checked against the manifest; `None` when they are nowhere.
    ///
    /// # Errors
    /// A file under this hash that is not the artifact.
    pub(super) fn find(&self, hash: &ContentHash, artifact: &Artifact) -> Result<Option<PathBuf>> {
        Self::find_in(&[self.committed(), Self::cached()], hash, artifact)
    }

    /// The same in these folders only.
    pub(super) fn find_in(
        folders: &[PathBuf],
        hash: &ContentHash,
        artifact: &Artifact,
    ) -> Result<Option<PathBuf>> {
        for folder in folders {
            let path = folder.join(hash.to_string());
            if path.exists() {
                verify_artifact(hash, artifact, &files::read(&path)?)
                    .with_context(|| format!("{} is damaged; remove it and make it again", path.display()))?;
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Keeps bytes under their hash: among the committed ones up to `commit_limit` bytes, else in the cache.
    pub(super) fn keep(&self, hash: &ContentHash, bytes: &[u8], commit_limit: u64) -> Result<PathBuf> {
        let folder = if bytes.len() as u64 <= commit_limit { self.committed() } else { Self::cached() };
        let path = folder.join(hash.to_string());
        let kept = fs::read(&path).is_ok_and(|there| ContentHash::of(&there) == *hash);
        if !kept {
            files::write_file(&path, bytes)?;
        }
        Ok(path)
    }

    /// Locks the folder and reads it for a change. The signature must be right; an expiry is no hindrance, as
    /// the change makes a later one.
    pub(super) fn lock(&self, keys: TrustedKeys) -> Result<LockedStore<'_>> {
        let lock = self.take_lock()?;
        let ledger = self.ledger()?;
        let mut manifest = Self::trusted_for_change(&self.registry(), &keys)?;
        if ledger.check_head(&manifest).is_err() {
            self.finish_interrupted(&manifest, &ledger, &keys)?;
            manifest = Self::trusted_for_change(&self.registry(), &keys)?;
        }
        Ok(LockedStore { store: self, keys, manifest, ledger, _lock: lock })
    }

    fn take_lock(&self) -> Result<File> {
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let path = self.folder.join("registry.lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => bail!(
                    "another `rapport registry` is changing {}: try again when it is done",
                    self.folder.display()
                ),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
    }

    fn trusted_for_change(path: &Path, keys: &TrustedKeys) -> Result<Manifest> {
        if !path.exists() {
            return Ok(Manifest::empty(now()));
        }
        let verify = |bytes: &[u8]| -> Result<Manifest> {
            let signed = SignedManifest::parse(bytes, &Limits::default())?;
            let verified = signed.verify(keys, &TrustState::default(), i64::MIN)?;
            let whole: Value = serde_json::from_slice(signed.signed_bytes())?;
            if let Some(field) = lost(&whole, &serde_json::to_value(&verified.manifest)?) {
                bail!(
                    "a newer version of rapport wrote `{field}` into it, which would be lost; update rapport"
                );
            }
            Ok(verified.manifest)
        };
        verify(&files::read(path)?).with_context(|| format!("{} is refused", path.display()))
    }

    /// Finishes a change that was interrupted after its line was in the ledger.
    fn finish_interrupted(&self, manifest: &Manifest, ledger: &Ledger, keys: &TrustedKeys) -> Result<()> {
        let next = self.next();
        let waiting = Self::trusted_for_change(&next, keys)
            .ok()
            .filter(|next| next.version == manifest.version + 1 && ledger.check_head(next).is_ok());
        if waiting.is_none() {
            ledger.check_head(manifest).with_context(|| {
                format!(
                    "{} and {} do not belong together; restore both from version control",
                    self.registry().display(),
                    self.ledger_path().display()
                )
            })?;
        }
        self.put_in_place(&next)
    }

    fn put_in_place(&self, next: &Path) -> Result<()> {
        fs::rename(next, self.registry()).with_context(|| format!("cannot rename {}", next.display()))
    }
}

impl LockedStore<'_> {
    /// Signs and writes a change. On any failure the last version stays as it is.
    pub(super) fn commit(mut self, change: Change, key: &SigningKey) -> Result<Manifest> {
        let Change { manifest, line } = change;
        self.ledger.push(line)?;
        self.ledger.check_head(&manifest)?;
        let text = sign(&manifest, key, &Limits::default())?.to_json();
        // What is about to be written goes through the same door as what a face reads.
        SignedManifest::parse(text.as_bytes(), &Limits::default())?
            .verify(&self.keys, &TrustState::at(manifest.version), manifest.issued_at.unix())
            .context("the new manifest does not verify; nothing was written")?;
        let next = self.store.next();
        files::write_file(&next, text.as_bytes())?;
        files::write_file(&self.store.ledger_path(), self.ledger.to_jsonl().as_bytes())?;
        self.store.put_in_place(&next)?;
        Ok(manifest)
    }

    /// Removes the files among the committed artifacts that `manifest` does not name; gives their hashes and
    /// lengths. Files that are no artifacts are left alone.
    pub(super) fn unneeded_files(&self, manifest: &Manifest) -> Result<BTreeMap<PathBuf, u64>> {
        let folder = self.store.committed();
        if !folder.exists() {
            return Ok(BTreeMap::new());
        }
        let mut unneeded = BTreeMap::new();
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let hash = entry.file_name().to_str().and_then(|name| name.parse::<ContentHash>().ok());
            if hash.is_some_and(|hash| !manifest.artifacts.contains_key(&hash)) {
                unneeded.insert(entry.path(), entry.metadata()?.len());
            }
        }
        Ok(unneeded)
    }
}

/// A bundle by its id, the beginning of its id (at least 6 digits), or an alias.
pub(super) fn resolve(manifest: &Manifest, name: &str) -> Result<ContentHash> {
    if let Ok(bundle) = manifest.resolve(name) {
        return Ok(bundle);
    }
    let is_prefix = name.len() >= 6 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let matches: Vec<ContentHash> = if is_prefix {
        manifest.bundles.keys().copied().filter(|id| id.to_string().starts_with(name)).collect()
    } else {
        Vec::new()
    };
    match matches[..] {
        [bundle] => Ok(bundle),
        [] => Err(anyhow!(
            "no bundle or alias `{name}`; `rapport registry list` shows what there is (give an alias, an id, \
             or at least its first 6 digits)"
        )),
        _ => Err(anyhow!("`{name}` begins {} bundle ids; give more digits", matches.len())),
    }
}

/// The path of a field of `whole` that `kept` does not have.
fn lost(whole: &Value, kept: &Value) -> Option<String> {
    match (whole, kept) {
        (Value::Object(whole), Value::Object(kept)) => {
            whole.iter().find_map(|(name, value)| match kept.get(name) {
                Some(kept) => lost(value, kept).map(|rest| format!("{name}.{rest}")),
                // Empty values are left out in writing.
                None if value.as_array().is_some_and(Vec::is_empty) => None,
                None if value.as_object().is_some_and(serde_json::Map::is_empty) || value.is_null() => None,
                None => Some(name.clone()),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_that_would_be_lost_are_found() {
        let kept = json!({ "a": { "b": 1 }, "c": [1] });
        assert_eq!(lost(&kept, &kept), None);
        assert_eq!(lost(&json!({ "a": { "b": 1, "x": true } }), &kept).as_deref(), Some("a.x"));
        assert_eq!(lost(&json!({ "metrics": {}, "data": [] }), &kept), None);
    }
}
