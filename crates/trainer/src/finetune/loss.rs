//! Contrastive losses over unit vectors, and the distillation that keeps general similarity.
//!
//! `s` is the cosine, `τ` the temperature. What may be compared with what is decided by masks of ones and zeros, so
//! that pairs that are guarded (see `mining`) take no part.

use burn::tensor::{Tensor, activation};

use crate::train::layer::matrix;

/// What takes a similarity out of a softmax.
const LEFT_OUT: f32 = 1e9;

/// Supervised contrastive loss (Khosla et al. 2020, the sum outside the logarithm):
/// `-mean_i mean_{p in P(i)} log( exp(s_ip/τ) / Σ_{a in A(i)} exp(s_ia/τ) )`.
///
/// `vectors` `[n, d]`; `positive[i * n + j]` says that j is in P(i), `compared` that it is in A(i), which holds P(i).
/// Rows without a positive take no part. Nothing when none has one.
pub(crate) fn supcon(
    vectors: Tensor<2>,
    positive: &[bool],
    compared: &[bool],
    temperature: f64,
) -> Option<Tensor<1>> {
    let n = vectors.dims()[0];
    let counts: Vec<usize> = positive.chunks_exact(n).map(|row| row.iter().filter(|p| **p).count()).collect();
    let rows = counts.iter().filter(|c| **c > 0).count();
    if rows == 0 {
        return None;
    }
    let similarity = vectors.clone().matmul(vectors.transpose()) / temperature;
    let shut: Vec<f32> = compared.iter().map(|c| if *c { 0.0 } else { -LEFT_OUT }).collect();
    let weights: Vec<f32> = positive
        .iter()
        .enumerate()
        .map(|(at, p)| if *p { 1.0 / (counts[at / n] * rows) as f32 } else { 0.0 })
        .collect();
    let device = similarity.device();
    // What is left out would make 0 * -1e9 of its weight: it is set to 0 after the softmax.
    let open: Vec<f32> = compared.iter().map(|c| f32::from(u8::from(*c))).collect();
    let log_p = activation::log_softmax(similarity + matrix(shut, [n, n], &device), 1)
        * matrix(open, [n, n], &device);
    Some(-(log_p * matrix(weights, [n, n], &device)).sum())
}

/// Triplet loss: `mean max(0, margin + s_an - s_ap)`; all `[triplets, d]`.
pub(crate) fn triplet(
    anchors: Tensor<2>,
    positives: Tensor<2>,
    negatives: Tensor<2>,
    margin: f64,
) -> Tensor<1> {
    let near = (anchors.clone() * positives).sum_dim(1);
    let far = (anchors * negatives).sum_dim(1);
    activation::relu(far - near + margin).mean()
}

/// Multiple-negatives ranking loss (Henderson et al. 2017): the cross entropy of each anchor's own positive among
/// the positives and negatives of all.
///
/// `anchors` `[b, d]`, `candidates` `[c, d]` of which the first b are the positives in order; `compared[i * c + j]`
/// says that candidate j stands against anchor i. Its own positive always does.
pub(crate) fn ranking(
    anchors: Tensor<2>,
    candidates: Tensor<2>,
    compared: &[bool],
    temperature: f64,
) -> Tensor<1> {
    let (b, c) = (anchors.dims()[0], candidates.dims()[0]);
    let device = anchors.device();
    let shut: Vec<f32> =
        (0..b * c).map(|at| if compared[at] || at % c == at / c { 0.0 } else { -LEFT_OUT }).collect();
    let own: Vec<f32> = (0..b * c).map(|at| f32::from(u8::from(at % c == at / c)) / b as f32).collect();
    let scores = anchors.matmul(candidates.transpose()) / temperature;
    let log_p = activation::log_softmax(scores + matrix(shut, [b, c], &device), 1);
    // Only the entries of the own positives count; the others, which may be huge, are taken out before the sum.
    let open = matrix(own.clone(), [b, c], &device).greater_elem(0.0);
    -(log_p.mask_fill(open.bool_not(), 0.0) * matrix(own, [b, c], &device)).sum()
}

/// How far vectors may go from the base's: `mean (1 - s(tuned, base))` over rows.
pub(crate) fn distil_cosine(tuned: Tensor<2>, base: Tensor<2>) -> Tensor<1> {
    let rows = tuned.dims()[0] as f64;
    (tuned * base).sum() * (-1.0 / rows) + 1.0
}

/// Relational distillation (Park et al. 2019): the mean squared difference of the similarities of all pairs.
pub(crate) fn distil_relational(tuned: Tensor<2>, base: Tensor<2>) -> Tensor<1> {
    let similarities = |x: Tensor<2>| x.clone().matmul(x.transpose());
    (similarities(tuned) - similarities(base)).powi_scalar(2).mean()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::train::layer::values;

    /// Unit vectors of the plane at these angles, in degrees.
    fn at(degrees: &[f64]) -> Tensor<2> {
        let numbers = degrees.iter().flat_map(|d| [d.to_radians().cos() as f32, d.to_radians().sin() as f32]);
        matrix(numbers.collect(), [degrees.len(), 2], &Device::flex())
    }

    fn near(loss: Tensor<1>, expected: f64) {
        let loss = f64::from(values(loss)[0]);
        assert!((loss - expected).abs() < 1e-5, "{loss} instead of {expected}");
    }

    #[test]
    fn supcon_is_as_computed_by_hand() {
        // Labels a, a, b: the third has no positive. s12 = cos 60 = 0.5, s13 = cos 90 = 0, s23 = cos 30.
        let positive = [false, true, false, true, false, false, false, false, false];
        let compared = [false, true, true, true, false, true, true, true, false];
        let (s12, s13, s23) = (0.5f64, 0.0f64, 30f64.to_radians().cos());
        let row = |own: f64, other: f64| ((own / 0.5).exp() + (other / 0.5).exp()).ln() - own / 0.5;
        let expected = f64::midpoint(row(s12, s13), row(s12, s23));
        near(supcon(at(&[0.0, 60.0, 90.0]), &positive, &compared, 0.5).unwrap(), expected);
        // The pair 2, 3 left out: the second has nothing to tell its positive from.
        let mut guarded = compared;
        guarded[5] = false;
        near(supcon(at(&[0.0, 60.0, 90.0]), &positive, &guarded, 0.5).unwrap(), row(s12, s13) / 2.0);
        assert!(supcon(at(&[0.0, 60.0]), &[false; 4], &[true; 4], 0.5).is_none());
    }

    #[test]
    fn triplets_inside_the_margin_cost_what_they_lack() {
        // First: 0.2 + cos 60 - cos 0 < 0; second: 0.2 + cos 0 - cos 60 = 0.7.
        let loss = triplet(at(&[0.0, 0.0]), at(&[0.0, 60.0]), at(&[60.0, 0.0]), 0.2);
        near(loss, 0.35);
    }

    #[test]
    fn ranking_is_the_cross_entropy_of_the_own_positive() {
        // One anchor, its positive at 60 degrees, a negative at 90 and one that is left out.
        let loss = ranking(at(&[0.0]), at(&[60.0, 90.0, 0.0]), &[true, true, false], 0.25);
        near(loss, (2f64.exp() + 1.0).ln() - 2.0);
        // The own positive stands against the anchor whatever the mask says.
        let loss = ranking(at(&[0.0, 90.0]), at(&[0.0, 90.0]), &[false; 4], 1.0);
        near(loss, 0.0);
    }

    #[test]
    fn distillation_is_zero_at_the_base_and_grows_with_the_distance() {
        near(distil_cosine(at(&[10.0, 70.0]), at(&[10.0, 70.0])), 0.0);
        near(distil_cosine(at(&[0.0, 60.0]), at(&[60.0, 60.0])), 0.25);
        // A turn of all vectors keeps every pair's similarity.
        near(distil_relational(at(&[0.0, 60.0]), at(&[30.0, 90.0])), 0.0);
        near(distil_relational(at(&[0.0, 60.0]), at(&[0.0, 90.0])), 0.125);
    }
}
