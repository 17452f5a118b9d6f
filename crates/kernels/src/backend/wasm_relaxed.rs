//! Wasm with `relaxed-simd`: four products of bytes at once.
//!
//! The result of the instruction depends on the engine only where a weight has its eighth bit
//! set. Weights here are 0..=127, and a pair of products is at most 2 * 127 * 128 = 32512, so
//! that engines that add pairs in 16 bits are exact too.

use core::arch::wasm32::{
    i8x16_narrow_i16x8, i16x8_narrow_i32x4, i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_splat, v128,
    v128_load32_splat, v128_store64_lane,
};

use super::wasm_lanes::{Pair, WasmLanes, load_pair};
use super::wasm_relaxed_probe::relaxed_is_exact;
use super::{Backend, Job};
use crate::weights::WeightStep;

/// Proof that the engine's relaxed dot product is exact for weights of seven bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relaxed(());

impl Relaxed {
    pub(crate) fn detect() -> Option<Self> {
        relaxed_is_exact().then_some(Self::unproven())
    }

    /// For the probe only: results may be wrong, but nothing is undefined.
    pub(super) fn unproven() -> Self {
        Self(())
    }
}

impl Backend for Relaxed {
    type Lanes = WasmLanes;
    type Step = [i8; 4];
    type Inputs = v128;
    type Wide = WeightStep;
    type Columns = Pair;
    type Sums = Pair;
    // Eight sums, two columns and four inputs stay within 15 registers.
    const ROWS: usize = 4;
    const GROUPS: usize = 1;

    #[inline(always)]
    fn run<J: Job>(self, job: J) {
        #[target_feature(enable = "relaxed-simd")]
        fn with_features<J: Job>(backend: Relaxed, job: J) {
            job.run(backend);
        }
        with_features(self, job);
    }
    #[inline(always)]
    fn lanes(self) -> WasmLanes {
        WasmLanes
    }
    #[inline(always)]
    fn inputs(self, step: &[i8; 4]) -> v128 {
        // SAFETY: a step is four bytes; wasm loads need no alignment.
        unsafe { v128_load32_splat(step.as_ptr().cast()) }
    }
    #[inline(always)]
    fn widen<'a>(self, steps: &'a [WeightStep], _: &'a mut Vec<WeightStep>) -> &'a [WeightStep] {
        steps
    }
    #[inline(always)]
    fn columns(self, [step, _]: [&WeightStep; 2]) -> Pair {
        load_pair(&step.0)
    }
    #[inline(always)]
    fn zero(self) -> Pair {
        Pair(i32x4_splat(0), i32x4_splat(0))
    }
    #[inline(always)]
    fn dot(self, sums: Pair, inputs: v128, columns: Pair) -> Pair {
        Pair(
            i32x4_relaxed_dot_i8x16_i7x16_add(inputs, columns.0, sums.0),
            i32x4_relaxed_dot_i8x16_i7x16_add(inputs, columns.1, sums.1),
        )
    }
    #[inline(always)]
    fn sums(self, sums: Pair) -> [Pair; 2] {
        [sums, sums]
    }
    #[inline(always)]
    fn steps(self, values: Pair) -> [[i8; 4]; 2] {
        let words = i16x8_narrow_i32x4(values.0, values.1);
        let bytes = i8x16_narrow_i16x8(words, words);
        let mut steps = [[0; 4]; 2];
        // SAFETY: eight bytes are written to eight bytes; wasm stores need no alignment.
        unsafe { v128_store64_lane::<0>(bytes, steps.as_mut_ptr().cast()) };
        steps
    }
}
