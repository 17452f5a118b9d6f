//! Holding an exported graph to the reference, in the runtime that ships.

use anyhow::{Context, Result, ensure};
use rapport_inference::{Input, OnnxModel};

use super::reference::embed;
use super::weights::EncoderWeights;

/// How far two sets of embeddings lie apart.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Agreement {
    /// Sequences compared.
    pub sequences: usize,
    /// Mean cosine.
    pub mean_cosine: f32,
    /// Lowest cosine.
    pub min_cosine: f32,
    /// Largest difference of any one component.
    pub max_difference: f32,
}

/// Runs `onnx` over token sequences and compares with the f32 reference.
pub fn compare(onnx: &[u8], weights: &EncoderWeights, sequences: &[Vec<u32>]) -> Result<Agreement> {
    ensure!(!sequences.is_empty(), "nothing to compare");
    let model = OnnxModel::load("encoder.onnx", onnx)?;
    ensure!(model.unfused().is_empty(), "these parts were not recognised:\n{}", model.unfused().join("\n"));
    let mut agreement =
        Agreement { sequences: sequences.len(), mean_cosine: 0.0, min_cosine: 1.0, max_difference: 0.0 };
    for ids in sequences {
        let expected = embed(weights, ids);
        let actual = run(&model, ids)?;
        let similarity = cosine(&expected, &actual);
        agreement.mean_cosine += similarity / sequences.len() as f32;
        agreement.min_cosine = agreement.min_cosine.min(similarity);
        for (e, a) in expected.iter().zip(&actual) {
            agreement.max_difference = agreement.max_difference.max((e - a).abs());
        }
    }
    Ok(agreement)
}

/// Cosine of the angle between two vectors.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    dot / (norm(a) * norm(b))
}

fn run(model: &OnnxModel, ids: &[u32]) -> Result<Vec<f32>> {
    let shape = [1, ids.len()];
    let input = |values| Input::i64(&shape, values).context("a sequence has no shape");
    let inputs = vec![
        ("input_ids", input(ids.iter().map(|&id| i64::from(id)).collect())?),
        ("attention_mask", input(vec![1; ids.len()])?),
    ];
    Ok(model.run(inputs, &["sentence_embedding"])?[0].iter().copied().collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::encoder::example::small;
    use crate::encoder::{f32_graph, int8_graph};
    use crate::sha256_hex;

    fn sequences() -> Vec<Vec<u32>> {
        vec![vec![1, 9, 2], vec![1, 2], vec![1, 30, 31, 32, 9, 9, 49, 0, 17, 2], (0..16).collect()]
    }

    #[test]
    fn the_f32_graph_gives_the_reference_in_tract() {
        let weights = small();
        let agreement = compare(&f32_graph(&weights), &weights, &sequences()).unwrap();
        assert!(agreement.max_difference < 1e-5, "{agreement:?}");
        assert!(agreement.min_cosine > 0.999_999, "{agreement:?}");
    }

    #[test]
    fn the_int8_graph_stays_close_and_keeps_its_bytes() {
        let weights = small();
        let onnx = int8_graph(&weights, &(1..=50).collect::<Vec<_>>(), &sequences());
        let agreement = compare(&onnx, &weights, &sequences()).unwrap();
        assert!(agreement.min_cosine > 0.999, "{agreement:?}");
        assert_eq!(sha256_hex(&onnx), "906fbb8a18d3186c681965ab64c1ec82724889d7594b0162e1d63756d35f4f83");
    }

    #[test]
    fn a_wrong_graph_is_seen() {
        let weights = small();
        let mut other = small();
        other.layers[1].output.weight[5] += 1.0;
        let agreement = compare(&f32_graph(&other), &weights, &sequences()).unwrap();
        assert!(agreement.max_difference > 1e-3, "{agreement:?}");
    }
}
