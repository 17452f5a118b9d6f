//! ONNX bytes in, numbers out: models run through tract, sentences become vectors.
//!
//! This floor knows tensors and text. It knows nothing of what the numbers mean.

mod encoder;
mod error;
mod int8;
mod kernels;
mod model;
mod probability;

pub use encoder::{EncoderLimits, SentenceEncoder};
pub use error::InferenceError;
pub use kernels::matrix_kernels;
pub use model::{Input, OnnxModel};
pub use probability::{argmax, dot, normalize, softmax};
