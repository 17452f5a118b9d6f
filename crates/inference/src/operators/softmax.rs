//! Shares of one along an axis.

use rapport_kernels::Kernel;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
// The traits that operators are made with come all together.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;

use super::{Built, done};
use crate::fused::{Compute, operator};

/// `Softmax` of the standard, over floats.
pub(super) fn softmax(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    // Before, it flattened its input.
    ensure!(context.onnx_operator_set_version >= 13, "Softmax is known from operator set 13 on");
    done(operator(Softmax { axis: node.get_attr_opt("axis")?.unwrap_or(-1) }))
}

#[derive(Debug)]
struct Softmax {
    /// From the end where it is below zero.
    axis: i64,
}

impl Compute for Softmax {
    fn name(&self) -> &'static str {
        "Softmax"
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![f32::datum_type()]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        inputs.first().cloned().context("an input is missing")
    }

    fn compute(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let mut out = args_1!(inputs).into_tensor();
        let shape: TVec<usize> = out.shape().into();
        let axis = if self.axis < 0 { self.axis + shape.len() as i64 } else { self.axis };
        let axis = usize::try_from(axis).ok().filter(|a| *a < shape.len());
        let axis = axis.with_context(|| format!("{shape:?} has no axis {}", self.axis))?;
        let (size, step) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let mut row = vec![0.0; size];
        for block in out.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.chunks_exact_mut((size * step).max(1))
        {
            for first in 0..step {
                let values = block.iter().skip(first).step_by(step);
                row.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
                row.iter_mut().for_each(|x| *x -= largest);
                Kernel::best().exp(&mut row);
                let sum: f32 = row.iter().sum();
                let values = block.iter_mut().skip(first).step_by(step);
                values.zip(&row).for_each(|(to, share)| *to = share / sum);
            }
        }
        Ok(out)
    }
}
