//! An owned graph that grows node by node and is encoded once.
//!
//! `onnx-rs` borrows every string and tensor; this builder owns them, so that a caller can make
//! names on the way. The bytes depend on the order of the calls alone.

use onnx_rs::ast;

/// Opset of the files written here: 17 brought `LayerNormalization`; every runtime in use reads it.
const OPSET: i64 = 17;
/// IR version that belongs to the opset.
const IR_VERSION: i64 = 8;

/// Type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// 32-bit float.
    F32,
    /// 8-bit signed integer.
    I8,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
}

impl ElementType {
    fn onnx(self) -> ast::DataType {
        match self {
            Self::F32 => ast::DataType::Float,
            Self::I8 => ast::DataType::Int8,
            Self::I32 => ast::DataType::Int32,
            Self::I64 => ast::DataType::Int64,
        }
    }

    /// The number that ONNX gives the type (the `to` of a `Cast`).
    pub fn code(self) -> i64 {
        match self {
            Self::F32 => 1,
            Self::I8 => 3,
            Self::I32 => 6,
            Self::I64 => 7,
        }
    }
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// One integer.
    Int(i64),
    /// One float.
    Float(f32),
    /// A list of integers.
    Ints(Vec<i64>),
    /// Text.
    Text(String),
}

#[derive(Debug)]
struct NodeSpec {
    op: &'static str,
    name: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
    attributes: Vec<(&'static str, Attribute)>,
}

#[derive(Debug)]
struct Initializer {
    name: String,
    dims: Vec<i64>,
    element: ElementType,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Port {
    name: String,
    element: ElementType,
    dims: Vec<String>,
}

/// A graph under construction. Methods that add a tensor or a node return the name of the value.
#[derive(Debug, Default)]
pub struct GraphBuilder {
    name: String,
    nodes: Vec<NodeSpec>,
    initializers: Vec<Initializer>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    metadata: Vec<(String, String)>,
}

impl GraphBuilder {
    /// An empty graph.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Declares an input; a dimension is a number or a symbol (`"batch"`).
    pub fn input(&mut self, name: &str, element: ElementType, dims: &[&str]) -> String {
        self.inputs.push(port(name, element, dims));
        name.to_owned()
    }

    /// Declares an output that some node writes under this name.
    pub fn output(&mut self, name: &str, element: ElementType, dims: &[&str]) {
        self.outputs.push(port(name, element, dims));
    }

    /// Records a fact about the model in the file's metadata.
    pub fn metadata(&mut self, key: &str, value: &str) {
        self.metadata.push((key.to_owned(), value.to_owned()));
    }

    /// Adds a constant f32 tensor.
    pub fn f32(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, ElementType::F32, dims, values.len(), bytes)
    }

    /// Adds a constant i8 tensor.
    pub fn i8(&mut self, name: &str, dims: &[usize], values: &[i8]) -> String {
        let bytes = values.iter().map(|v| v.cast_unsigned()).collect();
        self.constant(name, ElementType::I8, dims, values.len(), bytes)
    }

    /// Adds a constant i64 tensor.
    pub fn i64(&mut self, name: &str, dims: &[usize], values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, ElementType::I64, dims, values.len(), bytes)
    }

    /// Adds a node with one output; the value carries the node's name.
    pub fn node(
        &mut self,
        op: &'static str,
        name: &str,
        inputs: &[&str],
        attributes: &[(&'static str, Attribute)],
    ) -> String {
        self.node_with_outputs(op, name, inputs, &[name], attributes);
        name.to_owned()
    }

    /// Adds a node whose outputs are named one by one (`""` leaves an optional output out).
    pub fn node_with_outputs(
        &mut self,
        op: &'static str,
        name: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&'static str, Attribute)],
    ) {
        self.nodes.push(NodeSpec {
            op,
            name: name.to_owned(),
            inputs: inputs.iter().map(|&i| i.to_owned()).collect(),
            outputs: outputs.iter().map(|&o| o.to_owned()).collect(),
            attributes: attributes.to_vec(),
        });
    }

    /// Adds a `Cast`.
    pub fn cast(&mut self, name: &str, input: &str, to: ElementType) -> String {
        self.node("Cast", name, &[input], &[("to", Attribute::Int(to.code()))])
    }

    /// Encodes the graph as the bytes of an `.onnx` file.
    ///
    /// No `value_info` is written: runtimes infer it, and tract refuses symbolic ones.
    pub fn encode(&self) -> Vec<u8> {
        let graph = ast::Graph {
            name: &self.name,
            node: self.nodes.iter().map(encode_node).collect(),
            initializer: self
                .initializers
                .iter()
                .map(|i| ast::TensorProto::from_raw(&i.name, i.dims.clone(), i.element.onnx(), &i.bytes))
                .collect(),
            input: self.inputs.iter().map(encode_port).collect(),
            output: self.outputs.iter().map(encode_port).collect(),
            ..Default::default()
        };
        onnx_rs::encode(&ast::Model {
            ir_version: IR_VERSION,
            opset_import: vec![ast::OperatorSetId { domain: "", version: OPSET }],
            producer_name: "rapport",
            graph: Some(graph),
            metadata_props: self
                .metadata
                .iter()
                .map(|(key, value)| ast::StringStringEntry { key, value })
                .collect(),
            ..Default::default()
        })
    }

    fn constant(
        &mut self,
        name: &str,
        element: ElementType,
        dims: &[usize],
        count: usize,
        bytes: Vec<u8>,
    ) -> String {
        assert_eq!(dims.iter().product::<usize>(), count, "{name}: shape and values disagree");
        let dims = dims.iter().map(|&d| d as i64).collect();
        self.initializers.push(Initializer { name: name.to_owned(), dims, element, bytes });
        name.to_owned()
    }
}

fn port(name: &str, element: ElementType, dims: &[&str]) -> Port {
    Port { name: name.to_owned(), element, dims: dims.iter().map(|&d| d.to_owned()).collect() }
}

fn encode_node(node: &NodeSpec) -> ast::Node<'_> {
    ast::Node {
        op_type: ast::OpType::from(node.op),
        name: &node.name,
        input: node.inputs.iter().map(String::as_str).collect(),
        output: node.outputs.iter().map(String::as_str).collect(),
        attribute: node.attributes.iter().map(|(name, value)| encode_attribute(name, value)).collect(),
        ..Default::default()
    }
}

fn encode_attribute<'a>(name: &'a str, value: &'a Attribute) -> ast::Attribute<'a> {
    let base = ast::Attribute { name, ..Default::default() };
    match value {
        Attribute::Int(i) => ast::Attribute { r#type: ast::AttributeType::Int, i: *i, ..base },
        Attribute::Float(f) => ast::Attribute { r#type: ast::AttributeType::Float, f: *f, ..base },
        Attribute::Ints(ints) => {
            ast::Attribute { r#type: ast::AttributeType::Ints, ints: ints.clone(), ..base }
        }
        Attribute::Text(text) => {
            ast::Attribute { r#type: ast::AttributeType::String, s: text.as_bytes(), ..base }
        }
    }
}

fn encode_port(port: &Port) -> ast::ValueInfo<'_> {
    let dim = port
        .dims
        .iter()
        .map(|d| ast::TensorShapeDimension {
            value: match d.parse::<i64>() {
                Ok(value) => ast::Dimension::Value(value),
                Err(_) => ast::Dimension::Param(d),
            },
            denotation: "",
        })
        .collect();
    let tensor =
        ast::TensorTypeProto { elem_type: port.element.onnx(), shape: Some(ast::TensorShape { dim }) };
    ast::ValueInfo {
        name: &port.name,
        r#type: Some(ast::TypeProto { value: Some(ast::TypeValue::Tensor(tensor)), denotation: "" }),
        ..Default::default()
    }
}
