//! The choice of a kernel.

use std::sync::OnceLock;

use crate::backend::portable::Portable;
use crate::backend::{Backend, Job};

/// One implementation of all computations of this crate.
///
/// All kernels return the same bits; they differ in speed only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(crate::backend::x86::Avx2),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(crate::backend::x86::AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(crate::backend::x86_512::Avx512Vnni),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(crate::backend::wasm_simd128::Simd128),
    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    Relaxed(crate::backend::wasm_relaxed::Relaxed),
    #[cfg(target_arch = "aarch64")]
    Neon(crate::backend::aarch64::Neon),
    #[cfg(target_arch = "aarch64")]
    NeonDot(crate::backend::aarch64_dot::NeonDot),
}

impl Kernel {
    /// The fastest kernel that runs here. The first call finds it, later calls remember it.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().last().copied().unwrap_or(Self::portable()))
    }

    /// The plain Rust kernel, the reference for all others.
    #[must_use]
    pub fn portable() -> Self {
        Self(Kind::Portable(Portable))
    }

    /// All kernels that run here, slowest first. The first one is the portable one.
    ///
    /// The relaxed SIMD kernel is listed only where its dot product is exact.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let kinds = [
            Some(Kind::Portable(Portable)),
            #[cfg(target_arch = "x86_64")]
            crate::backend::x86::Avx2::detect().map(Kind::Avx2),
            #[cfg(target_arch = "x86_64")]
            crate::backend::x86::AvxVnni::detect().map(Kind::AvxVnni),
            #[cfg(target_arch = "x86_64")]
            crate::backend::x86_512::Avx512Vnni::detect().map(Kind::Avx512Vnni),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Some(Kind::Simd128(crate::backend::wasm_simd128::Simd128)),
            #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
            crate::backend::wasm_relaxed::Relaxed::detect().map(Kind::Relaxed),
            #[cfg(target_arch = "aarch64")]
            Some(Kind::Neon(crate::backend::aarch64::Neon)),
            #[cfg(target_arch = "aarch64")]
            crate::backend::aarch64_dot::NeonDot::detect().map(Kind::NeonDot),
        ];
        kinds.into_iter().flatten().map(Self).collect()
    }

    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    pub(crate) fn relaxed(backend: crate::backend::wasm_relaxed::Relaxed) -> Self {
        Self(Kind::Relaxed(backend))
    }

    /// A short name for logs and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::AvxVnni(_) => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Vnni(_) => "avx512-vnni",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Simd128(_) => "wasm-simd128",
            #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
            Kind::Relaxed(_) => "wasm-relaxed",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            #[cfg(target_arch = "aarch64")]
            Kind::NeonDot(_) => "neon-dot",
        }
    }

    pub(crate) fn run<J: Job>(self, job: J) {
        match self.0 {
            Kind::Portable(backend) => backend.run(job),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(backend) => backend.run(job),
            #[cfg(target_arch = "x86_64")]
            Kind::AvxVnni(backend) => backend.run(job),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Vnni(backend) => backend.run(job),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Simd128(backend) => backend.run(job),
            #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
            Kind::Relaxed(backend) => backend.run(job),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(backend) => backend.run(job),
            #[cfg(target_arch = "aarch64")]
            Kind::NeonDot(backend) => backend.run(job),
        }
    }
}
