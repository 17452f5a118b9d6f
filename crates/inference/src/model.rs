//! One ONNX model, ready to run.

use std::sync::Arc;

use ndarray::{Array, ArrayD, IxDyn};
use prost::Message;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

use crate::{InferenceError, int8};

type Plan = Arc<TypedRunnableModel>;

/// Reads a graph. In wasm, where memory is short, constant int8 weights stay in 8 bits.
///
/// The file is decoded where it lies and let go before the weights are copied into tensors: at 23 MB each, a third
/// copy of the encoder would not fit beside an engine that is still answering.
fn read(onnx: impl AsRef<[u8]>) -> TractResult<InferenceModel> {
    let reader = int8::reader();
    let mut model = ModelProto::decode(onnx.as_ref())?;
    drop(onnx);
    if cfg!(target_arch = "wasm32") {
        int8::keep_weights(&mut model);
    }
    reader.model_for_proto_model(&model)
}

/// A named input.
#[derive(Debug, Clone)]
pub enum Input {
    /// Numbers.
    F32(ArrayD<f32>),
    /// Token numbers and masks.
    I64(ArrayD<i64>),
}

impl Input {
    /// Numbers in row-major order with their shape.
    pub fn f32(shape: &[usize], values: Vec<f32>) -> Option<Self> {
        Array::from_shape_vec(IxDyn(shape), values).ok().map(Self::F32)
    }

    /// Integers in row-major order with their shape.
    pub fn i64(shape: &[usize], values: Vec<i64>) -> Option<Self> {
        Array::from_shape_vec(IxDyn(shape), values).ok().map(Self::I64)
    }

    fn into_tensor(self) -> TractResult<TValue> {
        match self {
            Self::F32(a) => {
                Ok(Tensor::from_shape(a.shape(), &a.iter().copied().collect::<Vec<_>>())?.into_tvalue())
            }
            Self::I64(a) => {
                Ok(Tensor::from_shape(a.shape(), &a.iter().copied().collect::<Vec<_>>())?.into_tvalue())
            }
        }
    }
}

/// An ONNX model, optimised once and run many times; cheap to clone, safe to share between threads.
#[derive(Clone)]
pub struct OnnxModel {
    name: String,
    plan: Plan,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl std::fmt::Debug for OnnxModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxModel")
            .field("name", &self.name)
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}

impl OnnxModel {
    /// Reads a model from ONNX bytes.
    ///
    /// The first dimension of every input that is named `batch` is fixed to 1: one text or one
    /// conversation is answered at a time, and a known batch lets tract drop work. Other named
    /// dimensions stay open.
    ///
    /// # Errors
    /// [`InferenceError::Load`] when the bytes are not ONNX, use an operator that is not known, or
    /// have shapes that do not fit together.
    pub fn load(name: &str, onnx: &[u8]) -> Result<Self, InferenceError> {
        Self::load_given(name, onnx)
    }

    /// As [`OnnxModel::load`]; bytes that are given away are freed as soon as they are decoded.
    pub(crate) fn load_given(name: &str, onnx: impl AsRef<[u8]>) -> Result<Self, InferenceError> {
        let fail = |e: TractError| InferenceError::Load { model: name.into(), reason: format!("{e:#}") };
        let mut model = read(onnx).map_err(fail)?;
        let batch = model.symbols.sym("batch");
        for i in 0..model.inputs.len() {
            let mut fact = model.input_fact(i).map_err(fail)?.clone();
            if let Some(shape) = fact.shape.concretize() {
                let shape: TVec<TDim> = shape
                    .into_iter()
                    .map(|d| d.substitute(&batch, &1.to_dim()))
                    .collect::<TractResult<_>>()
                    .map_err(fail)?;
                fact.shape = shape.into();
                model.set_input_fact(i, fact).map_err(fail)?;
            }
        }
        let label = |model: &InferenceModel, outlet: &OutletId| {
            model
                .outlet_label(*outlet)
                .map_or_else(|| model.node(outlet.node).name.clone(), ToString::to_string)
        };
        let inputs = model.inputs.iter().map(|o| model.node(o.node).name.clone()).collect();
        let outputs = model.outputs.iter().map(|o| label(&model, o)).collect();
        // Facts that the file states for its outputs use the open batch: what tract derives is stricter.
        for i in 0..model.outputs.len() {
            model.set_output_fact(i, InferenceFact::default()).map_err(fail)?;
        }
        let plan = model.into_optimized().and_then(IntoRunnable::into_runnable).map_err(fail)?;
        Ok(Self { name: name.into(), plan, inputs, outputs })
    }

    /// Names of the inputs, in the model's order.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Names of the outputs, in the model's order.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Runs the model; inputs are matched by name, outputs come in the order of `wanted`.
    ///
    /// # Errors
    /// [`InferenceError::Missing`] when a name is not there, [`InferenceError::Run`] when the runtime
    /// refuses the shapes.
    pub fn run(
        &self,
        inputs: Vec<(&str, Input)>,
        wanted: &[&str],
    ) -> Result<Vec<ArrayD<f32>>, InferenceError> {
        let fail = |e: TractError| InferenceError::Run { model: self.name.clone(), reason: format!("{e:#}") };
        let missing = |what, name: &str, found: &[String]| InferenceError::Missing {
            model: self.name.clone(),
            what,
            name: name.into(),
            found: found.to_vec(),
        };
        let mut slots: Vec<Option<TValue>> = vec![None; self.inputs.len()];
        for (name, input) in inputs {
            let slot = self
                .inputs
                .iter()
                .position(|n| n == name)
                .ok_or_else(|| missing("input", name, &self.inputs))?;
            slots[slot] = Some(input.into_tensor().map_err(fail)?);
        }
        let values = slots
            .into_iter()
            .zip(&self.inputs)
            .map(|(v, name)| v.ok_or_else(|| missing("input", name, &self.inputs)))
            .collect::<Result<TVec<_>, _>>()?;
        let results = self.plan.run(values).map_err(fail)?;
        wanted
            .iter()
            .map(|name| {
                let i = self
                    .outputs
                    .iter()
                    .position(|n| n == name)
                    .ok_or_else(|| missing("output", name, &self.outputs))?;
                let tensor = results[i].cast_to::<f32>().map_err(fail)?;
                let shape = tensor.shape().to_vec();
                let view = tensor.to_plain_array_view::<f32>().map_err(fail)?;
                Array::from_shape_vec(IxDyn(&shape), view.iter().copied().collect())
                    .map_err(|e| InferenceError::Run { model: self.name.clone(), reason: e.to_string() })
            })
            .collect()
    }
}
