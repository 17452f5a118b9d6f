//! The product of two matrices of floats, for what is small and not quantised.

use crate::backend::{Backend, Floats, Job, Lanes};
use crate::kernel::Kernel;

impl Kernel {
    /// `out += a · b`, row-major: `a` is `[M][K]`, `b` is `[K][N]`, `out` is `[M][N]`; `shape` is (M, K, N).
    ///
    /// Each value takes its products in the order of K, one rounded product and one rounded sum after the other.
    ///
    /// # Panics
    /// If a slice has another length than its shape.
    pub fn product(self, a: &[f32], b: &[f32], shape: (usize, usize, usize), out: &mut [f32]) {
        let (m, k, n) = shape;
        assert!(a.len() == m * k, "{} values are no {m} rows of {k}", a.len());
        assert!(b.len() == k * n, "{} values are no {k} rows of {n}", b.len());
        assert!(out.len() == m * n, "{} values are no {m} rows of {n}", out.len());
        if !out.is_empty() && k > 0 {
            self.run(Product { a, b, k, n, out });
        }
    }
}

struct Product<'a> {
    a: &'a [f32],
    b: &'a [f32],
    k: usize,
    n: usize,
    out: &'a mut [f32],
}

impl Job for Product<'_> {
    #[inline(always)]
    fn run<B: Backend>(self, b: B) {
        let mut rows = self.out.chunks_mut(4 * self.n).zip(self.a.chunks(4 * self.k));
        for (out, a) in &mut rows {
            if out.len() == 4 * self.n {
                stripe::<B, 4>(b, a, self.b, self.k, out);
            } else {
                for (out, a) in out.chunks_exact_mut(self.n).zip(a.chunks_exact(self.k)) {
                    stripe::<B, 1>(b, a, self.b, self.k, out);
                }
            }
        }
    }
}

/// `R` rows of the product.
#[inline(always)]
fn stripe<B: Backend, const R: usize>(backend: B, a: &[f32], b: &[f32], k: usize, out: &mut [f32]) {
    let n = out.len() / R;
    let mut start = 0;
    while start + 16 <= n {
        tile::<B, R, 2>(backend, a, b, k, out, start, 8);
        start += 16;
    }
    while start < n {
        tile::<B, R, 1>(backend, a, b, k, out, start, (n - start).min(8));
        start += 8;
    }
}

/// `R` rows and `P` times eight columns, the last eight of which may be fewer.
#[inline(always)]
fn tile<B: Backend, const R: usize, const P: usize>(
    backend: B,
    a: &[f32],
    b: &[f32],
    k: usize,
    out: &mut [f32],
    start: usize,
    width: usize,
) {
    let l = backend.lanes();
    let n = out.len() / R;
    let load = |from: &[f32]| match from.as_array::<8>() {
        Some(eight) => l.load(eight),
        None => l.load_part(from, 0.0),
    };
    let mut sums = [[l.splat(0.0); P]; R];
    for (r, sums) in sums.iter_mut().enumerate() {
        for (p, sum) in sums.iter_mut().enumerate() {
            let at = r * n + start + 8 * p;
            *sum = load(&out[at..at + width]);
        }
    }
    for (i, row) in b.chunks_exact(n).enumerate() {
        let mut columns: [Floats<B>; P] = [l.splat(0.0); P];
        for (p, column) in columns.iter_mut().enumerate() {
            let at = start + 8 * p;
            *column = load(&row[at..at + width]);
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let x = l.splat(a[r * k + i]);
            for (sum, &column) in sums.iter_mut().zip(&columns) {
                *sum = l.mul_then_add(x, column, *sum);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        for (p, sum) in sums.into_iter().enumerate() {
            let at = r * n + start + 8 * p;
            match out[at..at + width].as_mut_array::<8>() {
                Some(eight) => l.store(sum, eight),
                None => l.store_part(sum, &mut out[at..at + width]),
            }
        }
    }
}
