//! Exact search over rounded vectors: how like a query each of many rows is.
//!
//! The rows are the weights of one linear layer, so that the kernels of the encoder search too: integer dot
//! products, the same bits on every processor.

use rapport_kernels::{Activations, Epilogue, Kernel, Order, Output, Weights};

use crate::InferenceError;

/// Largest number that a rounded row uses.
const LIMIT: i8 = 63;

/// A direction rounded to seven bits: value `i` stands for `values[i] * scale`, and the whole has length 1 (or 0).
#[derive(Debug, Clone, PartialEq)]
pub struct RoundedRow {
    /// Positive and finite; the values alone say what it is.
    pub scale: f32,
    /// Each within ±63.
    pub values: Vec<i8>,
}

impl RoundedRow {
    /// Rounds the direction of a vector: its largest part becomes ±63, the others the nearest, ties to even. A zero
    /// vector gives zeros. None when a part is not finite.
    pub fn new(vector: &[f32]) -> Option<Self> {
        if vector.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let largest = vector.iter().fold(0.0f64, |most, x| most.max(f64::from(x.abs())));
        let round = |x: &f32| (f64::from(*x) / largest * f64::from(LIMIT)).round_ties_even() as i8;
        let values: Vec<i8> =
            if largest > 0.0 { vector.iter().map(round).collect() } else { vec![0; vector.len()] };
        let scale = unit_scale(&values);
        Some(Self { scale, values })
    }
}

/// What rounded values are multiplied by to have length 1; 1 where all are 0.
pub fn unit_scale(values: &[i8]) -> f32 {
    let squares: i64 = values.iter().map(|&q| i64::from(q) * i64::from(q)).sum();
    if squares == 0 { 1.0 } else { (1.0 / (squares as f64).sqrt()) as f32 }
}

/// Inner product of two rounded rows of the same length: the sum is exact.
pub fn rounded_dot(a: (f32, &[i8]), b: (f32, &[i8])) -> f32 {
    let sum: i32 = a.1.iter().zip(b.1).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum();
    sum as f32 * (a.0 * b.0)
}

/// Rounded rows, packed for the kernels.
#[derive(Debug, Clone)]
pub struct RowSearch {
    weights: Option<Weights>,
    width: usize,
}

impl RowSearch {
    /// Packs N rows of `width` values, `[N][width]` with one scale each, as [`RoundedRow`] has them.
    ///
    /// # Errors
    /// [`InferenceError::Rows`] when lengths do not fit, a value is beyond seven bits or a scale is not a positive
    /// number.
    pub fn new(width: usize, values: &[i8], scales: &[f32]) -> Result<Self, InferenceError> {
        if scales.is_empty() && values.is_empty() {
            return Ok(Self { weights: None, width });
        }
        let shape = (width, scales.len());
        let weights = Weights::pack(values, shape, Order::OutputMajor, scales, None)
            .map_err(|e| InferenceError::Rows(e.to_string()))?;
        Ok(Self { weights: Some(weights), width })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.weights.as_ref().map_or(0, Weights::columns)
    }

    /// True when there is no row.
    pub fn is_empty(&self) -> bool {
        self.weights.is_none()
    }

    /// Inner product of the query with each row, `[N]`. The query is rounded to eight bits, then every product is an
    /// exact integer.
    ///
    /// # Errors
    /// [`InferenceError::Rows`] when the query has another width or a part that is not finite.
    pub fn scores(&self, query: &[f32]) -> Result<Vec<f32>, InferenceError> {
        self.scores_on(Kernel::best(), query)
    }

    fn scores_on(&self, kernel: Kernel, query: &[f32]) -> Result<Vec<f32>, InferenceError> {
        if query.len() != self.width {
            let reason = format!("a query of {} values for rows of {}", query.len(), self.width);
            return Err(InferenceError::Rows(reason));
        }
        if query.iter().any(|x| !x.is_finite()) {
            return Err(InferenceError::Rows("the query has a part that is not finite".into()));
        }
        let Some(weights) = &self.weights else { return Ok(Vec::new()) };
        let mut activations = Activations::new();
        kernel.quantize(query, self.width, &mut activations);
        let mut scores = vec![0.0; weights.columns()];
        let columns = scores.len();
        kernel.linear(&activations, weights, &mut Output::rows(&mut scores, columns), Epilogue::None);
        Ok(scores)
    }
}

/// The `k` highest scores as `(index, score)`, highest first, the lower index first on a tie; all when there are fewer.
/// Scores must not be NaN.
pub fn top_k(scores: impl IntoIterator<Item = (usize, f32)>, k: usize) -> Vec<(usize, f32)> {
    let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let mut all: Vec<(usize, f32)> = scores.into_iter().collect();
    if k == 0 {
        return Vec::new();
    }
    if k < all.len() {
        all.select_nth_unstable_by(k - 1, order);
        all.truncate(k);
    }
    all.sort_unstable_by(order);
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Numbers in -1..1 that depend on the seed alone.
    fn numbers(seed: u32, count: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    fn packed(width: usize, rows: usize) -> (Vec<RoundedRow>, RowSearch) {
        let rounded: Vec<RoundedRow> =
            (0..rows).map(|r| RoundedRow::new(&numbers(r as u32 + 1, width)).unwrap()).collect();
        let values: Vec<i8> = rounded.iter().flat_map(|r| r.values.clone()).collect();
        let scales: Vec<f32> = rounded.iter().map(|r| r.scale).collect();
        let search = RowSearch::new(width, &values, &scales).unwrap();
        (rounded, search)
    }

    /// The product in floats, without rounding the query.
    fn unrounded(query: &[f32], row: &RoundedRow) -> f32 {
        let sum: f64 = query.iter().zip(&row.values).map(|(x, q)| f64::from(*x) * f64::from(*q)).sum();
        (sum * f64::from(row.scale)) as f32
    }

    #[test]
    fn every_kernel_gives_the_same_bits_on_every_tail() {
        for width in [1, 2, 3, 4, 5, 7, 8, 31, 33, 384] {
            for rows in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33] {
                let (_, search) = packed(width, rows);
                let query = numbers(99, width);
                let expected = search.scores_on(Kernel::portable(), &query).unwrap();
                assert_eq!(expected.len(), rows);
                for kernel in Kernel::all() {
                    let found = search.scores_on(kernel, &query).unwrap();
                    let same = found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "{} at {rows} rows of {width}", kernel.name());
                }
            }
        }
    }

    #[test]
    fn scores_are_the_products_within_the_rounding_of_the_query() {
        for (width, rows) in [(1, 3), (5, 17), (384, 50), (1152, 9)] {
            let (rounded, search) = packed(width, rows);
            let query = numbers(7, width);
            // Half a step for each part of the query, and one for the zero point.
            let step = 2.0 / 255.0;
            for (score, row) in search.scores(&query).unwrap().iter().zip(&rounded) {
                let sum: f32 = row.values.iter().map(|&q| f32::from(q).abs() * row.scale).sum();
                let exact = unrounded(&query, row);
                assert!((score - exact).abs() <= step * sum + 1e-4, "{score} for {exact}");
            }
        }
    }

    #[test]
    fn a_rounded_vector_has_length_one_and_keeps_its_direction() {
        let mut vector = numbers(3, 384);
        crate::normalize(&mut vector);
        let row = RoundedRow::new(&vector).unwrap();
        let own = rounded_dot((row.scale, &row.values), (row.scale, &row.values));
        assert!((own - 1.0).abs() < 1e-5, "{own}");
        let back: Vec<f32> = row.values.iter().map(|&q| f32::from(q) * row.scale).collect();
        assert!(crate::dot(&vector, &back) > 0.9999);
    }

    #[test]
    fn zeros_stay_zeros_and_what_is_not_finite_is_refused() {
        let zeros = RoundedRow::new(&[0.0; 4]).unwrap();
        assert_eq!((zeros.scale, zeros.values), (1.0, vec![0; 4]));
        assert!(RoundedRow::new(&[1.0, f32::NAN]).is_none());
        assert!(RoundedRow::new(&[f32::INFINITY]).is_none());
        assert_eq!(RoundedRow::new(&[1e-45, 0.0]).unwrap().values, [63, 0]);
        let (_, search) = packed(2, 1);
        assert!(search.scores(&[1.0, f32::NAN]).is_err());
        assert!(search.scores(&[1.0]).is_err());
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        assert!(RowSearch::new(2, &[1, 2, 3], &[1.0]).is_err());
        assert!(RowSearch::new(2, &[1, 127], &[1.0]).is_err());
        assert!(RowSearch::new(2, &[1, 2], &[f32::NAN]).is_err());
        assert!(RowSearch::new(2, &[1, 2], &[-1.0]).is_err());
        let none = RowSearch::new(2, &[], &[]).unwrap();
        assert!(none.is_empty() && none.scores(&[1.0, 2.0]).unwrap().is_empty());
    }

    #[test]
    fn the_highest_come_first_and_ties_by_index() {
        let scores = [0.5, 0.9, 0.5, 0.1, 0.9];
        let top = |k| top_k(scores.into_iter().enumerate(), k).iter().map(|(i, _)| *i).collect::<Vec<_>>();
        assert_eq!(top(0), Vec::<usize>::new());
        assert_eq!(top(3), [1, 4, 0]);
        assert_eq!(top(99), [1, 4, 0, 2, 3]);
    }
}
