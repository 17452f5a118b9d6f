//! Attention over all heads of a batch.

use std::cell::RefCell;

use rapport_kernels::{AttentionScratch, AttentionShape, Kernel, Mask};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{bail, ensure};

use super::operator::{Compute, floats, spread, with_last, zeros};

/// What is added to the score of a padded key is below this; where nothing is added, a key counts.
const PADDED: f32 = -1e3;

/// `softmax(scale * Q Kᵀ + bias) V`, heads split before and joined after.
#[derive(Debug)]
pub(super) struct Attention {
    /// Number of heads.
    pub(super) heads: usize,
    /// Values of one head.
    pub(super) width: usize,
    /// What scores are multiplied by.
    pub(super) scale: f32,
    /// Whether queries, keys and values are one input, side by side.
    pub(super) merged: bool,
}

thread_local! {
    /// Heads one after the other, and what the kernel needs; reused by all layers.
    static SCRATCH: RefCell<(Vec<f32>, AttentionScratch)> = RefCell::default();
}

impl Attention {
    /// Copies one part (queries, keys or values) of a sequence, head by head.
    fn split(&self, rows: &[f32], stride: usize, offset: usize, heads: &mut [f32]) {
        let tokens = rows.len() / stride;
        for (head, target) in heads.chunks_exact_mut(tokens * self.width).enumerate() {
            let start = offset + head * self.width;
            for (row, target) in rows.chunks_exact(stride).zip(target.chunks_exact_mut(self.width)) {
                target.copy_from_slice(&row[start..start + self.width]);
            }
        }
    }
}

impl Compute for Attention {
    fn name(&self) -> &'static str {
        "FusedAttention"
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![f32::datum_type(); if self.merged { 2 } else { 4 }]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        with_last(inputs.first(), self.heads * self.width)
    }

    fn compute(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let Some((bias, parts)) = inputs.split_last() else { bail!("an input is missing") };
        let hidden = self.heads * self.width;
        let stride = if self.merged { 3 * hidden } else { hidden };
        let &[batch, tokens, _] = parts[0].shape() else { bail!("rows of {:?}", parts[0].shape()) };
        for part in parts {
            ensure!(part.shape() == [batch, tokens, stride], "rows of {:?}", part.shape());
        }
        let mut out = zeros(&[batch, tokens, hidden])?;
        if batch * tokens == 0 {
            return Ok(out);
        }
        let bias = spread(bias, &[batch, 1, 1, tokens])?;
        let parts = parts.iter().map(|part| floats(part)).collect::<TractResult<Vec<_>>>()?;
        let mut plain = out.try_as_plain_ram_mut()?;
        let sequences = plain.as_slice_mut::<f32>()?.chunks_exact_mut(tokens * hidden);
        let shape = AttentionShape { heads: self.heads, head_dim: self.width, tokens };
        SCRATCH.with_borrow_mut(|(heads, scratch)| {
            for (index, (out, bias)) in sequences.zip(bias.chunks_exact(tokens)).enumerate() {
                heads.resize(3 * tokens * hidden, 0.0);
                for (part, heads) in heads.chunks_exact_mut(tokens * hidden).enumerate() {
                    let (rows, offset) =
                        if self.merged { (parts[0], part * hidden) } else { (parts[part], 0) };
                    self.split(&rows[index * tokens * stride..][..tokens * stride], stride, offset, heads);
                }
                let flags: Vec<bool> = bias.iter().map(|b| *b > PADDED).collect();
                Kernel::best().attention(heads, shape, self.scale, Mask::Tokens(&flags), out, scratch);
            }
        });
        Ok(out)
    }
}
