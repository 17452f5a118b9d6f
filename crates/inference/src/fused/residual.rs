//! The sum of a linear layer and the rows that went around it.

use super::{Operator, Rewrite};

/// Lets linear layers add the residual that follows them. Only what another fused operator made is known to have
/// the layer's shape.
pub(super) fn fuse(rewrite: &mut Rewrite) {
    for (place, index) in rewrite.plain_linears() {
        let graph = &rewrite.graph;
        let Some(sum) = graph.only_user_of(place, "Add") else { continue };
        let of_layer = |v: &str| graph.output(place) == Some(v);
        let Some((residual, _)) = graph.pair(sum, of_layer) else { continue };
        if rewrite.fused(residual).is_none() {
            continue;
        }
        let mut inputs = rewrite.inputs(place);
        inputs.push(residual.to_owned());
        if let Operator::Linear(linear) = &mut rewrite.operators[index] {
            linear.then_add();
            rewrite.put_again(sum, index, inputs);
        }
    }
}
