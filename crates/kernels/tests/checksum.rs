//! The fixed cases have the same checksum with every kernel, here and in wasm
//! (`tests/wasm/build.sh`).

use rapport_kernels::Kernel;

mod common;

#[test]
fn every_kernel_has_the_recorded_checksum() {
    let expected = include_str!("checksum.txt").trim();
    for kernel in Kernel::all() {
        let found = format!("{:016x}", common::cases::checksum(kernel));
        assert_eq!(found, expected, "kernel {}", kernel.name());
    }
}
