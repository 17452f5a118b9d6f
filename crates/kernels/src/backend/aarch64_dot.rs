//! NEON with the dot product of bytes: four products of each column in one instruction.

use core::arch::aarch64::{int8x16_t, int32x4_t, vdupq_n_s32};
use core::arch::asm;
use std::arch::is_aarch64_feature_detected;

use super::aarch64::Neon;
use super::aarch64_lanes::{NeonLanes, Pair};
use super::{Backend, Job};
use crate::weights::WeightStep;

/// Proof that the processor has `sdot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NeonDot(Neon);

impl NeonDot {
    pub(crate) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("dotprod").then_some(Self(Neon))
    }
}

/// `sums[c] += inputs[c][0..4] · columns[c][0..4]` for four columns. The intrinsic is not stable in Rust 1.95.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn sdot(mut sums: int32x4_t, inputs: int8x16_t, columns: int8x16_t) -> int32x4_t {
    // SAFETY: registers only; the instruction is part of the feature that is switched on here.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {columns:v}.16b, {inputs:v}.16b",
            sums = inout(vreg) sums,
            columns = in(vreg) columns,
            inputs = in(vreg) inputs,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

impl Backend for NeonDot {
    type Lanes = NeonLanes;
    type Step = [i8; 4];
    type Inputs = int8x16_t;
    type Wide = WeightStep;
    /// Four columns of four weights in each vector; they are below 128, so signed is exact.
    type Columns = Pair<int8x16_t>;
    type Sums = Pair<int32x4_t>;
    // 24 sums, four columns and an input stay within 32 registers.
    const ROWS: usize = 6;
    const GROUPS: usize = 2;

    #[inline(always)]
    fn run<J: Job>(self, job: J) {
        #[target_feature(enable = "neon,dotprod")]
        fn with_features<J: Job>(backend: NeonDot, job: J) {
            job.run(backend);
        }
        // SAFETY: `self` exists only where these features were detected.
        unsafe { with_features(self, job) }
    }
    #[inline(always)]
    fn lanes(self) -> NeonLanes {
        NeonLanes
    }
    #[inline(always)]
    fn inputs(self, step: &[i8; 4]) -> int8x16_t {
        self.0.inputs(step)
    }
    #[inline(always)]
    fn widen<'a>(self, steps: &'a [WeightStep], _: &'a mut Vec<WeightStep>) -> &'a [WeightStep] {
        steps
    }
    #[inline(always)]
    fn columns(self, panels: [&WeightStep; 2]) -> Pair<int8x16_t> {
        self.0.columns(panels)
    }
    #[inline(always)]
    fn zero(self) -> Pair<int32x4_t> {
        // SAFETY: NEON is always there.
        unsafe { Pair(vdupq_n_s32(0), vdupq_n_s32(0)) }
    }
    #[inline(always)]
    fn dot(self, sums: Pair<int32x4_t>, inputs: int8x16_t, columns: Pair<int8x16_t>) -> Pair<int32x4_t> {
        // SAFETY: `self` exists only where the feature was detected.
        unsafe { Pair(sdot(sums.0, inputs, columns.0), sdot(sums.1, inputs, columns.1)) }
    }
    #[inline(always)]
    fn sums(self, sums: Pair<int32x4_t>) -> [Pair<int32x4_t>; 2] {
        [sums, sums]
    }
    #[inline(always)]
    fn steps(self, values: Pair<int32x4_t>) -> [[i8; 4]; 2] {
        self.0.steps(values)
    }
}
