//! The table of `GoEmotions`: `text`, comma-joined label numbers, id; tab-separated, plain or gzipped.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::files::read_unpacked;

/// One text and its labels, 0 to 27 in the order of the set's `labels.txt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// The text.
    pub text: String,
    /// Numbers of its emotions.
    pub labels: Vec<u8>,
}

/// Reads a table, in its order.
///
/// # Errors
/// When the file cannot be read, is empty, or a row has no label column.
pub(crate) fn read(path: &Path) -> Result<Vec<Text>> {
    let text = String::from_utf8(read_unpacked(path)?)
        .with_context(|| format!("{} is not UTF-8", path.display()))?;
    let mut texts = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split('\t');
        let (said, labels) = columns.next().zip(columns.next()).with_context(|| {
            format!("{} line {}: no tab-separated label column", path.display(), number + 1)
        })?;
        let labels: Vec<u8> = labels.split(',').filter_map(|l| l.trim().parse().ok()).collect();
        texts.push(Text { text: said.to_owned(), labels });
    }
    ensure!(!texts.is_empty(), "{} has no rows", path.display());
    Ok(texts)
}
