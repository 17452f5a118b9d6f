#![no_main]

use libfuzzer_sys::fuzz_target;
use rapport_conversation::Format;

#[path = "../../crates/conversation/tests/checks/mod.rs"]
#[allow(dead_code)] // Each target uses one of the checks.
mod checks;

fuzz_target!(|bytes: &[u8]| checks::import_of(Format::Inline, bytes));
