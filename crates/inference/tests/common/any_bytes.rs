//! What must hold of any bytes that are given as an ONNX file; the fuzz target and the tests share it.

use rapport_inference::{MemoryBudget, OnnxModel};

/// The most that a file and a tensor of it may take here: a refusal must come before an allocation.
const BUDGET: MemoryBudget = MemoryBudget { file: 1 << 20, tensor: 1 << 20, ..MemoryBudget::SERVING };

/// Loads the bytes: a model or a reason, never a panic.
pub(crate) fn check_any_bytes(bytes: &[u8]) {
    match OnnxModel::load_within("any.onnx", bytes, &BUDGET) {
        Ok(model) => assert!(!model.outputs().is_empty(), "a model without an output"),
        Err(refusal) => assert!(!refusal.to_string().is_empty(), "a refusal without a reason"),
    }
}
