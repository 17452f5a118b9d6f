//! A part of a tensor along some axes.

use tract_onnx::model::{ParsingContext, optional_inputs};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
// The traits that operators are made with come all together.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::array::StridedSlice;
use tract_onnx::tract_hir::tract_core::ops::array::Slice;

use super::{Built, done};

/// `Slice` of the standard whose ends are constants or depend on an open dimension, without leaving values out between
/// them: tract's own brings convolutions with it.
pub(super) fn slice(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    ensure!(context.onnx_operator_set_version >= 10, "Slice is known from operator set 10 on");
    let mut optional = optional_inputs(node).skip(3);
    let of_tract = StridedSlice {
        begin_mask: 0,
        end_mask: 0,
        shrink_axis_mask: 0,
        optional_axes_input: optional.next().flatten(),
        optional_steps_input: optional.next().flatten(),
    };
    #[cfg(feature = "all-operators")]
    if of_tract.optional_steps_input.is_some() {
        return done(Box::new(of_tract));
    }
    done(expand(Part(of_tract)))
}

#[derive(Clone, Debug)]
struct Part(StridedSlice);

impl Expansion for Part {
    fn name(&self) -> StaticName {
        "Slice".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        InferenceRulesOp::rules(&self.0, s, inputs, outputs)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let constant = |slot: usize| {
            let fact = model.outlet_fact(inputs[slot])?;
            fact.konst
                .clone()
                .with_context(|| format!("the ends, axes or steps of {prefix} are no constants"))
        };
        let integers = |slot: Option<usize>| -> TractResult<Option<Vec<i64>>> {
            let Some(slot) = slot else { return Ok(None) };
            let values = constant(slot)?.cast_to::<i64>()?.into_owned();
            Ok(Some(values.try_as_plain_ram()?.as_slice::<i64>()?.to_vec()))
        };
        let (begin, end) = (constant(1)?, constant(2)?);
        let shape = model.outlet_fact(inputs[0])?.shape.to_tvec();
        if integers(self.0.optional_steps_input)?.is_some_and(|steps| steps.iter().any(|&step| step != 1)) {
            bail!("{prefix} leaves values out; only steps of 1 are known");
        }
        let axes = match integers(self.0.optional_axes_input)? {
            Some(axes) => axes.into_iter().map(|a| if a < 0 { a + shape.len() as i64 } else { a }).collect(),
            None => (0..shape.len() as i64).collect::<Vec<_>>(),
        };
        let mut wire: TVec<OutletId> = inputs[..1].into();
        for (index, axis) in axes.into_iter().enumerate() {
            let axis = usize::try_from(axis).ok().filter(|axis| *axis < shape.len());
            let axis = axis.with_context(|| format!("{prefix} has an axis that its input has not"))?;
            let part = self.0.prepare_one_dim(index, &shape[axis], &begin, &end, &[])?;
            let slice = Slice::new(axis, part.begin, part.end);
            wire = model.wire_node(format!("{prefix}.axis.{axis}"), slice, &wire)?;
        }
        Ok(wire)
    }
}
