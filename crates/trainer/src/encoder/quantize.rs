//! Symmetric quantization with one scale for each output channel or table row.
//!
//! Tables have 8 bits: `scale = max |w| / 127` and `q = round_half_to_even(w / scale)`; see `words` for words that are
//! seldom read. Weights of products have 7 (-63 to 63), so that every processor's dot product of bytes is exact; see
//! `rounding` for how they are rounded. All of it is made of single IEEE operations in a fixed order, so the bytes are
//! the same on every machine.

/// Largest value of a table's row.
pub(super) const TABLE_LIMIT: f32 = 127.0;
/// Largest weight.
pub(super) const WEIGHT_LIMIT: f32 = 63.0;

/// An 8-bit matrix and its scales.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuantizedMatrix {
    /// Row-major, the shape of the source.
    pub(super) values: Vec<i8>,
    /// One for each column (weights) or row (tables).
    pub(super) scales: Vec<f32>,
}

/// Quantizes a row-major `[rows, columns]` matrix to 7 bits with one scale for each column, each weight for itself.
#[cfg(test)]
pub(super) fn quantize_columns(matrix: &[f32], columns: usize) -> QuantizedMatrix {
    let scales = column_scales(matrix, columns);
    let rows = matrix.chunks_exact(columns);
    let values =
        rows.flat_map(|row| row.iter().zip(&scales).map(|(v, s)| round(v / s, WEIGHT_LIMIT))).collect();
    QuantizedMatrix { values, scales }
}

/// One scale for each column, by its largest weight.
pub(super) fn column_scales(matrix: &[f32], columns: usize) -> Vec<f32> {
    let mut peaks = vec![0.0f32; columns];
    for row in matrix.chunks_exact(columns) {
        peaks.iter_mut().zip(row).for_each(|(peak, v)| *peak = peak.max(v.abs()));
    }
    peaks.into_iter().map(|peak| scale_of(peak, WEIGHT_LIMIT)).collect()
}

/// Quantizes a row-major `[rows, columns]` matrix with one scale for each row.
pub(super) fn quantize_rows(matrix: &[f32], columns: usize) -> QuantizedMatrix {
    let mut values = Vec::with_capacity(matrix.len());
    let mut scales = Vec::with_capacity(matrix.len() / columns);
    for row in matrix.chunks_exact(columns) {
        let scale = scale_of(row.iter().fold(0.0, |peak, v| f32::max(peak, v.abs())), TABLE_LIMIT);
        values.extend(row.iter().map(|v| round(v / scale, TABLE_LIMIT)));
        scales.push(scale);
    }
    QuantizedMatrix { values, scales }
}

/// A channel of zeros gets scale 1: its values are all 0 whatever the scale.
fn scale_of(peak: f32, limit: f32) -> f32 {
    if peak > 0.0 { peak / limit } else { 1.0 }
}

/// The nearest whole number, halves to even, within the limit.
pub(super) fn round(value: f32, limit: f32) -> i8 {
    value.round_ties_even().clamp(-limit, limit) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_own_scale() {
        let q = quantize_columns(&[63.0, -100.0, 1.0, 25.0, 31.0, 50.0], 2);
        assert_eq!(q.values, [63, -63, 1, 16, 31, 32]);
        assert_eq!(q.scales, [1.0, 100.0 / 63.0]);
    }

    #[test]
    fn halves_round_to_even_and_zeros_stay() {
        let q = quantize_rows(&[127.0, 2.5, 3.5, -2.5, 0.0, 0.0, 0.0, 0.0], 4);
        assert_eq!(q.values, [127, 2, 4, -2, 0, 0, 0, 0]);
        assert_eq!(q.scales, [1.0, 1.0]);
    }
}
