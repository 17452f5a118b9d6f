//! Is the engine's relaxed dot product to be trusted?

use core::arch::wasm32::{i8x16_splat, i32x4_extract_lane, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_splat};
use core::hint::black_box;

use super::wasm_relaxed::Relaxed;
use crate::activations::Activations;
use crate::kernel::Kernel;
use crate::linear::Epilogue;
use crate::output::Output;
use crate::weights::{Order, Weights};

/// Whether this engine's relaxed dot product is exact for activations of eight and weights of
/// seven bits.
///
/// It tries the instruction alone and then whole linear layers, since an engine's fault can
/// depend on the code around the instruction: the baseline compiler of Node 20 is right for the
/// instruction alone and wrong in the layer's loop.
#[must_use]
pub fn relaxed_is_exact() -> bool {
    instruction_is_exact() && layers_are_exact()
}

fn instruction_is_exact() -> bool {
    [-128, -127, -1, 0, 1, 127].into_iter().all(|activation| {
        [0, 1, 64, 127].into_iter().all(|weight| {
            [0, 1_000_000, -7].into_iter().all(|start| {
                let exact = 4 * i32::from(activation) * i32::from(weight) + start;
                lane(activation, weight, start) == exact
            })
        })
    })
}

/// Compares with the portable kernel for every height of a tile, with extreme weights.
fn layers_are_exact() -> bool {
    const SHAPE: (usize, usize) = (24, 16);
    let (inputs, columns) = SHAPE;
    let values: Vec<i8> = (0..inputs * columns).map(|i| [-64, 63, 5, -1, 0][i % 5]).collect();
    let Ok(weights) = Weights::pack(&values, SHAPE, Order::InputMajor, &[1.0], None) else {
        return false;
    };
    (1..=8).all(|rows| {
        let x: Vec<f32> = (0..rows * inputs).map(|i| (i * 37 % 101) as f32 - 50.0).collect();
        let layer = |kernel: Kernel| {
            let mut activations = Activations::new();
            kernel.quantize(&x, inputs, &mut activations);
            let mut out = vec![0.0; rows * columns];
            kernel.linear(&activations, &weights, &mut Output::rows(&mut out, columns), Epilogue::None);
            out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        layer(Kernel::relaxed(Relaxed::unproven())) == layer(Kernel::portable())
    })
}

/// One lane of the relaxed dot product of equal bytes, kept from the compiler's arithmetic.
#[target_feature(enable = "relaxed-simd")]
fn lane(activation: i8, weight: i8, start: i32) -> i32 {
    let activations = i8x16_splat(black_box(activation));
    let weights = i8x16_splat(black_box(weight));
    let start = i32x4_splat(black_box(start));
    i32x4_extract_lane::<0>(i32x4_relaxed_dot_i8x16_i7x16_add(activations, weights, start))
}

/// What the engine makes of the relaxed dot product, as far as its results show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelaxedLowering {
    /// One instruction for unsigned by signed bytes with 32-bit sums (x86 with VNNI).
    Vnni,
    /// Pairs are added with 16-bit saturation (x86 without VNNI).
    Saturating,
    /// Signed by signed bytes (Arm, or a plain emulation).
    Signed,
    /// None of these: the instruction is not to be trusted.
    Unknown,
}

/// Tells the lowering from the product of 127 and -1, which is outside the exact range and
/// differs between engines. Nothing in this crate depends on it; it explains measured speeds.
#[must_use]
pub fn relaxed_lowering() -> RelaxedLowering {
    match lane(127, -1, 0) {
        129_540 => RelaxedLowering::Vnni,
        65_534 => RelaxedLowering::Saturating,
        -508 => RelaxedLowering::Signed,
        _ => RelaxedLowering::Unknown,
    }
}
