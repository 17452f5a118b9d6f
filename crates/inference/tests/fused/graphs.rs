//! Small graphs, written by hand, and stock tract to run them.

use prost::Message;
use rapport_inference::{Input, OnnxModel};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto,
    attribute_proto::AttributeType,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};
use tract_onnx::prelude::*;

/// Numbers between -1 and 1 that are the same on every machine.
pub(crate) struct Noise(pub(crate) u32);

impl Noise {
    pub(crate) fn floats(&mut self, count: usize, scale: f32) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
        };
        (0..count).map(|_| next()).collect()
    }

    pub(crate) fn bytes(&mut self, count: usize, limit: f32) -> Vec<u8> {
        self.floats(count, limit).into_iter().map(|v| (v.round() as i8).cast_unsigned()).collect()
    }
}

/// A graph in the making.
#[derive(Default)]
pub(crate) struct Graph(GraphProto);

impl Graph {
    pub(crate) fn input(mut self, name: &str, of: DataType, dims: &[&str]) -> Self {
        self.0.input.push(port(name, of, dims));
        self
    }

    pub(crate) fn output(mut self, name: &str, dims: &[&str]) -> Self {
        self.0.output.push(port(name, DataType::Float, dims));
        self
    }

    pub(crate) fn floats(self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(name, DataType::Float, dims, bytes)
    }

    pub(crate) fn integers(self, name: &str, values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(name, DataType::Int64, &[values.len() as i64], bytes)
    }

    pub(crate) fn tensor(mut self, name: &str, of: DataType, dims: &[i64], raw_data: Vec<u8>) -> Self {
        self.0.initializer.push(TensorProto {
            name: name.to_owned(),
            dims: dims.to_vec(),
            data_type: of as i32,
            raw_data,
            ..TensorProto::default()
        });
        self
    }

    pub(crate) fn node(self, op: &str, inputs: &[&str], outputs: &[&str]) -> Self {
        self.node_with(op, inputs, outputs, vec![])
    }

    pub(crate) fn node_with(
        mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> Self {
        self.0.node.push(NodeProto {
            op_type: op.to_owned(),
            name: format!("node of {}", outputs[0]),
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: outputs.iter().map(|&o| o.to_owned()).collect(),
            attribute,
            ..NodeProto::default()
        });
        self
    }

    pub(crate) fn floats_of(self, from: &str, to: &str) -> Self {
        self.node_with("Cast", &[from], &[to], vec![int("to", 1)])
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto { version: 17, ..OperatorSetIdProto::default() }],
            graph: Some(GraphProto { name: "g".to_owned(), ..self.0.clone() }),
            ..ModelProto::default()
        }
        .encode_to_vec()
    }
}

pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i,
        ..AttributeProto::default()
    }
}

pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: ints.to_vec(),
        ..AttributeProto::default()
    }
}

fn port(name: &str, of: DataType, dims: &[&str]) -> ValueInfoProto {
    let dim = |d: &&str| Dimension {
        value: Some(
            d.parse()
                .map_or_else(|_| dimension::Value::DimParam((*d).to_owned()), dimension::Value::DimValue),
        ),
        ..Dimension::default()
    };
    let tensor = type_proto::Tensor {
        elem_type: of as i32,
        shape: Some(TensorShapeProto { dim: dims.iter().map(dim).collect() }),
    };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

/// A graph as stock tract runs it.
pub(crate) struct Stock(Arc<TypedRunnableModel>);

impl Stock {
    pub(crate) fn load(onnx: &[u8]) -> Self {
        let reader = tract_onnx::onnx().with_ignore_value_info(true);
        let mut model = reader.model_for_read(&mut &*onnx).unwrap();
        for i in 0..model.outputs.len() {
            model.set_output_fact(i, InferenceFact::default()).unwrap();
        }
        Self(model.into_optimized().unwrap().into_runnable().unwrap())
    }

    pub(crate) fn run(&self, inputs: TVec<TValue>) -> Vec<f32> {
        let out = self.0.run(inputs).unwrap();
        out[0].to_plain_array_view::<f32>().unwrap().iter().copied().collect()
    }

    /// Of one input of floats.
    pub(crate) fn of(&self, shape: &[usize], x: &[f32]) -> Vec<f32> {
        self.run(tvec!(Tensor::from_shape(shape, x).unwrap().into()))
    }
}

/// What our own runtime gives for one input `x` of floats and the output `y`.
pub(crate) fn ours(model: &OnnxModel, shape: &[usize], x: &[f32]) -> Vec<f32> {
    let input = Input::f32(shape, x.to_vec()).unwrap();
    model.run(vec![("x", input)], &["y"]).unwrap()[0].iter().copied().collect()
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
