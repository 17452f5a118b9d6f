//! Fused operators against the graphs that they stand for, as stock tract runs them.
#![allow(clippy::unwrap_used)]

#[path = "../common/any_bytes.rs"]
mod any_bytes;
mod elementwise;
mod encoder;
mod floats;
mod graphs;
mod linear;
mod recurrent;
mod refusals;
mod standard;
