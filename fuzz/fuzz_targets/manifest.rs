//! Any bytes as a signed manifest, a manifest and a ledger. The seeds are the golden files of the registry.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// The checks that the property tests make too.
#[path = "../../crates/registry/tests/common/invariants.rs"]
mod invariants;

fuzz_target!(|bytes: &[u8]| invariants::check_any_bytes(bytes));
