//! Every kernel that runs here returns the portable kernel's bits.

use proptest::prelude::*;
use rapport_kernels::{
    Activations, AttentionScratch, AttentionShape, Epilogue, Kernel, Mask, Order, Output, Weights,
};

mod common;

use common::Random;

/// Runs a computation with every kernel and compares the result bits.
fn agree(run: impl Fn(Kernel) -> Vec<f32>) -> Result<(), TestCaseError> {
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let expected = bits(run(Kernel::portable()));
    for kernel in Kernel::all() {
        prop_assert!(bits(run(kernel)) == expected, "{} differs", kernel.name());
    }
    Ok(())
}

fn linear(kernel: Kernel, (m, k, n): (usize, usize, usize), size: f32, seed: u32) -> Vec<f32> {
    let mut random = Random::new(seed);
    let x = random.floats(m * k, size);
    let values = random.weights(k * n, 127);
    let (scales, bias) = (random.scales(n), random.floats(n, 1.0));
    let weights = Weights::requantized_from(&values, (k, n), Order::InputMajor, &scales, Some(&bias));
    let weights = weights.expect("the shapes fit");
    let mut activations = Activations::new();
    kernel.quantize(&x, k, &mut activations);
    let mut all = Vec::new();
    let mut out = random.floats(m * n, 1.0);
    for epilogue in [Epilogue::Add, Epilogue::Gelu, Epilogue::None] {
        kernel.linear(&activations, &weights, &mut Output::rows(&mut out, n), epilogue);
        all.extend_from_slice(&out);
    }
    let mut wide = vec![0.5; m * (n + 3)];
    kernel.linear(&activations, &weights, &mut Output::strided(&mut wide, n, n + 3), Epilogue::None);
    all.extend_from_slice(&wide);
    all
}

/// All tails at once: every M of 1..=9 with every N of 1..=40, K moving through 1..=70.
#[test]
fn linear_agrees_on_every_tail() {
    for m in 1..=9 {
        for n in 1..=40 {
            let k = (m * 40 + n * 7) % 70 + 1;
            agree(|kernel| linear(kernel, (m, k, n), 2.0, (m * 40 + n) as u32)).expect("agreement");
        }
    }
}

#[test]
fn linear_agrees_on_the_shapes_of_the_model() {
    for (m, k, n) in [(17, 384, 1152), (5, 384, 384), (9, 384, 1536), (11, 1536, 384)] {
        agree(|kernel| linear(kernel, (m, k, n), 3.0, 9)).expect("agreement");
    }
}

/// The largest weights and activations: where 16-bit sums would overflow.
#[test]
fn linear_agrees_at_the_extremes() {
    let (k, n) = (1536, 16);
    for weight in [-64, 63] {
        let weights = Weights::pack(&vec![weight; k * n], (k, n), Order::InputMajor, &[1.0], None);
        let weights = weights.expect("the shapes fit");
        for (high, low) in [(1.0, 0.0), (0.0, -1.0), (1.0, -1.0)] {
            let x: Vec<f32> = (0..4 * k).map(|i| if i % 3 == 0 { low } else { high }).collect();
            agree(|kernel| {
                let mut activations = Activations::new();
                kernel.quantize(&x, k, &mut activations);
                let mut out = vec![0.0; 4 * n];
                kernel.linear(&activations, &weights, &mut Output::rows(&mut out, n), Epilogue::None);
                out
            })
            .expect("agreement");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn linear_agrees(m in 1_usize..=9, k in 1_usize..=70, n in 1_usize..=40, exponent in -30_i32..=30, seed: u32) {
        agree(|kernel| linear(kernel, (m, k, n), 2_f32.powi(exponent), seed))?;
    }

    #[test]
    fn layer_norm_agrees(rows in 1_usize..=4, width in 1_usize..=70, exponent in -20_i32..=20, seed: u32) {
        agree(|kernel| {
            let mut random = Random::new(seed);
            let mut x = random.floats(rows * width, 2_f32.powi(exponent));
            let residual = random.floats(rows * width, 1.0);
            let (gamma, beta) = (random.floats(width, 2.0), random.floats(width, 1.0));
            kernel.layer_norm(&mut x, &gamma, &beta, 1e-12);
            kernel.add_layer_norm(&mut x, &residual, &gamma, &beta, 1e-12);
            x
        })?;
    }

    #[test]
    fn product_agrees(m in 0_usize..=9, k in 0_usize..=20, n in 0_usize..=40, exponent in -20_i32..=20, seed: u32) {
        agree(|kernel| {
            let mut random = Random::new(seed);
            let (a, b) = (random.floats(m * k, 2_f32.powi(exponent)), random.floats(k * n, 1.0));
            let mut out = random.floats(m * n, 1.0);
            kernel.product(&a, &b, (m, k, n), &mut out);
            out
        })?;
    }

    #[test]
    fn sparse_product_agrees(m in 0_usize..=9, k in 0_usize..=80, n in 0_usize..=40, kept in 0_u32..=4, seed: u32) {
        agree(|kernel| {
            let mut random = Random::new(seed);
            let mut x = random.floats(m * k, 3.0);
            x.iter_mut().for_each(|x| if random.bits() >> 30 >= kept { *x = 0.0 });
            let (weights, mut out) = (random.weights(k * n, 127), random.floats(m * n, 1.0));
            kernel.sparse_product(&x, &weights, (m, k, n), &mut out);
            out
        })?;
    }

    #[test]
    fn lstm_agrees(units in 0_usize..=40, size in 0.1_f32..100.0, seed: u32) {
        agree(|kernel| {
            let mut random = Random::new(seed);
            let (gates, mut cell) = (random.floats(4 * units, size), random.floats(units, 2.0));
            let mut hidden = vec![0.0; units];
            kernel.lstm_step(&gates, &mut cell, &mut hidden);
            cell.extend_from_slice(&hidden);
            cell
        })?;
    }

    #[test]
    fn attention_agrees(
        heads in 1_usize..=3,
        eighths in 1_usize..=5,
        tokens in 1_usize..=37,
        size in 0.1_f32..20.0,
        seed: u32,
    ) {
        let head_dim = 8 * eighths;
        let mut random = Random::new(seed);
        let qkv = random.floats(3 * heads * head_dim * tokens, size);
        let flags: Vec<bool> = (0..tokens).map(|_| random.bits() >> 30 > 0).collect();
        let shape = AttentionShape { heads, head_dim, tokens };
        agree(|kernel| {
            let mut scratch = AttentionScratch::new();
            let mut all = Vec::new();
            let mut out = vec![0.0; heads * head_dim * tokens];
            for mask in [Mask::Tokens(&flags), Mask::All, Mask::First(tokens / 2)] {
                kernel.attention(&qkv, shape, 0.3, mask, &mut out, &mut scratch);
                all.extend_from_slice(&out);
            }
            all
        })?;
    }

    #[test]
    fn functions_agree(bits in proptest::collection::vec(any::<u32>(), 1..40)) {
        // Any finite bits, the smallest and the largest too.
        let x: Vec<f32> = bits.into_iter().map(f32::from_bits).filter(|x| x.is_finite()).collect();
        agree(|kernel| {
            let (mut exp, mut gelu) = (x.clone(), x.clone());
            kernel.exp(&mut exp);
            kernel.gelu(&mut gelu);
            exp.extend_from_slice(&gelu);
            exp
        })?;
    }

    /// Values that are not finite may give anything, but nothing may panic or go out of bounds.
    #[test]
    fn any_bits_are_survived(bits in proptest::collection::vec(any::<u32>(), 48)) {
        let x: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
        for kernel in Kernel::all() {
            let mut activations = Activations::new();
            kernel.quantize(&x, 24, &mut activations);
            let weights = Weights::pack(&[1; 24 * 5], (24, 5), Order::InputMajor, &[1.0], None);
            let mut out = [0.0; 10];
            let target = &mut Output::rows(&mut out, 5);
            kernel.linear(&activations, &weights.expect("the shapes fit"), target, Epilogue::Gelu);
            let mut rows = x.clone();
            kernel.layer_norm(&mut rows, &x[..8], &x[8..16], 1e-12);
            let shape = AttentionShape { heads: 1, head_dim: 8, tokens: 2 };
            let mut out = [0.0; 16];
            kernel.attention(&x, shape, 1.0, Mask::All, &mut out, &mut AttentionScratch::new());
        }
    }
}

/// Balancing in one pass is multiplying first, bit for bit, on every tail.
#[test]
fn balanced_rows_are_those_of_the_product() {
    for k in 1..=40 {
        let (m, n) = (5, 16);
        let mut random = Random::new(k as u32);
        let (x, balance) = (random.floats(m * k, 2.0), random.floats(k, 3.0));
        let product: Vec<f32> =
            x.chunks(k).flat_map(|row| row.iter().zip(&balance).map(|(x, b)| x * b)).collect();
        let values = random.weights(k * n, 63);
        let weights = Weights::pack(&values, (k, n), Order::InputMajor, &random.scales(n), None);
        let weights = weights.expect("the shapes fit");
        let run = |kernel: Kernel, activations: &Activations| {
            let mut out = vec![0.0; m * n];
            kernel.linear(activations, &weights, &mut Output::rows(&mut out, n), Epilogue::None);
            out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        for kernel in Kernel::all() {
            let (mut balanced, mut multiplied) = (Activations::new(), Activations::new());
            kernel.quantize_balanced(&x, &balance, &mut balanced);
            kernel.quantize(&product, k, &mut multiplied);
            assert_eq!(run(kernel, &balanced), run(kernel, &multiplied), "{} inputs of {}", k, kernel.name());
        }
    }
}

/// An emulator or a processor that has the instructions runs their kernel.
#[test]
#[cfg(target_arch = "aarch64")]
fn the_dot_product_is_used_where_it_is() {
    let names: Vec<_> = Kernel::all().into_iter().map(Kernel::name).collect();
    assert_eq!(names.contains(&"neon-dot"), std::arch::is_aarch64_feature_detected!("dotprod"), "{names:?}");
}
