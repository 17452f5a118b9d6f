//! What full fine-tuning writes: the base's `model.safetensors` with the trained tensors in place of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context, Result};
use burn::tensor::Tensor;
use safetensors::{Dtype, SafeTensors, View};

use super::network::{Body, Dense, LayerNorm};
use crate::encoder::EncoderWeights;
use crate::train::layer::values;

/// A tensor of the file: the base's bytes or new ones.
struct Entry<'a> {
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
    dtype: Dtype,
}

impl View for &Entry<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The bytes of the tuned `model.safetensors`. What is not trained keeps the base's bytes.
///
/// # Errors
/// When the base is no safetensors file.
pub(crate) fn to_safetensors(body: &Body, weights: &EncoderWeights, base: &[u8]) -> Result<Vec<u8>> {
    let tensors = SafeTensors::deserialize(base).context("the base weights")?;
    let mut entries: BTreeMap<String, Entry<'_>> = tensors
        .iter()
        .map(|(name, view)| {
            let entry = Entry {
                shape: view.shape().to_vec(),
                bytes: Cow::Borrowed(view.data()),
                dtype: view.dtype(),
            };
            (name.to_owned(), entry)
        })
        .collect();
    let mut put = |name: String, shape: Vec<usize>, numbers: Vec<f32>| {
        let bytes = Cow::Owned(numbers.iter().flat_map(|v| v.to_le_bytes()).collect());
        entries.insert(name, Entry { shape, bytes, dtype: Dtype::F32 });
    };
    // The query of the network has the attention's scale in it, that of the file has not.
    let query = ((weights.hidden / weights.heads) as f32).sqrt();
    for (number, block) in body.blocks.iter().enumerate() {
        let at = format!("encoder.layer.{number}");
        let mut dense = |name: &str, dense: &Dense, factor: f32| {
            let [inputs, outputs] = dense.weight.dims();
            let stored = numbers(dense.weight.val().transpose());
            put(
                format!("{at}.{name}.weight"),
                vec![outputs, inputs],
                stored.iter().map(|v| v * factor).collect(),
            );
            let bias = numbers(dense.bias.val()).iter().map(|v| v * factor).collect();
            put(format!("{at}.{name}.bias"), vec![outputs], bias);
        };
        dense("attention.self.query", &block.query, query);
        dense("attention.self.key", &block.key, 1.0);
        dense("attention.self.value", &block.value, 1.0);
        dense("attention.output.dense", &block.attention_output, 1.0);
        dense("intermediate.dense", &block.intermediate, 1.0);
        dense("output.dense", &block.output, 1.0);
        let mut norm = |name: &str, norm: &LayerNorm| {
            put(format!("{at}.{name}.weight"), vec![weights.hidden], numbers(norm.scale.val()));
            put(format!("{at}.{name}.bias"), vec![weights.hidden], numbers(norm.bias.val()));
        };
        norm("attention.output.LayerNorm", &block.attention_norm);
        norm("output.LayerNorm", &block.output_norm);
    }
    Ok(safetensors::serialize(&entries, None)?)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    values(tensor)
}
