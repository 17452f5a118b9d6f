//! The encoder as a standard ONNX graph, in f32 or in int8.
//!
//! Inputs `input_ids` and `attention_mask`, i64 `[batch, sequence]`; output
//! `sentence_embedding`, f32 `[batch, hidden]`, mean-pooled over the mask and L2-normalised.
//!
//! In int8, the weights are 8-bit integers with one scale for each output channel, the word table
//! with one for each row; activations stay in f32. Rounding activations to 8 bits as well
//! (`MatMulInteger`, a scale for each token, outliers balanced) was measured and left: it is 0.9985
//! in mean cosine to f32 against 0.9994, and worse, it turns differences in the last bit of a float
//! into differences of a whole step, so that two runtimes disagree in the third digit (largest
//! difference between tract and ONNX Runtime 9e-3, against 3e-7).

use super::quantize::{quantize_columns, quantize_rows};
use super::weights::{EncoderWeights, Layer, Linear, NORM_EPSILON, Norm};
use crate::onnx::{Attribute, ElementType, GraphBuilder};

/// Writes the encoder in 32-bit floats as the bytes of an `.onnx` file.
pub fn f32_graph(weights: &EncoderWeights) -> Vec<u8> {
    Encoder { graph: GraphBuilder::new("sentence_encoder"), int8: false }.write(weights)
}

/// Writes the encoder with 8-bit weights as the bytes of an `.onnx` file.
pub fn int8_graph(weights: &EncoderWeights) -> Vec<u8> {
    Encoder { graph: GraphBuilder::new("sentence_encoder_int8"), int8: true }.write(weights)
}

struct Encoder {
    graph: GraphBuilder,
    int8: bool,
}

impl Encoder {
    fn write(mut self, weights: &EncoderWeights) -> Vec<u8> {
        let hidden = weights.hidden;
        self.constants(weights);
        let ids = self.graph.input("input_ids", ElementType::I64, &["batch", "sequence"]);
        let mask = self.graph.input("attention_mask", ElementType::I64, &["batch", "sequence"]);
        self.graph.output("sentence_embedding", ElementType::F32, &["batch", &hidden.to_string()]);

        let mask = self.graph.cast("mask", &mask, ElementType::F32);
        let bias = self.attention_bias(&mask);
        let mut states = self.embeddings(&ids, weights);
        for (index, layer) in weights.layers.iter().enumerate() {
            states = self.layer(&format!("layer.{index}"), &states, &bias, layer);
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

    fn embeddings(&mut self, ids: &str, weights: &EncoderWeights) -> String {
        let (hidden, vocabulary) = (weights.hidden, weights.vocabulary);
        let words = if self.int8 {
            let table = quantize_rows(&weights.words, hidden);
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
        let table = self.graph.f32("positions.table", &[weights.positions, hidden], &weights.position_table);
        let shape = self.graph.node("Shape", "input.shape", &[ids], &[]);
        let length = self.graph.node("Slice", "input.length", &[&shape, "axis.1", "axis.2", "axis.0"], &[]);
        let places = self.graph.node("Slice", "positions", &[&table, "axis.0", &length, "axis.0"], &[]);
        let sum = self.graph.node("Add", "embeddings.sum", &[&words, &places], &[]);
        self.norm("embeddings", &sum, &weights.embedding_norm)
    }

    fn layer(&mut self, at: &str, states: &str, bias: &str, layer: &Layer) -> String {
        let context = self.attention(at, states, bias, layer);
        let projected = self.linear(&format!("{at}.attention_output"), &context, &layer.attention_output);
        let sum = self.graph.node("Add", &format!("{at}.attention_sum"), &[&projected, states], &[]);
        let attended = self.norm(&format!("{at}.attention"), &sum, &layer.attention_norm);

        let inner = self.linear(&format!("{at}.intermediate"), &attended, &layer.intermediate);
        let active = self.gelu(&format!("{at}.gelu"), &inner);
        let output = self.linear(&format!("{at}.output"), &active, &layer.output);
        let sum = self.graph.node("Add", &format!("{at}.output_sum"), &[&output, &attended], &[]);
        self.norm(at, &sum, &layer.output_norm)
    }

    fn attention(&mut self, at: &str, states: &str, bias: &str, layer: &Layer) -> String {
        let qkv = self.linear(&format!("{at}.qkv"), states, &layer.qkv);
        let parts = ["query", "key", "value"].map(|part| format!("{at}.{part}"));
        let outputs: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.graph.node_with_outputs(
            "Split",
            &format!("{at}.qkv_split"),
            &[&qkv, "qkv.widths"],
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

    fn linear(&mut self, at: &str, input: &str, linear: &Linear) -> String {
        let shape = [linear.inputs, linear.outputs];
        let weight = format!("{at}.weight");
        let product = format!("{at}.product");
        let product = if self.int8 {
            // Not `DequantizeLinear`: ONNX Runtime takes that for leave to round the activations.
            let quantized = quantize_columns(&linear.weight, linear.outputs);
            self.graph.i8(&weight, &shape, &quantized.values);
            let floats = self.graph.cast(&format!("{at}.floats"), &weight, ElementType::F32);
            let sums = self.graph.node("MatMul", &format!("{at}.sums"), &[input, &floats], &[]);
            let scales = self.graph.f32(&format!("{at}.scales"), &[linear.outputs], &quantized.scales);
            self.graph.node("Mul", &product, &[&sums, &scales], &[])
        } else {
            self.graph.f32(&weight, &shape, &linear.weight);
            self.graph.node("MatMul", &product, &[input, &weight], &[])
        };
        let bias = self.graph.f32(&format!("{at}.bias"), &[linear.outputs], &linear.bias);
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
