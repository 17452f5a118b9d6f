//! Eight lanes in two wasm vectors.

use core::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_div, f32x4_mul, f32x4_pmax, f32x4_pmin, f32x4_splat, f32x4_sub,
    i32x4_add, i32x4_max, i32x4_min, i32x4_mul, i32x4_shl, i32x4_splat, i32x4_sub, v128, v128_load,
    v128_store,
};

use super::Lanes;

/// The `simd128` vectors: always there in a module that was built with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WasmLanes;

/// Lanes 0 to 3 and 4 to 7.
#[derive(Clone, Copy)]
pub(crate) struct Pair(pub(crate) v128, pub(crate) v128);

/// Applies an intrinsic to both halves.
macro_rules! each {
    ($call:ident, $a:expr, $b:expr) => {
        Pair($call($a.0, $b.0), $call($a.1, $b.1))
    };
}

/// Reads two vectors from 32 bytes.
#[inline(always)]
pub(crate) fn load_pair<T, const N: usize>(from: &[T; N]) -> Pair {
    const { assert!(size_of::<[T; N]>() == 32) };
    let at = from.as_ptr().cast::<v128>();
    // SAFETY: the array has 32 bytes; wasm loads need no alignment.
    unsafe { Pair(v128_load(at), v128_load(at.add(1))) }
}

/// Writes two vectors of plain numbers to 32 bytes.
#[inline(always)]
fn store_pair<T>(value: Pair, to: &mut [T; 8]) {
    const { assert!(size_of::<[T; 8]>() == 32) };
    let at = to.as_mut_ptr().cast::<v128>();
    // SAFETY: the array has 32 bytes, used for `f32` and `i32` only, for which all bits are
    // values; wasm stores need no alignment.
    unsafe {
        v128_store(at, value.0);
        v128_store(at.add(1), value.1);
    }
}

impl Lanes for WasmLanes {
    type Floats = Pair;
    type Ints = Pair;
    const ATTENTION_ROWS: usize = 4;

    #[inline(always)]
    fn splat(self, value: f32) -> Pair {
        Pair(f32x4_splat(value), f32x4_splat(value))
    }
    #[inline(always)]
    fn load(self, from: &[f32; 8]) -> Pair {
        load_pair(from)
    }
    #[inline(always)]
    fn store(self, value: Pair, to: &mut [f32; 8]) {
        store_pair(value, to);
    }
    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        each!(f32x4_add, a, b)
    }
    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        each!(f32x4_sub, a, b)
    }
    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        each!(f32x4_mul, a, b)
    }
    #[inline(always)]
    fn div(self, a: Pair, b: Pair) -> Pair {
        each!(f32x4_div, a, b)
    }
    #[inline(always)]
    fn min(self, a: Pair, b: Pair) -> Pair {
        each!(f32x4_pmin, a, b)
    }
    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        each!(f32x4_pmax, a, b)
    }
    #[inline(always)]
    fn bits(self, a: Pair) -> Pair {
        a
    }
    #[inline(always)]
    fn with_bits(self, a: Pair) -> Pair {
        a
    }
    #[inline(always)]
    fn to_floats(self, a: Pair) -> Pair {
        Pair(f32x4_convert_i32x4(a.0), f32x4_convert_i32x4(a.1))
    }
    #[inline(always)]
    fn int_splat(self, value: i32) -> Pair {
        Pair(i32x4_splat(value), i32x4_splat(value))
    }
    #[inline(always)]
    fn int_load(self, from: &[i32; 8]) -> Pair {
        load_pair(from)
    }
    #[inline(always)]
    fn int_store(self, value: Pair, to: &mut [i32; 8]) {
        store_pair(value, to);
    }
    #[inline(always)]
    fn int_add(self, a: Pair, b: Pair) -> Pair {
        each!(i32x4_add, a, b)
    }
    #[inline(always)]
    fn int_sub(self, a: Pair, b: Pair) -> Pair {
        each!(i32x4_sub, a, b)
    }
    #[inline(always)]
    fn int_mul(self, a: Pair, b: Pair) -> Pair {
        each!(i32x4_mul, a, b)
    }
    #[inline(always)]
    fn int_min(self, a: Pair, b: Pair) -> Pair {
        each!(i32x4_min, a, b)
    }
    #[inline(always)]
    fn int_max(self, a: Pair, b: Pair) -> Pair {
        each!(i32x4_max, a, b)
    }
    #[inline(always)]
    fn int_shl_23(self, a: Pair) -> Pair {
        Pair(i32x4_shl(a.0, 23), i32x4_shl(a.1, 23))
    }
}
