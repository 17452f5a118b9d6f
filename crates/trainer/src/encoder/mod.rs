//! The sentence encoder: base weights in, `encoder.onnx` out.

mod calibration;
mod check;
#[cfg(test)]
pub(crate) mod example;
mod graph;
mod quantize;
mod reference;
mod rounding;
mod tokenizer;
mod weights;
mod words;

pub use check::{Agreement, compare, cosine};
pub use graph::{f32_graph, int8_graph};
pub use reference::embed;
pub use tokenizer::plain_tokenizer;
pub(crate) use weights::NORM_EPSILON;
pub use weights::{EncoderWeights, Layer, Linear, Norm, WeightsError};
pub use words::ranks;
