//! The ONNX operators that models may have.
//!
//! tract's own list holds every operator of the standard, and with it code for images, sound and search that no
//! model here runs. This list has what the bundles use. The feature `all-operators` adds
//! the others, for tools that read any model.

mod lstm;
mod product;
mod settled;

use std::path::Path;

use tract_onnx::data_resolver::ModelDataResolver;
use tract_onnx::model::{Onnx, OnnxOpRegister, ParsingContext};
use tract_onnx::pb::{ModelProto, NodeProto};
use tract_onnx::prelude::*;
// The traits that operators are made with come all together.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::activations::Clip;
use tract_onnx::tract_hir::ops::array::{Concat, Gather, PermuteAxes, Reshape, StridedSlice};
use tract_onnx::tract_hir::ops::binary::Nary;
use tract_onnx::tract_hir::ops::{math, nn};

use crate::fused::{self, floats};

/// tract's reader of ONNX, with our list of operators. It opens no files.
pub(crate) fn reader() -> Onnx {
    // Shapes that another runtime noted for its own graph; tract derives its own and fails when names differ.
    Onnx { op_register: register(), ignore_value_info: true, provider: Arc::new(NoFiles), ..Onnx::default() }
}

/// Refuses constants that lie in other files.
struct NoFiles;

impl ModelDataResolver for NoFiles {
    fn read_bytes_from_path(&self, _: &mut Vec<u8>, _: &Path, _: usize, _: Option<usize>) -> TractResult<()> {
        bail!("the data of a constant lies in another file")
    }
}

/// Whether a graph has operators of tract's own list, which want its passes over the graph to run well, or at all.
#[cfg(feature = "all-operators")]
pub(crate) fn wants_passes(model: &ModelProto) -> bool {
    let list = ours(OnnxOpRegister::default());
    model.graph.iter().flat_map(|g| &g.node).any(|node| !list.0.contains_key(&node.op_type))
}

/// Refuses a graph with an operator that is not in the list.
pub(crate) fn check(reader: &Onnx, model: &ModelProto) -> TractResult<()> {
    let nodes = model.graph.iter().flat_map(|g| &g.node);
    let mut missing: Vec<&str> =
        nodes.map(|n| &*n.op_type).filter(|o| !reader.op_register.0.contains_key(*o)).collect();
    missing.sort_unstable();
    missing.dedup();
    ensure!(missing.is_empty(), "the operators {} are not in this build", missing.join(", "));
    Ok(())
}

type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// Our list of operators; with the feature `all-operators` tract's others beside it.
fn register() -> OnnxOpRegister {
    #[cfg(feature = "all-operators")]
    return ours(tract_onnx::onnx().op_register);
    #[cfg(not(feature = "all-operators"))]
    ours(OnnxOpRegister::default())
}

fn ours(mut list: OnnxOpRegister) -> OnnxOpRegister {
    list.insert("Add", |_, _| done(math::Add.into_hir()));
    list.insert("Sub", |_, _| done(math::Sub.into_hir()));
    list.insert("Mul", |_, _| done(math::Mul.into_hir()));
    list.insert("Div", |_, _| done(math::Div.into_hir()));
    list.insert("Max", |_, _| done(Box::new(Nary(Box::new(math::Max), false))));
    list.insert("Erf", |_, _| done(math::erf().into_hir()));
    list.insert("Log", |_, _| done(math::ln().into_hir()));
    list.insert("Sqrt", |_, _| done(math::sqrt().into_hir()));
    list.insert("Relu", |_, _| done(expand(Clip::new(Some(0.0), None))));
    list.insert("MatMul", |_, _| product::matmul());
    list.insert("Softmax", softmax);
    list.insert("LSTM", lstm::lstm);

    list.insert("Concat", |_, node| done(expand(Concat::new(node.get_attr("axis")?))));
    list.insert("Gather", |_, node| done(expand(Gather::new(node.get_attr_opt("axis")?.unwrap_or(0)))));
    list.insert("Transpose", transpose);
    list.insert("Reshape", reshape);
    list.insert("Slice", slice);
    settled::register(&mut list);
    fused::register(&mut list);
    list
}

/// What a reader of operators returns.
#[allow(clippy::unnecessary_wraps)]
fn done(operator: Box<dyn InferenceOp>) -> Built {
    Ok((operator, vec![]))
}

fn softmax(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    // Before, it flattened its input.
    ensure!(context.onnx_operator_set_version >= 13, "Softmax is known from operator set 13 on");
    done(expand(nn::Softmax::new(node.get_attr_opt("axis")?.unwrap_or(-1))))
}

fn transpose(_: &ParsingContext<'_>, node: &NodeProto) -> Built {
    let order: Option<Vec<usize>> = node.get_attr_opt_vec("perm")?;
    if let Some(order) = &order {
        // tract takes it for a permutation without a look.
        let mut axes = order.clone();
        axes.sort_unstable();
        ensure!(axes.iter().copied().eq(0..order.len()), "{order:?} is no order of axes");
    }
    done(expand(PermuteAxes::new(order.map(Into::into))))
}

fn reshape(_: &ParsingContext<'_>, node: &NodeProto) -> Built {
    let zeros_stay = node.get_attr_opt::<i64>("allowzero")?.unwrap_or(0) != 0;
    done(expand(Reshape::new(zeros_stay)))
}

fn slice(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    ensure!(context.onnx_operator_set_version >= 10, "Slice is known from operator set 10 on");
    let mut optional = tract_onnx::model::optional_inputs(node).skip(3);
    done(Box::new(StridedSlice {
        begin_mask: 0,
        end_mask: 0,
        shrink_axis_mask: 0,
        optional_axes_input: optional.next().flatten(),
        optional_steps_input: optional.next().flatten(),
    }))
}
