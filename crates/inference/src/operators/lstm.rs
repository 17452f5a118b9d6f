//! A long short-term memory over a sequence.

use rapport_kernels::Kernel;
use tract_onnx::model::{ParsingContext, optional_inputs, optional_outputs};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
// The macros that define an operator expect all of it.
#[allow(clippy::wildcard_imports)]
use tract_onnx::tract_hir::internal::*;

use super::{Built, done, floats};

/// `LSTM` of the standard, as sequence models have it: forward over `[steps, batch, width]`, with constant weights.
///
/// tract runs a loop over a graph of its own for each step, which is planned anew at every load.
pub(super) fn lstm(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    let attribute = |name: &str| node.attribute.iter().find(|a| a.name == name);
    // What starts the sequence: bias, lengths, h, c, peepholes.
    let mut inputs = optional_inputs(node).skip(3);
    let [bias, lengths, h, c, peepholes] = std::array::from_fn(|_| inputs.next().flatten());
    let plain = attribute("direction").is_none_or(|a| a.s == b"forward")
        && attribute("layout").is_none_or(|a| a.i == 0)
        && attribute("input_forget").is_none_or(|a| a.i == 0)
        && attribute("activations").is_none()
        && attribute("clip").is_none()
        && lengths.is_none()
        && peepholes.is_none();
    if !plain {
        return other(context, node);
    }
    let mut outputs = optional_outputs(node);
    let outputs = std::array::from_fn(|_| outputs.next().flatten());
    done(expand(Unread { bias, start: [h, c], outputs }))
}

#[cfg(feature = "all-operators")]
fn other(context: &ParsingContext<'_>, node: &NodeProto) -> Built {
    tract_onnx::ops::rec::lstm::lstm(context, node)
}

#[cfg(not(feature = "all-operators"))]
fn other(_: &ParsingContext<'_>, _: &NodeProto) -> Built {
    bail!(
        "LSTM is known forward over steps, batch, width, without lengths, peepholes or functions of its own"
    )
}

/// Which of the inputs and outputs of the standard a node has, by their places among those that are there.
#[derive(Clone, Debug)]
struct Unread {
    bias: Option<usize>,
    /// Initial h and c.
    start: [Option<usize>; 2],
    /// Every h, the last h, the last c.
    outputs: [Option<usize>; 3],
}

impl Expansion for Unread {
    fn name(&self) -> StaticName {
        "LSTM".into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.outputs.iter().flatten().count())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 3 + self.bias.into_iter().chain(self.start.into_iter().flatten()).count())?;
        check_output_arity(outputs, self.nboutputs()?)?;
        for input in inputs {
            s.equals(&input.datum_type, f32::datum_type())?;
        }
        for input in &inputs[..3] {
            s.equals(&input.rank, 3)?;
        }
        for (port, &slot) in self.outputs.iter().enumerate() {
            let Some(output) = slot.map(|slot| &outputs[slot]) else { continue };
            s.equals(&output.datum_type, f32::datum_type())?;
            s.given_2(&inputs[0].shape, &inputs[2].shape, move |s, x, r| {
                s.equals(&output.shape, shapes(&x[0], &x[1], &r[2])[port].clone())
            })?;
        }
        Ok(())
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let constant = |slot: usize| -> TractResult<&Arc<Tensor>> {
            let fact = model.outlet_fact(inputs[slot])?;
            fact.konst.as_ref().with_context(|| format!("the weights of {prefix} are no constants"))
        };
        let (w, r) = (constant(1)?, constant(2)?);
        let (&[1, rows, width], &[1, same, units]) = (w.shape(), r.shape()) else {
            bail!("{prefix} has weights of {:?} and {:?}", w.shape(), r.shape())
        };
        ensure!(rows == 4 * units && same == rows, "{prefix} has {rows} and {same} gates of {units} units");
        let bias = match self.bias {
            Some(slot) => floats(constant(slot)?)?.to_vec(),
            None => vec![0.0; 8 * units],
        };
        ensure!(bias.len() == 8 * units, "{prefix} has {} biases of {units} units", bias.len());
        let (of_inputs, of_outputs) = bias.split_at(4 * units);
        let weights = Weights {
            width,
            units,
            input: transposed(floats(w)?, width),
            memory: transposed(floats(r)?, units),
            bias: of_inputs.iter().zip(of_outputs).map(|(a, b)| a + b).collect(),
        };
        let starts = self.start.map(|slot| slot.is_some());
        let inputs: TVec<OutletId> =
            [Some(0)].iter().chain(&self.start).flatten().map(|&slot| inputs[slot]).collect();
        let made = model.wire_node(prefix, Lstm { weights: Arc::new(weights), starts }, &inputs)?;
        Ok((0..3).filter(|&port| self.outputs[port].is_some()).map(|port| made[port]).collect())
    }
}

/// Rows of `width` values to columns.
fn transposed(values: &[f32], width: usize) -> Vec<f32> {
    let rows = values.len() / width.max(1);
    (0..width).flat_map(|i| (0..rows).map(move |row| values[row * width + i])).collect()
}

/// Shapes of every h, the last h and the last c.
fn shapes<D: DimLike>(steps: &D, batch: &D, units: &D) -> [TVec<D>; 3] {
    let last = tvec!(D::one(), batch.clone(), units.clone());
    [tvec!(steps.clone(), D::one(), batch.clone(), units.clone()), last.clone(), last]
}

#[derive(Debug)]
struct Weights {
    width: usize,
    units: usize,
    /// `[width, 4 units]`, the gates i, o, f, c.
    input: Vec<f32>,
    /// `[units, 4 units]`.
    memory: Vec<f32>,
    bias: Vec<f32>,
}

/// Inputs: x `[steps, batch, width]`, then h and c where they do not start at zero. Outputs: all three.
#[derive(Clone, Debug)]
struct Lstm {
    weights: Arc<Weights>,
    /// Whether h and c are inputs.
    starts: [bool; 2],
}

impl PartialEq for Lstm {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.weights, &other.weights) && self.starts == other.starts
    }
}

impl Eq for Lstm {}

impl Op for Lstm {
    fn name(&self) -> StaticName {
        "Lstm".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Lstm {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let Weights { width, units, input, memory, bias } = &*self.weights;
        let &[steps, batch, found] = inputs[0].shape() else {
            bail!("{:?} is no sequence", inputs[0].shape())
        };
        ensure!(found == *width, "steps of {found} values for {width}");
        let mut given = inputs[1..].iter();
        let [mut h, mut c] = [vec![0.0; batch * units], vec![0.0; batch * units]];
        for (values, _) in [&mut h, &mut c].into_iter().zip(self.starts).filter(|(_, given)| *given) {
            let start = floats(given.next().context("an input is missing")?)?;
            ensure!(start.len() == values.len(), "{} values start {batch} rows of {units}", start.len());
            values.copy_from_slice(start);
        }
        let kernel = Kernel::best();
        // The products with the inputs of all steps in one go.
        let mut gates = bias.repeat(steps * batch);
        kernel.product(floats(&inputs[0])?, input, (steps * batch, *width, 4 * units), &mut gates);
        let [every, last, _] = shapes(&steps, &batch, units);
        let mut all = Tensor::zero::<f32>(&every)?;
        let mut plain = all.try_as_plain_ram_mut()?;
        let outs = plain.as_slice_mut::<f32>()?.chunks_exact_mut((batch * units).max(1));
        for (gates, out) in gates.chunks_exact_mut((batch * 4 * units).max(1)).zip(outs) {
            kernel.product(&h, memory, (batch, *units, 4 * units), gates);
            for row in 0..batch {
                let of = row * units..(row + 1) * units;
                let gates = &gates[4 * of.start..4 * of.end];
                kernel.lstm_step(gates, &mut c[of.clone()], &mut h[of]);
            }
            out.copy_from_slice(&h);
        }
        let tensor = |values: &[f32]| Tensor::from_shape(&last, values);
        Ok(tvec!(all.into_tvalue(), tensor(&h)?.into_tvalue(), tensor(&c)?.into_tvalue()))
    }
}

impl TypedOp for Lstm {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shape = inputs.first().context("an LSTM has an input")?.shape.to_tvec();
        let [steps, batch, _] = &*shape else { bail!("{shape:?} is no sequence") };
        let units = self.weights.units.to_dim();
        Ok(shapes(steps, batch, &units).iter().map(|shape| f32::fact(&**shape)).collect())
    }

    as_op!();
}
