//! The base weights as values: pinned ones, or a whole encoder that was fine-tuned from them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::fetch::{base_dir, missing};
use crate::encoder::{EncoderWeights, plain_tokenizer};
use crate::files::read;
use crate::sha256_hex;

/// File beside a fine-tuned `model.safetensors` that says what it is.
pub(crate) const TUNED: &str = "finetune.json";

/// `finetune.json`: vouches for the weights of its folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TunedBase {
    /// SHA-256 of the `model.safetensors` that training began with.
    pub base_sha256: String,
    /// SHA-256 of the `model.safetensors` beside this file.
    pub model_sha256: String,
    /// The settings of the training run.
    pub settings: serde_json::Value,
}

/// A sentence encoder's weights and tokenizer.
pub(crate) struct Base {
    /// The weights.
    pub weights: EncoderWeights,
    /// The bytes of `model.safetensors`.
    pub model: Vec<u8>,
    /// Their SHA-256.
    pub sha256: String,
    /// `tokenizer.json` without padding and truncation of its own.
    pub tokenizer: Vec<u8>,
}

impl Base {
    /// Reads a folder; without one, where `rapport base fetch` puts the base weights.
    ///
    /// # Errors
    /// When a file is missing, or is neither pinned nor vouched for by `finetune.json`.
    pub(crate) fn open(folder: Option<PathBuf>) -> Result<Self> {
        let folder = folder.unwrap_or_else(base_dir);
        let path = folder.join("model.safetensors");
        let (model, sha256) = if folder.join(TUNED).exists() {
            tuned(&folder, &path)?
        } else {
            let lacking: Vec<&str> = missing(&folder).iter().map(|f| f.name).collect();
            ensure!(
                lacking.is_empty(),
                "{} lacks {} of the base weights; run `rapport base fetch` first",
                folder.display(),
                lacking.join(", ")
            );
            let model = read(&path)?;
            let sha256 = sha256_hex(&model);
            (model, sha256)
        };
        let weights = EncoderWeights::from_safetensors(&model)
            .with_context(|| format!("cannot use {}", path.display()))?;
        let tokenizer = plain_tokenizer(&read(&folder.join("tokenizer.json"))?)
            .context("tokenizer.json of the base weights is not JSON")?;
        Ok(Self { weights, model, sha256, tokenizer })
    }
}

/// The weights of a folder of `rapport finetune --full`, checked against what its `finetune.json` says.
fn tuned(folder: &Path, path: &Path) -> Result<(Vec<u8>, String)> {
    let about = folder.join(TUNED);
    let about: TunedBase = serde_json::from_slice(&read(&about)?)
        .with_context(|| format!("{} is not what `rapport finetune --full` writes", about.display()))?;
    let model = read(path)?;
    let sha256 = sha256_hex(&model);
    ensure!(
        sha256 == about.model_sha256,
        "{} has SHA-256 {sha256}, {TUNED} beside it says {}; fine-tune again or restore the file",
        path.display(),
        about.model_sha256
    );
    Ok((model, sha256))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tuned_weights_are_those_that_their_folder_names() {
        let folder = tempfile::tempdir().unwrap();
        let about = TunedBase {
            base_sha256: "bb".into(),
            model_sha256: "aa".into(),
            settings: serde_json::Value::Null,
        };
        std::fs::write(folder.path().join(TUNED), serde_json::to_vec(&about).unwrap()).unwrap();
        let model = folder.path().join("model.safetensors");
        std::fs::write(&model, b"changed").unwrap();
        let error = Base::open(Some(folder.path().to_owned())).err().unwrap().to_string();
        assert!(error.contains(&sha256_hex(b"changed")) && error.contains("says aa"), "{error}");
        let about = TunedBase { model_sha256: sha256_hex(b"changed"), ..about };
        std::fs::write(folder.path().join(TUNED), serde_json::to_vec(&about).unwrap()).unwrap();
        let error = Base::open(Some(folder.path().to_owned())).err().unwrap().to_string();
        assert!(error.contains("cannot use") && error.contains("model.safetensors"), "{error}");
    }
}
