//! AVX512-VNNI: one register holds sixteen columns, two panels.

use core::arch::x86_64::{
    __m256i, __m512i, _mm256_load_si256, _mm512_castsi256_si512, _mm512_castsi512_si256, _mm512_dpbusd_epi32,
    _mm512_extracti64x4_epi64, _mm512_inserti64x4, _mm512_set1_epi32, _mm512_setzero_si512,
};

use super::x86_lanes::Avx2Lanes;
use super::{Backend, Job};
use crate::weights::WeightStep;

/// Proof that the processor has AVX2, AVX512F and AVX512-VNNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx512Vnni(Avx2Lanes);

impl Avx512Vnni {
    pub(crate) fn detect() -> Option<Self> {
        let lanes = Avx2Lanes::detect()?;
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
        found.then_some(Self(lanes))
    }
}

impl Backend for Avx512Vnni {
    type Lanes = Avx2Lanes;
    type Step = [i8; 4];
    type Inputs = __m512i;
    type Wide = WeightStep;
    type Columns = __m512i;
    type Sums = __m512i;
    const ROWS: usize = 6;
    const GROUP: usize = 2;
    const GROUPS: usize = 2;

    #[inline(always)]
    fn run<J: Job>(self, job: J) {
        #[target_feature(enable = "avx2,avx512f,avx512vnni")]
        fn with_features<J: Job>(backend: Avx512Vnni, job: J) {
            job.run(backend);
        }
        // SAFETY: `self` exists only where these features were detected.
        unsafe { with_features(self, job) }
    }
    #[inline(always)]
    fn lanes(self) -> Avx2Lanes {
        self.0
    }
    #[inline(always)]
    fn inputs(self, step: &[i8; 4]) -> __m512i {
        // SAFETY: `self` proves AVX512F.
        unsafe { _mm512_set1_epi32(i32::from_le_bytes(step.map(|value| value as u8))) }
    }
    #[inline(always)]
    fn widen<'a>(self, steps: &'a [WeightStep], _: &'a mut Vec<WeightStep>) -> &'a [WeightStep] {
        steps
    }
    #[inline(always)]
    fn columns(self, [low, high]: [&WeightStep; 2]) -> __m512i {
        // SAFETY: `self` proves AVX512F; a step is 32 bytes, aligned to 32.
        unsafe {
            let low = _mm512_castsi256_si512(_mm256_load_si256(low.0.as_ptr().cast()));
            _mm512_inserti64x4::<1>(low, _mm256_load_si256(high.0.as_ptr().cast()))
        }
    }
    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: `self` proves AVX512F.
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    fn dot(self, sums: __m512i, inputs: __m512i, columns: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX512-VNNI.
        unsafe { _mm512_dpbusd_epi32(sums, columns, inputs) }
    }
    #[inline(always)]
    fn sums(self, sums: __m512i) -> [__m256i; 2] {
        // SAFETY: `self` proves AVX512F.
        unsafe { [_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64::<1>(sums)] }
    }
    #[inline(always)]
    fn steps(self, values: __m256i) -> [[i8; 4]; 2] {
        self.0.steps(values)
    }
}
