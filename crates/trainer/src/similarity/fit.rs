//! Prototypes, reference sets and the weights of the hybrid score.

use anyhow::{Context, Result};
use linfa::traits::Predict;
use ndarray_linfa::{Array1, Array2};
use rapport_engine::similarity::{HybridWeights, PROTOTYPES_FORMAT, Prototypes, ReferenceSet, Space};

use super::rows::Row;
use crate::train::direction::kmeans;
use crate::train::lbfgs::LbfgsOptions;
use crate::train::logistic::{Logistic, LogisticOptions, Row as Input};
use crate::train::scaling::moments;

/// Seed of the first centres of k-means.
const SEED: u64 = 1;
/// Strength of the quadratic penalty on the weights of standardised scores: the three say nearly the same.
const L2: f64 = 1.0;

/// Cosine, Euclidean and neighbours' score of one conversation.
pub(super) type Scores = [f32; 3];

/// K centres of each outcome; the hybrid's weights are left at zero.
pub(super) fn prototypes(rows: &[&Row], k: usize, space: Space) -> Result<Prototypes> {
    let won = rows.iter().filter(|r| r.won).count();
    Ok(Prototypes {
        format: PROTOTYPES_FORMAT,
        space,
        won: centres(rows, true, k)?,
        lost: centres(rows, false, k)?,
        won_share: won as f32 / rows.len().max(1) as f32,
        hybrid: HybridWeights { cosine: 0.0, euclidean: 0.0, neighbours: 0.0, bias: 0.0 },
    })
}

fn centres(rows: &[&Row], won: bool, k: usize) -> Result<Vec<Vec<f32>>> {
    let vectors: Vec<&[f32]> = rows.iter().filter(|r| r.won == won).map(|r| &r.whole[..]).collect();
    let width = vectors.first().map_or(0, |v| v.len());
    let flat: Vec<f64> = vectors.iter().flat_map(|v| v.iter().map(|&x| f64::from(x))).collect();
    let points = Array2::from_shape_vec((vectors.len(), width), flat)?;
    let model = kmeans(&points, k, SEED).with_context(|| {
        format!("{} vectors of {} conversations", vectors.len(), if won { "won" } else { "lost" })
    })?;
    // linfa moves a centre towards the mean of its points, until it hardly moves; this takes the mean itself.
    let mut centres: Vec<Vec<f64>> = model.centroids().rows().into_iter().map(|r| r.to_vec()).collect();
    let assigned: Array1<usize> = model.predict(&points);
    for (c, centre) in centres.iter_mut().enumerate() {
        let own = || assigned.iter().zip(points.rows()).filter(|(a, _)| **a == c).map(|(_, point)| point);
        let count = own().count();
        if count > 0 {
            centre.fill(0.0);
            own().for_each(|point| centre.iter_mut().zip(point).for_each(|(sum, x)| *sum += x));
            centre.iter_mut().for_each(|sum| *sum /= count as f64);
        }
    }
    Ok(centres.into_iter().map(|centre| centre.into_iter().map(|x| x as f32).collect()).collect())
}

/// A reference set of whole conversations.
pub(super) fn reference(rows: &[&Row], space: Space) -> Result<ReferenceSet> {
    let mut set = ReferenceSet::new(space, rows.first().map_or(0, |r| r.whole.len()));
    for row in rows {
        set.add(row.past(), &row.whole).with_context(|| format!("conversation {}", row.id))?;
    }
    Ok(set)
}

/// The three scores of a vector.
pub(super) fn scores(prototypes: &Prototypes, reference: &ReferenceSet, pooled: &[f32]) -> Result<Scores> {
    let near = prototypes.scores(pooled);
    let vote = reference.vote(pooled)?.unwrap_or(prototypes.won_share);
    Ok([near.cosine, near.euclidean, vote])
}

/// Logistic regression of the outcome on the scores.
pub(super) fn hybrid(scores: &[Scores], won: &[bool]) -> HybridWeights {
    let (mean, deviation) = moments(&scores.iter().map(|s| &s[..]).collect::<Vec<_>>());
    let scale: Vec<f32> = deviation.iter().map(|d| 1.0 / d.max(1e-6)).collect();
    let standard = |s: &Scores| (0..3).map(|i| (s[i] - mean[i]) * scale[i]).collect();
    let inputs: Vec<Input> = scores.iter().map(|s| Input { dense: standard(s), sparse: vec![] }).collect();
    let labels: Vec<usize> = won.iter().map(|&w| usize::from(w)).collect();
    let options = LogisticOptions {
        l2_dense: L2,
        l2_sparse: L2,
        class_weights: vec![1.0; 2],
        lbfgs: LbfgsOptions::default(),
    };
    let model = Logistic::fit(&inputs.iter().collect::<Vec<_>>(), &labels, 2, 0, &options);
    // Two classes of a softmax differ by one logit; the standardisation goes into the weights.
    let weight = |i: usize| (model.weights[2 * i + 1] - model.weights[2 * i]) * scale[i];
    let bias = model.bias[1] - model.bias[0] - (0..3).map(|i| weight(i) * mean[i]).sum::<f32>();
    HybridWeights { cosine: weight(0), euclidean: weight(1), neighbours: weight(2), bias }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_prototype_is_the_mean_of_its_outcome() {
        let rows = [
            Row::made("a", true, &[1.0, 0.0]),
            Row::made("b", true, &[0.0, 1.0]),
            Row::made("c", false, &[-1.0, 0.0]),
        ];
        let fitted = prototypes(&rows.iter().collect::<Vec<_>>(), 1, Space(1)).unwrap();
        assert!((fitted.won[0][0] - 0.5).abs() < 1e-6 && (fitted.won[0][1] - 0.5).abs() < 1e-6);
        assert_eq!(fitted.lost, [[-1.0, 0.0]]);
        assert!((fitted.won_share - 2.0 / 3.0).abs() < 1e-6);
        assert_eq!(fitted, prototypes(&rows.iter().collect::<Vec<_>>(), 1, Space(1)).unwrap());
    }

    #[test]
    fn two_prototypes_are_the_two_kinds_of_won_conversations() {
        let mut rows = vec![Row::made("x", false, &[-1.0, 0.0]), Row::made("y", false, &[0.0, -1.0])];
        for i in 0..20 {
            let vector = if i % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
            rows.push(Row::made(&format!("c{i}"), true, &vector));
        }
        let mut won = prototypes(&rows.iter().collect::<Vec<_>>(), 2, Space(1)).unwrap().won;
        won.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert_eq!(won, [[0.0, 1.0], [1.0, 0.0]]);
    }

    #[test]
    fn the_weights_are_those_of_the_scores_as_they_come() {
        // The outcome follows the third score alone, at odds of 9 to 1 either side of 0.5.
        let mut scores = Vec::new();
        let mut won = Vec::new();
        for i in 0..1000 {
            let up = i % 2 == 0;
            let noise = ((i * 7) % 11) as f32 / 11.0 - 0.5;
            scores.push([0.05 * noise, 0.3, if up { 0.6 } else { 0.4 }]);
            won.push(if (i / 2) % 10 == 0 { !up } else { up });
        }
        let weights = hybrid(&scores, &won);
        for (vote, expected) in [(0.6, 0.9), (0.4, 0.1)] {
            let p = weights.probability(0.0, 0.3, vote);
            assert!((p - expected).abs() < 0.02, "{p} is not {expected}");
        }
    }
}
