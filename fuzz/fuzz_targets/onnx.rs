//! Any bytes as an ONNX file. The seeds are graphs of the runtime's tests and the smallest head that ships.
#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;

/// The checks that the tests make too.
#[path = "../../crates/inference/tests/common/any_bytes.rs"]
mod any_bytes;

/// The library's hook ends the process at a panic that is caught, too; one that is not caught ends it all the same.
static HOOK: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    HOOK.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    any_bytes::check_any_bytes(bytes);
});
