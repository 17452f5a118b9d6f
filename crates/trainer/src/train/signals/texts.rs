//! Texts outside conversations that carry emotions or service intents.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::{Emotion, Label, ServiceIntent};
use sha2::{Digest, Sha256};

use crate::files::read_unpacked;
use crate::train::goemotions;

/// One text and the heads that it is a positive case of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextExample {
    /// The text.
    pub text: String,
    /// One for each label of the set, in class order.
    pub labels: Vec<bool>,
}

fn flags(count: usize, on: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut flags = vec![false; count];
    on.for_each(|i| flags[i] = true);
    flags
}

/// At most `limit` texts, the same ones on every machine: those with the lowest hash.
fn limited(mut examples: Vec<TextExample>, limit: usize) -> Vec<TextExample> {
    examples.sort_by_cached_key(|e| Sha256::digest(e.text.as_bytes()));
    // A text that stands twice would be learned from and judged by.
    examples.dedup_by(|a, b| a.text == b.text);
    examples.truncate(limit);
    examples
}

/// Reads `GoEmotions`' table with the emotions grouped.
///
/// # Errors
/// As [`goemotions::read`].
pub(crate) fn emotions(path: &Path, limit: usize) -> Result<Vec<TextExample>> {
    let examples = goemotions::read(path)?
        .into_iter()
        .map(|row| {
            let found = row.labels.iter().flat_map(|&l| Emotion::of_goemotions(l)).map(Label::index);
            TextExample { labels: flags(Emotion::ALL.len(), found), text: row.text }
        })
        .collect();
    Ok(limited(examples, limit))
}

/// Reads `Banking77`'s table (CSV with the columns `text` and `category`, may be gzipped) with the intents in families.
///
/// # Errors
/// When the file cannot be read, lacks a column, or names an intent that no family holds.
pub(crate) fn intents(path: &Path) -> Result<Vec<TextExample>> {
    let bytes = read_unpacked(path)?;
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let name = path.display();
    let headers = reader.headers().with_context(|| format!("{name} is no CSV"))?.clone();
    let column = |wanted: &str| {
        headers
            .iter()
            .position(|h| h.trim() == wanted)
            .with_context(|| format!("{name} has no column {wanted}; Banking77 has text and category"))
    };
    let (text, category) = (column("text")?, column("category")?);
    let mut examples = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let row = number + 2;
        let record = record.with_context(|| format!("{name} row {row}"))?;
        let intent = record.get(category).unwrap_or_default();
        let family = ServiceIntent::of_banking77(intent)
            .with_context(|| format!("{name} row {row}: {intent:?} is none of Banking77's intents"))?;
        examples.push(TextExample {
            text: record.get(text).unwrap_or_default().to_owned(),
            labels: flags(ServiceIntent::ALL.len(), std::iter::once(family.index())),
        });
    }
    ensure!(!examples.is_empty(), "{name} has no rows");
    Ok(limited(examples, usize::MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn emotions_are_grouped_and_repeats_dropped() {
        let (_folder, path) = file("e.tsv", "thank you\t15,0\ta\nhm\t27\tb\nthank you\t15\tc\n");
        let found = emotions(&path, 10).unwrap();
        assert_eq!(found.len(), 2);
        let thanks = found.iter().find(|e| e.text == "thank you").unwrap();
        assert!(thanks.labels[Emotion::Joy.index()] && thanks.labels[Emotion::Gratitude.index()]);
        assert_eq!(emotions(&path, 1).unwrap().len(), 1);
    }

    #[test]
    fn intents_are_read_by_column_and_unknown_ones_named() {
        let (_folder, path) = file("i.csv", "text,category\n\"where is\nmy card\",card_arrival\n");
        assert!(intents(&path).unwrap()[0].labels[ServiceIntent::Card.index()]);
        let (_folder, path) = file("i.csv", "text,category\nhello,weather\n");
        let error = intents(&path).unwrap_err().to_string();
        assert!(error.contains("row 2") && error.contains("weather"), "{error}");
        let (_folder, path) = file("i.csv", "text,intent\nhello,weather\n");
        assert!(intents(&path).unwrap_err().to_string().contains("no column category"));
    }
}
