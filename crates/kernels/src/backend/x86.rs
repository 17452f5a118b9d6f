//! AVX2 and AVX-VNNI: one register holds eight columns.
//!
//! AVX2 multiplies unsigned by signed bytes and adds pairs in 16 bits, which is exact here:
//! 2 * 127 * 128 = 32512 is below 32768. VNNI adds four products in 32 bits at once.

use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_dpbusd_avx_epi32, _mm256_load_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256,
};

use super::x86_lanes::Avx2Lanes;
use super::{Backend, Job};
use crate::weights::WeightStep;

/// The parts that the three kernels share; they differ in the features and the dot product.
macro_rules! x86_kernel {
    ($(#[$doc:meta])* $name:ident, $features:literal, $rows:literal,
     [$($detected:tt),*], $dot:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name(Avx2Lanes);

        impl $name {
            pub(crate) fn detect() -> Option<Self> {
                let lanes = Avx2Lanes::detect()?;
                (true $(&& is_x86_feature_detected!($detected))*).then_some(Self(lanes))
            }
        }

        impl Backend for $name {
            type Lanes = Avx2Lanes;
            type Step = [i8; 4];
            type Inputs = __m256i;
            type Wide = WeightStep;
            type Columns = __m256i;
            type Sums = __m256i;
            const ROWS: usize = $rows;
            const GROUPS: usize = 2;

            #[inline(always)]
            fn run<J: Job>(self, job: J) {
                #[target_feature(enable = $features)]
                fn with_features<J: Job>(backend: $name, job: J) {
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
            fn inputs(self, step: &[i8; 4]) -> __m256i {
                // SAFETY: `self` proves AVX2.
                unsafe { _mm256_set1_epi32(i32::from_le_bytes(step.map(|value| value as u8))) }
            }
            #[inline(always)]
            fn widen<'a>(self, steps: &'a [WeightStep], _: &'a mut Vec<WeightStep>) -> &'a [WeightStep] {
                steps
            }
            #[inline(always)]
            fn columns(self, [step, _]: [&WeightStep; 2]) -> __m256i {
                // SAFETY: `self` proves AVX2; a step is 32 bytes, aligned to 32.
                unsafe { _mm256_load_si256(step.0.as_ptr().cast()) }
            }
            #[inline(always)]
            fn zero(self) -> __m256i {
                // SAFETY: `self` proves AVX2.
                unsafe { _mm256_setzero_si256() }
            }
            #[inline(always)]
            fn dot(self, sums: __m256i, inputs: __m256i, columns: __m256i) -> __m256i {
                // SAFETY: `self` exists only where the features of this kernel were detected.
                unsafe { $dot(sums, columns, inputs) }
            }
            #[inline(always)]
            fn sums(self, sums: __m256i) -> [__m256i; 2] {
                [sums, sums]
            }
            #[inline(always)]
            fn steps(self, values: __m256i) -> [[i8; 4]; 2] {
                self.0.steps(values)
            }
        }
    };
}

/// `columns` unsigned, `inputs` signed; see the head of this file for why it is exact.
#[inline]
#[target_feature(enable = "avx2")]
fn dot_avx2(sums: __m256i, columns: __m256i, inputs: __m256i) -> __m256i {
    let pairs = _mm256_maddubs_epi16(columns, inputs);
    _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
}

x86_kernel!(
    /// Proof that the processor has AVX2.
    Avx2, "avx2", 4, [], dot_avx2
);
x86_kernel!(
    /// Proof that the processor has AVX2 and AVX-VNNI.
    AvxVnni, "avx2,avxvnni", 6, ["avxvnni"], _mm256_dpbusd_avx_epi32
);
