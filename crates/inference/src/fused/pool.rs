//! The mean over the tokens that count, at length 1.

use rapport_kernels::{Mask, mean_pool, normalize};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{bail, ensure};

use super::graph::{Graph, Place};
use super::operator::{Compute, floats, zeros};
use super::{Operator, Rewrite};

/// States `[batch, tokens, width]` and a mask `[batch, tokens]` to vectors `[batch, width]`.
#[derive(Debug)]
pub(super) struct Pool;

impl Compute for Pool {
    fn name(&self) -> &'static str {
        "FusedMeanPool"
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![f32::datum_type(); 2]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        match inputs.first().map(|i| &**i) {
            Some([batch, _, width]) => Ok(tvec![batch.clone(), width.clone()]),
            _ => bail!("states are not [batch, tokens, width]"),
        }
    }

    fn compute(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let &[batch, tokens, width] = inputs[0].shape() else { bail!("states of {:?}", inputs[0].shape()) };
        ensure!(inputs[1].shape() == [batch, tokens], "a mask of {:?}", inputs[1].shape());
        let mut out = zeros(&[batch, width])?;
        if batch * tokens * width == 0 {
            return Ok(out);
        }
        let (states, mask) = (floats(&inputs[0])?, floats(&inputs[1])?);
        let mut plain = out.try_as_plain_ram_mut()?;
        let vectors = plain.as_slice_mut::<f32>()?.chunks_exact_mut(width);
        let sequences = states.chunks_exact(tokens * width).zip(mask.chunks_exact(tokens));
        for (vector, (states, mask)) in vectors.zip(sequences) {
            let flags: Vec<bool> = mask.iter().map(|m| *m > 0.5).collect();
            mean_pool(states, Mask::Tokens(&flags), vector);
            normalize(vector);
        }
        Ok(out)
    }
}

/// Replaces what it finds.
pub(super) fn fuse(rewrite: &mut Rewrite) {
    for place in rewrite.graph.places("Div") {
        if let Some(inputs) = find(&rewrite.graph, place)
            && rewrite.fused(&inputs[0]).is_some()
        {
            rewrite.put(place, Operator::Pool(Pool), inputs);
        }
    }
}

/// `mean / max(sqrt(sum(mean²)), tiny)` with `mean = sum(states * mask) / max(sum(mask), tiny)`.
fn find(graph: &Graph, last: Place) -> Option<Vec<String>> {
    let mean = graph.input(last, 0)?;
    let root = graph.maker(at_least(graph, graph.input(last, 1)?)?, "Sqrt")?;
    let total = sum_over(graph, graph.input(root, 0)?, 1)?;
    let square = graph.maker(total, "Mul")?;
    if graph.input(square, 0) != Some(mean) || graph.input(square, 1) != Some(mean) {
        return None;
    }
    let mean = graph.maker(mean, "Div")?;
    let counted = graph.maker(sum_over(graph, graph.input(mean, 0)?, 0)?, "Mul")?;
    let column = sum_over(graph, at_least(graph, graph.input(mean, 1)?)?, 0)?;
    let (states, _) = graph.pair(counted, |v| v == column)?;
    let unsqueeze = graph.maker(column, "Unsqueeze")?;
    let axes = graph.integers(graph.input(unsqueeze, 1)?)?;
    let mask = graph.input(unsqueeze, 0)?;
    let of_input =
        graph.maker(mask, "Cast").is_some_and(|c| graph.input(c, 0).is_some_and(|m| graph.is_input(m)));
    (matches!(*axes, [2 | -1]) && of_input).then(|| vec![states.to_owned(), mask.to_owned()])
}

/// What a value is where it is not tiny.
fn at_least<'a>(graph: &'a Graph, value: &str) -> Option<&'a str> {
    let tiny = |v: &str| graph.scalar(v).is_some_and(|s| (0.0..1e-6).contains(&s));
    graph.pair(graph.maker(value, "Max")?, tiny).map(|(value, _)| value)
}

/// What a value is the sum of over axis 1.
fn sum_over<'a>(graph: &'a Graph, value: &str, keep: i64) -> Option<&'a str> {
    let sum = graph.maker(value, "ReduceSum")?;
    let axes = graph.integers(graph.input(sum, 1)?)?;
    (*axes == [1] && graph.attribute(sum, "keepdims").unwrap_or(1) == keep)
        .then(|| graph.input(sum, 0))
        .flatten()
}
