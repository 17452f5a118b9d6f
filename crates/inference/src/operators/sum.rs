//! Sums along axes.

use tract_onnx::prelude::*;
// The macros that define an operator expect all of it.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::nn::{Reduce, Reducer};

use super::{floats, place};

/// `ReduceSum` of the standard over floats, along constant axes.
#[derive(Clone, Debug)]
pub(super) struct Sum(Reduce);

impl Sum {
    pub(super) fn new(axes: Vec<i64>, keep: bool) -> Self {
        Self(Reduce::new(Some(axes), keep, Reducer::Sum))
    }
}

impl Expansion for Sum {
    fn name(&self) -> StaticName {
        "Sum".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        self.0.rules(s, inputs, outputs)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let fact = model.outlet_fact(inputs[0])?;
        let (rank, of_floats) = (fact.rank(), fact.datum_type == f32::datum_type());
        #[cfg(feature = "all-operators")]
        if !of_floats {
            return self.0.wire(prefix, model, inputs);
        }
        ensure!(of_floats, "{prefix} is no sum of floats");
        let axes: Vec<usize> = (0..rank).filter(|&axis| self.0.must_reduce(axis, rank)).collect();
        let mut wire = model.wire_node(prefix, Summed { axes: axes.clone() }, inputs)?;
        for axis in axes.into_iter().rev().filter(|_| !self.0.keep_dims) {
            wire = model.wire_node(format!("{prefix}.without.{axis}"), AxisOp::Rm(axis), &wire)?;
        }
        Ok(wire)
    }
}

/// Leaves axes of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Summed {
    axes: Vec<usize>,
}

impl Summed {
    fn shape<D: DimLike>(&self, input: &[D]) -> TVec<D> {
        let one = |(axis, size): (usize, &D)| if self.axes.contains(&axis) { D::one() } else { size.clone() };
        input.iter().enumerate().map(one).collect()
    }
}

impl Op for Summed {
    fn name(&self) -> StaticName {
        "Sum".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Summed {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let shape = self.shape(inputs[0].shape());
        let mut out = Tensor::zero::<f32>(&shape)?;
        let mut plain = out.try_as_plain_ram_mut()?;
        let sums = plain.as_slice_mut::<f32>()?;
        for (index, x) in floats(&inputs[0])?.iter().enumerate() {
            sums[place(index, inputs[0].shape(), &shape)] += x;
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl TypedOp for Summed {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = inputs.first().context("a sum has an input")?;
        Ok(tvec!(f32::fact(&*self.shape(&input.shape))))
    }

    as_op!();
}
