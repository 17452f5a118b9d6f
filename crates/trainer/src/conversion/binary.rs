//! Logistic regression for a yes or no with weighted rows: one weight for each input, fast over wide dense rows.

use crate::train::lbfgs::{LbfgsOptions, minimize};

/// One input row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BinaryRow<'a> {
    /// Dense part, the same length in every row.
    pub dense: &'a [f32],
    /// Sparse part `(index, value)`, indices from 0.
    pub sparse: &'a [(u32, f32)],
    /// Whether the answer is yes.
    pub won: bool,
    /// How much the row counts.
    pub weight: f32,
}

/// `log-odds = weights · x + bias`; the dense inputs come first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Binary {
    pub weights: Vec<f32>,
    pub bias: f32,
}

impl Binary {
    /// Fits by L-BFGS from zero; `l2` is the quadratic penalty on the weights, not on the bias.
    pub(crate) fn fit(rows: &[BinaryRow<'_>], sparse: usize, l2: f64) -> Self {
        let dense = rows.first().map_or(0, |r| r.dense.len());
        let inputs = dense + sparse;
        // The gradient is a sum over rows: what is small depends on how much they weigh.
        let total: f64 = rows.iter().map(|r| f64::from(r.weight)).sum();
        let options = LbfgsOptions { iterations: 80, tolerance: 1e-4 * total, ..Default::default() };
        // Dense products in f32 sums of blocks: several times faster, and far more exact than the fit needs.
        let mut narrow = vec![0.0f32; dense];
        let mut slope = vec![0.0f32; dense];
        let x = minimize(vec![0.0; inputs + 1], options, |w, g| {
            g.fill(0.0);
            slope.fill(0.0);
            narrow.iter_mut().zip(w).for_each(|(n, w)| *n = *w as f32);
            let mut loss = 0.0;
            for row in rows {
                let mut score = w[inputs] + f64::from(dot(row.dense, &narrow));
                score += row.sparse.iter().map(|&(i, x)| f64::from(x) * w[dense + i as usize]).sum::<f64>();
                let (y, weight) = (f64::from(u8::from(row.won)), f64::from(row.weight));
                // log(1 + e^s) - y s, without overflow.
                loss += weight * (score.max(0.0) + (-score.abs()).exp().ln_1p() - y * score);
                let error = weight * (1.0 / (1.0 + (-score).exp()) - y);
                slope.iter_mut().zip(row.dense).for_each(|(s, x)| *s += error as f32 * x);
                row.sparse.iter().for_each(|&(i, x)| g[dense + i as usize] += error * f64::from(x));
                g[inputs] += error;
            }
            g.iter_mut().zip(&slope).for_each(|(g, s)| *g += f64::from(*s));
            for (w, g) in w[..inputs].iter().zip(g.iter_mut()) {
                loss += 0.5 * l2 * w * w;
                *g += l2 * w;
            }
            loss
        });
        Self { weights: x[..inputs].iter().map(|w| *w as f32).collect(), bias: x[inputs] as f32 }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a8.iter().zip(b8) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_general_regression() {
        use crate::train::logistic::{Logistic, LogisticOptions, Row};
        let data: Vec<(Row, usize)> = (0..60u8)
            .map(|i| {
                let (a, b) = (f32::from(i % 7) - 3.0, f32::from(i % 5) - 2.0);
                let row = Row { dense: vec![a, b], sparse: vec![(u32::from(i % 3), 1.0)] };
                (row, usize::from(a + 0.5 * b + f32::from(i % 2) > 0.3))
            })
            .collect();
        let rows: Vec<&Row> = data.iter().map(|(r, _)| r).collect();
        let labels: Vec<usize> = data.iter().map(|(_, l)| *l).collect();
        let lbfgs = LbfgsOptions { iterations: 500, tolerance: 1e-7, ..Default::default() };
        // Two sets of weights under a penalty each settle at half of one set's under the same: twice the penalty.
        let options = LogisticOptions { l2_dense: 2.0, l2_sparse: 2.0, class_weights: vec![1.0; 2], lbfgs };
        let general = Logistic::fit(&rows, &labels, 2, 3, &options);
        let binary: Vec<BinaryRow<'_>> = data
            .iter()
            .map(|(r, l)| BinaryRow { dense: &r.dense, sparse: &r.sparse, won: *l == 1, weight: 1.0 })
            .collect();
        let fitted = Binary::fit(&binary, 3, 1.0);
        for (i, w) in fitted.weights.iter().enumerate() {
            let expected = general.weights[2 * i + 1] - general.weights[2 * i];
            assert!((w - expected).abs() < 2e-2, "{i}: {w} {expected}");
        }
    }

    #[test]
    fn a_weight_counts_as_so_many_rows() {
        let dense = [[0.0f32], [1.0], [2.0], [3.0]];
        let row = |i: usize, won, weight| BinaryRow { dense: &dense[i], sparse: &[], won, weight };
        let base = [row(0, false, 1.0), row(1, true, 1.0), row(2, false, 1.0)];
        let weighted: Vec<BinaryRow<'_>> = base.iter().copied().chain([row(3, true, 3.0)]).collect();
        let repeated: Vec<BinaryRow<'_>> = base.iter().copied().chain([row(3, true, 1.0); 3]).collect();
        let (a, b) = (Binary::fit(&weighted, 0, 1.0), Binary::fit(&repeated, 0, 1.0));
        assert!((a.weights[0] - b.weights[0]).abs() < 1e-4 && (a.bias - b.bias).abs() < 1e-4);
    }
}
