//! Layer normalisation.

use crate::backend::{Backend, Job, Lanes};
use crate::kernel::Kernel;

impl Kernel {
    /// Normalises each row of `x`, row-major `[M][D]` with `D = gamma.len()`, in place:
    /// `(x - mean) / sqrt(variance + eps) * gamma + beta`.
    ///
    /// Mean and variance are sums of eight partial sums: element i goes to partial sum
    /// `i % 8`, and the partial sums are added as `((0+4)+(2+6)) + ((1+5)+(3+7))`.
    ///
    /// # Panics
    /// If `gamma` is empty, `beta` has another length, or the length of `x` is not a
    /// multiple of it.
    pub fn layer_norm(self, x: &mut [f32], gamma: &[f32], beta: &[f32], eps: f32) {
        check(x.len(), gamma, beta);
        self.run(LayerNorm { x, residual: None, gamma, beta, eps });
    }

    /// `x = layer_norm(x + residual)`; `residual` is `[M][D]` as `x` is.
    ///
    /// # Panics
    /// As [`Kernel::layer_norm`], and if `residual` and `x` differ in length.
    pub fn add_layer_norm(self, x: &mut [f32], residual: &[f32], gamma: &[f32], beta: &[f32], eps: f32) {
        check(x.len(), gamma, beta);
        assert!(x.len() == residual.len(), "{} values and {} residuals", x.len(), residual.len());
        self.run(LayerNorm { x, residual: Some(residual), gamma, beta, eps });
    }
}

fn check(values: usize, gamma: &[f32], beta: &[f32]) {
    let width = gamma.len();
    assert!(width > 0, "a row needs at least one value");
    assert!(beta.len() == width, "gamma has {width} values, beta {}", beta.len());
    assert!(values.is_multiple_of(width), "{values} values are no rows of {width}");
}

struct LayerNorm<'a> {
    x: &'a mut [f32],
    residual: Option<&'a [f32]>,
    gamma: &'a [f32],
    beta: &'a [f32],
    eps: f32,
}

impl Job for LayerNorm<'_> {
    #[inline(always)]
    fn run<B: Backend>(self, b: B) {
        let l = b.lanes();
        let width = self.gamma.len();
        for (index, row) in self.x.chunks_exact_mut(width).enumerate() {
            if let Some(residual) = self.residual {
                for (x, residual) in row.iter_mut().zip(&residual[index * width..]) {
                    *x += residual;
                }
            }
            normalize_row(l, row, self.gamma, self.beta, self.eps);
        }
    }
}

#[inline(always)]
fn normalize_row<L: Lanes>(l: L, row: &mut [f32], gamma: &[f32], beta: &[f32], eps: f32) {
    let count = row.len() as f32;
    let (chunks, rest) = row.as_chunks_mut::<8>();
    let (gammas, gamma_rest) = gamma.as_chunks::<8>();
    let (betas, beta_rest) = beta.as_chunks::<8>();

    let mut sum = l.splat(0.0);
    for chunk in &*chunks {
        sum = l.add(sum, l.load(chunk));
    }
    if !rest.is_empty() {
        sum = l.add(sum, l.load_part(rest, 0.0));
    }
    let mean = l.sum(sum) / count;
    let means = l.splat(mean);

    let mut squares = l.splat(0.0);
    for chunk in &*chunks {
        let x = l.sub(l.load(chunk), means);
        squares = l.mul_then_add(x, x, squares);
    }
    if !rest.is_empty() {
        // Lanes behind the row are filled with the mean, so that they add nothing.
        let x = l.sub(l.load_part(rest, mean), means);
        squares = l.mul_then_add(x, x, squares);
    }
    let variance = l.sum(squares) / count;
    let inverse = l.splat(1.0 / (variance + eps).sqrt());

    for (chunk, (gamma, beta)) in chunks.iter_mut().zip(gammas.iter().zip(betas)) {
        let x = l.mul(l.sub(l.load(chunk), means), inverse);
        l.store(l.mul_then_add(x, l.load(gamma), l.load(beta)), chunk);
    }
    if !rest.is_empty() {
        let x = l.mul(l.sub(l.load_part(rest, mean), means), inverse);
        let gamma = l.load_part(gamma_rest, 0.0);
        l.store_part(l.mul_then_add(x, gamma, l.load_part(beta_rest, 0.0)), rest);
    }
}
