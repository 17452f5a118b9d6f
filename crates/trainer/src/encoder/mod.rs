//! The sentence encoder: base weights in, `encoder.onnx` out.

mod check;
mod graph;
mod quantize;
mod reference;
mod tokenizer;
mod weights;

pub use check::{Agreement, compare, cosine};
pub use graph::{f32_graph, int8_graph};
pub use quantize::{QuantizedMatrix, quantize_columns, quantize_rows};
pub use reference::embed;
pub use tokenizer::plain_tokenizer;
pub use weights::{EncoderWeights, Layer, Linear, Norm, WeightsError};
