//! Holding an exported graph to the reference, in tract.

use anyhow::{Context, Result, ensure};
use tract_onnx::prelude::*;

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

/// Runs `onnx` in tract over token sequences and compares with the f32 reference.
pub fn compare(onnx: &[u8], weights: &EncoderWeights, sequences: &[Vec<u32>]) -> Result<Agreement> {
    ensure!(!sequences.is_empty(), "nothing to compare");
    let model = load(onnx)?;
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

fn load(onnx: &[u8]) -> Result<Arc<TypedRunnableModel>> {
    let model = tract_onnx::onnx().model_for_read(&mut &*onnx).context("tract cannot read the graph")?;
    model
        .into_optimized()
        .context("tract cannot optimise the graph")?
        .into_runnable()
        .context("tract cannot run the graph")
}

fn run(model: &Arc<TypedRunnableModel>, ids: &[u32]) -> Result<Vec<f32>> {
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let shape = [1, ids.len()];
    let mask = Tensor::from_shape(&shape, &vec![1i64; ids.len()])?;
    let ids = Tensor::from_shape(&shape, &ids)?;
    let outputs = model.run(tvec!(ids.into(), mask.into()))?;
    Ok(outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect())
}
