//! Finding attention by its softmax.

use super::attention::Attention;
use super::graph::{Graph, Place};
use super::{Operator, Rewrite};

/// A padded key's score gets at least so much taken off.
const LEAST: f32 = 1e4;
/// Longest way from the mask to the scores.
const STEPS: usize = 8;

/// Replaces what it finds.
pub(super) fn fuse(rewrite: &mut Rewrite) {
    for place in rewrite.graph.places("Softmax") {
        if let Some((last, attention, inputs)) = find(&rewrite.graph, place) {
            rewrite.put(last, Operator::Attention(attention), inputs);
        }
    }
}

fn find(graph: &Graph, softmax: Place) -> Option<(Place, Attention, Vec<String>)> {
    if !matches!(graph.attribute(softmax, "axis"), None | Some(-1 | 3)) {
        return None;
    }
    let sum = graph.maker(graph.input(softmax, 0)?, "Add")?;
    let (scores, bias) = graph.pair(sum, |v| is_padding(graph, v))?;
    let (products, scale) = scaled(graph, scores)?;
    let query = heads(graph, graph.input(products, 0)?, &[0, 2, 1, 3])?;
    let keys = graph.input(products, 1)?;
    let key = heads(graph, keys, &[0, 2, 3, 1]).or_else(|| {
        let turned = transposed(graph, keys, &[0, 1, 3, 2])?;
        heads(graph, turned, &[0, 2, 1, 3])
    })?;
    let context = graph.only_user_of(softmax, "MatMul")?;
    if graph.input(context, 0) != graph.output(softmax) {
        return None;
    }
    let value = heads(graph, graph.input(context, 1)?, &[0, 2, 1, 3])?;
    let turned = graph.only_user_of(context, "Transpose").filter(|&p| turns(graph, p, &[0, 2, 1, 3]))?;
    let last = graph.only_user_of(turned, "Reshape")?;
    let (count, width) = (query.1, query.2);
    let hidden = count.checked_mul(width)?;
    let joined = graph.integers(graph.input(last, 1)?)?;
    let joins = matches!(*joined, [0, 0, w] if w == -1 || usize::try_from(w) == Ok(hidden));
    let same = [key, value].iter().all(|h| (h.1, h.2) == (count, width));
    if !joins || !same || width == 0 || !width.is_multiple_of(8) {
        return None;
    }
    let parts = [query.0, key.0, value.0];
    let merged = merged(graph, parts, hidden);
    let mut inputs = merged.map_or_else(|| parts.map(str::to_owned).to_vec(), |qkv| vec![qkv.to_owned()]);
    inputs.push(bias.to_owned());
    Some((last, Attention { heads: count, width, scale, merged: merged.is_some() }, inputs))
}

/// The product of queries and keys, and what it is multiplied by.
fn scaled(graph: &Graph, scores: &str) -> Option<(Place, f32)> {
    if let Some(products) = graph.maker(scores, "MatMul") {
        return Some((products, 1.0));
    }
    let (products, scale) = if let Some(product) = graph.maker(scores, "Mul") {
        let (products, scale) = graph.pair(product, |v| graph.scalar(v).is_some())?;
        (products, graph.scalar(scale)?)
    } else {
        let quotient = graph.maker(scores, "Div")?;
        (graph.input(quotient, 0)?, 1.0 / graph.scalar(graph.input(quotient, 1)?)?)
    };
    Some((graph.maker(products, "MatMul")?, scale)).filter(|_| scale.is_finite())
}

/// What was split into heads and turned: its name, the number of heads and the width of one.
fn heads<'a>(graph: &'a Graph, value: &str, order: &[i64]) -> Option<(&'a str, usize, usize)> {
    let split = graph.maker(transposed(graph, value, order)?, "Reshape")?;
    match *graph.integers(graph.input(split, 1)?)? {
        [0, 0 | -1, heads, width] => {
            Some((graph.input(split, 0)?, usize::try_from(heads).ok()?, usize::try_from(width).ok()?))
        }
        _ => None,
    }
}

fn transposed<'a>(graph: &'a Graph, value: &str, order: &[i64]) -> Option<&'a str> {
    let place = graph.maker(value, "Transpose").filter(|&p| turns(graph, p, order))?;
    graph.input(place, 0)
}

fn turns(graph: &Graph, place: Place, order: &[i64]) -> bool {
    let order_of =
        |node: &tract_onnx::pb::NodeProto| node.attribute.iter().any(|a| a.name == "perm" && a.ints == order);
    graph.node(place).is_some_and(order_of)
}

/// The value of which queries, keys and values are the thirds, in this order.
fn merged<'a>(graph: &'a Graph, parts: [&str; 3], hidden: usize) -> Option<&'a str> {
    let split = graph.maker(parts[0], "Split")?;
    let node = graph.node(split)?;
    let even = match graph.input(split, 1) {
        Some(widths) => graph.integers(widths)?.iter().all(|&w| usize::try_from(w) == Ok(hidden)),
        None => true,
    };
    let fits = even && node.output == parts && matches!(graph.attribute(split, "axis"), Some(2 | -1));
    fits.then(|| graph.input(split, 0)).flatten()
}

/// Whether a value is 0 where a token counts and far below 0 where it is padding: `(1 - mask) * -large` or
/// `(mask - 1) * large`, made of an input of the graph.
fn is_padding(graph: &Graph, value: &str) -> bool {
    let mut value = value;
    let (mut factor, mut sign) = (None, None);
    for _ in 0..STEPS {
        if graph.is_input(value) {
            return matches!((factor, sign), (Some(f), Some(s)) if f * s <= -LEAST);
        }
        let step = |operator| graph.maker(value, operator);
        let next = if let Some(p) = step("Cast").or_else(|| step("Unsqueeze")).or_else(|| step("Identity")) {
            graph.input(p, 0)
        } else if let Some((rest, by)) =
            step("Mul").and_then(|p| graph.pair(p, |v| graph.scalar(v).is_some()))
        {
            // A second factor would have to be one behind the difference as well.
            if sign.is_some() || factor.is_some() {
                return false;
            }
            factor = graph.scalar(by);
            Some(rest)
        } else if let Some(p) = step("Sub").filter(|_| sign.is_none()) {
            let one = |index| graph.input(p, index).is_some_and(|v| graph.is_scalar(v, 1.0));
            if one(0) {
                sign = Some(1.0);
                graph.input(p, 1)
            } else if one(1) {
                sign = Some(-1.0);
                graph.input(p, 0)
            } else {
                None
            }
        } else {
            None
        };
        let Some(next) = next else { return false };
        value = next;
    }
    false
}
