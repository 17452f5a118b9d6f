//! NEON: products of bytes in 16 bits, added in pairs in 32 bits.
//!
//! A product is at most 127 * 128 = 16256, so nothing overflows.

use core::arch::aarch64::{
    int8x16_t, int32x4_t, vcombine_s16, vdupq_n_s32, vget_low_s8, vld1q_u8, vmovn_s16, vmovn_s32,
    vmull_high_s8, vmull_s8, vpadalq_s16, vpaddq_s32, vreinterpretq_s8_s32, vreinterpretq_s8_u8, vst1_s8,
};

use super::aarch64_lanes::{NeonLanes, Pair};
use super::{Backend, Job};
use crate::weights::WeightStep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Neon;

impl Backend for Neon {
    type Lanes = NeonLanes;
    type Step = [i8; 4];
    type Inputs = int8x16_t;
    type Wide = WeightStep;
    /// Four columns of four weights in each vector; they are below 128, so signed is exact.
    type Columns = Pair<int8x16_t>;
    /// Two columns in each vector: the sums over inputs 0 and 1 and over inputs 2 and 3.
    type Sums = [int32x4_t; 4];
    // 16 sums, two columns, one input and two products stay within 32 registers.
    const ROWS: usize = 4;
    const GROUPS: usize = 1;

    #[inline(always)]
    fn run<J: Job>(self, job: J) {
        job.run(self);
    }
    #[inline(always)]
    fn lanes(self) -> NeonLanes {
        NeonLanes
    }
    #[inline(always)]
    fn inputs(self, step: &[i8; 4]) -> int8x16_t {
        let bits = i32::from_le_bytes(step.map(|value| value as u8));
        // SAFETY: NEON is always there.
        unsafe { vreinterpretq_s8_s32(vdupq_n_s32(bits)) }
    }
    #[inline(always)]
    fn widen<'a>(self, steps: &'a [WeightStep], _: &'a mut Vec<WeightStep>) -> &'a [WeightStep] {
        steps
    }
    #[inline(always)]
    fn columns(self, [step, _]: [&WeightStep; 2]) -> Pair<int8x16_t> {
        let at = step.0.as_ptr();
        // SAFETY: 32 bytes are read from a step of 32 bytes.
        unsafe { Pair(vreinterpretq_s8_u8(vld1q_u8(at)), vreinterpretq_s8_u8(vld1q_u8(at.add(16)))) }
    }
    #[inline(always)]
    fn zero(self) -> [int32x4_t; 4] {
        // SAFETY: NEON is always there.
        unsafe { [vdupq_n_s32(0); 4] }
    }
    #[inline(always)]
    fn dot(
        self,
        [a, b, c, d]: [int32x4_t; 4],
        inputs: int8x16_t,
        columns: Pair<int8x16_t>,
    ) -> [int32x4_t; 4] {
        // SAFETY: NEON is always there.
        unsafe {
            let low = vget_low_s8(inputs);
            [
                vpadalq_s16(a, vmull_s8(low, vget_low_s8(columns.0))),
                vpadalq_s16(b, vmull_high_s8(inputs, columns.0)),
                vpadalq_s16(c, vmull_s8(low, vget_low_s8(columns.1))),
                vpadalq_s16(d, vmull_high_s8(inputs, columns.1)),
            ]
        }
    }
    #[inline(always)]
    fn sums(self, [a, b, c, d]: [int32x4_t; 4]) -> [Pair<int32x4_t>; 2] {
        // SAFETY: NEON is always there.
        let sums = unsafe { Pair(vpaddq_s32(a, b), vpaddq_s32(c, d)) };
        [sums, sums]
    }
    #[inline(always)]
    fn steps(self, values: Pair<int32x4_t>) -> [[i8; 4]; 2] {
        let mut steps = [[0_i8; 4]; 2];
        // SAFETY: eight bytes are written to eight bytes.
        unsafe {
            let words = vcombine_s16(vmovn_s32(values.0), vmovn_s32(values.1));
            vst1_s8(steps.as_mut_ptr().cast(), vmovn_s16(words));
        }
        steps
    }
}
