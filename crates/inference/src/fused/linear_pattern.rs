//! Finding linear layers with 8-bit weights.
//!
//! Two forms are known, each with a bias that may be left out:
//! - ours: `MatMul(x, Cast(weights)) * scales`. Rows are rounded while the model runs where `x` is multiplied by one
//!   number for each column, which the export measured to that end; others stay in floats, also those that were
//!   centred before, which is how features are standardised;
//! - ONNX Runtime's: `Cast(MatMulInteger(DynamicQuantizeLinear(x), weights)) * (x's scale * scales)`.

use rapport_kernels::{Order, Weights};
use tract_onnx::pb::tensor_proto::DataType;

use super::graph::{Graph, Place};
use super::linear::Linear;
use super::weighted::Weighted;
use super::{Operator, Rewrite, tensor};

/// A layer as it lies in the graph.
struct Found {
    /// The node that makes the scaled product.
    last: Place,
    input: String,
    weights: String,
    zero_point: Option<String>,
    scales: String,
    /// Whether the file itself rounds the rows.
    rounds: bool,
}

/// Replaces what it finds; names the quantized products that have another form, with the reason.
pub(super) fn fuse(rewrite: &mut Rewrite) -> Vec<String> {
    let mut unfused = Vec::new();
    let mut places = rewrite.graph.places("MatMul");
    places.extend(rewrite.graph.places("MatMulInteger"));
    for place in places {
        let graph = &rewrite.graph;
        let found = if graph.is(place, "MatMul") { ours(graph, place) } else { runtimes(graph, place) };
        let built = found.and_then(|found| found.map(|f| build(graph, &f)).transpose());
        match built {
            Ok(None) => {}
            Ok(Some((last, input, operator))) => rewrite.put(last, operator, vec![input]),
            Err(reason) => unfused.push(rewrite.graph.describe(place, &reason)),
        }
    }
    unfused
}

/// None when the product is not of 8-bit weights.
fn ours(graph: &Graph, product: Place) -> Result<Option<Found>, String> {
    let weights = || {
        let cast = graph.maker(graph.input(product, 1)?, "Cast")?;
        let weights = graph.input(cast, 0)?;
        let of_bytes = tensor::is(graph.constant(weights)?, DataType::Int8);
        (graph.casts_to_float(cast) && of_bytes).then(|| weights.to_owned())
    };
    let Some(weights) = weights() else { return Ok(None) };
    let input = graph.input(product, 0).ok_or("it has no input")?.to_owned();
    let last = graph.only_user_of(product, "Mul").ok_or("no scales follow it")?;
    let (_, scales) =
        graph.pair(last, |v| graph.constant(v).is_some()).ok_or("its scales are no constant")?;
    Ok(Some(Found { last, input, weights, zero_point: None, scales: scales.to_owned(), rounds: false }))
}

fn runtimes(graph: &Graph, product: Place) -> Result<Option<Found>, String> {
    let rows = graph.input(product, 0).and_then(|rows| graph.maker(rows, "DynamicQuantizeLinear"));
    let rows = rows.ok_or("its input is not quantized by DynamicQuantizeLinear")?;
    let made = &graph.node(rows).ok_or("its input is gone")?.output;
    let [values, scale, zero_point] = made.as_slice() else {
        return Err("DynamicQuantizeLinear has not three outputs".into());
    };
    if graph.input(product, 0) != Some(values) || graph.input(product, 2) != Some(zero_point) {
        return Err("its input and its zero point are of two quantizations".into());
    }
    let input = graph.input(rows, 0).ok_or("DynamicQuantizeLinear has no input")?.to_owned();
    let weights = graph.input(product, 1).ok_or("it has no weights")?.to_owned();
    let zero_point = graph.input(product, 3).map(str::to_owned);
    if zero_point.as_deref().is_some_and(|z| graph.constant(z).is_none()) {
        return Err("its zero point is no constant".into());
    }
    let cast = graph.only_user_of(product, "Cast").filter(|&c| graph.casts_to_float(c));
    let last = cast.and_then(|c| graph.only_user_of(c, "Mul")).ok_or("no scales follow it")?;
    let scales = graph
        .pair(last, |v| graph.maker(v, "Mul").is_some())
        .and_then(|(_, scales)| graph.maker(scales, "Mul"))
        .and_then(|both| graph.pair(both, |v| graph.constant(v).is_some()));
    match scales {
        Some((of_rows, scales)) if of_rows == scale => {
            Ok(Some(Found { last, input, weights, zero_point, scales: scales.to_owned(), rounds: true }))
        }
        _ => Err("its scales are not those of its input and of its weights".into()),
    }
}

/// Packs the weights, with the bias and the balance that stand around the layer.
fn build(graph: &Graph, found: &Found) -> Result<(Place, String, Operator), String> {
    let weights = graph.constant(&found.weights).ok_or("its weights are no constant")?;
    let (inputs, columns) = tensor::matrix(weights).ok_or("its weights are no matrix")?;
    let zero_point = found.zero_point.as_ref().and_then(|z| graph.constant(z));
    let bytes = tensor::signed_bytes(weights, zero_point).ok_or("the zero point of its weights is not 0")?;
    let is_row = |v: &str, width| graph.constant(v).is_some_and(|t| tensor::is_row(t, width));
    let scales = graph.floats(&found.scales).filter(|_| is_row(&found.scales, columns));
    let scales = scales.ok_or("its scales are not one for each column")?;

    let mut last = found.last;
    let mut bias = None;
    if let Some(sum) = graph.only_user_of(last, "Add")
        && let Some((_, values)) = graph.pair(sum, |v| is_row(v, columns))
        && let Some(values) = graph.floats(values).filter(|b| b.len() == columns)
    {
        (last, bias) = (sum, Some(values));
    }
    let mut input = found.input.clone();
    let mut balance = None;
    if let Some(product) = graph.maker(&input, "Mul")
        && let Some((x, factors)) = graph.pair(product, |v| is_row(v, inputs))
        && graph.maker(x, "Sub").is_none()
        && let Some(factors) = graph.floats(factors).filter(|f| f.len() == inputs)
    {
        (input, balance) = (x.to_owned(), Some(factors));
    }
    if balance.is_none() && !found.rounds {
        let weighted = Weighted::new(&bytes, scales, bias).ok_or("its scales or lengths cannot be used")?;
        return Ok((last, input, Operator::Weighted(weighted)));
    }
    let shape = (inputs, columns);
    let weights = Weights::requantized_from_bytes(&bytes, shape, Order::InputMajor, &scales, bias.as_deref())
        .map_err(|e| e.to_string())?;
    Ok((last, input, Operator::Linear(Linear::new(weights, balance))))
}
