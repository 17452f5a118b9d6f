//! One ONNX model, ready to run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ndarray::{Array, ArrayD, IxDyn};
use prost::Message;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::{bail, ensure};
use tract_onnx::tract_hir::tract_core::optim::Optimizer;

use crate::{InferenceError, MemoryBudget, fused, operators};

type Plan = Arc<TypedRunnableModel>;

/// A graph that was read.
struct Graph {
    model: InferenceModel,
    /// What is quantized and was not fused.
    unfused: Vec<String>,
    #[cfg(feature = "all-operators")]
    wants_passes: bool,
}

impl Graph {
    /// A plan to run it by. Our operators are as they should be from the start: only what is constant is worked out
    /// before. tract's passes over a graph cost time at every load and, in a module, half of the code.
    fn plan(self) -> TractResult<Plan> {
        #[cfg(feature = "all-operators")]
        if self.wants_passes {
            return self.model.into_optimized().and_then(IntoRunnable::into_runnable);
        }
        let mut typed = self.model.into_typed()?;
        Optimizer::prop_consts().optimize(&mut typed)?;
        typed.into_runnable()
    }
}

/// Reads a graph, with fused operators where it has quantized products.
///
/// The file is decoded where it lies and let go before anything is copied. Then every weight is packed and its
/// bytes are let go, one after the other: at 23 MB, a second copy of the encoder would not fit beside an engine that
/// is still answering.
fn read(
    onnx: impl AsRef<[u8]>,
    budget: &MemoryBudget,
    prepare: impl FnOnce(&mut ModelProto) -> TractResult<()>,
) -> TractResult<Graph> {
    let reader = operators::reader();
    let bytes = onnx.as_ref().len();
    ensure!(bytes <= budget.file, "the file has {bytes} bytes, {} are the most that is read", budget.file);
    let mut file = ModelProto::decode(onnx.as_ref())?;
    drop(onnx);
    prepare(&mut file)?;
    fused::check(&file, budget)?;
    let fusion = fused::fuse(&mut file);
    operators::check(&reader, &file)?;
    let mut model = reader.model_for_proto_model(&file)?;
    #[cfg(feature = "all-operators")]
    let wants_passes = operators::wants_passes(&file);
    drop(file);
    let unfused = fusion.install(&mut model);
    Ok(Graph {
        model,
        unfused,
        #[cfg(feature = "all-operators")]
        wants_passes,
    })
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
        fn tensor<T: Datum + Copy>(array: &ArrayD<T>) -> TractResult<TValue> {
            let values = array.as_standard_layout();
            Ok(Tensor::from_shape(array.shape(), values.as_slice().unwrap_or_default())?.into_tvalue())
        }
        match self {
            Self::F32(array) => tensor(&array),
            Self::I64(array) => tensor(&array),
        }
    }
}

/// What the dimension named `batch` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Batch {
    /// 1, which lets tract drop work.
    One,
    /// Any number.
    Open,
}

/// An ONNX model, optimised once and run many times; cheap to clone, safe to share between threads.
#[derive(Clone)]
pub struct OnnxModel {
    name: String,
    plan: Plan,
    inputs: Vec<String>,
    outputs: Vec<String>,
    unfused: Arc<[String]>,
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

/// What `build` gives. tract panics over some graphs that do not hold together: natively that is an error like any
/// other; in wasm, where nothing can be caught, whoever runs the module sees it stop.
fn held<T>(build: impl FnOnce() -> TractResult<T>) -> TractResult<T> {
    catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        bail!("the graph does not hold together: {text}")
    })
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
        Self::load_within(name, onnx, &MemoryBudget::TOOLS)
    }

    /// As [`OnnxModel::load`]; refuses a file, or a tensor in it, that is larger than the budget.
    ///
    /// # Errors
    /// As [`OnnxModel::load`].
    pub fn load_within(name: &str, onnx: &[u8], budget: &MemoryBudget) -> Result<Self, InferenceError> {
        Self::load_given(name, onnx, Batch::One, budget)
    }

    /// As [`OnnxModel::load`], but `batch` stays open: many padded texts can be answered at a time.
    ///
    /// # Errors
    /// As [`OnnxModel::load`].
    pub fn load_for_batches(name: &str, onnx: &[u8]) -> Result<Self, InferenceError> {
        Self::load_given(name, onnx, Batch::Open, &MemoryBudget::TOOLS)
    }

    /// As [`OnnxModel::load`]; bytes that are given away are freed as soon as they are decoded.
    pub(crate) fn load_given(
        name: &str,
        onnx: impl AsRef<[u8]>,
        batch_size: Batch,
        budget: &MemoryBudget,
    ) -> Result<Self, InferenceError> {
        Self::load_prepared(name, onnx, batch_size, budget, |_| Ok(()))
    }

    /// As [`OnnxModel::load_given`], once `prepare` has changed the decoded file.
    pub(crate) fn load_prepared(
        name: &str,
        onnx: impl AsRef<[u8]>,
        batch_size: Batch,
        budget: &MemoryBudget,
        prepare: impl FnOnce(&mut ModelProto) -> TractResult<()>,
    ) -> Result<Self, InferenceError> {
        let fail = |e: TractError| InferenceError::Load { model: name.into(), reason: format!("{e:#}") };
        held(|| Self::build(name, onnx, batch_size, budget, prepare)).map_err(fail)
    }

    fn build(
        name: &str,
        onnx: impl AsRef<[u8]>,
        batch_size: Batch,
        budget: &MemoryBudget,
        prepare: impl FnOnce(&mut ModelProto) -> TractResult<()>,
    ) -> TractResult<Self> {
        let mut graph = read(onnx, budget, prepare)?;
        let model = &mut graph.model;
        ensure!(!model.outputs.is_empty(), "it has no output");
        let batch = model.symbols.sym("batch");
        for i in 0..if batch_size == Batch::One { model.inputs.len() } else { 0 } {
            let mut fact = model.input_fact(i)?.clone();
            if let Some(shape) = fact.shape.concretize() {
                let shape: TVec<TDim> = shape
                    .into_iter()
                    .map(|d| d.substitute(&batch, &1.to_dim()))
                    .collect::<TractResult<_>>()?;
                fact.shape = shape.into();
                model.set_input_fact(i, fact)?;
            }
        }
        let label = |model: &InferenceModel, outlet: &OutletId| {
            model
                .outlet_label(*outlet)
                .map_or_else(|| model.node(outlet.node).name.clone(), ToString::to_string)
        };
        let inputs: Vec<String> = model.inputs.iter().map(|o| model.node(o.node).name.clone()).collect();
        let outputs: Vec<String> = model.outputs.iter().map(|o| label(model, o)).collect();
        // Facts that the file states for its outputs use the open batch: what tract derives is stricter.
        for i in 0..model.outputs.len() {
            model.set_output_fact(i, InferenceFact::default())?;
        }
        let unfused = std::mem::take(&mut graph.unfused);
        Ok(Self { name: name.into(), plan: graph.plan()?, inputs, outputs, unfused: unfused.into() })
    }

    /// Names of the inputs, in the model's order.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Names of the outputs, in the model's order.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Quantized parts that run as the file has them, slower than they could, each with the reason; empty where
    /// everything was fused or nothing is quantized.
    pub fn unfused(&self) -> &[String] {
        &self.unfused
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
