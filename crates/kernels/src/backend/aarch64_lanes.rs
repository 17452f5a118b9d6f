//! Eight lanes in two NEON vectors.

use core::arch::aarch64::{
    float32x4_t, int32x4_t, vaddq_f32, vaddq_s32, vbslq_f32, vcltq_f32, vcvtq_f32_s32, vdivq_f32,
    vdupq_n_f32, vdupq_n_s32, vld1q_f32, vld1q_s32, vmaxq_s32, vminq_s32, vmulq_f32, vmulq_s32,
    vreinterpretq_f32_s32, vreinterpretq_s32_f32, vshlq_n_s32, vst1q_f32, vst1q_s32, vsubq_f32, vsubq_s32,
};

use super::Lanes;

/// NEON is part of every aarch64 target of Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NeonLanes;

/// Lanes 0 to 3 and 4 to 7.
#[derive(Clone, Copy)]
pub(crate) struct Pair<T>(pub(crate) T, pub(crate) T);

/// Applies an intrinsic to both halves.
macro_rules! each {
    ($call:ident, $a:expr) => {{
        // SAFETY: NEON is always there.
        unsafe { Pair($call($a.0), $call($a.1)) }
    }};
    ($call:ident, $a:expr, $b:expr) => {{
        // SAFETY: NEON is always there.
        unsafe { Pair($call($a.0, $b.0), $call($a.1, $b.1)) }
    }};
}

type Floats = Pair<float32x4_t>;
type Ints = Pair<int32x4_t>;

impl Lanes for NeonLanes {
    type Floats = Floats;
    type Ints = Ints;
    const ATTENTION_ROWS: usize = 8;

    #[inline(always)]
    fn splat(self, value: f32) -> Floats {
        each!(vdupq_n_f32, Pair(value, value))
    }
    #[inline(always)]
    fn load(self, from: &[f32; 8]) -> Floats {
        // SAFETY: eight values are read from an array of eight.
        unsafe { Pair(vld1q_f32(from.as_ptr()), vld1q_f32(from.as_ptr().add(4))) }
    }
    #[inline(always)]
    fn store(self, value: Floats, to: &mut [f32; 8]) {
        // SAFETY: eight values are written to an array of eight.
        unsafe {
            vst1q_f32(to.as_mut_ptr(), value.0);
            vst1q_f32(to.as_mut_ptr().add(4), value.1);
        }
    }
    #[inline(always)]
    fn add(self, a: Floats, b: Floats) -> Floats {
        each!(vaddq_f32, a, b)
    }
    #[inline(always)]
    fn sub(self, a: Floats, b: Floats) -> Floats {
        each!(vsubq_f32, a, b)
    }
    #[inline(always)]
    fn mul(self, a: Floats, b: Floats) -> Floats {
        each!(vmulq_f32, a, b)
    }
    #[inline(always)]
    fn div(self, a: Floats, b: Floats) -> Floats {
        each!(vdivq_f32, a, b)
    }
    // A comparison and a choice: NEON's own minimum treats NaN and -0 otherwise.
    #[inline(always)]
    fn min(self, a: Floats, b: Floats) -> Floats {
        let smaller = each!(vcltq_f32, b, a);
        // SAFETY: NEON is always there.
        unsafe { Pair(vbslq_f32(smaller.0, b.0, a.0), vbslq_f32(smaller.1, b.1, a.1)) }
    }
    #[inline(always)]
    fn max(self, a: Floats, b: Floats) -> Floats {
        let smaller = each!(vcltq_f32, a, b);
        // SAFETY: NEON is always there.
        unsafe { Pair(vbslq_f32(smaller.0, b.0, a.0), vbslq_f32(smaller.1, b.1, a.1)) }
    }
    #[inline(always)]
    fn bits(self, a: Floats) -> Ints {
        each!(vreinterpretq_s32_f32, a)
    }
    #[inline(always)]
    fn with_bits(self, a: Ints) -> Floats {
        each!(vreinterpretq_f32_s32, a)
    }
    #[inline(always)]
    fn to_floats(self, a: Ints) -> Floats {
        each!(vcvtq_f32_s32, a)
    }
    #[inline(always)]
    fn int_splat(self, value: i32) -> Ints {
        each!(vdupq_n_s32, Pair(value, value))
    }
    #[inline(always)]
    fn int_load(self, from: &[i32; 8]) -> Ints {
        // SAFETY: eight values are read from an array of eight.
        unsafe { Pair(vld1q_s32(from.as_ptr()), vld1q_s32(from.as_ptr().add(4))) }
    }
    #[inline(always)]
    fn int_store(self, value: Ints, to: &mut [i32; 8]) {
        // SAFETY: eight values are written to an array of eight.
        unsafe {
            vst1q_s32(to.as_mut_ptr(), value.0);
            vst1q_s32(to.as_mut_ptr().add(4), value.1);
        }
    }
    #[inline(always)]
    fn int_add(self, a: Ints, b: Ints) -> Ints {
        each!(vaddq_s32, a, b)
    }
    #[inline(always)]
    fn int_sub(self, a: Ints, b: Ints) -> Ints {
        each!(vsubq_s32, a, b)
    }
    #[inline(always)]
    fn int_mul(self, a: Ints, b: Ints) -> Ints {
        each!(vmulq_s32, a, b)
    }
    #[inline(always)]
    fn int_min(self, a: Ints, b: Ints) -> Ints {
        each!(vminq_s32, a, b)
    }
    #[inline(always)]
    fn int_max(self, a: Ints, b: Ints) -> Ints {
        each!(vmaxq_s32, a, b)
    }
    #[inline(always)]
    fn int_shl_23(self, a: Ints) -> Ints {
        // SAFETY: NEON is always there.
        unsafe { Pair(vshlq_n_s32::<23>(a.0), vshlq_n_s32::<23>(a.1)) }
    }
}
