//! Eight lanes in one AVX2 register.

use core::arch::x86_64::{
    __m256, __m256i, _mm_packs_epi16, _mm_packs_epi32, _mm_storel_epi64, _mm256_add_epi32, _mm256_add_ps,
    _mm256_castps_si256, _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_cvtepi32_ps, _mm256_div_ps,
    _mm256_extracti128_si256, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_max_epi32, _mm256_max_ps,
    _mm256_min_epi32, _mm256_min_ps, _mm256_mul_ps, _mm256_mullo_epi32, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_slli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi32, _mm256_sub_ps,
};

use super::Lanes;

/// Proof that the processor has AVX2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2Lanes(());

impl Avx2Lanes {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Avx2Lanes {
    /// Eight values in -128..=127 as two steps.
    #[inline(always)]
    pub(super) fn steps(self, values: __m256i) -> [[i8; 4]; 2] {
        let Self(()) = self;
        let mut steps = [[0; 4]; 2];
        // SAFETY: `self` proves AVX2; eight bytes are written to eight bytes.
        unsafe {
            let low = _mm256_castsi256_si128(values);
            let words = _mm_packs_epi32(low, _mm256_extracti128_si256::<1>(values));
            let bytes = _mm_packs_epi16(words, words);
            _mm_storel_epi64(steps.as_mut_ptr().cast(), bytes);
        }
        steps
    }
}

/// Calls an intrinsic in a method whose `self` proves that the processor has AVX2.
macro_rules! avx2 {
    ($self:ident, $call:expr) => {{
        let Self(()) = $self;
        // SAFETY: a value of this type exists only where AVX2 was detected, and pointers
        // come from references to arrays of the size that is read or written; the
        // unaligned forms are used.
        unsafe { $call }
    }};
}

impl Lanes for Avx2Lanes {
    type Floats = __m256;
    type Ints = __m256i;
    const ATTENTION_ROWS: usize = 8;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        avx2!(self, _mm256_set1_ps(value))
    }
    #[inline(always)]
    fn load(self, from: &[f32; 8]) -> __m256 {
        avx2!(self, _mm256_loadu_ps(from.as_ptr()))
    }
    #[inline(always)]
    fn store(self, value: __m256, to: &mut [f32; 8]) {
        avx2!(self, _mm256_storeu_ps(to.as_mut_ptr(), value));
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        avx2!(self, _mm256_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        avx2!(self, _mm256_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        avx2!(self, _mm256_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        avx2!(self, _mm256_div_ps(a, b))
    }
    // The processor returns the second operand unless the first is smaller (larger), so the
    // operands are swapped.
    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        avx2!(self, _mm256_min_ps(b, a))
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        avx2!(self, _mm256_max_ps(b, a))
    }
    #[inline(always)]
    fn bits(self, a: __m256) -> __m256i {
        avx2!(self, _mm256_castps_si256(a))
    }
    #[inline(always)]
    fn with_bits(self, a: __m256i) -> __m256 {
        avx2!(self, _mm256_castsi256_ps(a))
    }
    #[inline(always)]
    fn to_floats(self, a: __m256i) -> __m256 {
        avx2!(self, _mm256_cvtepi32_ps(a))
    }
    #[inline(always)]
    fn int_splat(self, value: i32) -> __m256i {
        avx2!(self, _mm256_set1_epi32(value))
    }
    #[inline(always)]
    fn int_load(self, from: &[i32; 8]) -> __m256i {
        avx2!(self, _mm256_loadu_si256(from.as_ptr().cast()))
    }
    #[inline(always)]
    fn int_store(self, value: __m256i, to: &mut [i32; 8]) {
        avx2!(self, _mm256_storeu_si256(to.as_mut_ptr().cast(), value));
    }
    #[inline(always)]
    fn int_add(self, a: __m256i, b: __m256i) -> __m256i {
        avx2!(self, _mm256_add_epi32(a, b))
    }
    #[inline(always)]
    fn int_sub(self, a: __m256i, b: __m256i) -> __m256i {
        avx2!(self, _mm256_sub_epi32(a, b))
    }
    #[inline(always)]
    fn int_mul(self, a: __m256i, b: __m256i) -> __m256i {
        avx2!(self, _mm256_mullo_epi32(a, b))
    }
    #[inline(always)]
    fn int_min(self, a: __m256i, b: __m256i) -> __m256i {
        avx2!(self, _mm256_min_epi32(a, b))
    }
    #[inline(always)]
    fn int_max(self, a: __m256i, b: __m256i) -> __m256i {
        avx2!(self, _mm256_max_epi32(a, b))
    }
    #[inline(always)]
    fn int_shl_23(self, a: __m256i) -> __m256i {
        avx2!(self, _mm256_slli_epi32::<23>(a))
    }
}
