//! The few vector functions that every head needs.

/// Softmax of `logits / temperature`, computed from the largest logit so that it cannot overflow.
pub fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut exps: Vec<f32> = logits.iter().map(|l| ((l - top) / temperature).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter_mut().for_each(|e| *e /= sum);
    exps
}

/// Index of the largest value, the first one on a tie; 0 for an empty slice.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = i;
        }
    }
    best
}

/// Sums that [`dot`] keeps side by side, so that one need not wait for the other.
const SUMS: usize = 16;

/// Inner product of two vectors of the same length. Its order of adding is fixed: the same bits everywhere.
// Not inlined: in a crate that is compiled for size it would lose the vector instructions.
#[inline(never)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    let mut sums = [0.0f32; SUMS];
    for (a, b) in a.iter().zip(b) {
        for i in 0..SUMS {
            sums[i] += a[i] * b[i];
        }
    }
    let mut width = SUMS / 2;
    while width > 0 {
        let (low, high) = sums.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(l, h)| *l += *h);
        width /= 2;
    }
    a_rest.iter().zip(b_rest).fold(sums[0], |sum, (x, y)| sum + x * y)
}

/// Scales a vector to length 1; a zero vector stays as it is.
pub fn normalize(v: &mut [f32]) {
    let norm = dot(v, v).sqrt();
    if norm > 0.0 {
        v.iter_mut().for_each(|x| *x /= norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one_and_keeps_order() {
        let p = softmax(&[1000.0, 999.0, -1000.0], 1.0);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(p[0] > p[1] && p[1] > p[2]);
    }

    #[test]
    fn a_higher_temperature_flattens() {
        let sharp = softmax(&[2.0, 0.0], 1.0);
        let flat = softmax(&[2.0, 0.0], 4.0);
        assert!(sharp[0] > flat[0] && flat[0] > 0.5);
    }

    #[test]
    fn the_first_of_equal_values_wins() {
        assert_eq!(argmax(&[0.5, 0.5, 0.1]), 0);
    }

    #[test]
    fn an_inner_product_is_that_of_every_length() {
        for length in [0usize, 1, 15, 16, 17, 40, 384] {
            let a: Vec<f32> = (0..length).map(|i| (i % 7) as f32 - 3.0).collect();
            let b: Vec<f32> = (0..length).map(|i| (i % 5) as f32 - 2.0).collect();
            // Whole numbers: every order of adding gives the same.
            assert_eq!(dot(&a, &b), a.iter().zip(&b).map(|(x, y)| x * y).sum::<f32>(), "{length}");
        }
    }

    #[test]
    fn a_zero_vector_stays_zero() {
        let mut v = [0.0; 3];
        normalize(&mut v);
        assert_eq!(v, [0.0; 3]);
    }
}
