//! Weights of a linear layer, packed once for all kernels.

use crate::error::{Error, check_length, check_scales};

/// Largest number of inputs: `128 * 127 * K` and its corrections stay within `i32`.
const MAX_INPUTS: usize = 1 << 16;

/// Largest weight that a rescaled column uses.
const LIMIT: f32 = 63.0;

/// Four weights of each of eight columns, `[8][4]`, each plus 64.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(crate) struct WeightStep(pub(crate) [u8; 32]);

/// How the weights of a matrix with K inputs and N output columns lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `[K][N]`: `y = x W`, as ONNX `MatMul` stores it.
    InputMajor,
    /// `[N][K]`: `y = x Wᵀ`, as `PyTorch`'s `Linear` stores it.
    OutputMajor,
}

impl Order {
    /// How far apart in memory two inputs lie, and two columns.
    fn strides(self, (inputs, columns): (usize, usize)) -> (usize, usize) {
        match self {
            Self::InputMajor => (columns, 1),
            Self::OutputMajor => (1, inputs),
        }
    }
}

/// Seven-bit weights of a linear layer with K inputs and N output columns.
///
/// Packed as `[N/8][K/4][8][4]` bytes of weight + 64, so that a dot product with `i8`
/// activations is exact on every instruction set. N is padded to a multiple of 8 and K to a
/// multiple of 4 with zero weights.
#[derive(Clone, Debug)]
pub struct Weights {
    inputs: usize,
    columns: usize,
    steps: Vec<WeightStep>,
    panels: Vec<Panel>,
}

/// What belongs to eight columns beside their weights.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Panel {
    pub(crate) scales: [f32; 8],
    pub(crate) sums: [i32; 8],
    pub(crate) bias: [f32; 8],
}

impl Weights {
    /// Packs weights that already fit seven bits.
    ///
    /// `values` holds K * N weights in the given order, `shape` is `(K, N)`; a weight stands
    /// for `value * scale`, with N scales (one a column) or a single one for all. `bias` holds
    /// N values.
    ///
    /// # Errors
    /// [`Error::WeightRange`] for a weight outside -64..=63, and the other variants for
    /// lengths, scales and shapes that do not fit.
    pub fn pack(
        values: &[i8],
        shape: (usize, usize),
        order: Order,
        scales: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        Self::build(|index| values[index], values.len(), shape, order, scales, bias, false)
    }

    /// The same from bytes in two's complement, as a model file holds them.
    ///
    /// # Errors
    /// As [`Weights::pack`].
    pub fn pack_bytes(
        bytes: &[u8],
        shape: (usize, usize),
        order: Order,
        scales: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        Self::build(|index| bytes[index] as i8, bytes.len(), shape, order, scales, bias, false)
    }

    /// Packs 8-bit weights: a column with a weight beyond ±63 is rescaled so that its largest
    /// becomes 63, rounded to the nearest and ties to even. Other columns stay as they are.
    ///
    /// # Errors
    /// As [`Weights::pack`], but never [`Error::WeightRange`].
    pub fn requantized_from(
        values: &[i8],
        shape: (usize, usize),
        order: Order,
        scales: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        Self::build(|index| values[index], values.len(), shape, order, scales, bias, true)
    }

    /// The same as [`Weights::requantized_from`] from bytes in two's complement.
    ///
    /// # Errors
    /// As [`Weights::requantized_from`].
    pub fn requantized_from_bytes(
        bytes: &[u8],
        shape: (usize, usize),
        order: Order,
        scales: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        let value = |index: usize| bytes[index] as i8;
        let mut weights = Self::empty(bytes.len(), shape, scales, bias)?;
        if !(order == Order::InputMajor && weights.fill_whole_steps(bytes)) {
            weights.fill(value, order, scales, true)?;
        }
        Ok(weights)
    }

    /// Inputs, K.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Output columns, N.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// The packed weights of eight columns, one element for every four inputs.
    pub(crate) fn steps(&self, panel: usize) -> &[WeightStep] {
        let steps = self.inputs.div_ceil(4);
        &self.steps[panel * steps..][..steps]
    }

    fn build(
        value: impl Fn(usize) -> i8,
        len: usize,
        shape: (usize, usize),
        order: Order,
        scales: &[f32],
        bias: Option<&[f32]>,
        rescale: bool,
    ) -> Result<Self, Error> {
        let mut weights = Self::empty(len, shape, scales, bias)?;
        weights.fill(value, order, scales, rescale)?;
        Ok(weights)
    }

    /// Zeros of a shape that the lengths fit, with scales and bias.
    fn empty(
        len: usize,
        (inputs, columns): (usize, usize),
        scales: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, Error> {
        if inputs == 0 || columns == 0 || inputs > MAX_INPUTS {
            return Err(Error::Shape { inputs, columns });
        }
        let expected = inputs.checked_mul(columns).ok_or(Error::Shape { inputs, columns })?;
        check_length("weights", expected, len)?;
        if scales.len() != 1 {
            check_length("scales", columns, scales.len())?;
        }
        check_scales(scales)?;
        if let Some(bias) = bias {
            check_length("bias", columns, bias.len())?;
        }
        let steps = vec![WeightStep([64; 32]); columns.div_ceil(8) * inputs.div_ceil(4)];
        let mut panels = vec![Panel::default(); columns.div_ceil(8)];
        for column in 0..columns {
            let panel = &mut panels[column / 8];
            panel.scales[column % 8] = scales[if scales.len() == 1 { 0 } else { column }];
            panel.bias[column % 8] = bias.map_or(0.0, |bias| bias[column]);
        }
        Ok(Self { inputs, columns, steps, panels })
    }

    /// Packs a matrix in memory order that needs no rescaling and whose shape fills every step; else packs nothing and
    /// returns false. Much of the time that an encoder takes to load is spent here.
    fn fill_whole_steps(&mut self, bytes: &[u8]) -> bool {
        // -63..=63 as 0..=126. What is beyond has its column rescaled.
        let fits = bytes.iter().fold(0, |most: u8, b| most.max(b.wrapping_add(63))) <= 126;
        if !fits || !self.columns.is_multiple_of(8) || !self.inputs.is_multiple_of(4) {
            return false;
        }
        let steps = self.inputs / 4;
        let panels = self.steps.chunks_exact_mut(steps).zip(&mut self.panels);
        for (index, (steps, panel)) in panels.enumerate() {
            for (step, rows) in steps.iter_mut().zip(bytes.chunks_exact(4 * self.columns)) {
                let mut numbers = [[0u8; 8]; 4];
                for (numbers, row) in numbers.iter_mut().zip(rows.chunks_exact(self.columns)) {
                    numbers.copy_from_slice(&row[index * 8..][..8]);
                }
                for (k, numbers) in numbers.iter().enumerate() {
                    for (c, number) in numbers.iter().enumerate() {
                        step.0[c * 4 + k] = number.wrapping_add(64);
                    }
                }
                for numbers in numbers {
                    panel.sums.iter_mut().zip(numbers).for_each(|(sum, n)| *sum += i32::from(n as i8));
                }
            }
        }
        true
    }

    fn fill(
        &mut self,
        value: impl Fn(usize) -> i8,
        order: Order,
        scales: &[f32],
        rescale: bool,
    ) -> Result<(), Error> {
        let (inputs, columns) = (self.inputs, self.columns);
        let strides = order.strides((inputs, columns));
        let at = |input: usize, column: usize| value(input * strides.0 + column * strides.1);
        let factors = if rescale { factors(at, (inputs, columns)) } else { vec![1.0; columns] };
        let panels = self.steps.chunks_exact_mut(inputs.div_ceil(4)).zip(&mut self.panels);
        for (first, (steps, panel)) in (0..columns).step_by(8).zip(panels) {
            let factors = &factors[first..columns.min(first + 8)];
            let rescaled = factors.iter().any(|&factor| factor != 1.0);
            for input in 0..inputs {
                let step = &mut steps[input / 4].0;
                for (c, factor) in factors.iter().enumerate() {
                    let original = at(input, first + c);
                    let weight = if rescaled {
                        (f32::from(original) * factor).round_ties_even() as i32
                    } else {
                        i32::from(original)
                    };
                    if !(-64..=63).contains(&weight) {
                        return Err(Error::WeightRange { input, column: first + c, value: original });
                    }
                    step[c * 4 + input % 4] = (weight + 64) as u8;
                    panel.sums[c] += weight;
                }
            }
            for (c, factor) in factors.iter().enumerate() {
                panel.scales[c] = scales[if scales.len() == 1 { 0 } else { first + c }] / factor;
            }
        }
        Ok(())
    }
}

/// What each column is multiplied by so that its weights fit seven bits.
fn factors(at: impl Fn(usize, usize) -> i8, (inputs, columns): (usize, usize)) -> Vec<f32> {
    let mut largest = vec![0; columns];
    for input in 0..inputs {
        for (column, largest) in largest.iter_mut().enumerate() {
            *largest = at(input, column).unsigned_abs().max(*largest);
        }
    }
    let factor = |largest: u8| (LIMIT / f32::from(largest)).min(1.0);
    largest.into_iter().map(factor).collect()
}
