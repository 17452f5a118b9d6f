//! Temperature scaling: one divisor of the logits, fitted on predictions for conversations kept back.

/// The temperature with the lowest log loss, between 0.2 and 5, by golden-section search on its logarithm.
///
/// `probabilities` are softmax outputs at temperature 1; a row's `f32` weight may be 0.
pub(crate) fn fit(probabilities: &[Vec<f32>], truth: &[usize]) -> f32 {
    if truth.is_empty() {
        return 1.0;
    }
    let logits: Vec<Vec<f64>> =
        probabilities.iter().map(|p| p.iter().map(|&p| f64::from(p.max(1e-9)).ln()).collect()).collect();
    let loss = |log_t: f64| -> f64 {
        let t = log_t.exp();
        let each = logits.iter().zip(truth).map(|(row, &truth)| {
            let sum: f64 = row.iter().map(|l| (l / t).exp()).sum();
            sum.ln() - row[truth] / t
        });
        each.sum()
    };
    let ratio = (5.0f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (0.2f64.ln(), 5.0f64.ln());
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    for _ in 0..40 {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = loss(b);
        }
    }
    f64::midpoint(low, high).exp() as f32
}

/// Probabilities at another temperature.
pub(crate) fn apply(probabilities: &[f32], temperature: f32) -> Vec<f32> {
    let logits: Vec<f32> = probabilities.iter().map(|p| p.max(1e-9).ln()).collect();
    rapport_inference::softmax(&logits, temperature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_confidence_is_cooled() {
        // 95 % sure, right 3 times of 4.
        let p = vec![vec![0.95, 0.05]; 4];
        let t = fit(&p, &[0, 0, 0, 1]);
        assert!(t > 1.5, "{t}");
        assert!((apply(&p[0], t)[0] - 0.75).abs() < 0.01);
    }

    #[test]
    fn a_fair_prediction_is_left_alone() {
        let p = vec![vec![0.75, 0.25]; 4];
        assert!((fit(&p, &[0, 0, 0, 1]) - 1.0).abs() < 0.02);
    }
}
