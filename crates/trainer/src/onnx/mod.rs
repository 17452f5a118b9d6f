//! Standard ONNX files, written from Rust.

mod builder;

pub use builder::{Attribute, ElementType, GraphBuilder};
