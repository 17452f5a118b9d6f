//! The unfinished result, and the note beside it from which a stopped run goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::files::read;
use crate::write_file;

/// What is computed; a run goes on only where all of it is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    /// Version of the program.
    pub(super) version: String,
    /// Size of the input.
    pub(super) input_bytes: u64,
    /// SHA-256 of the bundle's files.
    pub(super) bundle: String,
    pub(super) finished: bool,
}

/// How far the unfinished result has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) task: Task,
    /// Conversations answered, and how many of them with an error.
    pub(super) rows: u64,
    pub(super) errors: u64,
    /// SHA-256 of what those conversations say in the input.
    pub(super) read: String,
    /// Length of the result up to their last row.
    bytes: u64,
}

/// `OUT.part`, with `OUT.part.json` beside it. Nobody else writes them while this lives.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    note: PathBuf,
    pub(super) state: State,
}

/// `path` with `ending` after its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Part {
    /// Goes on with the result that lies beside `out`, or begins one with `header` when there is none or `restart` is set.
    pub(super) fn open(out: &Path, task: Task, header: &[u8], restart: bool) -> Result<Self> {
        let (path, note) = (beside(out, ".part"), beside(out, ".part.json"));
        let cannot = || format!("cannot write {}", path.display());
        fs::create_dir_all(folder(out)).with_context(cannot)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.with_context(cannot)?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            bail!("another run is writing {}; let it end, or give another --out", path.display());
        }
        let length = file.metadata().with_context(cannot)?.len();
        let known = if restart || length == 0 || !note.exists() { None } else { Some(read(&note)?) };
        let begun = State { task, rows: 0, errors: 0, read: String::new(), bytes: 0 };
        let mut part = Self { file, path, note, state: begun };
        match known {
            None => {
                // The old note must not speak for the new result.
                if part.note.exists() {
                    fs::remove_file(&part.note)
                        .with_context(|| format!("cannot remove {}", part.note.display()))?;
                }
                part.cut(0)?;
                part.append(header, 0, 0, String::new())?;
            }
            Some(known) => {
                let known: State = serde_json::from_slice(&known).with_context(|| {
                    format!("{} cannot be read; `--restart` begins anew", part.note.display())
                })?;
                part.check(&known.task)?;
                ensure!(
                    length >= known.bytes,
                    "{} is shorter than its note says; `--restart` begins anew",
                    part.path.display()
                );
                part.state = known;
                // What was written after the note is computed again.
                part.cut(part.state.bytes)?;
            }
        }
        Ok(part)
    }

    /// Refuses to go on with another task than `begun`.
    fn check(&self, begun: &Task) -> Result<()> {
        let task = &self.state.task;
        let changed = if begun.input_bytes != task.input_bytes {
            "the input has changed"
        } else if begun.bundle != task.bundle {
            "it was begun with another bundle"
        } else if begun.finished != task.finished {
            "it was begun with another `--finished`"
        } else if begun.version != task.version {
            "it was begun by another version of rapport"
        } else {
            return Ok(());
        };
        bail!("{} cannot be gone on with: {changed}; `--restart` begins anew", self.path.display())
    }

    /// Refuses to go on when the conversations that were answered do not stand in the input any more.
    pub(super) fn check_read(&self, read: &str) -> Result<()> {
        ensure!(
            self.state.rows == 0 || self.state.read == read,
            "{} cannot be gone on with: the input has changed; `--restart` begins anew",
            self.path.display()
        );
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> Result<()> {
        let mut cut = || -> std::io::Result<()> {
            self.file.set_len(bytes)?;
            self.file.seek(SeekFrom::Start(bytes))?;
            Ok(())
        };
        cut().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Adds `rows` rows, `errors` of them with an error; `read` is the hash of the input up to them. The rows are on
    /// the disk before the note speaks of them.
    pub(super) fn append(&mut self, bytes: &[u8], rows: u64, errors: u64, read: String) -> Result<()> {
        let write = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        write.with_context(|| format!("cannot write {}", self.path.display()))?;
        self.state.rows += rows;
        self.state.errors += errors;
        self.state.bytes += bytes.len() as u64;
        self.state.read = read;
        write_file(&self.note, &serde_json::to_vec(&self.state)?)
    }

    /// Gives the result its name and removes the note.
    pub(super) fn rename(self, out: &Path) -> Result<()> {
        fs::rename(&self.path, out).with_context(|| format!("cannot name {}", out.display()))?;
        self.forget(out)
    }

    fn forget(&self, out: &Path) -> Result<()> {
        let forget = || -> std::io::Result<()> {
            // The name is on the disk before the note goes.
            #[cfg(unix)]
            File::open(folder(out))?.sync_all()?;
            fs::remove_file(&self.note)
        };
        forget().with_context(|| format!("cannot remove {}", self.note.display()))
    }
}
