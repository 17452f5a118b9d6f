//! Speed of the linear layers of MiniLM-L6 and of its other computations, one thread.
//!
//! `cargo run --release --example bench`

use std::hint::black_box;
use std::time::Instant;

use rapport_kernels::{
    Activations, AttentionScratch, AttentionShape, Epilogue, Kernel, Mask, Order, Output, Weights,
};

#[path = "../tests/common/mod.rs"]
mod common;

const ROUNDS: usize = 15;
/// Multiplications of one round: about 3 ms of the fastest kernel.
const WORK: usize = 400_000_000;

fn main() {
    let mut random = common::Random::new(1);
    println!("GMAC/s of linear layers, at the best round and the median one");
    println!("{:<12} {:>4} {:>11} {:>8} {:>8}", "kernel", "M", "K x N", "best", "median");
    for kernel in Kernel::all() {
        for (k, n) in [(384, 1152), (384, 1536), (1536, 384)] {
            let weights = random.weights(k * n, 63);
            let weights = Weights::pack(&weights, (k, n), Order::OutputMajor, &[0.01], None);
            let Ok(weights) = weights else { continue };
            for m in [16, 32, 128] {
                let x = random.floats(m * k, 2.0);
                let mut activations = Activations::new();
                kernel.quantize(&x, k, &mut activations);
                let mut out = vec![0.0; m * n];
                let work = if kernel == Kernel::portable() { WORK / 20 } else { WORK };
                let times = (work / (m * n * k)).max(1);
                let (best, median) = measure(times, || {
                    let target = &mut Output::rows(black_box(&mut out), n);
                    kernel.linear(black_box(&activations), &weights, target, Epilogue::None);
                });
                let rate = |seconds: f64| (m * n * k) as f64 / seconds / 1e9;
                let (name, shape) = (kernel.name(), format!("{k} x {n}"));
                println!("{name:<12} {m:>4} {shape:>11} {:>8.1} {:>8.1}", rate(best), rate(median));
            }
        }
    }
    println!("\nmicroseconds at 128 tokens, the best round");
    for kernel in Kernel::all() {
        others(kernel, &mut random);
    }
}

/// The computations around the linear layers.
fn others(kernel: Kernel, random: &mut common::Random) {
    let tokens = 128;
    let mut activations = Activations::new();
    let mut x = random.floats(tokens * 1536, 2.0);
    let micro = |(best, _): (f64, f64)| best * 1e6;
    let quantize = micro(measure(20, || kernel.quantize(black_box(&x), 1536, &mut activations)));
    let gelu = micro(measure(20, || kernel.gelu(black_box(&mut x))));
    let (gamma, beta) = (vec![1.0; 384], vec![0.0; 384]);
    let rows = &mut x[..tokens * 384];
    let norm = micro(measure(20, || kernel.layer_norm(black_box(rows), &gamma, &beta, 1e-12)));
    let shape = AttentionShape { heads: 12, head_dim: 32, tokens };
    let qkv = random.floats(3 * tokens * 384, 2.0);
    let mut scratch = AttentionScratch::new();
    let attention = micro(measure(5, || {
        kernel.attention(black_box(&qkv), shape, 0.17, Mask::All, rows, &mut scratch);
    }));
    println!(
        "{:<12} quantize 1536: {quantize:.0}, gelu 1536: {gelu:.0}, layer norm 384: {norm:.0}, attention: {attention:.0}",
        kernel.name()
    );
}

/// Seconds of one run: the best round and the median one.
fn measure(times: usize, mut run: impl FnMut()) -> (f64, f64) {
    run();
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..times {
                run();
            }
            start.elapsed().as_secs_f64() / times as f64
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    (seconds[0], seconds[ROUNDS / 2])
}
