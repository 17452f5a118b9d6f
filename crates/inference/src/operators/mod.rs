//! The ONNX operators that models may have.
//!
//! tract's own list holds every operator of the standard, and with it code for images, sound and search that no
//! model here runs. This list has what the bundles use. The feature `all-operators` adds
//! the others, for tools that read any model.

mod elementwise;
mod lstm;
mod product;
mod settled;
mod slice;
mod softmax;
mod sum;

use std::path::Path;

use tract_onnx::data_resolver::ModelDataResolver;
use tract_onnx::model::{Onnx, OnnxOpRegister, ParsingContext};
use tract_onnx::pb::{ModelProto, NodeProto};
use tract_onnx::prelude::*;
// The traits that operators are made with come all together.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::array::{Concat, Gather, PermuteAxes, Reshape};

use crate::fused::{self, floats};
use elementwise::{Function, Pair, function, pair};

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
    list.insert("Add", |_, _| pair(Pair::Add));
    list.insert("Sub", |_, _| pair(Pair::Sub));
    list.insert("Mul", |_, _| pair(Pair::Mul));
    list.insert("Div", |_, _| pair(Pair::Div));
    list.insert("Max", max);
    list.insert("Erf", |_, _| function(Function::Erf));
    list.insert("Log", |_, _| function(Function::Log));
    list.insert("Sqrt", |_, _| function(Function::Sqrt));
    list.insert("Relu", |_, _| function(Function::Relu));
    list.insert("MatMul", |_, _| product::matmul());
    list.insert("Softmax", softmax::softmax);
    list.insert("LSTM", lstm::lstm);

    list.insert("Concat", |_, node| done(expand(Concat::new(node.get_attr("axis")?))));
    list.insert("Gather", |_, node| done(expand(Gather::new(node.get_attr_opt("axis")?.unwrap_or(0)))));
    list.insert("Transpose", transpose);
    list.insert("Reshape", reshape);
    list.insert("Slice", slice::slice);
    settled::register(&mut list);
    fused::register(&mut list);
    list
}

/// What a reader of operators returns.
#[allow(clippy::unnecessary_wraps)]
fn done(operator: Box<dyn InferenceOp>) -> Built {
    Ok((operator, vec![]))
}

/// The larger of two; the standard's may have any number of inputs.
fn max(_: &ParsingContext<'_>, node: &NodeProto) -> Built {
    #[cfg(feature = "all-operators")]
    if node.input.len() != 2 {
        use tract_onnx::tract_hir::ops::{binary::Nary, math};
        return done(Box::new(Nary(Box::new(math::Max), false)));
    }
    ensure!(node.input.len() == 2, "Max is known of two inputs");
    pair(Pair::Max)
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

/// Which of its values a tensor gives to the value `index` of a result over which it is spread: along an axis of 1 always
/// the same.
fn place(mut index: usize, spread: &[usize], own: &[usize]) -> usize {
    let (mut place, mut step) = (0, 1);
    for (&size, &own) in spread.iter().zip(own).rev() {
        if own > 1 {
            place += index % size * step;
        }
        step *= own;
        index /= size;
    }
    place
}
