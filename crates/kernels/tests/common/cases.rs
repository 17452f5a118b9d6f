//! Fixed cases: all computations on all kinds of shapes.

use rapport_kernels::{
    Activations, AttentionScratch, AttentionShape, Embedding, Epilogue, Kernel, Mask, Order, Output, Scales,
    Weights, mean_pool, normalize,
};

use super::{Fnv, Random};

/// A hash over the result bits of all fixed cases.
pub(crate) fn checksum(kernel: Kernel) -> u64 {
    let mut hash = Fnv::new();
    linear(kernel, &mut hash);
    norms(kernel, &mut hash);
    attention(kernel, &mut hash);
    functions(kernel, &mut hash);
    sequences(kernel, &mut hash);
    ends(&mut hash);
    hash.0
}

fn linear(kernel: Kernel, hash: &mut Fnv) {
    let mut activations = Activations::new();
    for (seed, (m, k, n)) in [
        (1, 1, 1),
        (2, 3, 7),
        (3, 4, 8),
        (4, 5, 9),
        (5, 31, 17),
        (6, 70, 40),
        (7, 64, 24),
        (13, 100, 33),
        (16, 384, 96),
        (9, 1536, 40),
        (5, 384, 1152),
    ]
    .into_iter()
    .enumerate()
    {
        let mut random = Random::new(seed as u32 + 1);
        let x = random.floats(m * k, 3.0);
        let weights = random.weights(k * n, 127);
        let (scales, bias) = (random.scales(n), random.floats(n, 1.0));
        let weights = Weights::requantized_from(&weights, (k, n), Order::OutputMajor, &scales, Some(&bias));
        let Ok(weights) = weights else { continue };
        kernel.quantize(&x, k, &mut activations);
        let mut out = random.floats(m * n, 1.0);
        for epilogue in [Epilogue::Add, Epilogue::Gelu, Epilogue::None] {
            kernel.linear(&activations, &weights, &mut Output::rows(&mut out, n), epilogue);
            hash.add(&out);
        }
        if n % 24 == 0 {
            let target = &mut Output::blocked(&mut out, m, 24);
            kernel.linear(&activations, &weights, target, Epilogue::None);
            hash.add(&out);
        }
    }
}

fn norms(kernel: Kernel, hash: &mut Fnv) {
    let mut random = Random::new(100);
    for width in [1, 5, 8, 13, 40, 384] {
        let mut x = random.floats(3 * width, 5.0);
        let residual = random.floats(3 * width, 1.0);
        let (gamma, beta) = (random.floats(width, 2.0), random.floats(width, 1.0));
        kernel.layer_norm(&mut x, &gamma, &beta, 1e-12);
        hash.add(&x);
        kernel.add_layer_norm(&mut x, &residual, &gamma, &beta, 1e-5);
        hash.add(&x);
    }
}

fn attention(kernel: Kernel, hash: &mut Fnv) {
    let mut random = Random::new(200);
    let mut scratch = AttentionScratch::new();
    for (heads, head_dim, tokens) in [(1, 8, 1), (2, 16, 7), (3, 32, 8), (12, 32, 19), (2, 64, 33)] {
        let size = heads * head_dim * tokens;
        let qkv = random.floats(3 * size, 4.0);
        let flags: Vec<bool> = (0..tokens).map(|_| random.bits() >> 30 > 0).collect();
        let shape = AttentionShape { heads, head_dim, tokens };
        let mut out = vec![0.0; size];
        for mask in [Mask::All, Mask::First(tokens / 2 + 1), Mask::Tokens(&flags), Mask::First(0)] {
            kernel.attention(&qkv, shape, 0.25, mask, &mut out, &mut scratch);
            hash.add(&out);
        }
    }
}

fn functions(kernel: Kernel, hash: &mut Fnv) {
    let mut x: Vec<f32> = (-9003..=9000).map(|i| i as f32 / 91.0).collect();
    let mut y = x.clone();
    kernel.exp(&mut x);
    kernel.gelu(&mut y);
    hash.add(&x);
    hash.add(&y);
    for extreme in [0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45] {
        let (mut x, mut y) = ([extreme; 9], [extreme; 9]);
        kernel.exp(&mut x);
        kernel.gelu(&mut y);
        hash.add(&x);
        hash.add(&y);
    }
}

fn sequences(kernel: Kernel, hash: &mut Fnv) {
    let mut random = Random::new(400);
    for (m, k, n) in [(1, 1, 1), (1, 70, 9), (4, 5, 16), (7, 33, 39), (2, 300, 64)] {
        let (a, b, mut out) =
            (random.floats(m * k, 2.0), random.floats(k * n, 1.0), random.floats(m * n, 1.0));
        kernel.product(&a, &b, (m, k, n), &mut out);
        hash.add(&out);
        kernel.sparse_product(&a, &random.weights(k * n, 127), (m, k, n), &mut out);
        hash.add(&out);
    }
    for units in [1, 8, 21, 64] {
        let (gates, mut cell) = (random.floats(4 * units, 6.0), random.floats(units, 2.0));
        let mut hidden = vec![0.0; units];
        kernel.lstm_step(&gates, &mut cell, &mut hidden);
        hash.add(&cell);
        hash.add(&hidden);
    }
}

fn ends(hash: &mut Fnv) {
    let mut random = Random::new(300);
    let (rows, width) = (11, 20);
    let values = random.weights(rows * width, 127);
    for scales in [Scales::Rows(random.scales(rows)), Scales::Columns(random.scales(width))] {
        let Ok(table) = Embedding::new(values.clone(), (rows, width), scales) else { continue };
        let mut out = vec![0.0; 4 * width];
        let found = table.lookup(&[0, 10, 3, 3], &mut out).and(table.add(&[1, 2, 3, 4], &mut out));
        if found.is_ok() {
            hash.add(&out);
        }
        let mut pooled = vec![0.0; width];
        mean_pool(&out, Mask::Tokens(&[true, false, true, true]), &mut pooled);
        normalize(&mut pooled);
        hash.add(&pooled);
    }
}
