//! Arithmetic on eight lanes at a time.

/// Eight `f32` or `i32` lanes. Each method is one IEEE 754 or one wrapping integer
/// operation in each lane, so that all implementations return the same bits.
pub(crate) trait Lanes: Copy {
    type Floats: Copy;
    type Ints: Copy;

    /// Query rows that attention computes together: 4 or 8. It has no influence on results.
    const ATTENTION_ROWS: usize;

    fn splat(self, value: f32) -> Self::Floats;
    fn load(self, from: &[f32; 8]) -> Self::Floats;
    fn store(self, value: Self::Floats, to: &mut [f32; 8]);
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `if b < a { b } else { a }` in each lane, NaN and signed zeros included.
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `if a < b { b } else { a }` in each lane, NaN and signed zeros included.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    fn bits(self, a: Self::Floats) -> Self::Ints;
    fn with_bits(self, a: Self::Ints) -> Self::Floats;
    /// The nearest `f32`, ties to even.
    fn to_floats(self, a: Self::Ints) -> Self::Floats;

    fn int_splat(self, value: i32) -> Self::Ints;
    fn int_load(self, from: &[i32; 8]) -> Self::Ints;
    fn int_store(self, value: Self::Ints, to: &mut [i32; 8]);
    fn int_add(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn int_sub(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn int_mul(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn int_min(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn int_max(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// Moves each lane 23 bits up: an integer becomes an `f32` exponent.
    fn int_shl_23(self, a: Self::Ints) -> Self::Ints;

    /// Multiplies, rounds, adds, rounds: never one fused operation.
    #[inline(always)]
    fn mul_then_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        self.add(self.mul(a, b), c)
    }

    /// Loads up to eight values; the lanes behind them are `fill`.
    #[inline(always)]
    fn load_part(self, from: &[f32], fill: f32) -> Self::Floats {
        let mut lanes = [fill; 8];
        lanes[..from.len()].copy_from_slice(from);
        self.load(&lanes)
    }

    /// Stores the first `to.len()` lanes, at most eight.
    #[inline(always)]
    fn store_part(self, value: Self::Floats, to: &mut [f32]) {
        let mut lanes = [0.0; 8];
        self.store(value, &mut lanes);
        to.copy_from_slice(&lanes[..to.len()]);
    }

    /// Sum of the lanes: `((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))`.
    #[inline(always)]
    fn sum(self, value: Self::Floats) -> f32 {
        let mut lanes = [0.0; 8];
        self.store(value, &mut lanes);
        let [a, b, c, d, e, f, g, h] = lanes;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }

    /// Smallest lane of finite lanes.
    #[inline(always)]
    fn smallest(self, value: Self::Floats) -> f32 {
        let mut lanes = [0.0; 8];
        self.store(value, &mut lanes);
        lanes.iter().fold(lanes[0], |a, &b| if b < a { b } else { a })
    }

    /// Largest lane of finite lanes.
    #[inline(always)]
    fn largest(self, value: Self::Floats) -> f32 {
        let mut lanes = [0.0; 8];
        self.store(value, &mut lanes);
        lanes.iter().fold(lanes[0], |a, &b| if a < b { b } else { a })
    }

    /// Wrapping sum of the integer lanes.
    #[inline(always)]
    fn int_sum(self, value: Self::Ints) -> i32 {
        let mut lanes = [0; 8];
        self.int_store(value, &mut lanes);
        lanes.iter().fold(0, |a, &b| a.wrapping_add(b))
    }
}
