//! A linear layer of 8-bit weights over rows that stay in floats.
//!
//! Rows that nobody prepared for rounding are not rounded: the act head's have numbers of very different size side by
//! side. Most of them are zero, and zeros cost next to nothing here.

use rapport_kernels::Kernel;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::ensure;

use super::operator::{Compute, floats, with_last, zeros};

/// `x · weights * scales + bias`.
#[derive(Debug)]
pub(super) struct Weighted {
    /// Row-major `[inputs, columns]`.
    weights: Vec<i8>,
    /// One for each column.
    scales: Vec<f32>,
    bias: Option<Vec<f32>>,
}

impl Weighted {
    /// None when the lengths do not fit together or a scale is no number.
    pub(super) fn new(bytes: &[u8], scales: Vec<f32>, bias: Option<Vec<f32>>) -> Option<Self> {
        let columns = scales.len();
        let fits = columns > 0
            && scales.iter().all(|scale| scale.is_finite())
            && bytes.len().is_multiple_of(columns)
            && bias.as_ref().is_none_or(|b| b.len() == columns);
        let weights = bytes.iter().map(|b| b.cast_signed()).collect();
        fits.then_some(Self { weights, scales, bias })
    }
}

impl Compute for Weighted {
    fn name(&self) -> &'static str {
        "WeightedRows"
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![f32::datum_type()]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        with_last(inputs.first(), self.scales.len())
    }

    fn compute(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let columns = self.scales.len();
        let depth = self.weights.len() / columns;
        let mut shape: TVec<usize> = inputs[0].shape().into();
        ensure!(shape.last() == Some(&depth), "rows of {shape:?} for {depth} inputs");
        if let Some(last) = shape.last_mut() {
            *last = columns;
        }
        let mut out = zeros(&shape)?;
        let mut plain = out.try_as_plain_ram_mut()?;
        let sums = plain.as_slice_mut::<f32>()?;
        let x = floats(&inputs[0])?;
        Kernel::best().sparse_product(x, &self.weights, (sums.len() / columns, depth, columns), sums);
        for sums in sums.chunks_exact_mut(columns) {
            sums.iter_mut().zip(&self.scales).for_each(|(s, scale)| *s *= scale);
            if let Some(bias) = &self.bias {
                sums.iter_mut().zip(bias).for_each(|(s, b)| *s += b);
            }
        }
        Ok(out)
    }
}
