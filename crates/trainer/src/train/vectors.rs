//! Sentence vectors on disk, so that texts seen in an earlier run are not encoded again.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use rapport_inference::SentenceEncoder;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{Output, cache_dir, write_file};

type Key = [u8; 16];

/// Vectors by the hash of their text, for one encoder.
#[derive(Debug)]
pub(crate) struct VectorStore {
    file: PathBuf,
    dimensions: usize,
    vectors: HashMap<Key, Vec<f32>>,
}

fn key(text: &str) -> Key {
    let digest = Sha256::digest(text.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}

/// What stands for a text without words, as in the engine's reader.
fn said(text: &str) -> &str {
    if text.trim().is_empty() { "." } else { text }
}

impl VectorStore {
    /// Opens the store of the encoder with this SHA-256; a store that cannot be read starts empty.
    pub(crate) fn open(encoder_sha256: &str, dimensions: usize) -> Self {
        let file = cache_dir().join("vectors").join(format!("{encoder_sha256}.bin"));
        let row = 16 + 4 * dimensions;
        let bytes = std::fs::read(&file).unwrap_or_default();
        let vectors = bytes
            .chunks_exact(row)
            .map(|row| {
                let mut key = [0; 16];
                key.copy_from_slice(&row[..16]);
                let numbers = row[16..].chunks_exact(4);
                (key, numbers.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
            })
            .collect();
        Self { file, dimensions, vectors }
    }

    /// Length of a vector.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The vector of a text that [`VectorStore::encode`] was given.
    pub(crate) fn get(&self, text: &str) -> Option<&[f32]> {
        self.vectors.get(&key(text)).map(Vec::as_slice)
    }

    /// Empties a store that the same file gave other vectors when it ran on other code. Vectors are the same bits on
    /// every machine, so one text tells.
    fn forget_if_stale(
        &mut self,
        texts: &[(Key, &str)],
        encoder: &SentenceEncoder,
        output: Output,
    ) -> Result<()> {
        let Some((key, text)) = texts.iter().find(|(k, _)| self.vectors.contains_key(k)) else {
            return Ok(());
        };
        if self.vectors.get(key) != Some(&encoder.encode(said(text))?) {
            output.note("the kept vectors are those of another version of the encoder's code; encode again");
            self.vectors.clear();
        }
        Ok(())
    }

    /// Encodes what is not there yet, on all cores, and writes the store.
    ///
    /// # Errors
    /// When the encoder fails or the store cannot be written.
    pub(crate) fn encode<'a>(
        &mut self,
        texts: impl Iterator<Item = &'a str>,
        encoder: &SentenceEncoder,
        output: Output,
    ) -> Result<()> {
        ensure!(encoder.limits().dimensions == self.dimensions, "the store holds other vectors");
        let texts: Vec<(Key, &str)> = texts.map(|t| (key(t), t)).collect();
        self.forget_if_stale(&texts, encoder, output)?;
        let mut lacking: Vec<(Key, &str)> =
            texts.into_iter().filter(|(k, _)| !self.vectors.contains_key(k)).collect();
        lacking.sort_unstable();
        lacking.dedup_by_key(|(k, _)| *k);
        if lacking.is_empty() {
            return Ok(());
        }
        let bar = output.steps(lacking.len() as u64, "encode texts");
        for part in lacking.chunks(2048) {
            let encoded: Vec<(Key, Vec<f32>)> = part
                .par_iter()
                .map(|(k, text)| {
                    let vector = encoder.encode(said(text));
                    bar.inc(1);
                    vector.map(|v| (*k, v))
                })
                .collect::<Result<_, _>>()?;
            self.vectors.extend(encoded);
        }
        bar.finish();
        let mut entries: Vec<_> = self.vectors.iter().collect();
        entries.sort_unstable_by_key(|(k, _)| **k);
        let mut bytes = Vec::with_capacity(entries.len() * (16 + 4 * self.dimensions));
        for (key, vector) in entries {
            bytes.extend(key);
            bytes.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
        }
        write_file(&self.file, &bytes)
    }
}
