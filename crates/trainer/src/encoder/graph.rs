//! The encoder as a standard ONNX graph, in f32 or in int8.
//!
//! Inputs `input_ids` and `attention_mask`, i64 `[batch, sequence]`; output
//! `sentence_embedding`, f32 `[batch, hidden]`, mean-pooled over the mask and L2-normalised.
//!
//! In int8, weights are integers of 7 bits with one scale for each output channel, the tables have bytes with
//! one scale for each row. Written as standard operators, activations stay in f32: ONNX Runtime runs the file like
//! that. Our own runtime replaces the products by its own, which round activations to 8 bits as well (a scale for
//! each token); that is why the inputs of the products are balanced.

use super::calibration::{CalibratedLinear, Calibration};
use super::quantize::quantize_rows;
use super::weights::{EncoderWeights, Layer, Linear, NORM_EPSILON, Norm};
use super::words::quantize_words;
use crate::onnx::{Attribute, ElementType, GraphBuilder};

/// Writes the encoder in 32-bit floats as the bytes of an `.onnx` file.
pub fn f32_graph(weights: &EncoderWeights) -> Vec<u8> {
    Encoder { graph: GraphBuilder::new("sentence_encoder"), calibration: None }.write(weights, &[])
}

/// Writes the encoder with 7-bit weights as the bytes of an `.onnx` file. What the products read is measured over
/// `sequences` of word numbers; `ranks` says how often each word is read (see [`super::ranks`]).
pub fn int8_graph(weights: &EncoderWeights, ranks: &[u32], sequences: &[Vec<u32>]) -> Vec<u8> {
    let calibration = Some(Calibration::measure(weights, sequences));
    Encoder { graph: GraphBuilder::new("sentence_encoder_int8"), calibration }.write(weights, ranks)
}

struct Encoder {
    graph: GraphBuilder,
    /// There when the weights are to be quantized.
    calibration: Option<Calibration>,
}

impl Encoder {
    fn write(mut self, weights: &EncoderWeights, ranks: &[u32]) -> Vec<u8> {
        let hidden = weights.hidden;
        self.constants(weights);
        let ids = self.graph.input("input_ids", ElementType::I64, &["batch", "sequence"]);
        let mask = self.graph.input("attention_mask", ElementType::I64, &["batch", "sequence"]);
        self.graph.output("sentence_embedding", ElementType::F32, &["batch", &hidden.to_string()]);

        let mask = self.graph.cast("mask", &mask, ElementType::F32);
        let bias = self.attention_bias(&mask);
        let mut states = self.embeddings(&ids, weights, ranks);
        for (index, layer) in weights.layers.iter().enumerate() {
            states = self.layer(index, &states, &bias, layer);
        }
        self.pool(&states, &mask);
        self.graph.encode()
    }

    fn constants(&mut self, weights: &EncoderWeights) {
        let (hidden, heads) = (weights.hidden as i64, weights.heads as i64);
        self.graph.f32("one", &[], &[1.0]);
        self.graph.f32("half", &[], &[0.5]);
        self.graph.f32("inverse_sqrt_two", &[], &[std::f32::consts::FRAC_1_SQRT_2]);
        self.graph.f32("masked_score", &[], &[1e9]);
        self.graph.f32("tiny", &[], &[1e-12]);
        self.graph.i64("axis.0", &[1], &[0]);
        self.graph.i64("axis.1", &[1], &[1]);
        self.graph.i64("axis.2", &[1], &[2]);
        self.graph.i64("axes.1.2", &[2], &[1, 2]);
        self.graph.i64("qkv.widths", &[3], &[hidden, hidden, hidden]);
        self.graph.i64("shape.split_heads", &[4], &[0, 0, heads, hidden / heads]);
        self.graph.i64("shape.join_heads", &[3], &[0, 0, hidden]);
    }

    /// 0 where a token counts, -1e9 where it is padding: `[batch, 1, 1, sequence]`.
    fn attention_bias(&mut self, mask: &str) -> String {
        let off = self.graph.node("Sub", "mask.off", &[mask, "one"], &[]);
        let bias = self.graph.node("Mul", "mask.scores", &[&off, "masked_score"], &[]);
        self.graph.node("Unsqueeze", "mask.bias", &[&bias, "axes.1.2"], &[])
    }

    fn embeddings(&mut self, ids: &str, weights: &EncoderWeights, ranks: &[u32]) -> String {
        let (hidden, vocabulary) = (weights.hidden, weights.vocabulary);
        let words = if self.calibration.is_some() {
            let table = quantize_words(&weights.words, hidden, ranks);
            self.graph.i8("words.table", &[vocabulary, hidden], &table.values);
            self.graph.f32("words.scales", &[vocabulary, 1], &table.scales);
            let rows = self.graph.node("Gather", "words.rows", &["words.table", ids], &[]);
            let scale = self.graph.node("Gather", "words.scale", &["words.scales", ids], &[]);
            let floats = self.graph.cast("words.floats", &rows, ElementType::F32);
            self.graph.node("Mul", "words", &[&floats, &scale], &[])
        } else {
            self.graph.f32("words.table", &[vocabulary, hidden], &weights.words);
            self.graph.node("Gather", "words", &["words.table", ids], &[])
        };
        let table = self.positions(weights);
        let shape = self.graph.node("Shape", "input.shape", &[ids], &[]);
        let length = self.graph.node("Slice", "input.length", &[&shape, "axis.1", "axis.2", "axis.0"], &[]);
        let places = self.graph.node("Slice", "positions", &[&table, "axis.0", &length, "axis.0"], &[]);
        let sum = self.graph.node("Add", "embeddings.sum", &[&words, &places], &[]);
        self.norm("embeddings", &sum, &weights.embedding_norm)
    }

    /// The table of positions, `[positions, hidden]`; in int8 its floats are a constant made of bytes.
    fn positions(&mut self, weights: &EncoderWeights) -> String {
        let (positions, hidden) = (weights.positions, weights.hidden);
        if self.calibration.is_none() {
            return self.graph.f32("positions.table", &[positions, hidden], &weights.position_table);
        }
        let table = quantize_rows(&weights.position_table, hidden);
        self.graph.i8("positions.bytes", &[positions, hidden], &table.values);
        self.graph.f32("positions.scales", &[positions, 1], &table.scales);
        let floats = self.graph.cast("positions.floats", "positions.bytes", ElementType::F32);
        self.graph.node("Mul", "positions.table", &[&floats, "positions.scales"], &[])
    }

    fn layer(&mut self, index: usize, states: &str, bias: &str, layer: &Layer) -> String {
        let at = &format!("layer.{index}");
        let [qkv, attention_output, intermediate, output] = layer.linears();
        let qkv = self.linear(&format!("{at}.qkv"), states, qkv, (index, 0));
        let context = self.attention(at, &qkv, bias);
        let projected =
            self.linear(&format!("{at}.attention_output"), &context, attention_output, (index, 1));
        let sum = self.graph.node("Add", &format!("{at}.attention_sum"), &[&projected, states], &[]);
        let attended = self.norm(&format!("{at}.attention"), &sum, &layer.attention_norm);

        let inner = self.linear(&format!("{at}.intermediate"), &attended, intermediate, (index, 2));
        let active = self.gelu(&format!("{at}.gelu"), &inner);
        let output = self.linear(&format!("{at}.output"), &active, output, (index, 3));
        let sum = self.graph.node("Add", &format!("{at}.output_sum"), &[&output, &attended], &[]);
        self.norm(at, &sum, &layer.output_norm)
    }

    fn attention(&mut self, at: &str, qkv: &str, bias: &str) -> String {
        let parts = ["query", "key", "value"].map(|part| format!("{at}.{part}"));
        let outputs: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.graph.node_with_outputs(
            "Split",
            &format!("{at}.qkv_split"),
            &[qkv, "qkv.widths"],
            &outputs,
            &[("axis", Attribute::Int(2))],
        );
        let query = self.heads(&parts[0], &[0, 2, 1, 3]);
        let key = self.heads(&parts[1], &[0, 2, 3, 1]);
        let value = self.heads(&parts[2], &[0, 2, 1, 3]);
        let scores = self.graph.node("MatMul", &format!("{at}.products"), &[&query, &key], &[]);
        let scores = self.graph.node("Add", &format!("{at}.scores"), &[&scores, bias], &[]);
        let axis = [("axis", Attribute::Int(3))];
        let shares = self.graph.node("Softmax", &format!("{at}.shares"), &[&scores], &axis);
        let context = self.graph.node("MatMul", &format!("{at}.context_heads"), &[&shares, &value], &[]);
        let context = self.transpose(&format!("{at}.context_rows"), &context, &[0, 2, 1, 3]);
        self.graph.node("Reshape", &format!("{at}.context"), &[&context, "shape.join_heads"], &[])
    }

    /// `[batch, sequence, hidden]` to heads, in the axis order of `order`.
    fn heads(&mut self, input: &str, order: &[i64]) -> String {
        let name = format!("{input}.split");
        let split = self.graph.node("Reshape", &name, &[input, "shape.split_heads"], &[]);
        self.transpose(&format!("{input}.heads"), &split, order)
    }

    fn transpose(&mut self, name: &str, input: &str, order: &[i64]) -> String {
        self.graph.node("Transpose", name, &[input], &[("perm", Attribute::Ints(order.to_vec()))])
    }

    /// `number` says which linear layer of which transformer layer it is.
    fn linear(&mut self, at: &str, input: &str, linear: &Linear, number: (usize, usize)) -> String {
        let shape = [linear.inputs, linear.outputs];
        let weight = format!("{at}.weight");
        let product = format!("{at}.product");
        let calibrated = self.calibration.as_ref().map(|c| c.of(number.0, number.1).quantize(linear));
        let product = if let Some(CalibratedLinear { inverse, weights, .. }) = &calibrated {
            let inverse = self.graph.f32(&format!("{at}.balance"), &[linear.inputs], inverse);
            let input = self.graph.node("Mul", &format!("{at}.balanced"), &[input, &inverse], &[]);
            // Not `DequantizeLinear`: ONNX Runtime takes that for leave to round the activations.
            self.graph.i8(&weight, &shape, &weights.values);
            let floats = self.graph.cast(&format!("{at}.floats"), &weight, ElementType::F32);
            let sums = self.graph.node("MatMul", &format!("{at}.sums"), &[&input, &floats], &[]);
            let scales = self.graph.f32(&format!("{at}.scales"), &[linear.outputs], &weights.scales);
            self.graph.node("Mul", &product, &[&sums, &scales], &[])
        } else {
            self.graph.f32(&weight, &shape, &linear.weight);
            self.graph.node("MatMul", &product, &[input, &weight], &[])
        };
        let bias = calibrated.as_ref().map_or(&linear.bias, |c| &c.bias);
        let bias = self.graph.f32(&format!("{at}.bias"), &[linear.outputs], bias);
        self.graph.node("Add", at, &[&product, &bias], &[])
    }

    fn norm(&mut self, at: &str, input: &str, norm: &Norm) -> String {
        let width = norm.scale.len();
        let scale = self.graph.f32(&format!("{at}.norm.scale"), &[width], &norm.scale);
        let bias = self.graph.f32(&format!("{at}.norm.bias"), &[width], &norm.bias);
        self.graph.node(
            "LayerNormalization",
            &format!("{at}.norm"),
            &[input, &scale, &bias],
            &[("axis", Attribute::Int(-1)), ("epsilon", Attribute::Float(NORM_EPSILON))],
        )
    }

    /// `0.5 x (1 + erf(x / sqrt 2))`, in the order of operations that tract fuses.
    fn gelu(&mut self, at: &str, input: &str) -> String {
        let inner = self.graph.node("Mul", &format!("{at}.inner"), &[input, "inverse_sqrt_two"], &[]);
        let erf = self.graph.node("Erf", &format!("{at}.erf"), &[&inner], &[]);
        let gate = self.graph.node("Add", &format!("{at}.gate"), &[&erf, "one"], &[]);
        let half = self.graph.node("Mul", &format!("{at}.half"), &[input, "half"], &[]);
        self.graph.node("Mul", at, &[&half, &gate], &[])
    }

    fn pool(&mut self, states: &str, mask: &str) {
        let keep = [("keepdims", Attribute::Int(0))];
        let column = self.graph.node("Unsqueeze", "pool.mask", &[mask, "axis.2"], &[]);
        let counted = self.graph.node("Mul", "pool.counted", &[states, &column], &[]);
        let sum = self.graph.node("ReduceSum", "pool.sum", &[&counted, "axis.1"], &keep);
        let count = self.graph.node("ReduceSum", "pool.count", &[&column, "axis.1"], &keep);
        let count = self.graph.node("Max", "pool.divisor", &[&count, "tiny"], &[]);
        let mean = self.graph.node("Div", "pool.mean", &[&sum, &count], &[]);
        let square = self.graph.node("Mul", "pool.square", &[&mean, &mean], &[]);
        let stay = [("keepdims", Attribute::Int(1))];
        let total = self.graph.node("ReduceSum", "pool.total", &[&square, "axis.1"], &stay);
        let norm = self.graph.node("Sqrt", "pool.norm", &[&total], &[]);
        let norm = self.graph.node("Max", "pool.length", &[&norm, "tiny"], &[]);
        self.graph.node("Div", "sentence_embedding", &[&mean, &norm], &[]);
    }
}
