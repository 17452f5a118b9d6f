//! Int8 kernels for a small BERT encoder.
//!
//! Everything a transformer encoder needs between its embedding table and its
//! sentence vector: row-wise quantised linear layers, layer normalisation,
//! attention, pooling. Values come in and go out as slices; all matrices are
//! row-major unless a function says otherwise.
//!
//! # One result on every processor
//! Every kernel returns the same `f32` bits for the same finite input: the portable
//! code, wasm `simd128`, wasm `relaxed-simd`, AVX2, AVX-VNNI, AVX512-VNNI, NEON and NEON with `sdot`.
//! - Dot products of linear layers are exact integers.
//! - No multiplication is fused with an addition.
//! - A float sum keeps eight partial sums, by index modulo 8, and adds them in one
//!   fixed tree order; see [`Kernel::layer_norm`].
//! - `exp` and `erf` are polynomials of this crate, made of single IEEE operations.
//!
//! This holds in the float environment that Rust assumes: round to nearest, subnormal numbers
//! kept. Input that is not finite never causes undefined behaviour or an out-of-bounds
//! access, but its result is unspecified and may differ between kernels.
//!
//! # Example
//! ```
//! use rapport_kernels::{Activations, Epilogue, Kernel, Order, Output, Weights};
//!
//! let kernel = Kernel::best();
//! // Two inputs, three outputs: y = x W + b.
//! let weights = Weights::pack(
//!     &[10, -20, 30, 40, 50, -60],
//!     (2, 3),
//!     Order::InputMajor,
//!     &[0.1],
//!     Some(&[1.0, 0.0, -1.0]),
//! )?;
//! let mut activations = Activations::new();
//! kernel.quantize(&[1.0, 2.0], 2, &mut activations);
//! let mut out = [0.0; 3];
//! kernel.linear(&activations, &weights, &mut Output::rows(&mut out, 3), Epilogue::None);
//! assert!((out[0] - 10.0).abs() < 0.1);
//! # Ok::<(), rapport_kernels::Error>(())
//! ```
#![warn(missing_docs, clippy::undocumented_unsafe_blocks)]
// A kernel is one function for the compiler only when all its parts are inlined into the
// entry point that switches the processor's features on.
#![allow(clippy::inline_always)]

mod activations;
mod attention;
mod backend;
mod elementwise;
mod embedding;
mod error;
mod kernel;
mod linear;
mod lstm;
mod mask;
mod math;
mod norm;
mod output;
mod pooling;
mod product;
mod sparse;
mod weights;

pub use activations::Activations;
pub use attention::{AttentionScratch, AttentionShape};
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub use backend::wasm_relaxed_probe::{RelaxedLowering, relaxed_is_exact, relaxed_lowering};
pub use embedding::{Embedding, Scales};
pub use error::Error;
pub use kernel::Kernel;
pub use linear::Epilogue;
pub use mask::Mask;
pub use output::Output;
pub use pooling::{mean_pool, normalize};
pub use weights::{Order, Weights};
