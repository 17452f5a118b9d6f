//! Seeded data and the fixed cases that every build has to agree on.
#![allow(dead_code)] // Each test and example uses a part.

pub(crate) mod cases;

/// Xorshift: the same numbers on every machine.
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9) | 1)
    }

    pub(crate) fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number in -1..1.
    pub(crate) fn float(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 8_388_608.0 - 1.0
    }

    pub(crate) fn floats(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| self.float() * size).collect()
    }

    /// Weights in -limit..=limit.
    pub(crate) fn weights(&mut self, count: usize, limit: i32) -> Vec<i8> {
        let width = 2 * limit as u32 + 1;
        (0..count).map(|_| ((self.bits() % width) as i32 - limit) as i8).collect()
    }

    /// Positive scales.
    pub(crate) fn scales(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| 0.02 + self.float().abs() * 0.01).collect()
    }
}

/// Fowler, Noll and Vo's hash of the bits of many floats.
pub(crate) struct Fnv(pub(crate) u64);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    pub(crate) fn add(&mut self, values: &[f32]) {
        for byte in values.iter().flat_map(|value| value.to_bits().to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}
