//! The encoder's graph with fewer, larger operators that compute in 8 bits.
//!
//! A decoded file is rewritten before tract reads it: known patterns of standard operators are replaced by
//! operators over `rapport_kernels`, whose weights are packed straight from the file's bytes. What matches no
//! pattern stays as it is and is named, so that a caller can warn of a slow model. A graph without a quantized
//! matrix product is not touched.
//!
//! The operators give the same bits on every processor and in wasm.

mod attention;
mod attention_pattern;
mod gelu;
mod graph;
mod linear;
mod linear_pattern;
mod norm;
mod norm_pattern;
mod operator;
mod pool;
mod residual;
mod tensor;
mod weighted;
mod words;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tract_onnx::pb::{ModelProto, NodeProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::ensure;

use crate::MemoryBudget;
use graph::{Graph, Place};
use operator::OPERATOR;
pub(crate) use operator::{Compute, floats, operator, register};
pub(crate) use tensor::integers;

/// What became of a graph: the operators that tract has to be given, and what stayed as it was.
#[derive(Default)]
pub(crate) struct Fusion {
    operators: Vec<Operator>,
    unfused: Vec<String>,
}

enum Operator {
    Linear(linear::Linear),
    Weighted(weighted::Weighted),
    Attention(attention::Attention),
    Norm(norm::Norm),
    Words(words::Words),
    Pool(pool::Pool),
}

/// Refuses a file whose constants or edges do not hold together, or do not fit the budget.
pub(crate) fn check(model: &ModelProto, budget: &MemoryBudget) -> TractResult<()> {
    tensor::check(model, budget)?;
    let Some(graph) = &model.graph else { return Ok(()) };
    let given = graph.input.iter().map(|i| &i.name).chain(graph.initializer.iter().map(|t| &t.name));
    let mut made: HashSet<&String> = given.collect();
    for node in &graph.node {
        ensure!(node.op_type != OPERATOR, "{OPERATOR} is no operator of a file");
        for output in node.output.iter().filter(|o| !o.is_empty()) {
            ensure!(made.insert(output), "{output:?} is made by two nodes");
        }
    }
    for output in &graph.output {
        ensure!(made.contains(&output.name), "nothing makes the output {:?}", output.name);
    }
    Ok(())
}

/// Rewrites a graph that [`check`] let pass.
pub(crate) fn fuse(model: &mut ModelProto) -> Fusion {
    let Some(proto) = &mut model.graph else { return Fusion::default() };
    // The body of a loop may read anything of the graph around it.
    if proto.node.iter().flat_map(|n| &n.attribute).any(|a| a.g.is_some() || !a.graphs.is_empty()) {
        return Fusion::default();
    }
    let mut rewrite = Rewrite { graph: Graph::take(proto), operators: Vec::new() };
    let mut unfused = linear_pattern::fuse(&mut rewrite);
    if rewrite.operators.iter().any(|o| matches!(o, Operator::Linear(_))) {
        unfused.extend(words::fuse(&mut rewrite));
        gelu::fuse(&mut rewrite);
        attention_pattern::fuse(&mut rewrite);
        norm_pattern::fuse(&mut rewrite);
        residual::fuse(&mut rewrite);
        pool::fuse(&mut rewrite);
        for (operator, missed) in
            [("Softmax", "attention"), ("Erf", "GELU"), ("LayerNormalization", "normalisation")]
        {
            let places = rewrite.graph.places(operator);
            let name = |p| rewrite.graph.describe(p, &format!("this {missed} has another form"));
            unfused.extend(places.into_iter().map(name));
        }
    }
    rewrite.graph.give_back(proto);
    Fusion { operators: rewrite.operators, unfused }
}

impl Fusion {
    /// Gives tract the operators, once it has read the graph, and returns what was not fused.
    pub(crate) fn install(self, model: &mut InferenceModel) -> Vec<String> {
        let compute = |operator| -> Arc<dyn Compute> {
            match operator {
                Operator::Linear(op) => Arc::new(op),
                Operator::Weighted(op) => Arc::new(op),
                Operator::Attention(op) => Arc::new(op),
                Operator::Norm(op) => Arc::new(op),
                Operator::Words(op) => Arc::new(op),
                Operator::Pool(op) => Arc::new(op),
            }
        };
        let operators: HashMap<_, _> =
            self.operators.into_iter().enumerate().map(|(i, op)| (name(i), compute(op))).collect();
        operator::install(model, operators);
        self.unfused
    }
}

/// A graph and the operators that were put into it so far.
struct Rewrite {
    graph: Graph,
    operators: Vec<Operator>,
}

impl Rewrite {
    /// Replaces the last node of a pattern by a new operator.
    fn put(&mut self, place: Place, operator: Operator, inputs: Vec<String>) {
        self.operators.push(operator);
        self.put_again(place, self.operators.len() - 1, inputs);
    }

    /// Replaces the last node of a pattern by an operator that was elsewhere before.
    fn put_again(&mut self, place: Place, operator: usize, inputs: Vec<String>) {
        let output = self.graph.output(place).unwrap_or_default().to_owned();
        let node = NodeProto {
            op_type: OPERATOR.to_owned(),
            name: name(operator),
            input: inputs,
            output: vec![output],
            ..NodeProto::default()
        };
        self.graph.replace(place, node);
    }

    /// The operator that makes a value, and where it stands.
    fn fused(&self, value: &str) -> Option<(Place, usize)> {
        let place = self.graph.maker(value, OPERATOR)?;
        let index = self.graph.node(place)?.name.strip_prefix(PREFIX)?.parse().ok()?;
        (index < self.operators.len()).then_some((place, index))
    }

    /// Places and numbers of the linear layers that end as their weights leave them.
    fn plain_linears(&self) -> Vec<(Place, usize)> {
        let places = self.graph.places(OPERATOR).into_iter();
        let fused = places.filter_map(|p| self.fused(self.graph.output(p)?));
        fused.filter(|&(_, i)| matches!(&self.operators[i], Operator::Linear(l) if l.is_plain())).collect()
    }

    /// The inputs of a node.
    fn inputs(&self, place: Place) -> Vec<String> {
        self.graph.node(place).map(|n| n.input.clone()).unwrap_or_default()
    }
}

const PREFIX: &str = "fused.";

fn name(operator: usize) -> String {
    format!("{PREFIX}{operator}")
}
