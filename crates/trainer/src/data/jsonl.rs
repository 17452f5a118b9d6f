//! Canonical JSONL files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::{Conversation, JsonlReader, JsonlWriter, Limits};

use crate::write_file;

/// Reads every conversation of a canonical JSONL file; the first bad line is an error that names it.
pub fn read_conversations(path: &Path) -> Result<Vec<Conversation>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let read: Result<Vec<_>, _> = JsonlReader::new(BufReader::new(file), Limits::IMPORT).collect();
    let conversations = read.with_context(|| {
        format!(
            "{} is not canonical JSONL; `rapport data import` makes it from other formats",
            path.display()
        )
    })?;
    ensure!(!conversations.is_empty(), "{} holds no conversation", path.display());
    Ok(conversations)
}

/// Writes conversations as canonical JSONL, aside and then renamed. The SHA-256 of what was written.
pub fn write_conversations<'a>(
    path: &Path,
    conversations: impl IntoIterator<Item = &'a Conversation>,
) -> Result<String> {
    let mut writer = JsonlWriter::new(Vec::new());
    for conversation in conversations {
        writer.write(conversation)?;
    }
    let bytes = writer.finish()?;
    write_file(path, &bytes)?;
    Ok(crate::sha256_hex(&bytes))
}
