//! Fused operators against the graphs that they stand for, as stock tract runs them.
#![allow(clippy::unwrap_used)]

mod encoder;
mod graphs;
mod linear;
mod recurrent;
mod refusals;
mod standard;
