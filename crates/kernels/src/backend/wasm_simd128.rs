//! Wasm with `simd128`: products of 16-bit values, added in pairs in 32 bits.

use core::arch::wasm32::{
    i16x8_narrow_i32x4, i16x8_shuffle, i32x4_add, i32x4_dot_i16x8, i32x4_splat, u16x8_shr, u16x8_splat, v128,
    v128_and, v128_load32_splat, v128_store,
};

use super::wasm_lanes::{Pair, WasmLanes, load_pair};
use super::{Backend, Job};
use crate::weights::WeightStep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Simd128;

impl Backend for Simd128 {
    type Lanes = WasmLanes;
    /// Inputs 0, 2, 1 and 3, as [`Columns::even`] and [`Columns::odd`] need them.
    type Step = [i16; 4];
    /// Inputs 0 and 2, inputs 1 and 3.
    type Inputs = Pair;
    type Wide = Columns;
    type Columns = Columns;
    type Sums = Pair;
    // Measured: with four rows the compilers need more than 16 registers (38 instead of 49 GMAC/s).
    const ROWS: usize = 3;
    const GROUPS: usize = 1;

    #[inline(always)]
    fn run<J: Job>(self, job: J) {
        job.run(self);
    }
    #[inline(always)]
    fn lanes(self) -> WasmLanes {
        WasmLanes
    }
    #[inline(always)]
    fn inputs(self, step: &[i16; 4]) -> Pair {
        let at = step.as_ptr();
        // SAFETY: a step is twice four bytes; wasm loads need no alignment.
        unsafe { Pair(v128_load32_splat(at.cast()), v128_load32_splat(at.add(2).cast())) }
    }
    /// A seventh of all arithmetic, if it were done for each three rows.
    #[inline(always)]
    fn widen<'a>(self, steps: &'a [WeightStep], room: &'a mut Vec<Columns>) -> &'a [Columns] {
        room.clear();
        room.extend(steps.iter().map(|step| {
            let Pair(low, high) = load_pair(&step.0);
            let bytes = u16x8_splat(0xFF);
            Columns {
                even: Pair(v128_and(low, bytes), v128_and(high, bytes)),
                odd: Pair(u16x8_shr(low, 8), u16x8_shr(high, 8)),
            }
        }));
        room
    }
    #[inline(always)]
    fn columns(self, [step, _]: [&Columns; 2]) -> Columns {
        *step
    }
    #[inline(always)]
    fn zero(self) -> Pair {
        Pair(i32x4_splat(0), i32x4_splat(0))
    }
    #[inline(always)]
    fn dot(self, sums: Pair, inputs: Pair, columns: Columns) -> Pair {
        let sums = add_products(sums, inputs.0, columns.even);
        add_products(sums, inputs.1, columns.odd)
    }
    #[inline(always)]
    fn sums(self, sums: Pair) -> [Pair; 2] {
        [sums, sums]
    }
    #[inline(always)]
    fn steps(self, values: Pair) -> [[i16; 4]; 2] {
        let words = i16x8_narrow_i32x4(values.0, values.1);
        let words = i16x8_shuffle::<0, 2, 1, 3, 4, 6, 5, 7>(words, words);
        let mut steps = [[0; 4]; 2];
        // SAFETY: 16 bytes are written to 16 bytes; wasm stores need no alignment.
        unsafe { v128_store(steps.as_mut_ptr().cast(), words) };
        steps
    }
}

/// Eight columns of weights in 16 bits: a mask and a shift take them from the packed bytes.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    /// The weights of inputs 0 and 2.
    even: Pair,
    /// The weights of inputs 1 and 3.
    odd: Pair,
}

#[inline(always)]
fn add_products(sums: Pair, inputs: v128, columns: Pair) -> Pair {
    Pair(
        i32x4_add(sums.0, i32x4_dot_i16x8(inputs, columns.0)),
        i32x4_add(sums.1, i32x4_dot_i16x8(inputs, columns.1)),
    )
}
