#![no_main]

use libfuzzer_sys::fuzz_target;
use rapport_inference::OnnxModel;

// Whatever the bytes are: an error or a model, never a crash, and nothing allocated for what is not there.
fuzz_target!(|onnx: &[u8]| {
    let _ = OnnxModel::load("fuzz.onnx", onnx);
});
