//! The encoder as a standard ONNX graph, in f32 or in int8.
//!
//! Inputs `input_ids` and `attention_mask`, i64 `[batch, sequence]`; output
//! `sentence_embedding`, f32 `[batch, hidden]`, mean-pooled over the mask and L2-normalised.
//!
//! In int8, every projection is `x -> round(x * 127 / max|x|)` for each token (row), an integer
//! product with 8-bit weights, and multiplications by the row's and the channel's scale. Before
//! the projections that follow a norm, channels with outliers are balanced (see `calibration`).
//! Norms, softmax, GELU and the attention products stay in f32: they hold little of the time and
//! most of the error.

use super::calibration::Calibration;
use super::quantize::{quantize_columns, quantize_rows};
use super::weights::{EncoderWeights, Layer, Linear, NORM_EPSILON, Norm};
use crate::onnx::{Attribute, ElementType, GraphBuilder};

/// Writes the encoder in 32-bit floats as the bytes of an `.onnx` file.
pub fn f32_graph(weights: &EncoderWeights) -> Vec<u8> {
    Encoder { graph: GraphBuilder::new("sentence_encoder"), calibration: None }.write(weights)
}

/// Writes the encoder in 8-bit integers as the bytes of an `.onnx` file.
pub fn int8_graph(weights: &EncoderWeights, calibration: &Calibration) -> Vec<u8> {
    let graph = GraphBuilder::new("sentence_encoder_int8");
    Encoder { graph, calibration: Some(calibration) }.write(weights)
}

struct Encoder<'a> {
    graph: GraphBuilder,
    /// In int8, how to balance activations and weights; without it the graph is in f32.
    calibration: Option<&'a Calibration>,
}

impl Encoder<'_> {
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
        if self.calibration.is_some() {
            self.graph.f32("int8_peak", &[], &[127.0]);
        }
    }

    /// 0 where a token counts, -1e9 where it is padding: `[batch, 1, 1, sequence]`.
    fn attention_bias(&mut self, mask: &str) -> String {
        let off = self.graph.node("Sub", "mask.off", &[mask, "one"], &[]);
        let bias = self.graph.node("Mul", "mask.scores", &[&off, "masked_score"], &[]);
        self.graph.node("Unsqueeze", "mask.bias", &[&bias, "axes.1.2"], &[])
    }

    fn embeddings(&mut self, ids: &str, weights: &EncoderWeights) -> String {
        let (hidden, vocabulary) = (weights.hidden, weights.vocabulary);
        let words = match self.calibration {
            None => {
                self.graph.f32("words.table", &[vocabulary, hidden], &weights.words);
                self.graph.node("Gather", "words", &["words.table", ids], &[])
            }
            Some(_) => {
                let table = quantize_rows(&weights.words, hidden);
                self.graph.i8("words.table", &[vocabulary, hidden], &table.values);
                self.graph.f32("words.scales", &[vocabulary, 1], &table.scales);
                let rows = self.graph.node("Gather", "words.rows", &["words.table", ids], &[]);
                let scale = self.graph.node("Gather", "words.scale", &["words.scales", ids], &[]);
                let floats = self.graph.cast("words.floats", &rows, ElementType::F32);
                self.graph.node("Mul", "words", &[&floats, &scale], &[])
            }
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
        let product = match self.calibration {
            None => {
                let shape = [linear.inputs, linear.outputs];
                let weight = self.graph.f32(&format!("{at}.weight"), &shape, &linear.weight);
                self.graph.node("MatMul", &format!("{at}.product"), &[input, &weight], &[])
            }
            Some(calibration) => self.integer_product(at, input, linear, calibration),
        };
        let bias = self.graph.f32(&format!("{at}.bias"), &[linear.outputs], &linear.bias);
        self.graph.node("Add", at, &[&product, &bias], &[])
    }

    fn integer_product(
        &mut self,
        at: &str,
        input: &str,
        linear: &Linear,
        calibration: &Calibration,
    ) -> String {
        let (rows, columns) = (linear.inputs, linear.outputs);
        let (input, weight) = match calibration.balance(at, linear) {
            None => (input.to_owned(), linear.weight.clone()),
            Some(balanced) => {
                let divisors = format!("{at}.balance");
                let divisors = self.graph.f32(&divisors, &[rows], &balanced.input_factors);
                let name = format!("{at}.balanced");
                (self.graph.node("Mul", &name, &[input, &divisors], &[]), balanced.weight)
            }
        };
        let (values, peak) = self.integer_rows(at, &input);
        let quantized = quantize_columns(&weight, columns);
        let weight = self.graph.i8(&format!("{at}.weight"), &[rows, columns], &quantized.values);
        // The row's peak is 127 times its scale: the 127 goes into the channel's.
        let scales: Vec<f32> = quantized.scales.iter().map(|s| s / 127.0).collect();
        let scales = self.graph.f32(&format!("{at}.scales"), &[columns], &scales);
        let sums = self.graph.node("MatMulInteger", &format!("{at}.sums"), &[&values, &weight], &[]);
        let floats = self.graph.cast(&format!("{at}.floats"), &sums, ElementType::F32);
        let scaled = self.graph.node("Mul", &format!("{at}.rows"), &[&floats, &peak], &[]);
        self.graph.node("Mul", &format!("{at}.product"), &[&scaled, &scales], &[])
    }

    /// Rounds every row to int8 by its own largest magnitude: the integers, and the magnitudes.
    fn integer_rows(&mut self, at: &str, input: &str) -> (String, String) {
        let magnitude = self.graph.node("Abs", &format!("{at}.magnitude"), &[input], &[]);
        let last = [("axes", Attribute::Ints(vec![-1])), ("keepdims", Attribute::Int(1))];
        let largest = self.graph.node("ReduceMax", &format!("{at}.largest"), &[&magnitude], &last);
        let peak = self.graph.node("Max", &format!("{at}.peak"), &[&largest, "tiny"], &[]);
        let step = self.graph.node("Div", &format!("{at}.step"), &["int8_peak", &peak], &[]);
        let scaled = self.graph.node("Mul", &format!("{at}.scaled"), &[input, &step], &[]);
        let rounded = self.graph.node("Round", &format!("{at}.rounded"), &[&scaled], &[]);
        (self.graph.cast(&format!("{at}.int8"), &rounded, ElementType::I8), peak)
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
