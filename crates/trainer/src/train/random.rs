//! Random numbers that depend on a seed and a name alone, so that units may train in any order.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A generator for one purpose of one unit of work.
pub(crate) fn generator(seed: u64, purpose: &str) -> ChaCha8Rng {
    // FNV-1a over the purpose keeps streams of different purposes apart.
    let name = purpose
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    ChaCha8Rng::seed_from_u64(seed ^ name)
}

/// Standard normal numbers by the Box-Muller transform.
pub(crate) fn normal(random: &mut ChaCha8Rng, count: usize, deviation: f32) -> Vec<f32> {
    (0..count)
        .map(|_| {
            let u: f32 = random.random_range(f32::MIN_POSITIVE..1.0);
            let v: f32 = random.random_range(0.0..std::f32::consts::TAU);
            (-2.0 * u.ln()).sqrt() * v.cos() * deviation
        })
        .collect()
}

/// A dropout mask: 0 with probability `p`, else `1 / (1 - p)`.
pub(crate) fn dropout(random: &mut ChaCha8Rng, count: usize, p: f32) -> Vec<f32> {
    (0..count).map(|_| if random.random::<f32>() < p { 0.0 } else { 1.0 / (1.0 - p) }).collect()
}

/// Shuffles in place (Fisher-Yates).
pub(crate) fn shuffle<T>(random: &mut ChaCha8Rng, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        items.swap(i, random.random_range(0..=i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers() {
        let draw = |seed, purpose| normal(&mut generator(seed, purpose), 4, 1.0);
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn dropout_keeps_the_mean() {
        let mask = dropout(&mut generator(1, "d"), 100_000, 0.3);
        let mean = mask.iter().sum::<f32>() / mask.len() as f32;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
    }
}
