//! A decoded graph with its edges in both directions, so that patterns can be found and replaced.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, tensor_proto::DataType};

use super::tensor;

/// Place of a node in the graph; stays the same while others are removed.
pub(super) type Place = usize;

/// The graph while it is rewritten. What nothing reads any more is let go at once.
pub(super) struct Graph {
    nodes: Vec<Option<NodeProto>>,
    constants: HashMap<String, TensorProto>,
    producers: HashMap<String, Place>,
    users: HashMap<String, Vec<Place>>,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl Graph {
    /// Takes nodes and initializers out of the graph; [`Graph::give_back`] puts back what is left.
    pub(super) fn take(graph: &mut GraphProto) -> Self {
        let inputs = graph.input.iter().map(|i| i.name.clone()).collect();
        let outputs = graph.output.iter().map(|o| o.name.clone()).collect();
        let initializers = std::mem::take(&mut graph.initializer);
        let mut taken = Self {
            nodes: Vec::new(),
            constants: initializers.into_iter().map(|t| (t.name.clone(), t)).collect(),
            producers: HashMap::new(),
            users: HashMap::new(),
            inputs,
            outputs,
        };
        for node in std::mem::take(&mut graph.node) {
            taken.nodes.push(None);
            taken.put(taken.nodes.len() - 1, node);
        }
        taken
    }

    /// Writes the nodes and the initializers that are still read.
    pub(super) fn give_back(self, graph: &mut GraphProto) {
        graph.node = self.nodes.into_iter().flatten().collect();
        graph.initializer = self.constants.into_values().collect();
        graph.initializer.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Places of the nodes of one operator, in the order of the file.
    pub(super) fn places(&self, operator: &str) -> Vec<Place> {
        (0..self.nodes.len()).filter(|&p| self.is(p, operator)).collect()
    }

    /// The node at a place; none when it was replaced.
    pub(super) fn node(&self, place: Place) -> Option<&NodeProto> {
        self.nodes.get(place)?.as_ref()
    }

    /// Whether a place holds a node of this operator of the standard.
    pub(super) fn is(&self, place: Place, operator: &str) -> bool {
        self.node(place).is_some_and(|n| n.op_type == operator && matches!(&*n.domain, "" | "ai.onnx"))
    }

    /// The node of this operator that makes a value.
    pub(super) fn maker(&self, value: &str, operator: &str) -> Option<Place> {
        self.producers.get(value).copied().filter(|&p| self.is(p, operator))
    }

    /// An input of a node; the empty name stands for one that is left out.
    pub(super) fn input(&self, place: Place, index: usize) -> Option<&str> {
        self.node(place)?.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The first output of a node.
    pub(super) fn output(&self, place: Place) -> Option<&str> {
        self.node(place)?.output.first().map(String::as_str)
    }

    /// The two inputs of a node, the one that `is` holds for second.
    pub(super) fn pair(&self, place: Place, is: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
        let (a, b) = (self.input(place, 0)?, self.input(place, 1)?);
        match self.node(place)?.input.len() {
            2 if is(b) => Some((a, b)),
            2 if is(a) => Some((b, a)),
            _ => None,
        }
    }

    /// The nodes that read a value; a node that reads it twice is named twice.
    pub(super) fn users(&self, value: &str) -> &[Place] {
        self.users.get(value).map_or(&[], Vec::as_slice)
    }

    /// The only node that reads what a node makes, which is no output of the graph.
    pub(super) fn only_user(&self, place: Place) -> Option<Place> {
        let value = self.output(place)?;
        match self.users(value) {
            &[user] if !self.is_output(value) => Some(user),
            _ => None,
        }
    }

    /// The same, when it is of this operator.
    pub(super) fn only_user_of(&self, place: Place, operator: &str) -> Option<Place> {
        self.only_user(place).filter(|&p| self.is(p, operator))
    }

    /// Whether a value leaves the graph.
    pub(super) fn is_output(&self, value: &str) -> bool {
        self.outputs.iter().any(|o| o == value)
    }

    /// Whether a value comes into the graph.
    pub(super) fn is_input(&self, value: &str) -> bool {
        self.inputs.iter().any(|i| i == value)
    }

    /// A constant: an initializer or what a `Constant` node holds. An initializer that is an input as well
    /// may be given another value, so it is none.
    pub(super) fn constant(&self, value: &str) -> Option<&TensorProto> {
        if self.is_input(value) {
            return None;
        }
        self.constants.get(value).or_else(|| {
            let node = self.node(self.maker(value, "Constant")?)?;
            node.attribute.iter().find(|a| a.name == "value")?.t.as_ref()
        })
    }

    /// The values of a constant of floats.
    pub(super) fn floats(&self, value: &str) -> Option<Vec<f32>> {
        tensor::floats(self.constant(value)?)
    }

    /// The values of a constant of 64-bit integers.
    pub(super) fn integers(&self, value: &str) -> Option<Vec<i64>> {
        tensor::integers(self.constant(value)?)
    }

    /// Whether a value is a constant of one float that is near another.
    pub(super) fn is_scalar(&self, value: &str, near: f32) -> bool {
        self.scalar(value).is_some_and(|v| (v - near).abs() <= near.abs() * 1e-5)
    }

    /// A constant of one float.
    pub(super) fn scalar(&self, value: &str) -> Option<f32> {
        let constant = self.constant(value)?;
        if tensor::count(constant)? != 1 {
            return None;
        }
        tensor::floats(constant)?.first().copied()
    }

    /// Whether a node is a `Cast` to 32-bit floats.
    pub(super) fn casts_to_float(&self, place: Place) -> bool {
        self.is(place, "Cast") && self.attribute(place, "to") == Some(i64::from(DataType::Float as i32))
    }

    /// An attribute that is an integer.
    pub(super) fn attribute(&self, place: Place, name: &str) -> Option<i64> {
        self.node(place)?.attribute.iter().find(|a| a.name == name).map(|a| a.i)
    }

    /// A node and what is to be said of it, for a person.
    pub(super) fn describe(&self, place: Place, what: &str) -> String {
        let Some(node) = self.node(place) else { return what.to_owned() };
        let name = if node.name.is_empty() { self.output(place).unwrap_or("?") } else { &node.name };
        format!("{} {name:?}: {what}", node.op_type)
    }

    /// Puts a node in the place of another, whose inputs are let go if nothing else reads them.
    pub(super) fn replace(&mut self, place: Place, node: NodeProto) {
        // First the new edges, so that nothing is let go that the new node reads.
        let old = self.nodes.get_mut(place).and_then(Option::take);
        for output in old.iter().flat_map(|o| &o.output) {
            self.producers.remove(output);
        }
        self.put(place, node);
        if let Some(old) = old {
            self.release(place, &old);
        }
    }

    fn put(&mut self, place: Place, node: NodeProto) {
        for output in node.output.iter().filter(|o| !o.is_empty()) {
            self.producers.insert(output.clone(), place);
        }
        for input in node.input.iter().filter(|i| !i.is_empty()) {
            self.users.entry(input.clone()).or_default().push(place);
        }
        self.nodes[place] = Some(node);
    }

    /// Takes the inputs of nodes away that are gone, and with them whatever only they read.
    fn release(&mut self, place: Place, node: &NodeProto) {
        let mut gone = vec![(place, node.input.clone())];
        while let Some((place, inputs)) = gone.pop() {
            for input in inputs {
                let Some(users) = self.users.get_mut(&input) else { continue };
                if let Some(index) = users.iter().position(|&u| u == place) {
                    users.swap_remove(index);
                }
                if !users.is_empty() || self.is_output(&input) {
                    continue;
                }
                self.users.remove(&input);
                if !self.is_input(&input) {
                    self.constants.remove(&input);
                }
                let Some(&maker) = self.producers.get(&input) else { continue };
                let unread =
                    |n: &NodeProto| n.output.iter().all(|o| self.users(o).is_empty() && !self.is_output(o));
                if self.node(maker).is_some_and(unread)
                    && let Some(dead) = self.nodes[maker].take()
                {
                    for output in &dead.output {
                        self.producers.remove(output);
                    }
                    gone.push((maker, dead.input));
                }
            }
        }
    }
}
