//! An int8 embedding table.

use crate::error::{Error, check_length, check_scales};

/// The scales of an embedding table.
#[derive(Clone, Debug, PartialEq)]
pub enum Scales {
    /// One for each row (token).
    Rows(Vec<f32>),
    /// One for each column (dimension).
    Columns(Vec<f32>),
}

/// An embedding table with `rows` tokens of `width` values: `value = i8 * scale`.
#[derive(Clone, Debug)]
pub struct Embedding {
    values: Vec<i8>,
    rows: usize,
    width: usize,
    scales: Scales,
}

impl Embedding {
    /// Takes a row-major table `[rows][width]`.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Length`] or [`Error::Scale`] where the parts do not fit.
    pub fn new(values: Vec<i8>, shape: (usize, usize), scales: Scales) -> Result<Self, Error> {
        let (rows, width) = shape;
        let refused = Error::Shape { inputs: rows, columns: width };
        let size = rows.checked_mul(width).filter(|&size| size > 0).ok_or(refused)?;
        check_length("embedding", size, values.len())?;
        let (expected, given) = match &scales {
            Scales::Rows(scales) => (rows, scales),
            Scales::Columns(scales) => (width, scales),
        };
        check_length("embedding scales", expected, given.len())?;
        check_scales(given)?;
        Ok(Self { values, rows, width, scales })
    }

    /// The same from bytes in two's complement, as a model file holds them.
    ///
    /// # Errors
    /// As [`Embedding::new`].
    pub fn from_bytes(bytes: &[u8], shape: (usize, usize), scales: Scales) -> Result<Self, Error> {
        Self::new(bytes.iter().map(|&byte| byte as i8).collect(), shape, scales)
    }

    /// Tokens of the table.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values of one token, D.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Writes the rows of the tokens to `out`, `[ids.len()][D]`.
    ///
    /// # Errors
    /// [`Error::Length`] if `out` has another length, [`Error::Token`] for an id that is not
    /// in the table; `out` may then be partly written.
    pub fn lookup(&self, ids: &[u32], out: &mut [f32]) -> Result<(), Error> {
        self.each(ids, out, |out, value| *out = value)
    }

    /// Adds the rows of the tokens to `out`, `[ids.len()][D]`: for positions and token types.
    ///
    /// # Errors
    /// As [`Embedding::lookup`].
    pub fn add(&self, ids: &[u32], out: &mut [f32]) -> Result<(), Error> {
        self.each(ids, out, |out, value| *out += value)
    }

    fn each(&self, ids: &[u32], out: &mut [f32], write: impl Fn(&mut f32, f32)) -> Result<(), Error> {
        check_length("embedded tokens", ids.len() * self.width, out.len())?;
        for (&id, out) in ids.iter().zip(out.chunks_exact_mut(self.width)) {
            let id = id as usize;
            if id >= self.rows {
                return Err(Error::Token { id, rows: self.rows });
            }
            let values = &self.values[id * self.width..][..self.width];
            match &self.scales {
                Scales::Rows(scales) => {
                    let scale = scales[id];
                    for (out, &value) in out.iter_mut().zip(values) {
                        write(out, f32::from(value) * scale);
                    }
                }
                Scales::Columns(scales) => {
                    for ((out, &value), scale) in out.iter_mut().zip(values).zip(scales) {
                        write(out, f32::from(value) * scale);
                    }
                }
            }
        }
        Ok(())
    }
}
