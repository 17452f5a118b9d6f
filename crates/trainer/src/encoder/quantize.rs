//! Symmetric 8-bit quantization with one scale for each output channel or table row.
//!
//! `scale = max |w| / 127` and `q = round_half_to_even(w / scale)`: two IEEE operations an
//! element, so the bytes are the same on every machine.

/// An 8-bit matrix and its scales.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedMatrix {
    /// Row-major, the shape of the source.
    pub values: Vec<i8>,
    /// One for each column (weights) or row (tables).
    pub scales: Vec<f32>,
}

/// Quantizes a row-major `[rows, columns]` matrix with one scale for each column.
pub fn quantize_columns(matrix: &[f32], columns: usize) -> QuantizedMatrix {
    let mut peaks = vec![0.0f32; columns];
    for row in matrix.chunks_exact(columns) {
        for (peak, value) in peaks.iter_mut().zip(row) {
            *peak = peak.max(value.abs());
        }
    }
    let scales: Vec<f32> = peaks.into_iter().map(scale_of).collect();
    let values = matrix
        .chunks_exact(columns)
        .flat_map(|row| row.iter().zip(&scales).map(|(v, s)| round(*v, *s)))
        .collect();
    QuantizedMatrix { values, scales }
}

/// Quantizes a row-major `[rows, columns]` matrix with one scale for each row.
pub fn quantize_rows(matrix: &[f32], columns: usize) -> QuantizedMatrix {
    let mut values = Vec::with_capacity(matrix.len());
    let mut scales = Vec::with_capacity(matrix.len() / columns);
    for row in matrix.chunks_exact(columns) {
        let scale = scale_of(row.iter().fold(0.0, |peak, v| f32::max(peak, v.abs())));
        values.extend(row.iter().map(|v| round(*v, scale)));
        scales.push(scale);
    }
    QuantizedMatrix { values, scales }
}

/// A channel of zeros gets scale 1: its values are all 0 whatever the scale.
fn scale_of(peak: f32) -> f32 {
    if peak > 0.0 { peak / 127.0 } else { 1.0 }
}

fn round(value: f32, scale: f32) -> i8 {
    (value / scale).round_ties_even().clamp(-127.0, 127.0) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_own_scale() {
        let q = quantize_columns(&[1.0, -100.0, 0.5, 25.0], 2);
        assert_eq!(q.values, [127, -127, 64, 32]);
        assert_eq!(q.scales, [1.0 / 127.0, 100.0 / 127.0]);
    }

    #[test]
    fn halves_round_to_even_and_zeros_stay() {
        let q = quantize_rows(&[127.0, 2.5, 3.5, -2.5, 0.0, 0.0, 0.0, 0.0], 4);
        assert_eq!(q.values, [127, 2, 4, -2, 0, 0, 0, 0]);
        assert_eq!(q.scales, [1.0, 1.0]);
    }
}
