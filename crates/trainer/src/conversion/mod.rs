//! Training the model of conversion: conversations with outcomes in, `conversion.json` out.

mod binary;
mod boost;
mod command;
mod fit;
mod hide;
mod judge;
mod rows;
mod validate;

pub(crate) use command::{ConversionCommand, run};
pub(crate) use hide::Hide;
pub(crate) use judge::{Judged, judge};
