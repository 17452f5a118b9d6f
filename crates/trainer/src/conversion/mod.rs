//! Training the model of conversion: conversations with outcomes in, `conversion.json` out.

mod baselines;
mod binary;
mod boost;
mod card;
mod command;
mod fit;
mod hide;
mod rows;
mod validate;

pub(crate) use baselines::cross_fit_baselines;
pub(crate) use command::{ConversionCommand, run};
pub(crate) use hide::Hide;
