//! Operators whose settings stand in constants: beside their input since operator set 13, in attributes before.

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
// The traits that operators are made with come all together.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::array::{AddDims, Pad, PadMode, Split, Squeeze};

use super::sum::Sum;
use super::{Built, done};

pub(super) fn register(list: &mut OnnxOpRegister) {
    list.insert("Squeeze", |context, node| {
        settled(node, Squeeze::new(Some(axes(context, node)?.context("no axes")?)))
    });
    list.insert("Unsqueeze", |context, node| {
        settled(node, AddDims::new(axes(context, node)?.context("no axes")?))
    });
    list.insert("Split", |context, node| {
        let axis = node.get_attr_opt("axis")?.unwrap_or(0);
        let widths = numbers(context, node, "split")?.map(|w| w.into_iter().map(|w| w as usize).collect());
        settled(node, Split::new(axis, node.output.len(), widths))
    });
    list.insert("ReduceSum", |context, node| {
        let keep = node.get_attr_opt("keepdims")?.unwrap_or(1i64) == 1;
        let axes = numbers(context, node, "axes")?.filter(|a| !a.is_empty()).context("no axes")?;
        settled(node, Sum::new(axes, keep))
    });
    list.insert("Pad", pad);
    list.insert("Cast", |_, node| {
        let to: DatumType = node.get_attr("to")?;
        // tract counts in symbols, so that a count may depend on an open dimension.
        settled(node, Cast(if to == i64::datum_type() { TDim::datum_type() } else { to }))
    });
    list.insert("Shape", |_, node| {
        ensure!(node.get_attr_opt::<i64>("start")?.unwrap_or(0) == 0, "Shape with a start is not known");
        ensure!(node.get_attr_opt::<i64>("end")?.is_none(), "Shape with an end is not known");
        settled(node, Shape)
    });
}

/// Zeros around a tensor.
fn pad(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    let mode: &str = node.get_attr_opt("mode")?.unwrap_or("constant");
    ensure!(mode == "constant" && node.input.len() == 2, "Pad is known with zeros, on all axes");
    let pads = numbers(context, node, "pads")?.context("no pads")?;
    let pads: Vec<usize> = pads.into_iter().map(usize::try_from).collect::<Result<_, _>>()?;
    let (before, after) = pads.split_at(pads.len() / 2);
    ensure!(before.len() == after.len(), "an odd number of pads");
    let pads = before.iter().copied().zip(after.iter().copied()).collect();
    settled(node, Padding(Pad::new(pads, PadMode::Constant(Arc::new(0f32.into())))))
}

fn axes(context: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Option<Vec<isize>>> {
    Ok(numbers(context, node, "axes")?.map(|axes| axes.into_iter().map(|a| a as isize).collect()))
}

/// The whole numbers of the constant second input, or of an attribute; none where there is neither.
fn numbers(context: &ParsingContext<'_>, node: &NodeProto, attribute: &str) -> TractResult<Option<Vec<i64>>> {
    let Some(name) = node.input.get(1).filter(|n| !n.is_empty()) else {
        return node.get_attr_opt_vec(attribute);
    };
    let graph = context.model.graph.as_ref().context("no graph")?;
    let constant = graph.initializer.iter().find(|t| t.name == *name);
    let constant = constant.with_context(|| format!("{attribute} of {} are no constant", node.op_type))?;
    let tensor = context.load_tensor(constant)?.cast_to::<i64>()?.into_owned();
    Ok(Some(tensor.try_as_plain_ram()?.as_slice::<i64>()?.to_vec()))
}

fn settled(node: &NodeProto, operator: impl Expansion) -> Built {
    done(expand(Settled { operator: Box::new(operator), inputs: node.input.len() }))
}

/// An operator of one input that has constants beside it in the file.
#[derive(Clone, Debug)]
struct Settled {
    operator: Box<dyn Expansion>,
    inputs: usize,
}

impl Expansion for Settled {
    fn name(&self) -> StaticName {
        self.operator.as_ref().name()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        self.operator.as_ref().nboutputs()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.inputs)?;
        self.operator.as_ref().rules(s, &inputs[..1], outputs)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        self.operator.as_ref().wire(prefix, model, &inputs[..1])
    }
}

#[derive(Clone, Debug)]
struct Padding(Pad);

impl Expansion for Padding {
    fn name(&self) -> StaticName {
        "Pad".into()
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
        model.wire_node(prefix, self.0.clone(), inputs)
    }
}

#[derive(Clone, Debug)]
struct Cast(DatumType);

impl Expansion for Cast {
    fn name(&self) -> StaticName {
        "Cast".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_output_arity(outputs, 1)?;
        s.equals(&outputs[0].datum_type, self.0.bex())?;
        s.equals(&outputs[0].rank, &inputs[0].rank)?;
        s.equals(&outputs[0].shape, &inputs[0].shape)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, tract_onnx::tract_core::ops::cast::cast(self.0), inputs)
    }
}

#[derive(Clone, Debug)]
struct Shape;

impl Expansion for Shape {
    fn name(&self) -> StaticName {
        "Shape".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_output_arity(outputs, 1)?;
        s.equals(&outputs[0].rank, 1)?;
        s.equals(&outputs[0].datum_type, TDim::datum_type())?;
        s.given(&inputs[0].shape, |s, shape| s.equals(&outputs[0].value, rctensor1(&shape)))
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let shape = model.outlet_fact(inputs[0])?.shape.to_tvec();
        Ok(tvec!(model.add_const(prefix, tensor1(&shape))?))
    }
}
