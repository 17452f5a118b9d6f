//! Training the model of conversion: conversations with outcomes in, `conversion.json` out.

mod binary;
mod boost;
mod command;
mod fit;
mod hide;
mod rows;
mod validate;

pub(crate) use command::{ConversionCommand, run};
