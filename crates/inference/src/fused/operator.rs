//! What tract needs to know of a fused operator, the same for all of them.

use std::sync::Arc;

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
// The macros that define an operator expect all of it.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;

/// Operator type that a rewritten graph has in the place of every fused operator.
pub(super) const OPERATOR: &str = "rapport.Fused";

/// An operator with what is constant inside: one tensor of floats out.
pub(crate) trait Compute: std::fmt::Debug + Send + Sync + 'static {
    /// Its name in dumps.
    fn name(&self) -> &'static str;

    /// Element types of its inputs.
    fn inputs(&self) -> Vec<DatumType>;

    /// Shape of its output.
    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>>;

    /// Its output. Shapes are checked here: a model's caller chooses them.
    fn compute(&self, inputs: TVec<TValue>) -> TractResult<Tensor>;
}

/// An operator for tract to read into a graph.
pub(crate) fn operator(compute: impl Compute) -> Box<dyn InferenceOp> {
    expand(Fused(Arc::new(compute)))
}

/// Registers the operator, so that a rewritten graph can be read.
pub(crate) fn register(list: &mut OnnxOpRegister) {
    list.insert(OPERATOR, |_: &ParsingContext<'_>, _: &NodeProto| Ok((expand(Pending), vec![])));
}

/// Puts the operators of a rewritten graph into the places that it keeps for them, by the names of the nodes.
pub(super) fn install(model: &mut InferenceModel, mut operators: HashMap<String, Arc<dyn Compute>>) {
    for node in model.nodes_mut() {
        if node.op.name() == OPERATOR
            && let Some(operator) = operators.remove(&node.name)
        {
            node.op = expand(Fused(operator));
        }
    }
}

/// Keeps the place of a fused operator: tract's readers of operators are plain functions and cannot be handed
/// packed weights.
#[derive(Clone, Debug)]
struct Pending;

impl Expansion for Pending {
    fn name(&self) -> StaticName {
        OPERATOR.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        _: &mut Solver<'r>,
        _: &'p [TensorProxy],
        _: &'p [TensorProxy],
    ) -> InferenceResult {
        Ok(())
    }

    fn wire(&self, prefix: &str, _: &mut TypedModel, _: &[OutletId]) -> TractResult<TVec<OutletId>> {
        bail!("{prefix} is no operator of a file")
    }
}

#[derive(Clone, Debug)]
struct Fused(Arc<dyn Compute>);

impl PartialEq for Fused {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Fused {}

impl Expansion for Fused {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let types = self.0.inputs();
        check_input_arity(inputs, types.len())?;
        check_output_arity(outputs, 1)?;
        for (input, of) in inputs.iter().zip(types) {
            s.equals(&input.datum_type, of)?;
        }
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.given_all(inputs.iter().map(|i| &i.shape), move |s, shapes| {
            s.equals(&outputs[0].shape, self.0.shape(&shapes)?)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for Fused {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    op_as_typed_op!();
}

impl EvalOp for Fused {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(tvec!(self.0.compute(inputs)?.into_tvalue()))
    }
}

impl TypedOp for Fused {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shapes: Vec<TVec<TDim>> = inputs.iter().map(|fact| fact.shape.to_tvec()).collect();
        Ok(tvec!(f32::fact(&*self.0.shape(&shapes)?)))
    }

    as_op!();
}

/// The shape of an input with another last dimension.
pub(super) fn with_last(input: Option<&TVec<TDim>>, last: usize) -> TractResult<TVec<TDim>> {
    let Some(mut shape) = input.cloned() else { bail!("an input is missing") };
    let Some(dim) = shape.last_mut() else { bail!("a single number is no row") };
    *dim = last.to_dim();
    Ok(shape)
}

/// The values of a tensor of floats.
pub(crate) fn floats(tensor: &Tensor) -> TractResult<&[f32]> {
    tensor.try_as_plain_ram()?.as_slice::<f32>()
}

/// A tensor with its values, all of which are zero.
pub(super) fn zeros(shape: &[usize]) -> TractResult<Tensor> {
    Tensor::zero::<f32>(shape)
}

/// The values of a tensor, spread over a shape as the standard's operators spread them.
pub(super) fn spread<'a>(tensor: &'a Tensor, shape: &[usize]) -> TractResult<Cow<'a, [f32]>> {
    if tensor.shape() == shape {
        return Ok(floats(tensor)?.into());
    }
    let view = tensor.to_plain_array_view::<f32>()?;
    let Some(view) = view.broadcast(shape) else { bail!("{:?} does not fit {shape:?}", tensor.shape()) };
    Ok(view.iter().copied().collect())
}
