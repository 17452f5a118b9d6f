//! Finding layer normalisations: the operator of the standard, and the operators that stood for it before.

use super::graph::{Graph, Place};
use super::norm::Norm;
use super::{Operator, Rewrite};

/// A normalisation as it lies in the graph.
struct Found {
    input: String,
    scale: String,
    bias: String,
    epsilon: f32,
}

/// Replaces what it finds, together with a sum that nothing else reads.
pub(super) fn fuse(rewrite: &mut Rewrite) {
    let mut places = rewrite.graph.places("LayerNormalization");
    places.extend(rewrite.graph.places("Add"));
    for place in places {
        let graph = &rewrite.graph;
        let found = if graph.is(place, "Add") { spelled_out(graph, place) } else { standard(graph, place) };
        let Some(found) = found else { continue };
        let (Some(scale), Some(bias)) = (graph.floats(&found.scale), graph.floats(&found.bias)) else {
            continue;
        };
        let row = |name: &str| graph.constant(name).is_some_and(|t| t.dims.len() == 1);
        if scale.is_empty() || scale.len() != bias.len() || !row(&found.scale) || !row(&found.bias) {
            continue;
        }
        let sum = sum_of(graph, &found.input);
        let of_sum = sum.is_some();
        let inputs = sum.unwrap_or_else(|| vec![found.input]);
        rewrite.put(place, Operator::Norm(Norm { scale, bias, epsilon: found.epsilon, of_sum }), inputs);
    }
}

/// The two parts of a sum of which only the norm reads.
fn sum_of(graph: &Graph, value: &str) -> Option<Vec<String>> {
    let sum = graph.maker(value, "Add")?;
    let node = graph.node(sum)?;
    let of_values = node.input.len() == 2 && node.input.iter().all(|i| graph.constant(i).is_none());
    // The spelled-out form reads its input more than once, but it is replaced as a whole.
    (of_values && !graph.is_output(value) && graph.users(value).len() <= 3 && reads_only_norm(graph, value))
        .then(|| node.input.clone())
}

/// Whether all users of a value belong to one normalisation.
fn reads_only_norm(graph: &Graph, value: &str) -> bool {
    graph.users(value).iter().all(|&user| {
        graph.is(user, "LayerNormalization") || graph.is(user, "ReduceMean") || graph.is(user, "Sub")
    }) && (graph.users(value).len() == 1 || graph.users(value).iter().any(|&u| graph.is(u, "ReduceMean")))
}

fn standard(graph: &Graph, place: Place) -> Option<Found> {
    let node = graph.node(place)?;
    let attribute = |name: &str| node.attribute.iter().find(|a| a.name == name);
    let one_output = node.output.iter().skip(1).all(String::is_empty);
    if !one_output || attribute("axis").is_some_and(|a| a.i != -1) {
        return None;
    }
    Some(Found {
        input: graph.input(place, 0)?.to_owned(),
        scale: graph.input(place, 1)?.to_owned(),
        bias: graph.input(place, 2)?.to_owned(),
        epsilon: attribute("epsilon").map_or(1e-5, |a| a.f),
    })
}

/// `d / sqrt(mean(d²) + epsilon) * scale + bias` with `d = x - mean(x)`; `place` is the last sum.
fn spelled_out(graph: &Graph, place: Place) -> Option<Found> {
    let constant = |v: &str| graph.constant(v).is_some();
    let (scaled, bias) = graph.pair(place, constant)?;
    let scaled = graph.maker(scaled, "Mul")?;
    let (normal, scale) = graph.pair(scaled, constant)?;
    let normal = graph.maker(normal, "Div")?;
    let centred = graph.maker(graph.input(normal, 0)?, "Sub")?;
    let root = graph.maker(graph.input(normal, 1)?, "Sqrt")?;
    let shifted = graph.maker(graph.input(root, 0)?, "Add")?;
    let (variance, epsilon) = graph.pair(shifted, |v| graph.scalar(v).is_some())?;
    let variance = graph.maker(variance, "ReduceMean").filter(|&p| is_over_rows(graph, p))?;
    let square = graph.input(variance, 0)?;
    let base = if let Some(power) = graph.maker(square, "Pow") {
        graph.input(power, 1).filter(|v| graph.is_scalar(v, 2.0))?;
        graph.input(power, 0)?
    } else {
        let product = graph.maker(square, "Mul")?;
        graph.input(product, 0).filter(|&d| graph.input(product, 1) == Some(d))?
    };
    let input = graph.input(centred, 0)?;
    let is_centred = |value: &str| {
        let centred = graph.maker(value, "Sub")?;
        let mean = graph.maker(graph.input(centred, 1)?, "ReduceMean")?;
        let same = graph.input(centred, 0)? == input && graph.input(mean, 0)? == input;
        (same && is_over_rows(graph, mean)).then_some(())
    };
    is_centred(graph.output(centred)?)?;
    is_centred(base)?;
    Some(Found {
        input: input.to_owned(),
        scale: scale.to_owned(),
        bias: bias.to_owned(),
        epsilon: graph.scalar(epsilon)?,
    })
}

/// Whether a mean is taken over the last axis and keeps it.
fn is_over_rows(graph: &Graph, mean: Place) -> bool {
    let Some(node) = graph.node(mean) else { return false };
    let attribute = |name: &str| node.attribute.iter().find(|a| a.name == name);
    let given = graph.input(mean, 1).and_then(|axes| graph.integers(axes));
    let axes = given.or_else(|| attribute("axes").map(|a| a.ints.clone()));
    axes.as_deref() == Some(&[-1]) && attribute("keepdims").is_none_or(|a| a.i == 1)
}
