//! Test only: the fixed cases and a benchmark as a wasm module, run by `tests/wasm/run.mjs`.

use std::cell::RefCell;

use rapport_kernels::{
    Activations, AttentionScratch, AttentionShape, Epilogue, Kernel, Mask, Order, Output, Weights,
};

#[path = "../tests/common/mod.rs"]
mod common;

struct Case {
    kernel: Kernel,
    x: Vec<f32>,
    activations: Activations,
    weights: Weights,
    out: Vec<f32>,
}

thread_local! {
    static CASE: RefCell<Option<Case>> = const { RefCell::new(None) };
}

/// Number of kernels that run here.
#[unsafe(no_mangle)]
pub extern "C" fn kernels() -> usize {
    Kernel::all().len()
}

/// Address of a kernel's name.
#[unsafe(no_mangle)]
pub extern "C" fn name(kernel: usize) -> *const u8 {
    Kernel::all()[kernel].name().as_ptr()
}

/// Length of a kernel's name.
#[unsafe(no_mangle)]
pub extern "C" fn name_length(kernel: usize) -> usize {
    Kernel::all()[kernel].name().len()
}

/// The checksum of the fixed cases.
#[unsafe(no_mangle)]
pub extern "C" fn checksum(kernel: usize) -> u64 {
    common::cases::checksum(Kernel::all()[kernel])
}

/// What the relaxed dot product is here: -1 not compiled in, else 10 * exact + lowering.
#[unsafe(no_mangle)]
pub extern "C" fn relaxed() -> i32 {
    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    {
        let exact = i32::from(rapport_kernels::relaxed_is_exact());
        10 * exact + rapport_kernels::relaxed_lowering() as i32
    }
    #[cfg(not(all(target_arch = "wasm32", feature = "relaxed-simd")))]
    {
        -1
    }
}

/// Prepares a linear layer for `linear` and `quantize`.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(kernel: usize, m: usize, k: usize, n: usize) {
    let kernel = Kernel::all()[kernel];
    let mut random = common::Random::new(1);
    let values = random.weights(k * n, 63);
    let weights = Weights::pack(&values, (k, n), Order::OutputMajor, &[0.01], None);
    let x = random.floats(m * k, 2.0);
    let mut activations = Activations::new();
    kernel.quantize(&x, k, &mut activations);
    let out = vec![0.0; m * n];
    CASE.set(weights.ok().map(|weights| Case { kernel, x, activations, weights, out }));
}

/// Runs the prepared linear layer.
#[unsafe(no_mangle)]
pub extern "C" fn linear(times: usize) {
    CASE.with_borrow_mut(|case| {
        let Some(case) = case else { return };
        let columns = case.weights.columns();
        for _ in 0..times {
            let out = &mut Output::rows(&mut case.out, columns);
            case.kernel.linear(&case.activations, &case.weights, out, Epilogue::None);
        }
    });
}

/// Quantises the prepared activations.
#[unsafe(no_mangle)]
pub extern "C" fn quantize(times: usize) {
    CASE.with_borrow_mut(|case| {
        let Some(case) = case else { return };
        for _ in 0..times {
            case.kernel.quantize(&case.x, case.weights.inputs(), &mut case.activations);
        }
    });
}

/// Runs one of the other computations on 128 tokens: attention, layer norm, GELU.
#[unsafe(no_mangle)]
pub extern "C" fn other(kernel: usize, which: usize, times: usize) {
    let kernel = Kernel::all()[kernel];
    let mut random = common::Random::new(2);
    let (heads, head_dim, tokens) = (12, 32, 128);
    let width = heads * head_dim;
    let qkv = random.floats(3 * tokens * width, 2.0);
    let mut x = random.floats(tokens * 4 * width, 1.0);
    let (gamma, beta) = (vec![1.0; width], vec![0.0; width]);
    let mut scratch = AttentionScratch::new();
    for _ in 0..times {
        let rows = &mut x[..tokens * width];
        match which {
            0 => {
                let shape = AttentionShape { heads, head_dim, tokens };
                kernel.attention(&qkv, shape, 0.17, Mask::All, rows, &mut scratch);
            }
            1 => kernel.layer_norm(rows, &gamma, &beta, 1e-12),
            _ => kernel.gelu(&mut x),
        }
    }
}
