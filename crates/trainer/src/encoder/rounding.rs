//! Rounding weights so that what the inputs have in common makes up for the error.
//!
//! Rounding each weight to the nearest leaves the least error of the weight, not of the product. Inputs of an encoder
//! are far from independent: an error at one can be taken back at others. With the moments `H` of the inputs the error
//! of a column is `(w - q)' H (w - q)`; with `H = R' R`, R upper triangular, its terms can be made small one after the
//! other from the last input to the first. This is the nearest-plane rounding that GPTQ (Frantar et al. 2023) does.

use super::quantize::{QuantizedMatrix, WEIGHT_LIMIT, column_scales, round};

/// What is added to the diagonal of the moments, as a share of its mean: fewer texts than inputs are seen at times.
const DAMPING: f64 = 0.01;

/// Quantizes a row-major `[K, columns]` matrix to 7 bits, one scale for each column, for inputs with these moments
/// (`[K, K]`, filled as from the diagonal on).
pub(super) fn quantize_for(matrix: &[f32], columns: usize, moments: Vec<f64>) -> QuantizedMatrix {
    let inputs = matrix.len() / columns;
    let scales = column_scales(matrix, columns);
    let root = cholesky(moments, inputs);
    let mut values = vec![0i8; matrix.len()];
    // What each weight has lost, by input; filled from the last input on.
    let mut lost = vec![0.0f64; matrix.len()];
    let mut carried = vec![0.0f64; columns];
    for k in (0..inputs).rev() {
        let row = &root[k * inputs..][..inputs];
        carried.fill(0.0);
        for (r, lost) in row[k + 1..].iter().zip(lost[(k + 1) * columns..].chunks_exact(columns)) {
            carried.iter_mut().zip(lost).for_each(|(c, l)| *c += r * l);
        }
        for c in 0..columns {
            let (weight, scale) = (f64::from(matrix[k * columns + c]), f64::from(scales[c]));
            let value = round(((weight + carried[c] / row[k]) / scale) as f32, WEIGHT_LIMIT);
            values[k * columns + c] = value;
            lost[k * columns + c] = weight - f64::from(value) * scale;
        }
    }
    QuantizedMatrix { values, scales }
}

/// The upper triangular R with `R' R` = moments + damping, in place.
fn cholesky(mut m: Vec<f64>, n: usize) -> Vec<f64> {
    let mean = (0..n).map(|k| m[k * n + k]).sum::<f64>() / n as f64;
    // Where nothing was measured every input counts alike.
    let damping = if mean > 0.0 { mean * DAMPING } else { 1.0 };
    for k in 0..n {
        m[k * n + k] += damping;
    }
    for k in 0..n {
        let (done, rest) = m.split_at_mut((k + 1) * n);
        let row = &mut done[k * n..];
        let pivot = row[k].sqrt();
        row[k..].iter_mut().for_each(|v| *v /= pivot);
        for (i, target) in rest.chunks_exact_mut(n).enumerate() {
            let i = i + k + 1;
            let factor = row[i];
            target[i..].iter_mut().zip(&row[i..]).for_each(|(t, r)| *t -= factor * r);
        }
    }
    m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::quantize::quantize_columns;

    #[test]
    fn the_root_gives_the_moments_back() {
        let root = cholesky(vec![4.0, 2.0, 9.9, 5.0], 2);
        let damping = 4.5 * DAMPING;
        assert!((root[0] * root[0] - 4.0 - damping).abs() < 1e-12);
        assert!((root[0] * root[1] - 2.0).abs() < 1e-12);
        assert!((root[1] * root[1] + root[3] * root[3] - 5.0 - damping).abs() < 1e-12);
    }

    /// Weights and rows between -1 and 1; the two inputs of a pair are nearly the same.
    fn sample(inputs: usize, columns: usize) -> (Vec<f32>, Vec<f32>) {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let weights = (0..inputs * columns).map(|_| next()).collect();
        let mut rows: Vec<f32> = (0..50 * inputs).map(|_| next()).collect();
        for pair in rows.chunks_exact_mut(2) {
            pair[1] = pair[0] + 0.1 * pair[1];
        }
        (weights, rows)
    }

    #[test]
    fn products_come_nearer_than_by_rounding_each_weight() {
        let (inputs, columns) = (16, 8);
        let (weights, rows) = sample(inputs, columns);
        let mut moments = vec![0.0; inputs * inputs];
        for row in rows.chunks_exact(inputs) {
            for i in 0..inputs {
                (i..inputs).for_each(|j| moments[i * inputs + j] += f64::from(row[i] * row[j]));
            }
        }
        let error = |q: &QuantizedMatrix| -> f32 {
            let off = |row: &[f32], c: usize| -> f32 {
                let at =
                    |k: usize| weights[k * columns + c] - f32::from(q.values[k * columns + c]) * q.scales[c];
                row.iter().enumerate().map(|(k, x)| x * at(k)).sum()
            };
            let rows = rows.chunks_exact(inputs);
            rows.flat_map(|row| (0..columns).map(move |c| (row, c))).map(|(row, c)| off(row, c).powi(2)).sum()
        };
        let (nearest, together) =
            (quantize_columns(&weights, columns), quantize_for(&weights, columns, moments));
        assert!(error(&together) < 0.6 * error(&nearest), "{} {}", error(&together), error(&nearest));
    }

    #[test]
    fn without_anything_in_common_each_weight_is_rounded_to_the_nearest() {
        let (weights, _) = sample(6, 4);
        let mut moments = vec![0.0; 36];
        (0..6).for_each(|k| moments[k * 7] = 1.0);
        assert_eq!(quantize_for(&weights, 4, moments), quantize_columns(&weights, 4));
    }
}
