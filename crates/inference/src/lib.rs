//! ONNX bytes in, numbers out: models run through tract, sentences become vectors.
//!
//! This floor knows tensors and text. It knows nothing of what the numbers mean.

mod budget;
mod encoder;
mod error;
mod fused;
mod kernels;
mod model;
mod operators;
mod probability;
mod recurrent;
mod search;
mod tokenizer;

pub use budget::MemoryBudget;
pub use encoder::{EncoderLimits, SentenceEncoder};
pub use error::InferenceError;
pub use kernels::encoder_kernel;
pub use model::{Input, OnnxModel};
pub use probability::{argmax, dot, normalize, softmax};
pub use recurrent::{RecurrentModel, State};
pub use search::{RoundedRow, RowSearch, rounded_dot, top_k, unit_scale};
