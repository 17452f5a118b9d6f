//! What can be wrong with weights, tables and token ids.

use std::fmt;

/// Why weights, a table or a lookup were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A weight does not fit seven bits (-64..=63).
    WeightRange {
        /// Input (row of `[K][N]`) of the weight.
        input: usize,
        /// Output column of the weight.
        column: usize,
        /// The weight itself.
        value: i8,
    },
    /// A slice does not have the length that the shape asks for.
    Length {
        /// Which slice.
        what: &'static str,
        /// Length that the shape asks for.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A scale is zero, negative or not finite.
    Scale {
        /// Position of the scale.
        index: usize,
    },
    /// The shape is empty or so large that an `i32` sum could overflow.
    Shape {
        /// Inputs, K (for a table: rows).
        inputs: usize,
        /// Output columns, N.
        columns: usize,
    },
    /// A token id is not in the table.
    Token {
        /// The id.
        id: usize,
        /// Rows of the table.
        rows: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WeightRange { input, column, value } => {
                write!(f, "weight {value} at input {input}, column {column} is outside -64..=63")
            }
            Self::Length { what, expected, found } => {
                write!(f, "{what}: expected {expected} values, found {found}")
            }
            Self::Scale { index } => write!(f, "scale {index} is not a positive finite number"),
            Self::Shape { inputs, columns } => {
                write!(f, "shape {inputs} x {columns} is empty or too large")
            }
            Self::Token { id, rows } => write!(f, "token {id} is not in a table of {rows} rows"),
        }
    }
}

impl std::error::Error for Error {}

/// Compares a slice's length with the one its shape asks for.
pub(crate) fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { what, expected, found }) }
}

/// Refuses scales that are zero, negative or not finite.
pub(crate) fn check_scales(scales: &[f32]) -> Result<(), Error> {
    match scales.iter().position(|scale| !(scale.is_finite() && *scale > 0.0)) {
        Some(index) => Err(Error::Scale { index }),
        None => Ok(()),
    }
}
