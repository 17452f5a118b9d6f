//! Which kernel this build runs on here.

/// Name of the kernel that an encoder's 8-bit products run on here.
pub fn encoder_kernel() -> &'static str {
    rapport_kernels::Kernel::best().name()
}
