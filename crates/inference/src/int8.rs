//! Matrix products whose weights stay in 8 bits.
//!
//! The encoder's graph turns int8 weights into floats (`Cast`) before each `MatMul`. tract does that once,
//! when it optimises, and keeps the floats: four times the memory, which a Worker of 128 MB does not have.
//! Where memory is short, [`keep_weights`] replaces the pair by one operator that widens a few columns at a
//! time while it multiplies. Sums run in the order of the rows, one product after the other, and nothing is
//! fused, so the result is the same on every machine.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, tensor_proto::DataType};
use tract_onnx::prelude::*;
// The macros that define an operator expect all of it.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;

/// Name of the operator in a rewritten graph.
const OPERATOR: &str = "MatMulInt8Weights";
/// Rows and columns whose sums are kept in registers: 8 accumulators, 2 weights and 4 inputs of four lanes
/// fit the 16 registers that every target has.
const ROWS: usize = 4;
const COLUMNS: usize = 8;

/// tract's reader of ONNX, which also knows the operator.
pub(crate) fn reader() -> tract_onnx::Onnx {
    let mut onnx = tract_onnx::onnx();
    onnx.op_register
        .insert(OPERATOR, |_: &ParsingContext<'_>, _: &NodeProto| Ok((expand(MatMulInt8Weights), vec![])));
    onnx
}

/// Rewrites `MatMul(x, Cast(weights))` of constant int8 weights; gives the number of products rewritten.
pub(crate) fn keep_weights(model: &mut ModelProto) -> usize {
    let Some(graph) = &mut model.graph else { return 0 };
    let mut rewritten = 0;
    for cast in casts_of_weights(graph) {
        let (weights, floats) = (graph.node[cast].input[0].clone(), graph.node[cast].output[0].clone());
        let mut users = graph.node.iter_mut().filter(|n| n.input.contains(&floats));
        let (Some(user), None) = (users.next(), users.next()) else { continue };
        if user.op_type == "MatMul" && user.input.len() == 2 && user.input[1] == floats {
            OPERATOR.clone_into(&mut user.op_type);
            user.input[1] = weights;
            rewritten += 1;
        }
    }
    // A cast that nothing reads any more would still be computed.
    let read: Vec<String> = graph.node.iter().flat_map(|n| n.input.clone()).collect();
    graph.node.retain(|n| n.op_type != "Cast" || n.output.iter().any(|o| read.contains(o)));
    rewritten
}

/// Places of the nodes that turn a constant int8 matrix into floats.
fn casts_of_weights(graph: &GraphProto) -> Vec<usize> {
    let is_int8_matrix = |name: &String| {
        graph
            .initializer
            .iter()
            .any(|t| t.name == *name && t.data_type == DataType::Int8 as i32 && t.dims.len() == 2)
    };
    let to_float = |node: &NodeProto| {
        node.attribute.iter().any(|a| a.name == "to" && a.i == i64::from(DataType::Float as i32))
    };
    let found =
        graph.node.iter().enumerate().filter(|(_, n)| {
            n.op_type == "Cast" && n.input.first().is_some_and(is_int8_matrix) && to_float(n)
        });
    found.map(|(place, _)| place).collect()
}

/// `x · w`: f32 `[…, inputs]` by i8 `[inputs, outputs]` to f32 `[…, outputs]`.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct MatMulInt8Weights;

impl Expansion for MatMulInt8Weights {
    fn name(&self) -> StaticName {
        OPERATOR.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        s.equals(&inputs[0].datum_type, f32::datum_type())?;
        s.equals(&inputs[1].datum_type, i8::datum_type())?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.given_2(&inputs[0].shape, &inputs[1].shape, move |s, x, w| {
            let mut shape = x;
            if let (Some(last), Some(outputs)) = (shape.last_mut(), w.last()) {
                *last = outputs.clone();
            }
            s.equals(&outputs[0].shape, shape)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for MatMulInt8Weights {
    fn name(&self) -> StaticName {
        OPERATOR.into()
    }

    op_as_typed_op!();
}

impl EvalOp for MatMulInt8Weights {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (x, w) = args_2!(inputs);
        let &[depth, columns] = w.shape() else { bail!("weights of shape {:?}", w.shape()) };
        ensure!(x.shape().last() == Some(&depth), "{:?} by {:?}", x.shape(), w.shape());
        let mut shape: TVec<usize> = x.shape().into();
        if let Some(last) = shape.last_mut() {
            *last = columns;
        }
        let mut y = Tensor::zero::<f32>(&shape)?;
        let (x, w) = (x.to_plain_array_view::<f32>()?, w.to_plain_array_view::<i8>()?);
        let (Some(x), Some(w)) = (x.as_slice(), w.as_slice()) else { bail!("operands are not contiguous") };
        let mut out = y.to_plain_array_view_mut::<f32>()?;
        let Some(out) = out.as_slice_mut() else { bail!("the output is not contiguous") };
        multiply(x, w, depth, columns, out);
        Ok(tvec!(y.into_tvalue()))
    }
}

impl TypedOp for MatMulInt8Weights {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        if let Some(last) = shape.last_mut() {
            *last = inputs[1].shape[1].clone();
        }
        Ok(tvec!(f32::fact(&*shape)))
    }

    as_op!();
}

/// `y = x · w`, row-major: `x` `[rows, depth]`, `w` `[depth, columns]`, `y` `[rows, columns]`.
fn multiply(x: &[f32], w: &[i8], depth: usize, columns: usize, y: &mut [f32]) {
    let mut panel = vec![[0.0f32; COLUMNS]; depth];
    for first in (0..columns).step_by(COLUMNS) {
        let width = COLUMNS.min(columns - first);
        for (floats, row) in panel.iter_mut().zip(w.chunks_exact(columns)) {
            for (float, weight) in floats.iter_mut().zip(&row[first..first + width]) {
                *float = f32::from(*weight);
            }
        }
        let mut blocks = x.chunks_exact(ROWS * depth).zip(y.chunks_exact_mut(ROWS * columns));
        for (x, y) in &mut blocks {
            let sums = sums::<ROWS>(x, &panel);
            for (sums, y) in sums.iter().zip(y.chunks_exact_mut(columns)) {
                y[first..first + width].copy_from_slice(&sums[..width]);
            }
        }
        let whole = x.len() / (ROWS * depth) * ROWS;
        for (x, y) in x.chunks_exact(depth).zip(y.chunks_exact_mut(columns)).skip(whole) {
            let [sums] = sums::<1>(x, &panel);
            y[first..first + width].copy_from_slice(&sums[..width]);
        }
    }
}

/// The products of `N` rows with one panel of columns.
#[inline]
fn sums<const N: usize>(x: &[f32], panel: &[[f32; COLUMNS]]) -> [[f32; COLUMNS]; N] {
    let depth = panel.len();
    let rows: [&[f32]; N] = std::array::from_fn(|r| &x[r * depth..][..depth]);
    let mut sums = [[0.0; COLUMNS]; N];
    for (at, weights) in panel.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let value = row[at];
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
    sums
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tract_onnx::pb::{
        AttributeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
        attribute_proto::AttributeType,
        tensor_shape_proto::{Dimension, dimension},
        type_proto,
    };

    fn noise(count: usize) -> impl Iterator<Item = i8> {
        (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 as i8)
    }

    #[test]
    fn products_are_right_at_every_edge() {
        for (rows, depth, columns) in [(1, 1, 1), (3, 5, 7), (4, 8, 8), (9, 33, 17), (6, 64, 24)] {
            let x: Vec<f32> = noise(rows * depth).map(|v| f32::from(v) / 16.0).collect();
            let w: Vec<i8> = noise(depth * columns + 3).skip(3).collect();
            let mut y = vec![f32::NAN; rows * columns];
            multiply(&x, &w, depth, columns, &mut y);
            for (i, y) in y.iter().enumerate() {
                let (row, column) = (i / columns, i % columns);
                let exact: f64 = (0..depth)
                    .map(|k| f64::from(x[row * depth + k]) * f64::from(w[k * columns + column]))
                    .sum();
                assert!((f64::from(*y) - exact).abs() < 1e-3, "{rows} {depth} {columns}: {y} is not {exact}");
            }
        }
    }

    fn port(name: &str, dims: &[&str]) -> ValueInfoProto {
        let dim = |d: &&str| Dimension {
            value: Some(
                d.parse()
                    .map_or_else(|_| dimension::Value::DimParam((*d).to_owned()), dimension::Value::DimValue),
            ),
            ..Dimension::default()
        };
        let tensor = type_proto::Tensor {
            elem_type: DataType::Float as i32,
            shape: Some(TensorShapeProto { dim: dims.iter().map(dim).collect() }),
        };
        let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
        ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
    }

    fn node(op: &str, inputs: &[&str], output: &str) -> NodeProto {
        NodeProto {
            op_type: op.to_owned(),
            name: output.to_owned(),
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        }
    }

    fn graph() -> ModelProto {
        let weights = TensorProto {
            name: "w".to_owned(),
            dims: vec![24, 10],
            data_type: DataType::Int8 as i32,
            raw_data: noise(240).map(i8::cast_unsigned).collect(),
            ..TensorProto::default()
        };
        let mut cast = node("Cast", &["w"], "floats");
        cast.attribute.push(AttributeProto {
            name: "to".to_owned(),
            r#type: AttributeType::Int as i32,
            i: 1,
            ..AttributeProto::default()
        });
        let graph = GraphProto {
            name: "g".to_owned(),
            node: vec![cast, node("MatMul", &["x", "floats"], "y")],
            initializer: vec![weights],
            input: vec![port("x", &["1", "sequence", "24"])],
            output: vec![port("y", &["1", "sequence", "10"])],
            ..GraphProto::default()
        };
        ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto { version: 17, ..OperatorSetIdProto::default() }],
            graph: Some(graph),
            ..ModelProto::default()
        }
    }

    fn run(model: &ModelProto) -> (Vec<f32>, usize) {
        let model = reader().model_for_proto_model(model).unwrap().into_optimized().unwrap();
        let float_constants = model.nodes().iter().filter(|n| {
            n.outputs[0].fact.konst.as_ref().is_some_and(|k| k.datum_type() == f32::datum_type())
        });
        let float_constants = float_constants.count();
        let x: Vec<f32> = noise(5 * 24).map(f32::from).collect();
        let x = Tensor::from_shape(&[1, 5, 24], &x).unwrap();
        let y = model.into_runnable().unwrap().run(tvec!(x.into())).unwrap();
        (y[0].to_plain_array_view::<f32>().unwrap().iter().copied().collect(), float_constants)
    }

    #[test]
    fn the_rewritten_graph_gives_what_tract_gives_and_keeps_no_floats() {
        let stock = graph();
        let mut kept = graph();
        assert_eq!(keep_weights(&mut kept), 1);
        assert_eq!(kept.graph.as_ref().unwrap().node.len(), 1);
        let ((expected, _), (actual, float_constants)) = (run(&stock), run(&kept));
        assert_eq!(actual.len(), 50);
        // All values are whole numbers below 2^24, so sums are exact in any order.
        assert_eq!(actual, expected);
        assert_eq!(float_constants, 0);
    }

    #[test]
    fn weights_with_two_users_are_left_alone() {
        let mut model = graph();
        let graph = model.graph.as_mut().unwrap();
        graph.node.push(node("Abs", &["floats"], "z"));
        assert_eq!(keep_weights(&mut model), 0);
        assert_eq!(model.graph.unwrap().node.len(), 3);
    }
}
