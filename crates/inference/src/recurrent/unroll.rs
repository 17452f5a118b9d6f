//! A graph over whole sequences to one over a step, with what it remembers as inputs and outputs.

use std::collections::HashMap;

use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
    attribute_proto::AttributeType,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{bail, ensure};

use crate::fused::integers;

/// Operators that treat every step of a sequence by itself.
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
/// Widest memory that is handed from step to step.
const WIDEST: i64 = 4096;
/// Steps that a padded sequence may be moved by.
const FURTHEST: i64 = 16;

/// What is handed from one step to the next, `[1, steps, width]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) input: String,
    pub(super) output: String,
    pub(super) steps: usize,
    pub(super) width: usize,
}

impl Memory {
    /// Values that it holds.
    pub(super) fn len(&self) -> usize {
        self.steps * self.width
    }
}

/// Fixes the sequence to one step and lets every LSTM's memory come in and go out; the input and the memories.
pub(super) fn unroll(file: &mut ModelProto) -> TractResult<(String, Vec<Memory>)> {
    let Some(graph) = &mut file.graph else { bail!("it has no graph") };
    let nodes = std::mem::take(&mut graph.node);
    let mut memories = Vec::new();
    let mut padded: HashMap<String, i64> = HashMap::new();
    for mut node in nodes {
        match &*node.op_type {
            "LSTM" => memories.extend(remember(&mut node)?),
            "Pad" => {
                let (memory, steps, new) = keep(graph, &node)?;
                padded.insert(node.output.swap_remove(0), steps);
                memories.push(memory);
                graph.node.extend(new);
                continue;
            }
            "Slice" => moved(graph, &node, &padded)?,
            "Concat" => {
                let axis = node.attribute.iter().find(|a| a.name == "axis").map_or(0, |a| a.i);
                ensure!(matches!(axis, 2 | -1), "Concat {:?} joins steps", node.name);
            }
            op => {
                let name = &node.name;
                ensure!(STEPWISE.contains(&op), "{op} {name:?} may look from one step to another");
            }
        }
        let reads_padded = node.op_type != "Slice" && node.input.iter().any(|i| padded.contains_key(i));
        ensure!(!reads_padded, "{} {:?} looks from one step to another", node.op_type, node.name);
        graph.node.push(node);
    }
    let input = one_step(graph)?;
    for memory in &memories {
        let dims = [1, memory.steps as i64, memory.width as i64];
        graph.input.push(port(&memory.input, &dims));
        graph.output.push(port(&memory.output, &dims));
    }
    Ok((input, memories))
}

/// A sequence that is moved to later steps: of the padded one, the steps that were kept and the new one are left. The
/// memory, how many steps it has, and the nodes in the place of the `Pad`.
fn keep(graph: &mut GraphProto, node: &NodeProto) -> TractResult<(Memory, i64, [NodeProto; 2])> {
    let name = &node.name;
    let plain = node.attribute.iter().all(|a| a.name == "mode" && a.s == b"constant");
    let ([of, pads], [to]) = (&*node.input, &*node.output) else {
        bail!("Pad {name:?} has not a sequence and its zeros alone")
    };
    let steps = match constant(graph, pads).as_deref() {
        Some(&[0, steps @ 1..=FURTHEST, 0, 0, 0, 0]) if plain => steps,
        _ => bail!("Pad {name:?} does not put zeros before the steps alone"),
    };
    let Some(width) = width(graph, of) else { bail!("how wide the steps of Pad {name:?} are is not known") };
    ensure!((1..=WIDEST).contains(&width), "the steps of Pad {name:?} have {width} values");
    let memory = Memory {
        input: format!("{of}.before"),
        output: format!("{of}.after"),
        steps: steps as usize,
        width: width as usize,
    };
    let join = NodeProto {
        op_type: "Concat".to_owned(),
        name: name.clone(),
        input: vec![memory.input.clone(), of.clone()],
        output: vec![to.clone()],
        attribute: vec![AttributeProto {
            name: "axis".to_owned(),
            r#type: AttributeType::Int as i32,
            i: 1,
            ..AttributeProto::default()
        }],
        ..NodeProto::default()
    };
    let mut slice = NodeProto {
        op_type: "Slice".to_owned(),
        name: memory.output.clone(),
        input: vec![to.clone()],
        output: vec![memory.output.clone()],
        ..NodeProto::default()
    };
    for (part, value) in [("from", 1), ("to", steps + 1), ("axis", 1i64)] {
        let name = format!("{of}.after.{part}");
        slice.input.push(name.clone());
        graph.initializer.push(TensorProto {
            name,
            dims: vec![1],
            data_type: DataType::Int64 as i32,
            raw_data: value.to_le_bytes().to_vec(),
            ..TensorProto::default()
        });
    }
    Ok((memory, steps, [join, slice]))
}

/// Whether a `Slice` leaves a step of a padded sequence for each step of the sequence, or is along the values.
fn moved(graph: &GraphProto, node: &NodeProto, padded: &HashMap<String, i64>) -> TractResult<()> {
    let of = |slot: usize| match constant(graph, node.input.get(slot)?).as_deref() {
        Some(&[value]) => Some(value),
        _ => None,
    };
    let fits = match (node.input.first().and_then(|i| padded.get(i)), of(1), of(2), of(3)) {
        (None, _, _, Some(2 | -1)) => true,
        // From the front: steps - k; from the end: -k.
        (Some(steps), Some(from), Some(to), Some(1)) => from >= 0 && to < 0 && from - to == *steps,
        _ => false,
    };
    ensure!(fits && node.input.len() == 4, "Slice {:?} may look from one step to another", node.name);
    Ok(())
}

/// Whole numbers of an initializer that is no input.
fn constant(graph: &GraphProto, name: &str) -> Option<Vec<i64>> {
    if graph.input.iter().any(|i| i.name == name) {
        return None;
    }
    integers(graph.initializer.iter().find(|t| t.name == name)?)
}

/// How many values the steps of a sequence have, by the constants that it was made with.
fn width(graph: &GraphProto, value: &str) -> Option<i64> {
    let mut value = value;
    // A file may say that values make one another.
    for _ in 0..=graph.node.len() {
        let maker = graph.node.iter().find(|n| n.output.iter().any(|o| o == value))?;
        let last = |name: &String| graph.initializer.iter().find(|t| t.name == *name)?.dims.last().copied();
        match (&*maker.op_type, &*maker.input) {
            ("Relu" | "Erf" | "Sqrt" | "Log" | "Softmax", [of]) => value = of,
            ("Add" | "Sub" | "Mul" | "Div", [a, b]) => match last(a).or_else(|| last(b)) {
                Some(width) if width > 1 => return Some(width),
                _ => value = if last(a).is_none() { a } else { b },
            },
            ("MatMul", [_, b]) => return last(b),
            _ => return None,
        }
    }
    None
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
        Memory { input: input.clone(), output: output.clone(), steps: 1, width: width as usize }
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
