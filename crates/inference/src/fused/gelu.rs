//! `x / 2 * (1 + erf(x / √2))` after a linear layer, in the orders in which exporters write it.

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::graph::{Graph, Place};
use super::{Operator, Rewrite};

/// Lets linear layers compute the GELU that follows them.
pub(super) fn fuse(rewrite: &mut Rewrite) {
    for (place, index) in rewrite.plain_linears() {
        if let Some(last) = last_of(&rewrite.graph, place)
            && let Operator::Linear(linear) = &mut rewrite.operators[index]
        {
            linear.then_gelu();
            rewrite.put_again(last, index, rewrite.inputs(place));
        }
    }
}

/// The node that makes the GELU of what `place` makes.
fn last_of(graph: &Graph, place: Place) -> Option<Place> {
    let x = graph.output(place)?;
    let (&[a, b], false) = (graph.users(x), graph.is_output(x)) else { return None };
    ends(graph, x, a, b).or_else(|| ends(graph, x, b, a))
}

/// `inner` is the way through `erf`, `outer` the other use of x.
fn ends(graph: &Graph, x: &str, inner: Place, outer: Place) -> Option<Place> {
    let scalar = |place, near| graph.pair(place, |v| graph.is_scalar(v, near)).is_some();
    let scaled = graph.is(inner, "Mul") && scalar(inner, FRAC_1_SQRT_2);
    let divided = graph.is(inner, "Div")
        && graph.input(inner, 0) == Some(x)
        && graph.input(inner, 1).is_some_and(|v| graph.is_scalar(v, SQRT_2));
    if !(scaled || divided) || !graph.is(outer, "Mul") {
        return None;
    }
    let gate = graph.only_user_of(graph.only_user_of(inner, "Erf")?, "Add").filter(|&p| scalar(p, 1.0))?;
    let product = graph.only_user_of(gate, "Mul")?;
    if product == outer {
        // (x * gate) / 2
        return graph.only_user_of(product, "Mul").filter(|&p| scalar(p, 0.5));
    }
    if scalar(outer, 0.5) {
        // (x / 2) * gate
        return graph.only_user_of(outer, "Mul").filter(|&p| p == product);
    }
    // x * (gate / 2)
    (scalar(product, 0.5) && graph.only_user_of(product, "Mul") == Some(outer)).then_some(outer)
}
