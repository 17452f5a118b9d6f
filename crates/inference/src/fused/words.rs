//! The lookup of words in a table of 8-bit rows.

use rapport_kernels::{Embedding, Scales};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::bail;

use super::graph::{Graph, Place};
use super::operator::{Compute, zeros};
use super::{Operator, Rewrite, tensor};

/// Rows of a table by their numbers.
#[derive(Debug)]
pub(super) struct Words(Embedding);

impl Compute for Words {
    fn name(&self) -> &'static str {
        "QuantizedWords"
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![i64::datum_type()]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        let Some(mut shape) = inputs.first().cloned() else { bail!("an input is missing") };
        shape.push(self.0.width().to_dim());
        Ok(shape)
    }

    fn compute(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let ids = inputs[0].try_as_plain_ram()?.as_slice::<i64>()?;
        let ids = ids.iter().map(|&id| u32::try_from(id)).collect::<Result<Vec<_>, _>>()?;
        let mut shape: TVec<usize> = inputs[0].shape().into();
        shape.push(self.0.width());
        let mut out = zeros(&shape)?;
        self.0.lookup(&ids, out.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?)?;
        Ok(out)
    }
}

/// Replaces lookups in 8-bit tables; names those of another form, with the reason.
pub(super) fn fuse(rewrite: &mut Rewrite) -> Vec<String> {
    let mut unfused = Vec::new();
    for place in rewrite.graph.places("Gather") {
        let graph = &rewrite.graph;
        let Some(table) = graph.input(place, 0).and_then(|t| graph.constant(t)) else { continue };
        if !tensor::is(table, DataType::Int8) && !tensor::is(table, DataType::Uint8) {
            continue;
        }
        match build(graph, place) {
            Ok((last, ids, words)) => rewrite.put(last, Operator::Words(words), vec![ids]),
            Err(reason) => unfused.push(graph.describe(place, &reason)),
        }
    }
    unfused
}

fn build(graph: &Graph, gather: Place) -> Result<(Place, String, Words), String> {
    let table = graph.input(gather, 0).and_then(|t| graph.constant(t)).ok_or("it has no table")?;
    let shape = tensor::matrix(table).ok_or("its table is no matrix")?;
    let ids = graph.input(gather, 1).ok_or("it has no numbers")?;
    if graph.attribute(gather, "axis").unwrap_or(0) != 0 {
        return Err("it does not look up rows".into());
    }
    let (last, zero_point, scales) = ours(graph, gather, ids, shape.0)
        .or_else(|| runtimes(graph, gather, shape.1))
        .ok_or("no scales of its rows follow it")?;
    let bytes = tensor::signed_bytes(table, zero_point).ok_or("the zero point of its table is not 0")?;
    let words = Embedding::from_bytes(&bytes, shape, scales).map_err(|e| e.to_string())?;
    Ok((last, ids.to_owned(), Words(words)))
}

type Scaled<'a> = (Place, Option<&'a tract_onnx::pb::TensorProto>, Scales);

/// `Cast(rows) * Gather(scales, ids)`, a scale for each row.
fn ours<'a>(graph: &'a Graph, gather: Place, ids: &str, rows: usize) -> Option<Scaled<'a>> {
    let cast = graph.only_user_of(gather, "Cast").filter(|&c| graph.casts_to_float(c))?;
    let last = graph.only_user_of(cast, "Mul")?;
    let (_, scale) = graph.pair(last, |v| graph.maker(v, "Gather").is_some())?;
    let scale = graph.maker(scale, "Gather")?;
    let scales = graph.input(scale, 0)?;
    let fits = graph.input(scale, 1) == Some(ids)
        && graph.attribute(scale, "axis").unwrap_or(0) == 0
        && tensor::matrix(graph.constant(scales)?) == Some((rows, 1));
    fits.then_some((last, None, Scales::Rows(graph.floats(scales)?)))
}

/// `DequantizeLinear(rows)` with one scale.
fn runtimes(graph: &Graph, gather: Place, width: usize) -> Option<Scaled<'_>> {
    let last = graph.only_user_of(gather, "DequantizeLinear")?;
    let scale = graph.scalar(graph.input(last, 1)?)?;
    let zero_point = match graph.input(last, 2) {
        Some(name) => Some(graph.constant(name)?),
        None => None,
    };
    Some((last, zero_point, Scales::Columns(vec![scale; width])))
}
