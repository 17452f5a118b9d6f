//! The product of two matrices of floats.

use rapport_kernels::Kernel;
use tract_onnx::prelude::*;
// The macros that define an operator expect all of it.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::matmul::compute_shapes;

use super::{Built, done, floats, place};

/// `MatMul` of the standard. tract's own plans, packs and lays out products of any form; those that bundles have in
/// floats are small.
pub(super) fn matmul() -> Built {
    done(expand(Product))
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Product;

impl Expansion for Product {
    fn name(&self) -> StaticName {
        "Product".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        s.equals(&inputs[0].datum_type, &inputs[1].datum_type)?;
        s.equals(&inputs[0].datum_type, &outputs[0].datum_type)?;
        s.given_2(&inputs[0].shape, &inputs[1].shape, |s, a, b| {
            s.equals(&outputs[0].shape, compute_shapes(a, b, false, false, false)?.3)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let of_floats = model.outlet_fact(inputs[0])?.datum_type == f32::datum_type();
        #[cfg(feature = "all-operators")]
        if !of_floats {
            return tract_onnx::tract_hir::ops::matmul::MatMulInference::default()
                .wire(prefix, model, inputs);
        }
        ensure!(of_floats, "{prefix} is no product of floats");
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for Product {
    fn name(&self) -> StaticName {
        "Product".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Product {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let shape = |i: usize| TVec::<usize>::from(inputs[i].shape());
        let (a_shape, b_shape, spread, out_shape) = compute_shapes(shape(0), shape(1), false, false, false)?;
        let outer = spread.len() - 2;
        let (m, k, n) = (a_shape[outer], a_shape[outer + 1], b_shape[outer + 1]);
        ensure!(k == b_shape[outer], "rows of {k} values for {} rows", b_shape[outer]);
        let (a, b) = (floats(&inputs[0])?, floats(&inputs[1])?);
        let part = |matrix: &[usize], index| place(index, &spread[..outer], &matrix[..outer]);
        let mut out = Tensor::zero::<f32>(&out_shape)?;
        let mut plain = out.try_as_plain_ram_mut()?;
        let parts = plain.as_slice_mut::<f32>()?.chunks_exact_mut((m * n).max(1));
        for (index, out) in parts.enumerate() {
            let (a_at, b_at) = (part(&a_shape, index) * m * k, part(&b_shape, index) * k * n);
            Kernel::best().product(&a[a_at..a_at + m * k], &b[b_at..b_at + k * n], (m, k, n), out);
        }
        Ok(tvec!(out.into_tvalue()))
    }
}

impl TypedOp for Product {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [a, b] = inputs else { bail!("a product has two inputs") };
        let (a, b) = (a.shape.to_tvec(), b.shape.to_tvec());
        Ok(tvec!(f32::fact(&*compute_shapes(a, b, false, false, false)?.3)))
    }

    as_op!();
}
