//! The portable kernel is near the result in double precision.
#![allow(clippy::float_cmp)] // These results are exact.

use rapport_kernels::{
    Activations, AttentionScratch, AttentionShape, Epilogue, Kernel, Mask, Order, Output, Weights,
};

mod common;

use common::Random;

/// Quantised activations differ from `x` by half a step, so y differs by at most
/// `Σ |w| * step / 2` and rounding.
#[test]
fn linear_is_near_the_truth() {
    let kernel = Kernel::portable();
    for (m, k, n) in [(1, 1, 1), (2, 3, 9), (3, 34, 11), (3, 70, 11), (5, 384, 40), (2, 1536, 24)] {
        for order in [Order::InputMajor, Order::OutputMajor] {
            let mut random = Random::new(k as u32);
            let x = random.floats(m * k, 2.0);
            let values = random.weights(k * n, 63);
            let (scales, bias) = (random.scales(n), random.floats(n, 1.0));
            let weights = Weights::pack(&values, (k, n), order, &scales, Some(&bias)).expect("valid");
            let mut activations = Activations::new();
            kernel.quantize(&x, k, &mut activations);
            let mut out = vec![0.0; m * n];
            kernel.linear(&activations, &weights, &mut Output::rows(&mut out, n), Epilogue::None);
            for (row, out) in x.chunks(k).zip(out.chunks(n)) {
                let low = row.iter().fold(0.0, |a: f32, &b| a.min(b));
                let step = f64::from(row.iter().fold(0.0, |a: f32, &b| a.max(b)) - low) / 255.0;
                for (column, &y) in out.iter().enumerate() {
                    let weight = |input: usize| {
                        let index = match order {
                            Order::InputMajor => input * n + column,
                            Order::OutputMajor => column * k + input,
                        };
                        f64::from(values[index]) * f64::from(scales[column])
                    };
                    let sum = |f: &dyn Fn(usize) -> f64| (0..k).map(f).sum::<f64>();
                    let truth = sum(&|i| f64::from(row[i]) * weight(i)) + f64::from(bias[column]);
                    // One more half step for values that the limit of 127 cuts.
                    let bound = sum(&|i| weight(i).abs()) * step + 1e-5 * truth.abs().max(1.0);
                    assert!((f64::from(y) - truth).abs() <= bound, "{m}x{k}x{n}: {y} for {truth}");
                }
            }
        }
    }
}

/// Whole numbers in -127..=128 with a step of 1 quantise without loss.
#[test]
fn exact_activations_give_exact_results() {
    let kernel = Kernel::portable();
    let x = [128.0, -127.0, 3.0, -5.0, 0.0, 7.0];
    let weights = Weights::pack(&[1, -2, 3, -4, 5, 63], (6, 1), Order::InputMajor, &[0.5], Some(&[0.25]));
    let mut activations = Activations::new();
    kernel.quantize(&x, 6, &mut activations);
    let mut out = [1.0];
    let weights = weights.expect("valid");
    kernel.linear(&activations, &weights, &mut Output::rows(&mut out, 1), Epilogue::Add);
    let y = (128.0 + 254.0 + 9.0 + 20.0 + 441.0) * 0.5 + 0.25;
    assert_eq!(out, [y + 1.0]);
}

#[test]
fn blocked_output_is_the_same_result_in_another_place() {
    let (m, k, n) = (5, 40, 48);
    let mut random = Random::new(5);
    let x = random.floats(m * k, 1.0);
    let weights = Weights::pack(&random.weights(k * n, 63), (k, n), Order::InputMajor, &[0.1], None);
    let weights = weights.expect("valid");
    for kernel in Kernel::all() {
        let mut activations = Activations::new();
        kernel.quantize(&x, k, &mut activations);
        let (mut rows, mut blocks) = (vec![0.0; m * n], vec![0.0; m * n]);
        kernel.linear(&activations, &weights, &mut Output::rows(&mut rows, n), Epilogue::None);
        kernel.linear(&activations, &weights, &mut Output::blocked(&mut blocks, m, 16), Epilogue::None);
        for (index, y) in rows.iter().enumerate() {
            let (row, column) = (index / n, index % n);
            assert_eq!(*y, blocks[column / 16 * m * 16 + row * 16 + column % 16]);
        }
    }
}

#[test]
fn layer_norm_is_near_the_truth() {
    for width in [1, 7, 8, 29, 384] {
        let mut random = Random::new(width as u32);
        let x = random.floats(2 * width, 3.0);
        let (gamma, beta) = (random.floats(width, 2.0), random.floats(width, 1.0));
        let mut y = x.clone();
        Kernel::portable().layer_norm(&mut y, &gamma, &beta, 1e-5);
        for (x, y) in x.chunks(width).zip(y.chunks(width)) {
            let count = width as f64;
            let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
            let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
            for (i, &y) in y.iter().enumerate() {
                let unit = (f64::from(x[i]) - mean) / (variance + 1e-5).sqrt();
                let truth = unit * f64::from(gamma[i]) + f64::from(beta[i]);
                assert!((f64::from(y) - truth).abs() < 5e-6, "{y} for {truth}");
            }
        }
    }
}

#[test]
fn product_is_near_the_truth() {
    for (m, k, n) in [(1, 1, 1), (1, 70, 9), (3, 5, 16), (4, 33, 24), (7, 384, 39)] {
        let mut random = Random::new((m * n) as u32);
        let (a, b, before) =
            (random.floats(m * k, 2.0), random.floats(k * n, 1.0), random.floats(m * n, 1.0));
        let mut out = before.clone();
        Kernel::portable().product(&a, &b, (m, k, n), &mut out);
        for (at, &y) in out.iter().enumerate() {
            let term = |i: usize| f64::from(a[at / n * k + i]) * f64::from(b[i * n + at % n]);
            let truth = f64::from(before[at]) + (0..k).map(term).sum::<f64>();
            assert!((f64::from(y) - truth).abs() < 1e-5 * (k as f64), "{m}x{k}x{n}: {y} for {truth}");
        }
    }
}

/// Zeros of either sign are left out; what is left is the product in floats.
#[test]
fn a_sparse_product_is_the_product() {
    for (m, k, n) in [(1, 1, 1), (1, 70, 9), (3, 100, 32), (4, 33, 24), (7, 384, 39)] {
        let mut random = Random::new((m * n) as u32);
        let mut x = random.floats(m * k, 2.0);
        for (at, x) in x.iter_mut().enumerate().filter(|(at, _)| at % k % 3 != 1) {
            *x = if at % 2 == 0 { 0.0 } else { -0.0 };
        }
        let (weights, before) = (random.weights(k * n, 127), random.floats(m * n, 1.0));
        let wide: Vec<f32> = weights.iter().map(|w| f32::from(*w)).collect();
        let (mut sparse, mut dense) = (before.clone(), before);
        Kernel::portable().sparse_product(&x, &weights, (m, k, n), &mut sparse);
        Kernel::portable().product(&x, &wide, (m, k, n), &mut dense);
        assert_eq!(sparse, dense);
    }
}

#[test]
fn an_lstm_step_is_near_the_truth() {
    let sigmoid = |x: f32| 1.0 / (1.0 + f64::from(-x).exp());
    for (units, size) in [(1, 1.0), (7, 3.0), (8, 10.0), (21, 0.01), (9, 200.0)] {
        let mut random = Random::new(units as u32);
        let (gates, before) = (random.floats(4 * units, size), random.floats(units, 2.0));
        let (mut cell, mut hidden) = (before.clone(), vec![0.0; units]);
        Kernel::portable().lstm_step(&gates, &mut cell, &mut hidden);
        for unit in 0..units {
            let gate = |index: usize| gates[index * units + unit];
            let truth =
                sigmoid(gate(2)) * f64::from(before[unit]) + sigmoid(gate(0)) * f64::from(gate(3)).tanh();
            assert!((f64::from(cell[unit]) - truth).abs() < 2e-6, "{} for {truth}", cell[unit]);
            let truth = sigmoid(gate(1)) * f64::from(cell[unit]).tanh();
            assert!((f64::from(hidden[unit]) - truth).abs() < 1e-6, "{} for {truth}", hidden[unit]);
        }
    }
}

fn attention_truth(
    qkv: &[f32],
    shape: AttentionShape,
    scale: f64,
    counts: impl Fn(usize) -> bool,
) -> Vec<f64> {
    let AttentionShape { heads, head_dim, tokens } = shape;
    let at = |part: usize, head: usize, token: usize, i: usize| {
        f64::from(qkv[((part * heads + head) * tokens + token) * head_dim + i])
    };
    let mut out = vec![0.0; tokens * heads * head_dim];
    for head in 0..heads {
        for query in 0..tokens {
            let keys: Vec<usize> = (0..tokens).filter(|&key| counts(key)).collect();
            let score =
                |key: usize| (0..head_dim).map(|i| at(0, head, query, i) * at(1, head, key, i)).sum::<f64>();
            let scores: Vec<f64> = keys.iter().map(|&key| scale * score(key)).collect();
            let largest = scores.iter().fold(f64::MIN, |a, &b| a.max(b));
            let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
            for i in 0..head_dim {
                let weighted = keys
                    .iter()
                    .zip(&scores)
                    .map(|(&key, score)| (score - largest).exp() / sum * at(2, head, key, i));
                out[(query * heads + head) * head_dim + i] = weighted.sum();
            }
        }
    }
    out
}

#[test]
fn attention_is_near_the_truth_under_every_mask() {
    for (heads, head_dim, tokens) in [(1, 8, 1), (2, 16, 9), (3, 32, 23)] {
        let mut random = Random::new(tokens as u32);
        let shape = AttentionShape { heads, head_dim, tokens };
        let qkv = random.floats(3 * heads * head_dim * tokens, 2.0);
        let mut flags: Vec<bool> = (0..tokens).map(|_| random.bits() >> 30 > 0).collect();
        flags[0] = true;
        let first = tokens.div_ceil(2);
        for mask in [Mask::All, Mask::First(first), Mask::Tokens(&flags)] {
            let truth = attention_truth(&qkv, shape, 0.25, |key| match mask {
                Mask::All => true,
                Mask::First(count) => key < count,
                Mask::Tokens(flags) => flags[key],
            });
            let mut out = vec![0.0; truth.len()];
            let mut scratch = AttentionScratch::new();
            Kernel::portable().attention(&qkv, shape, 0.25, mask, &mut out, &mut scratch);
            for (y, truth) in out.iter().zip(&truth) {
                assert!((f64::from(*y) - truth).abs() < 2e-5, "{y} for {truth}");
            }
        }
    }
}

/// Scores far below zero: lanes behind the last key must not count as the largest score.
#[test]
fn very_small_scores_still_weigh_the_values() {
    let shape = AttentionShape { heads: 1, head_dim: 8, tokens: 3 };
    let mut qkv = vec![10.0; 24];
    // Scores of -800, -800 and -880: the third key's weight is nothing.
    qkv.extend([-10.0; 16].iter().chain(&[-11.0; 8]));
    qkv.extend([1.0; 8].iter().chain(&[2.0; 8]).chain(&[6.0; 8]));
    for kernel in Kernel::all() {
        let mut out = [0.0; 24];
        kernel.attention(&qkv, shape, 1.0, Mask::All, &mut out, &mut AttentionScratch::new());
        assert!(out.iter().all(|y| (y - 1.5).abs() < 1e-6), "{out:?}");
    }
}

/// A padded sequence gives the bits of the sequence alone.
#[test]
fn padding_changes_no_bit() {
    let (heads, head_dim, tokens, padded) = (2, 16, 11, 32);
    let mut random = Random::new(3);
    let alone = random.floats(3 * heads * head_dim * tokens, 2.0);
    let mut qkv = Vec::new();
    for block in alone.chunks(tokens * head_dim) {
        qkv.extend_from_slice(block);
        qkv.extend(random.floats((padded - tokens) * head_dim, 100.0));
    }
    for kernel in Kernel::all() {
        let mut scratch = AttentionScratch::new();
        let (mut short, mut long) = (vec![0.0; 32 * tokens], vec![0.0; 32 * padded]);
        let shape = AttentionShape { heads, head_dim, tokens };
        kernel.attention(&alone, shape, 0.25, Mask::All, &mut short, &mut scratch);
        let shape = AttentionShape { heads, head_dim, tokens: padded };
        kernel.attention(&qkv, shape, 0.25, Mask::First(tokens), &mut long, &mut scratch);
        assert_eq!(short, long[..short.len()], "{}", kernel.name());
    }
}
