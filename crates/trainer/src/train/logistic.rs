//! Multinomial logistic regression over rows that are part dense (embeddings), part sparse (hashed words).

use ndarray_linfa::linalg::general_mat_mul;
use ndarray_linfa::{Array2, ArrayView1, ArrayView2, ArrayViewMut2};

use super::lbfgs::{LbfgsOptions, minimize};

/// One example: `dense` numbers, then hashed features as `(index, value)`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// Dense part, the same length in every row.
    pub dense: Vec<f32>,
    /// Sparse part, indices from 0.
    pub sparse: Vec<(u32, f32)>,
}

/// A fitted model: `logits = W x + b`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logistic {
    /// Number of classes.
    pub classes: usize,
    /// Length of the dense part.
    pub dense: usize,
    /// Length of the sparse part.
    pub sparse: usize,
    /// `[dense + sparse][classes]`, row-major.
    pub weights: Vec<f32>,
    /// `[classes]`.
    pub bias: Vec<f32>,
}

/// How to fit.
#[derive(Debug, Clone)]
pub(crate) struct LogisticOptions {
    /// Strength of the quadratic penalty on the dense weights (the inverse of scikit-learn's `C`).
    pub l2_dense: f64,
    /// The same on the sparse weights.
    pub l2_sparse: f64,
    /// One weight for each class.
    pub class_weights: Vec<f64>,
    /// The optimiser's limits.
    pub lbfgs: LbfgsOptions,
}

/// Class weights `(n / (k * count))^power`: 0 leaves classes as they are, 1 balances them.
pub(crate) fn class_weights(labels: &[usize], classes: usize, power: f64) -> Vec<f64> {
    let mut counts = vec![0usize; classes];
    labels.iter().for_each(|&l| counts[l] += 1);
    let n = labels.len() as f64;
    counts.iter().map(|&c| if c == 0 { 1.0 } else { (n / (classes as f64 * c as f64)).powf(power) }).collect()
}

impl LogisticOptions {
    /// The quadratic penalty; its slope is added to the gradient. The first `dense` weights are the dense ones.
    fn penalty(&self, dense: usize, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let mut loss = 0.0;
        for (i, (w, g)) in weights.iter().zip(gradient).enumerate() {
            let l2 = if i < dense { self.l2_dense } else { self.l2_sparse };
            loss += 0.5 * l2 * w * w;
            *g += l2 * w;
        }
        loss
    }
}

impl Logistic {
    /// Logits of one row, `[classes]`.
    pub(crate) fn logits(&self, row: &Row) -> Vec<f32> {
        let mut out = self.bias.clone();
        let mut add = |input: usize, x: f32| {
            let w = &self.weights[input * self.classes..][..self.classes];
            out.iter_mut().zip(w).for_each(|(o, w)| *o += x * w);
        };
        row.dense.iter().enumerate().for_each(|(i, &x)| add(i, x));
        row.sparse.iter().for_each(|&(i, x)| add(self.dense + i as usize, x));
        out
    }

    /// Fits by L-BFGS from zero; the result depends on nothing but the arguments.
    pub(crate) fn fit(
        rows: &[&Row],
        labels: &[usize],
        classes: usize,
        sparse: usize,
        options: &LogisticOptions,
    ) -> Self {
        let dense = rows.first().map_or(0, |r| r.dense.len());
        let inputs = dense + sparse;
        let mut logits = vec![0.0f64; classes];
        let x = minimize(vec![0.0; (inputs + 1) * classes], options.lbfgs, |w, g| {
            g.fill(0.0);
            let mut loss = 0.0;
            let bias = inputs * classes;
            for (row, &label) in rows.iter().zip(labels) {
                logits.copy_from_slice(&w[bias..]);
                let each = |f: &mut dyn FnMut(usize, f64)| {
                    row.dense.iter().enumerate().for_each(|(i, &x)| f(i, f64::from(x)));
                    row.sparse.iter().for_each(|&(i, x)| f(dense + i as usize, f64::from(x)));
                };
                each(&mut |i, x| {
                    let w = &w[i * classes..][..classes];
                    logits.iter_mut().zip(w).for_each(|(l, w)| *l += x * w);
                });
                let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = logits.iter().map(|l| (l - top).exp()).sum();
                let weight = options.class_weights[label];
                loss += weight * (sum.ln() + top - logits[label]);
                for (c, l) in logits.iter_mut().enumerate() {
                    *l = weight * ((*l - top).exp() / sum - f64::from(u8::from(c == label)));
                }
                each(&mut |i, x| {
                    let g = &mut g[i * classes..][..classes];
                    g.iter_mut().zip(&logits).for_each(|(g, l)| *g += x * l);
                });
                g[bias..].iter_mut().zip(&logits).for_each(|(g, l)| *g += l);
            }
            for (i, (w, g)) in w[..bias].iter().zip(g.iter_mut()).enumerate() {
                let l2 = if i < dense * classes { options.l2_dense } else { options.l2_sparse };
                loss += 0.5 * l2 * w * w;
                *g += l2 * w;
            }
            loss
        });
        let (weights, bias) = x.split_at(inputs * classes);
        Self {
            classes,
            dense,
            sparse,
            weights: weights.iter().map(|&w| w as f32).collect(),
            bias: bias.iter().map(|&b| b as f32).collect(),
        }
    }

    /// As [`Logistic::fit`], but the classes do not exclude each other: a logistic regression for each, `labels` by
    /// row, then class; none where a row teaches nothing of a class. Class weights are not used. The dense part goes through matrix products: there are many heads.
    pub(crate) fn fit_labels(
        rows: &[&Row],
        labels: &[Vec<Option<bool>>],
        classes: usize,
        sparse: usize,
        options: &LogisticOptions,
    ) -> Self {
        let dense = rows.first().map_or(0, |r| r.dense.len());
        let (inputs, split) = (dense + sparse, dense * classes);
        let x = Array2::from_shape_fn((rows.len(), dense), |(r, i)| f64::from(rows[r].dense[i]));
        let mut logits = Array2::<f64>::zeros((rows.len(), classes));
        let found = minimize(vec![0.0; (inputs + 1) * classes], options.lbfgs, |w, g| {
            g.fill(0.0);
            let (weights, bias) = w.split_at(inputs * classes);
            logits.assign(&ArrayView1::from(bias));
            if let Ok(weights) = ArrayView2::from_shape((dense, classes), &weights[..split]) {
                general_mat_mul(1.0, &x, &weights, 1.0, &mut logits);
            }
            let (gradient, bias_gradient) = g.split_at_mut(inputs * classes);
            let mut loss = 0.0;
            for ((row, labels), mut logits) in rows.iter().zip(labels).zip(logits.rows_mut()) {
                for &(i, value) in &row.sparse {
                    let weights = &weights[split + i as usize * classes..][..classes];
                    logits.iter_mut().zip(weights).for_each(|(l, w)| *l += f64::from(value) * w);
                }
                for (l, &label) in logits.iter_mut().zip(labels) {
                    let Some(label) = label else {
                        *l = 0.0;
                        continue;
                    };
                    let truth = f64::from(u8::from(label));
                    // ln(1 + exp(l)) - truth * l, without overflow.
                    loss += l.max(0.0) + (-l.abs()).exp().ln_1p() - truth * *l;
                    *l = 1.0 / (1.0 + (-*l).exp()) - truth;
                }
                for &(i, value) in &row.sparse {
                    let gradient = &mut gradient[split + i as usize * classes..][..classes];
                    gradient.iter_mut().zip(&logits).for_each(|(g, l)| *g += f64::from(value) * l);
                }
                bias_gradient.iter_mut().zip(&logits).for_each(|(g, l)| *g += l);
            }
            if let Ok(mut gradient) = ArrayViewMut2::from_shape((dense, classes), &mut gradient[..split]) {
                general_mat_mul(1.0, &x.t(), &logits, 1.0, &mut gradient);
            }
            loss + options.penalty(split, weights, gradient)
        });
        let (weights, bias) = found.split_at(inputs * classes);
        Self {
            classes,
            dense,
            sparse,
            weights: weights.iter().map(|&w| w as f32).collect(),
            bias: bias.iter().map(|&b| b as f32).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_what_a_line_can_separate() {
        let rows: Vec<Row> = (0..40)
            .map(|i| Row {
                dense: vec![if i % 2 == 0 { 1.0 } else { -1.0 }],
                sparse: vec![((i % 3) as u32, 1.0)],
            })
            .collect();
        let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
        let options = LogisticOptions {
            l2_dense: 0.1,
            l2_sparse: 0.1,
            class_weights: class_weights(&labels, 2, 1.0),
            lbfgs: LbfgsOptions::default(),
        };
        let refs: Vec<&Row> = rows.iter().collect();
        let model = Logistic::fit(&refs, &labels, 2, 3, &options);
        for (row, &label) in rows.iter().zip(&labels) {
            let logits = model.logits(row);
            assert_eq!(usize::from(logits[1] > logits[0]), label);
        }
    }

    #[test]
    fn labels_that_go_together_are_each_learned() {
        let rows: Vec<Row> = (0..40)
            .map(|i| Row { dense: vec![(i % 2) as f32, (i % 4 / 2) as f32], sparse: vec![] })
            .collect();
        let labels: Vec<Vec<bool>> = (0..40).map(|i| vec![i % 2 == 1, i % 4 / 2 == 1]).collect();
        // Of every fifth row the second label is not known.
        let known = |i: usize, l: &[bool]| vec![Some(l[0]), (!i.is_multiple_of(5)).then_some(l[1])];
        let given: Vec<Vec<Option<bool>>> = labels.iter().enumerate().map(|(i, l)| known(i, l)).collect();
        let options = LogisticOptions {
            l2_dense: 0.1,
            l2_sparse: 0.1,
            class_weights: vec![],
            lbfgs: LbfgsOptions::default(),
        };
        let model = Logistic::fit_labels(&rows.iter().collect::<Vec<_>>(), &given, 2, 0, &options);
        for (row, labels) in rows.iter().zip(&labels) {
            let found: Vec<bool> = model.logits(row).iter().map(|l| *l > 0.0).collect();
            assert_eq!(&found, labels);
        }
    }

    #[test]
    fn balanced_weights_make_classes_count_the_same() {
        let labels = [0, 0, 0, 1];
        let w = class_weights(&labels, 2, 1.0);
        assert!((3.0 * w[0] - w[1]).abs() < 1e-9);
        assert_eq!(class_weights(&labels, 2, 0.0), vec![1.0, 1.0]);
    }
}
