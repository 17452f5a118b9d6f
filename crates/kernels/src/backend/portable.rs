//! Plain Rust: runs everywhere and says what every other kernel has to return.

use super::{Backend, Job, Lanes};
use crate::weights::WeightStep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Portable;

#[inline(always)]
fn each<T: Copy, U: Copy + Default>(a: [T; 8], b: [T; 8], f: impl Fn(T, T) -> U) -> [U; 8] {
    let mut out = [U::default(); 8];
    for (out, (a, b)) in out.iter_mut().zip(a.into_iter().zip(b)) {
        *out = f(a, b);
    }
    out
}

impl Lanes for Portable {
    type Floats = [f32; 8];
    type Ints = [i32; 8];
    const ATTENTION_ROWS: usize = 4;

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 8] {
        [value; 8]
    }
    #[inline(always)]
    fn load(self, from: &[f32; 8]) -> [f32; 8] {
        *from
    }
    #[inline(always)]
    fn store(self, value: [f32; 8], to: &mut [f32; 8]) {
        *to = value;
    }
    #[inline(always)]
    fn add(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn min(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(a, b, |a, b| if b < a { b } else { a })
    }
    #[inline(always)]
    fn max(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        each(a, b, |a, b| if a < b { b } else { a })
    }
    #[inline(always)]
    fn bits(self, a: [f32; 8]) -> [i32; 8] {
        a.map(|a| a.to_bits() as i32)
    }
    #[inline(always)]
    fn with_bits(self, a: [i32; 8]) -> [f32; 8] {
        a.map(|a| f32::from_bits(a as u32))
    }
    #[inline(always)]
    fn to_floats(self, a: [i32; 8]) -> [f32; 8] {
        a.map(|a| a as f32)
    }
    #[inline(always)]
    fn int_splat(self, value: i32) -> [i32; 8] {
        [value; 8]
    }
    #[inline(always)]
    fn int_load(self, from: &[i32; 8]) -> [i32; 8] {
        *from
    }
    #[inline(always)]
    fn int_store(self, value: [i32; 8], to: &mut [i32; 8]) {
        *to = value;
    }
    #[inline(always)]
    fn int_add(self, a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        each(a, b, i32::wrapping_add)
    }
    #[inline(always)]
    fn int_sub(self, a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        each(a, b, i32::wrapping_sub)
    }
    #[inline(always)]
    fn int_mul(self, a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        each(a, b, i32::wrapping_mul)
    }
    #[inline(always)]
    fn int_min(self, a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        each(a, b, Ord::min)
    }
    #[inline(always)]
    fn int_max(self, a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        each(a, b, Ord::max)
    }
    #[inline(always)]
    fn int_shl_23(self, a: [i32; 8]) -> [i32; 8] {
        a.map(|a| a << 23)
    }
}

impl Backend for Portable {
    type Lanes = Self;
    type Step = [i8; 4];
    type Inputs = [i32; 4];
    type Wide = WeightStep;
    type Columns = [u8; 32];
    type Sums = [i32; 8];
    const ROWS: usize = 2;
    const GROUPS: usize = 1;

    #[inline(always)]
    fn run<J: Job>(self, job: J) {
        job.run(self);
    }
    #[inline(always)]
    fn lanes(self) -> Self {
        self
    }
    #[inline(always)]
    fn inputs(self, step: &[i8; 4]) -> [i32; 4] {
        step.map(i32::from)
    }
    #[inline(always)]
    fn widen<'a>(self, steps: &'a [WeightStep], _: &'a mut Vec<WeightStep>) -> &'a [WeightStep] {
        steps
    }
    #[inline(always)]
    fn columns(self, [step, _]: [&WeightStep; 2]) -> [u8; 32] {
        step.0
    }
    #[inline(always)]
    fn zero(self) -> [i32; 8] {
        [0; 8]
    }
    #[inline(always)]
    fn dot(self, mut sums: [i32; 8], inputs: [i32; 4], columns: [u8; 32]) -> [i32; 8] {
        for (sum, column) in sums.iter_mut().zip(columns.as_chunks::<4>().0) {
            for (&input, &weight) in inputs.iter().zip(column) {
                *sum += input * i32::from(weight);
            }
        }
        sums
    }
    #[inline(always)]
    fn sums(self, sums: [i32; 8]) -> [[i32; 8]; 2] {
        [sums, sums]
    }
    #[inline(always)]
    fn steps(self, values: [i32; 8]) -> [[i8; 4]; 2] {
        let [a, b, c, d, e, f, g, h] = values.map(|value| value as i8);
        [[a, b, c, d], [e, f, g, h]]
    }
}
