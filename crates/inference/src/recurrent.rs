//! Sequence models that go on from where they stopped.

use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, TensorShapeProto, TypeProto, ValueInfoProto,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{bail, ensure};

use crate::model::Batch;
use crate::{InferenceError, Input, MemoryBudget, OnnxModel};

/// Operators that treat every step of a sequence by itself; only an `LSTM` may look back.
const STEPWISE: [&str; 14] = [
    "Add",
    "Sub",
    "Mul",
    "Div",
    "MatMul",
    "Relu",
    "Erf",
    "Log",
    "Sqrt",
    "Softmax",
    "Cast",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
];
/// Widest LSTM that is run step by step.
const WIDEST: i64 = 4096;

/// What an LSTM hands from one step to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Memory {
    input: String,
    output: String,
    width: usize,
}

/// What a model remembers of the steps so far.
#[derive(Debug, Clone, PartialEq)]
pub struct State(Vec<f32>);

impl State {
    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

/// An ONNX sequence model that is run one step at a time, so that one more step costs one step.
///
/// Its file is an ordinary one over whole sequences, `[batch, steps, width]` in and `[batch, steps, …]` out, in which
/// nothing but forward `LSTM`s looks from one step to another. Loading makes what they remember an input and an output.
#[derive(Debug, Clone)]
pub struct RecurrentModel {
    name: String,
    model: OnnxModel,
    input: String,
    memories: Vec<Memory>,
}

impl RecurrentModel {
    /// Reads a model from ONNX bytes.
    ///
    /// # Errors
    /// [`InferenceError::Load`] when the bytes are not a model, or when another operator than a forward `LSTM` could
    /// look from one step to another.
    pub fn load(name: &str, onnx: &[u8]) -> Result<Self, InferenceError> {
        Self::load_within(name, onnx, &MemoryBudget::TOOLS)
    }

    /// As [`RecurrentModel::load`]; refuses a file, or a tensor in it, that is larger than the budget.
    ///
    /// # Errors
    /// As [`RecurrentModel::load`].
    pub fn load_within(name: &str, onnx: &[u8], budget: &MemoryBudget) -> Result<Self, InferenceError> {
        let mut found = None;
        let model = OnnxModel::load_prepared(name, onnx, Batch::One, budget, |file| {
            found = Some(unroll(file)?);
            Ok(())
        })?;
        let fail = || InferenceError::Load { model: name.into(), reason: "it has no graph".into() };
        let (input, memories) = found.ok_or_else(fail)?;
        Ok(Self { name: name.into(), model, input, memories })
    }

    /// Quantized parts that run as the file has them: see [`OnnxModel::unfused`].
    pub fn unfused(&self) -> &[String] {
        self.model.unfused()
    }

    /// What the model remembers before the first step: nothing.
    pub fn start(&self) -> State {
        State(vec![0.0; self.memories.iter().map(|m| m.width).sum()])
    }

    /// One step: the outputs in the order of `wanted`, and what to hand to the next step.
    ///
    /// # Errors
    /// As [`OnnxModel::run`]; [`InferenceError::Shape`] when `state` is another model's.
    pub fn step(
        &self,
        row: &[f32],
        wanted: &[&str],
        state: &State,
    ) -> Result<(Vec<Vec<f32>>, State), InferenceError> {
        let shape = |found: usize, expected: usize| InferenceError::Shape {
            model: self.name.clone(),
            found: vec![found],
            expected: vec![expected],
        };
        let size = self.memories.iter().map(|m| m.width).sum();
        if state.0.len() != size {
            return Err(shape(state.0.len(), size));
        }
        let tensor = |dims: &[usize], values: &[f32]| {
            Input::f32(dims, values.to_vec()).ok_or_else(|| shape(values.len(), dims.iter().product()))
        };
        let mut inputs = vec![(self.input.as_str(), tensor(&[1, 1, row.len()], row)?)];
        let mut rest = &*state.0;
        for memory in &self.memories {
            let (own, others) = rest.split_at(memory.width);
            inputs.push((&memory.input, tensor(&[1, 1, memory.width], own)?));
            rest = others;
        }
        let names: Vec<&str> =
            wanted.iter().copied().chain(self.memories.iter().map(|m| &*m.output)).collect();
        let mut out = self.model.run(inputs, &names)?;
        let remembered = out.split_off(wanted.len());
        let state = State(remembered.iter().flatten().copied().collect());
        if state.0.len() != size {
            return Err(shape(state.0.len(), size));
        }
        Ok((out.iter().map(|o| o.iter().copied().collect()).collect(), state))
    }
}

/// Fixes the sequence to one step and lets every LSTM's memory come in and go out; the input and the memories.
fn unroll(file: &mut ModelProto) -> TractResult<(String, Vec<Memory>)> {
    let Some(graph) = &mut file.graph else { bail!("it has no graph") };
    let mut nodes = std::mem::take(&mut graph.node);
    let mut memories = Vec::new();
    for node in &mut nodes {
        if node.op_type == "LSTM" {
            memories.extend(remember(node)?);
        } else {
            let (op, name) = (&node.op_type, &node.name);
            ensure!(STEPWISE.contains(&&**op), "{op} {name:?} may look from one step to another");
        }
    }
    graph.node = nodes;
    let input = one_step(graph)?;
    for memory in &memories {
        graph.input.push(port(&memory.input, &[1, 1, memory.width as i64]));
        graph.output.push(port(&memory.output, &[1, 1, memory.width as i64]));
    }
    Ok((input, memories))
}

/// Names what an LSTM starts from and what it ends with.
fn remember(node: &mut NodeProto) -> TractResult<[Memory; 2]> {
    let name = node.name.clone();
    let attribute = |wanted: &str| node.attribute.iter().find(|a| a.name == wanted);
    let forward = attribute("direction").is_none_or(|a| a.s == b"forward");
    let layout = attribute("layout").map_or(0, |a| a.i);
    let width = attribute("hidden_size").map_or(0, |a| a.i);
    ensure!(forward && layout == 0, "LSTM {name:?} does not go forward over steps, batch, width");
    ensure!((1..=WIDEST).contains(&width), "LSTM {name:?} has the hidden size {width}");
    // Inputs: X, W, R, B, lengths of the sequences, initial h, initial c, peepholes.
    ensure!(
        node.input.iter().skip(4).all(String::is_empty),
        "LSTM {name:?} has lengths, a start of its own or peepholes"
    );
    node.input.resize(7, String::new());
    // Outputs: every h, the last h, the last c.
    node.output.resize(3, String::new());
    let of = node.output[0].clone();
    let memory = |slot: usize, input: &mut String, output: &mut String| {
        *input = format!("{of}.before.{slot}");
        if output.is_empty() {
            *output = format!("{of}.after.{slot}");
        }
        Memory { input: input.clone(), output: output.clone(), width: width as usize }
    };
    let (h, c) = (&mut node.input[5..7], &mut node.output[1..3]);
    Ok([memory(1, &mut h[0], &mut c[0]), memory(2, &mut h[1], &mut c[1])])
}

/// The graph's one input, `[batch, steps, width]`, with its steps fixed to 1.
fn one_step(graph: &mut GraphProto) -> TractResult<String> {
    let held: Vec<&str> = graph.initializer.iter().map(|t| &*t.name).collect();
    let mut inputs = graph.input.iter_mut().filter(|i| !held.contains(&&*i.name));
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        bail!("a model over sequences has one input");
    };
    let dims = input
        .r#type
        .as_mut()
        .and_then(|t| t.value.as_mut())
        .and_then(|type_proto::Value::TensorType(t)| t.shape.as_mut());
    match dims.map(|s| &mut *s.dim) {
        Some([_, steps, _]) => steps.value = Some(dimension::Value::DimValue(1)),
        _ => bail!("the input {:?} is not [batch, steps, width]", input.name),
    }
    Ok(input.name.clone())
}

fn port(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = |&d: &i64| Dimension { value: Some(dimension::Value::DimValue(d)), ..Dimension::default() };
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: Some(TensorShapeProto { dim: dims.iter().map(dim).collect() }),
    };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}
