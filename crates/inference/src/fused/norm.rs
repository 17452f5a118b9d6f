//! Layer normalisation, of one value or of a sum.

use rapport_kernels::Kernel;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{bail, ensure};
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

use super::operator::{Compute, spread};

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` over the last axis.
#[derive(Debug)]
pub(super) struct Norm {
    /// One for each value of a row.
    pub(super) scale: Vec<f32>,
    /// One for each value of a row.
    pub(super) bias: Vec<f32>,
    /// Added to the variance.
    pub(super) epsilon: f32,
    /// Whether x is the sum of two inputs.
    pub(super) of_sum: bool,
}

impl Compute for Norm {
    fn name(&self) -> &'static str {
        if self.of_sum { "FusedAddLayerNorm" } else { "FusedLayerNorm" }
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![f32::datum_type(); if self.of_sum { 2 } else { 1 }]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        multi_broadcast::<TDim>(inputs)
    }

    fn compute(&self, mut inputs: TVec<TValue>) -> TractResult<Tensor> {
        let shapes: Vec<TVec<usize>> = inputs.iter().map(|i| i.shape().into()).collect();
        let shape = multi_broadcast::<usize>(&shapes)?;
        let width = self.scale.len();
        ensure!(shape.last() == Some(&width), "rows of {shape:?} for a norm of {width} values");
        let residual = if self.of_sum { inputs.pop() } else { None };
        let Some(x) = inputs.pop() else { bail!("an input is missing") };
        let mut x = if *x.shape() == *shape {
            x.into_tensor()
        } else {
            Tensor::from_shape(&shape, &spread(&x, &shape)?)?
        };
        let mut plain = x.try_as_plain_ram_mut()?;
        let rows = plain.as_slice_mut::<f32>()?;
        let kernel = Kernel::best();
        match residual {
            Some(other) => {
                let other = spread(&other, &shape)?;
                kernel.add_layer_norm(rows, &other, &self.scale, &self.bias, self.epsilon);
            }
            None => kernel.layer_norm(rows, &self.scale, &self.bias, self.epsilon),
        }
        Ok(x)
    }
}
