//! Functions of single floats, and of two numbers spread over each other.

use std::fmt::Debug;

use tract_onnx::prelude::*;
// The macros that define an operator expect all of it.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::binary::{wire_cast, wire_rank_broadcast};
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

use super::{Built, done, floats, place};
use crate::fused::{Compute, operator};

/// A function of one float: `Erf`, `Log`, `Relu` or `Sqrt` of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Erf,
    Log,
    Relu,
    Sqrt,
}

impl Function {
    fn of(self, x: f32) -> f32 {
        match self {
            Self::Erf => erf(x),
            Self::Log => x.ln(),
            Self::Relu => x.max(0.0),
            Self::Sqrt => x.sqrt(),
        }
    }
}

/// `erf(x)`, absolute error below 2e-7 (Abramowitz and Stegun 1964, 7.1.26).
fn erf(x: f32) -> f32 {
    let a = f64::from(x.abs());
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let coefficients = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let sum = coefficients.iter().fold(0.0, |sum, c| (sum + c) * t);
    ((1.0 - sum * (-a * a).exp()) as f32).copysign(x)
}

pub(super) fn function(function: Function) -> Built {
    done(operator(function))
}

impl Compute for Function {
    fn name(&self) -> &'static str {
        match self {
            Self::Erf => "Erf",
            Self::Log => "Log",
            Self::Relu => "Relu",
            Self::Sqrt => "Sqrt",
        }
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![f32::datum_type()]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        inputs.first().cloned().context("an input is missing")
    }

    fn compute(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let mut out = args_1!(inputs).into_tensor();
        out.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.iter_mut().for_each(|x| *x = self.of(*x));
        Ok(out)
    }
}

/// A function of two numbers: `Add`, `Sub`, `Mul`, `Div` or `Max` of the standard, over floats, whole numbers and counts
/// that depend on an open dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    Add,
    Sub,
    Mul,
    Div,
    Max,
}

pub(super) fn pair(pair: Pair) -> Built {
    done(expand(pair))
}

impl Pair {
    fn of_floats(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Max => a.max(b),
        }
    }

    fn of_integers(self, a: i64, b: i64) -> TractResult<i64> {
        let result = match self {
            Self::Add => a.checked_add(b),
            Self::Sub => a.checked_sub(b),
            Self::Mul => a.checked_mul(b),
            Self::Div => a.checked_div(b),
            Self::Max => Some(a.max(b)),
        };
        result.with_context(|| format!("{self:?} of {a} and {b} is no whole number of 64 bits"))
    }

    fn of_counts(self, a: &TDim, b: &TDim) -> TractResult<TDim> {
        if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
            return Ok(self.of_integers(a, b)?.to_dim());
        }
        Ok(match (self, b.as_i64()) {
            (Self::Add, _) => a.clone() + b,
            (Self::Sub, _) => a.clone() - b,
            (Self::Mul, _) => a.clone() * b,
            (Self::Div, Some(b)) if b > 0 => a.clone() / b.unsigned_abs(),
            _ => bail!("{self:?} of {a} and {b} depends on a dimension that is open"),
        })
    }
}

impl Expansion for Pair {
    fn name(&self) -> StaticName {
        format!("{self:?}").into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        s.given_2(&inputs[0].shape, &inputs[1].shape, |s, a, b| {
            s.equals(&outputs[0].shape, multi_broadcast(&[a, b])?)
        })?;
        s.given_2(&inputs[0].datum_type, &inputs[1].datum_type, |s, a, b| {
            s.equals(&outputs[0].datum_type, common(a, b)?)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let of = |input: OutletId| TractResult::Ok(model.outlet_fact(input)?.datum_type);
        let common = common(of(inputs[0])?, of(inputs[1])?)?;
        let inputs = wire_rank_broadcast(prefix, model, inputs)?;
        let inputs = wire_cast(prefix, model, &inputs, common)?;
        #[cfg(feature = "all-operators")]
        if ![f32::datum_type(), i64::datum_type(), TDim::datum_type()].contains(&common) {
            use tract_onnx::tract_hir::ops::{binary::InferenceBinOp, math};
            let of_tract: Box<dyn tract_onnx::tract_core::ops::binary::BinMiniOp> = match self {
                Self::Add => Box::new(math::Add),
                Self::Sub => Box::new(math::Sub),
                Self::Mul => Box::new(math::Mul),
                Self::Div => Box::new(math::Div),
                Self::Max => Box::new(math::Max),
            };
            return InferenceBinOp(of_tract).wire(prefix, model, &inputs);
        }
        model.wire_node(prefix, *self, &inputs)
    }
}

fn common(a: DatumType, b: DatumType) -> TractResult<DatumType> {
    a.common_super_type(b).with_context(|| format!("{a:?} and {b:?} have no type in common"))
}

impl Op for Pair {
    fn name(&self) -> StaticName {
        format!("{self:?}").into()
    }

    op_as_typed_op!();
}

impl EvalOp for Pair {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (a, b) = args_2!(inputs);
        let out = if a.datum_type() == f32::datum_type() {
            self.eval_floats(a, &b)?
        } else if a.datum_type() == i64::datum_type() {
            spread(&a, &b, |a, b| self.of_integers(*a, *b))?
        } else if a.datum_type() == TDim::datum_type() {
            spread(&a, &b, |a, b| self.of_counts(a, b))?
        } else {
            bail!("{self:?} is not known for {:?}", a.datum_type())
        };
        Ok(tvec!(out.into_tvalue()))
    }
}

impl Pair {
    /// A whole tensor with another of its shape, with a row or with a number is what models have.
    fn eval_floats(self, a: TValue, b: &TValue) -> TractResult<Tensor> {
        let ones = b.shape().iter().take_while(|&&size| size == 1).count();
        if b.len() == 0 || a.rank() != b.rank() || a.shape()[ones..] != b.shape()[ones..] {
            return spread(&a, b, |a, b| Ok(self.of_floats(*a, *b)));
        }
        let mut out = a.into_tensor();
        let b = floats(b)?;
        for row in out.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.chunks_exact_mut(b.len()) {
            row.iter_mut().zip(b).for_each(|(a, b)| *a = self.of_floats(*a, *b));
        }
        Ok(out)
    }
}

/// Both tensors over the shape that they have in common.
fn spread<T: Datum>(a: &Tensor, b: &Tensor, of: impl Fn(&T, &T) -> TractResult<T>) -> TractResult<Tensor> {
    ensure!(a.rank() == b.rank(), "{:?} and {:?} have different ranks", a.shape(), b.shape());
    let shape = multi_broadcast(&[a.shape(), b.shape()])?;
    let (plain_a, plain_b) = (a.try_as_plain_ram()?, b.try_as_plain_ram()?);
    let (values_a, values_b) = (plain_a.as_slice::<T>()?, plain_b.as_slice::<T>()?);
    let one =
        |index| of(&values_a[place(index, &shape, a.shape())], &values_b[place(index, &shape, b.shape())]);
    let values = (0..shape.iter().product()).map(one).collect::<TractResult<Vec<T>>>()?;
    tensor1(&values).into_shape(&shape)
}

impl TypedOp for Pair {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [a, b] = inputs else { bail!("{self:?} has two inputs") };
        let shape = multi_broadcast(&[&*a.shape, &*b.shape])?;
        Ok(tvec!(a.datum_type.fact(&*shape)))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_is_within_its_bound() {
        for (x, value) in
            [(0.0, 0.0), (0.5, 0.520_499_9), (-1.0, -0.842_700_8), (2.0, 0.995_322_3), (9.0, 1.0)]
        {
            assert!((erf(x) - value).abs() < 2e-7, "erf({x}) = {}", erf(x));
        }
    }
}
