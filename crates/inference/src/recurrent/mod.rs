//! Sequence models that go on from where they stopped.

mod unroll;

use crate::model::Batch;
use crate::{InferenceError, Input, MemoryBudget, OnnxModel};
use unroll::{Memory, unroll};

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
/// nothing looks from one step to another but forward `LSTM`s, and `Slice`s of a sequence that a `Pad` moves to later
/// steps. Loading makes what they remember an input and an output.
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
    /// [`InferenceError::Load`] when the bytes are not a model, or when another operator could look from one step to
    /// another.
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
        State(vec![0.0; self.memories.iter().map(Memory::len).sum()])
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
        let size = self.memories.iter().map(Memory::len).sum();
        if state.0.len() != size {
            return Err(shape(state.0.len(), size));
        }
        let tensor = |dims: &[usize], values: &[f32]| {
            Input::f32(dims, values.to_vec()).ok_or_else(|| shape(values.len(), dims.iter().product()))
        };
        let mut inputs = vec![(self.input.as_str(), tensor(&[1, 1, row.len()], row)?)];
        let mut rest = &*state.0;
        for memory in &self.memories {
            let (own, others) = rest.split_at(memory.len());
            inputs.push((&memory.input, tensor(&[1, memory.steps, memory.width], own)?));
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
