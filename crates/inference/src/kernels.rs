//! Which matrix kernels this build can run.

use tract_onnx::tract_core::tract_linalg::{isa, mmm_routines};

/// Names of the matrix multiplication kernels that are built in and run here, sorted.
///
/// Kernels register themselves when a program starts. A linker or a loader that leaves out those
/// registrations (wasm modules are at risk) gives an empty list, and every model fails or crawls.
pub fn matrix_kernels() -> Vec<String> {
    mmm_routines::runnable_for(&isa::native())
        .iter()
        .filter(|kernel| kernel.built())
        .map(|kernel| kernel.name().to_owned())
        .collect()
}

/// Name of the kernel that an encoder's 8-bit products run on here.
pub fn encoder_kernel() -> &'static str {
    rapport_kernels::Kernel::best().name()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_pool_is_not_empty() {
        assert!(!super::matrix_kernels().is_empty());
    }
}
