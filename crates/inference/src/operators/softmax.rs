//! Shares of one along an axis.

use rapport_kernels::Kernel;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
// The macros that define an operator expect all of it.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;

use super::{Built, done};

/// `Softmax` of the standard, over floats.
pub(super) fn softmax(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    // Before, it flattened its input.
    ensure!(context.onnx_operator_set_version >= 13, "Softmax is known from operator set 13 on");
    done(expand(Softmax { axis: node.get_attr_opt("axis")?.unwrap_or(-1) }))
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Softmax {
    /// From the end where it is below zero.
    axis: i64,
}

impl Expansion for Softmax {
    fn name(&self) -> StaticName {
        "Softmax".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        s.equals(&inputs[0].datum_type, f32::datum_type())?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.equals(&inputs[0].shape, &outputs[0].shape)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for Softmax {
    fn name(&self) -> StaticName {
        "Softmax".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Softmax {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
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
        Ok(tvec!(out.into_tvalue()))
    }
}

impl TypedOp for Softmax {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(inputs.iter().take(1).map(|fact| fact.without_value()).collect())
    }

    as_op!();
}
