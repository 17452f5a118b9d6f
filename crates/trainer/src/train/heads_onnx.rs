//! The heads as standard ONNX graphs.
//!
//! Networks that differ in their seed stand side by side in one graph; their probabilities are
//! averaged and written as logarithms, so that a temperature can still be applied.

use std::ops::Range;

use rapport_engine::{LEXICAL_BUCKETS, SURFACE_FEATURES};

use super::acts_net::{ActsNet, CLASSES, CONTEXT};
use super::layer::weights;
use super::scaling::Scaling;
use super::sequence_net::SequenceNet;
use crate::onnx::{Attribute, ElementType, GraphBuilder};

/// Smallest probability whose logarithm is written.
const SMALLEST: f32 = 1e-9;

/// Weights of hashed words are rounded to multiples of this many 8-bit steps: as served, with gzip, `acts.onnx` takes 31 % less,
/// and held-out turns have the same log loss (see BENCHMARKS.md). Words are many, and each adds little.
const WORD_STEPS: f32 = 8.0;

/// How weight matrices are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// 32-bit floats.
    F32,
    /// 8-bit integers with a scale for each output: `Cast`, `MatMul`, `Mul`, as in the encoder. Runtimes
    /// that see `DequantizeLinear` before a product quantize the activations too. The rows of hashed words are rounded
    /// to [`WORD_STEPS`] steps.
    Int8,
}

/// `Y = X W + b` with the weights stored as asked, those of the `coarse` rows more coarsely; `values` is
/// `[rows * columns]` row-major.
fn affine(
    g: &mut GraphBuilder,
    name: &str,
    x: &str,
    (values, bias): &(Vec<f32>, Vec<f32>),
    storage: Storage,
    coarse: &Range<usize>,
) -> String {
    let columns = bias.len();
    let rows = values.len() / columns;
    let b = g.f32(&format!("{name}_bias"), &[columns], bias);
    let product = match storage {
        Storage::F32 => {
            let weight = g.f32(&format!("{name}_weight"), &[rows, columns], values);
            g.node("MatMul", &format!("{name}_product"), &[x, &weight], &[])
        }
        Storage::Int8 => {
            let scales: Vec<f32> = (0..columns)
                .map(|c| {
                    let peak = (0..rows).fold(0.0f32, |m, r| m.max(values[r * columns + c].abs()));
                    if peak > 0.0 { peak / 127.0 } else { 1.0 }
                })
                .collect();
            let quantized: Vec<i8> = values
                .iter()
                .enumerate()
                .map(|(i, v)| {
                    let step = if coarse.contains(&(i / columns)) { WORD_STEPS } else { 1.0 };
                    let most = (127.0 / step).floor();
                    ((v / scales[i % columns] / step).round_ties_even().clamp(-most, most) * step) as i8
                })
                .collect();
            let q = g.i8(&format!("{name}_quantized"), &[rows, columns], &quantized);
            let s = g.f32(&format!("{name}_scale"), &[columns], &scales);
            let weight = g.cast(&format!("{name}_weight"), &q, ElementType::F32);
            let steps = g.node("MatMul", &format!("{name}_steps"), &[x, &weight], &[]);
            g.node("Mul", &format!("{name}_product"), &[&steps, &s], &[])
        }
    };
    g.node("Add", &format!("{name}_sum"), &[&product, &b], &[])
}

/// `(x - mean) * scale`.
fn standardize(g: &mut GraphBuilder, x: &str, mean: &[f32], scale: &[f32]) -> String {
    let m = g.f32("input_mean", &[mean.len()], mean);
    let s = g.f32("input_scale", &[scale.len()], scale);
    let centred = g.node("Sub", "input_centred", &[x, &m], &[]);
    g.node("Mul", "input_standard", &[&centred, &s], &[])
}

/// The logarithm of the mean of several softmaxes, written as the output `name`.
fn log_mean(g: &mut GraphBuilder, name: &str, logits: &[String]) {
    let mut total: Option<String> = None;
    for (i, logits) in logits.iter().enumerate() {
        let p = g.node("Softmax", &format!("{name}_p{i}"), &[logits], &[("axis", Attribute::Int(-1))]);
        total = Some(match total {
            None => p,
            Some(sum) => g.node("Add", &format!("{name}_sum{i}"), &[&sum, &p], &[]),
        });
    }
    let share = g.f32(&format!("{name}_share"), &[1], &[1.0 / logits.len() as f32]);
    let smallest = g.f32(&format!("{name}_smallest"), &[1], &[SMALLEST]);
    let mean = g.node("Mul", &format!("{name}_mean"), &[&total.unwrap_or_default(), &share], &[]);
    let safe = g.node("Add", &format!("{name}_safe"), &[&mean, &smallest], &[]);
    g.node("Log", name, &[&safe], &[]);
    g.output(name, ElementType::F32, &["batch", "turns", &CLASSES.to_string()]);
}

/// `acts.onnx`.
pub(crate) fn acts(nets: &[ActsNet], scaling: &Scaling, storage: Storage) -> Vec<u8> {
    let mut g = GraphBuilder::new("acts");
    let width = scaling.mean.len();
    let words =
        width.saturating_sub(LEXICAL_BUCKETS + SURFACE_FEATURES)..width.saturating_sub(SURFACE_FEATURES);
    let width = width.to_string();
    let x = g.input("turns", ElementType::F32, &["batch", "turns", &width]);
    let x = standardize(&mut g, &x, &scaling.mean, &scaling.scale);
    let pads = g.i64("pads", &[6], &[0, CONTEXT as i64 - 1, 0, 0, 0, 0]);
    let axis = g.i64("turn_axis", &[1], &[1]);
    let (mut response_type, mut seller_act) = (Vec::new(), Vec::new());
    for (i, net) in nets.iter().enumerate() {
        let shared = affine(&mut g, &format!("shared{i}"), &x, &weights(&net.shared), storage, &words);
        let z = g.node("Relu", &format!("z{i}"), &[&shared], &[]);
        let padded = g.node("Pad", &format!("padded{i}"), &[&z, &pads], &[]);
        let mut windows = vec![z];
        for back in 1..CONTEXT {
            let first = CONTEXT - 1 - back;
            let start = g.i64(&format!("start{i}_{back}"), &[1], &[first as i64]);
            let end = g.i64(&format!("end{i}_{back}"), &[1], &[-(back as i64)]);
            let name = format!("back{i}_{back}");
            windows.push(g.node("Slice", &name, &[&padded, &start, &end, &axis], &[]));
        }
        let parts: Vec<&str> = windows.iter().map(String::as_str).collect();
        let context = g.node("Concat", &format!("context{i}"), &parts, &[("axis", Attribute::Int(2))]);
        let mut head = |name: &str, layer| {
            affine(&mut g, &format!("{name}{i}"), &context, &weights(layer), Storage::F32, &(0..0))
        };
        response_type.push(head("response_type", &net.response_type));
        seller_act.push(head("seller_act", &net.seller_act));
    }
    log_mean(&mut g, "response_type", &response_type);
    log_mean(&mut g, "seller_act", &seller_act);
    g.encode()
}

/// `response_type.onnx` and `stage.onnx`: one ONNX `LSTM` for each network.
pub(crate) fn sequence(name: &str, nets: &[SequenceNet], standard: &Scaling, heads: &[&str]) -> Vec<u8> {
    let mut g = GraphBuilder::new(name);
    let width = standard.mean.len();
    let x = g.input("sequence", ElementType::F32, &["batch", "turns", &width.to_string()]);
    let x = standardize(&mut g, &x, &standard.mean, &standard.scale);
    let along = [("perm", Attribute::Ints(vec![1, 0, 2]))];
    let time_first = g.node("Transpose", "time_first", &[&x], &along);
    let direction_axis = g.i64("direction_axis", &[1], &[1]);
    let mut logits: Vec<Vec<String>> = vec![Vec::new(); heads.len()];
    for (i, net) in nets.iter().enumerate() {
        let (input, input_bias) = weights(&net.input);
        let (hidden, hidden_bias) = weights(&net.hidden);
        let h = hidden_bias.len() / 4;
        // ONNX wants [directions, 4 * hidden, inputs]; a layer here is [inputs, 4 * hidden].
        let turned = |w: &[f32], rows: usize| -> Vec<f32> {
            (0..4 * h).flat_map(|c| (0..rows).map(move |r| w[r * 4 * h + c])).collect()
        };
        let w = g.f32(&format!("lstm{i}_w"), &[1, 4 * h, width], &turned(&input, width));
        let r = g.f32(&format!("lstm{i}_r"), &[1, 4 * h, h], &turned(&hidden, h));
        let b = g.f32(&format!("lstm{i}_b"), &[1, 8 * h], &[input_bias, hidden_bias].concat());
        let y = format!("lstm{i}_y");
        g.node_with_outputs(
            "LSTM",
            &format!("lstm{i}"),
            &[&time_first, &w, &r, &b],
            &[&y],
            &[("hidden_size", Attribute::Int(h as i64))],
        );
        // [turns, directions, batch, hidden] to [batch, turns, hidden].
        let squeezed = g.node("Squeeze", &format!("lstm{i}_squeezed"), &[&y, &direction_axis], &[]);
        let states = g.node("Transpose", &format!("lstm{i}_states"), &[&squeezed], &along);
        for (k, head) in heads.iter().enumerate() {
            let own = affine(
                &mut g,
                &format!("{head}{i}_state"),
                &states,
                &weights(&net.heads[k]),
                Storage::F32,
                &(0..0),
            );
            let skip = affine(
                &mut g,
                &format!("{head}{i}_skip"),
                &x,
                &weights(&net.skips[k]),
                Storage::F32,
                &(0..0),
            );
            logits[k].push(g.node("Add", &format!("{head}{i}_logits"), &[&own, &skip], &[]));
        }
    }
    for (head, logits) in heads.iter().zip(&logits) {
        log_mean(&mut g, head, logits);
    }
    g.encode()
}

/// Linear heads that read a row from `first` on.
#[derive(Debug)]
pub(crate) struct SignalPart {
    /// Where in the row they begin to read.
    pub first: usize,
    /// Weights `[inputs][outputs]` and bias.
    pub weights: (Vec<f32>, Vec<f32>),
}

/// `signals.onnx`: the logits of every part, one after the other; 8-bit weights.
pub(crate) fn signals(parts: &[SignalPart], row: usize) -> Vec<u8> {
    let mut g = GraphBuilder::new("signals");
    let x = g.input("turns", ElementType::F32, &["batch", "turns", &row.to_string()]);
    let axis = g.i64("row_axis", &[1], &[2]);
    let end = g.i64("row_end", &[1], &[row as i64]);
    let outputs: usize = parts.iter().map(|p| p.weights.1.len()).sum();
    let mut logits = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let own = if part.first == 0 {
            x.clone()
        } else {
            let start = g.i64(&format!("start{i}"), &[1], &[part.first as i64]);
            g.node("Slice", &format!("own{i}"), &[&x, &start, &end, &axis], &[])
        };
        logits.push(affine(&mut g, &format!("part{i}"), &own, &part.weights, Storage::Int8, &(0..0)));
    }
    let parts: Vec<&str> = logits.iter().map(String::as_str).collect();
    g.node("Concat", "logits", &parts, &[("axis", Attribute::Int(2))]);
    g.output("logits", ElementType::F32, &["batch", "turns", &outputs.to_string()]);
    g.encode()
}

/// `sentiment.onnx`: a linear head over one embedding.
pub(crate) fn sentiment(weights: &[f32], bias: &[f32]) -> Vec<u8> {
    let mut g = GraphBuilder::new("sentiment");
    let classes = bias.len();
    let x = g.input("embedding", ElementType::F32, &["batch", &(weights.len() / classes).to_string()]);
    let w = g.f32("weight", &[weights.len() / classes, classes], weights);
    let b = g.f32("bias", &[classes], bias);
    let product = g.node("MatMul", "product", &[&x, &w], &[]);
    g.node("Add", "sentiment", &[&product, &b], &[]);
    g.output("sentiment", ElementType::F32, &["batch", &classes.to_string()]);
    g.encode()
}
