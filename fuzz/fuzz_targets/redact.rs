#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/conversation/tests/checks/mod.rs"]
#[allow(dead_code)] // Each target uses one of the checks.
mod checks;

fuzz_target!(|text: &str| checks::redaction(text));
