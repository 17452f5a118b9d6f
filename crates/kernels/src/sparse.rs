//! The product of rows of floats, most of which are zero, with a matrix of bytes.

use crate::backend::{Backend, Job, Lanes};
use crate::kernel::Kernel;

/// Rows that are multiplied together.
const ROWS: usize = 4;
/// Inputs that are held to zero together.
const BLOCK: usize = 32;

impl Kernel {
    /// `out += x · weights`, row-major: `x` is `[M][K]`, `weights` is `[K][N]`, `out` is `[M][N]`; `shape` is (M, K, N).
    /// An input that is zero in every row costs next to nothing.
    ///
    /// Each value takes its products in the order of K, one rounded product and one rounded sum after the other.
    ///
    /// # Panics
    /// If a slice has another length than its shape.
    pub fn sparse_product(self, x: &[f32], weights: &[i8], shape: (usize, usize, usize), out: &mut [f32]) {
        let (m, k, n) = shape;
        assert!(x.len() == m * k, "{} values are no {m} rows of {k}", x.len());
        assert!(weights.len() == k * n, "{} weights are no {k} rows of {n}", weights.len());
        assert!(out.len() == m * n, "{} values are no {m} rows of {n}", out.len());
        if out.is_empty() || k == 0 {
            return;
        }
        for (out, x) in out.chunks_mut(ROWS * n).zip(x.chunks(ROWS * k)) {
            let inputs = not_zero(x, k);
            self.run(Sparse { x, weights, inputs: &inputs, k, n, out });
        }
    }
}

/// The inputs that are not zero in every row.
fn not_zero(x: &[f32], k: usize) -> Vec<usize> {
    let mut inputs = Vec::new();
    for start in (0..k).step_by(BLOCK) {
        let end = (start + BLOCK).min(k);
        // Positive or negative, zero has no bit but the sign.
        let bits = |row: &[f32]| row[start..end].iter().fold(0, |bits, x| bits | x.to_bits() << 1);
        if x.chunks_exact(k).fold(0, |all, row| all | bits(row)) != 0 {
            inputs.extend((start..end).filter(|&i| x[i..].iter().step_by(k).any(|&x| x != 0.0)));
        }
    }
    inputs
}

struct Sparse<'a> {
    x: &'a [f32],
    weights: &'a [i8],
    inputs: &'a [usize],
    k: usize,
    n: usize,
    out: &'a mut [f32],
}

impl Job for Sparse<'_> {
    #[inline(always)]
    fn run<B: Backend>(mut self, b: B) {
        for start in (0..self.n).step_by(8) {
            match self.out.len() / self.n {
                1 => self.columns::<B, 1>(b, start),
                2 => self.columns::<B, 2>(b, start),
                3 => self.columns::<B, 3>(b, start),
                _ => self.columns::<B, ROWS>(b, start),
            }
        }
    }
}

impl Sparse<'_> {
    /// Eight columns of `R` rows.
    #[inline(always)]
    fn columns<B: Backend, const R: usize>(&mut self, b: B, start: usize) {
        let l = b.lanes();
        let width = (self.n - start).min(8);
        let mut sums = [l.splat(0.0); R];
        for (r, sum) in sums.iter_mut().enumerate() {
            *sum = l.load_part(&self.out[r * self.n + start..][..width], 0.0);
        }
        for &input in self.inputs {
            let packed = &self.weights[input * self.n + start..][..width];
            let mut weights = [0; 8];
            match packed.as_array::<8>() {
                Some(packed) => weights = packed.map(i32::from),
                None => weights.iter_mut().zip(packed).for_each(|(to, from)| *to = i32::from(*from)),
            }
            let weights = l.to_floats(l.int_load(&weights));
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = l.mul_then_add(l.splat(self.x[r * self.k + input]), weights, *sum);
            }
        }
        for (r, sum) in sums.into_iter().enumerate() {
            l.store_part(sum, &mut self.out[r * self.n + start..][..width]);
        }
    }
}
