//! Activations, quantised row by row while the model runs.

use crate::backend::{Backend, Job, Lanes};
use crate::kernel::Kernel;
use crate::math::{MAGIC, MAGIC_BITS};

/// A reusable buffer of quantised activations, M rows of K values.
///
/// Row r holds `q = round(x / scale) + zero_point` in -128..=127, with
/// `scale = (max(0, largest) - min(0, smallest)) / 255`. Values are packed
/// `[M/R][K/4][R][4]` (the last block may have fewer rows), where R is the number of rows
/// that the kernel computes together; K is padded with zeros to a multiple of 4. The
/// `simd128` kernel keeps each value in 16 bits, the others in 8.
#[derive(Clone, Debug, Default)]
pub struct Activations {
    kernel: Option<Kernel>,
    inputs: usize,
    rows: Vec<Row>,
    buffers: Buffers,
}

/// How a row was quantised.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) scale: f32,
    pub(crate) zero_point: i32,
    /// 64 times the sum of the quantised values: what the + 64 in the weights adds.
    pub(crate) offset: i32,
}

/// The two ways to store steps; a kernel uses one of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers {
    narrow: Vec<[i8; 4]>,
    wide: Vec<[i16; 4]>,
}

/// Four quantised activations of one row.
pub(crate) trait Step: Copy + Default {
    fn of(buffers: &Buffers) -> &Vec<Self>;
    fn of_mut(buffers: &mut Buffers) -> &mut Vec<Self>;
}

impl Step for [i8; 4] {
    fn of(buffers: &Buffers) -> &Vec<Self> {
        &buffers.narrow
    }
    fn of_mut(buffers: &mut Buffers) -> &mut Vec<Self> {
        &mut buffers.narrow
    }
}

impl Step for [i16; 4] {
    fn of(buffers: &Buffers) -> &Vec<Self> {
        &buffers.wide
    }
    fn of_mut(buffers: &mut Buffers) -> &mut Vec<Self> {
        &mut buffers.wide
    }
}

impl Activations {
    /// An empty buffer; it grows with the first [`Kernel::quantize`] and is then reused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows, M, of the last quantisation.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Inputs, K, of the last quantisation.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The kernel that quantised these activations and that has to use them.
    #[must_use]
    pub fn kernel(&self) -> Option<Kernel> {
        self.kernel
    }

    pub(crate) fn row_info(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn steps<S: Step>(&self) -> &[S] {
        S::of(&self.buffers)
    }
}

impl Kernel {
    /// Quantises `x`, row-major `[M][inputs]`, into `activations`, row by row.
    ///
    /// # Panics
    /// If `inputs` is 0 or the length of `x` is not a multiple of it.
    pub fn quantize(self, x: &[f32], inputs: usize, activations: &mut Activations) {
        self.prepare(x, inputs, activations);
        self.run(Quantize::<false> { x, balance: x, activations });
    }

    /// The same of every row multiplied by `balance`, one number for each input.
    ///
    /// # Panics
    /// If `balance` is empty or the length of `x` is not a multiple of its.
    pub fn quantize_balanced(self, x: &[f32], balance: &[f32], activations: &mut Activations) {
        self.prepare(x, balance.len(), activations);
        self.run(Quantize::<true> { x, balance, activations });
    }

    fn prepare(self, x: &[f32], inputs: usize, activations: &mut Activations) {
        assert!(inputs > 0, "activations need at least one input");
        assert!(x.len().is_multiple_of(inputs), "{} values are no rows of {inputs}", x.len());
        activations.kernel = Some(self);
        activations.inputs = inputs;
        activations.rows.clear();
        activations.rows.resize(x.len() / inputs, Row::default());
    }
}

struct Quantize<'a, const BALANCED: bool> {
    x: &'a [f32],
    /// Not read when it is not balanced.
    balance: &'a [f32],
    activations: &'a mut Activations,
}

impl<const BALANCED: bool> Job for Quantize<'_, BALANCED> {
    #[inline(always)]
    fn run<B: Backend>(self, b: B) {
        let Activations { inputs, rows, buffers, .. } = self.activations;
        let steps = inputs.div_ceil(4);
        let buffer = B::Step::of_mut(buffers);
        buffer.resize(rows.len() * steps, B::Step::default());
        let blocks = rows.chunks_mut(B::ROWS).zip(buffer.chunks_mut(B::ROWS * steps));
        for ((rows, packed), x) in blocks.zip(self.x.chunks(B::ROWS * *inputs)) {
            let height = rows.len();
            for (r, (row, x)) in rows.iter_mut().zip(x.chunks_exact(*inputs)).enumerate() {
                let balance = if BALANCED { self.balance } else { x };
                *row = quantize_row::<B, BALANCED>(b, x, balance, &mut packed[r..], height);
            }
        }
    }
}

/// Quantises one row; its steps go to every `height`-th element of `packed`.
#[inline(always)]
fn quantize_row<B: Backend, const BALANCED: bool>(
    b: B,
    x: &[f32],
    balance: &[f32],
    packed: &mut [B::Step],
    height: usize,
) -> Row {
    let l = b.lanes();
    let (chunks, rest) = x.as_chunks::<8>();
    let (factors, last) = balance.as_chunks::<8>();
    let times = |x, factor| if BALANCED { l.mul(x, factor) } else { x };
    let (mut low, mut high) = (l.splat(0.0), l.splat(0.0));
    for (chunk, factors) in chunks.iter().zip(factors) {
        let x = times(l.load(chunk), l.load(factors));
        (low, high) = (l.min(low, x), l.max(high, x));
    }
    let x = times(l.load_part(rest, 0.0), l.load_part(last, 0.0));
    let low = l.smallest(l.min(low, x));
    let high = l.largest(l.max(high, x));

    let scale = ((high - low) / 255.0).max(1e-30);
    let inverse = 1.0 / scale;
    let zero_point = (-128.0 - low * inverse).round_ties_even().clamp(-128.0, 127.0);

    let (factor, shift) = (l.splat(inverse), l.splat(zero_point + MAGIC));
    let mut sum = l.int_splat(0);
    let mut targets = packed.chunks_mut(height);
    for (chunk, factors) in chunks.iter().zip(factors) {
        let values = round(l, times(l.load(chunk), l.load(factors)), factor, shift);
        sum = l.int_add(sum, values);
        for (step, target) in b.steps(values).into_iter().zip(targets.by_ref()) {
            target[0] = step;
        }
    }
    if !rest.is_empty() {
        let mut values = [0; 8];
        l.int_store(round(l, x, factor, shift), &mut values);
        values[rest.len()..].fill(0);
        let values = l.int_load(&values);
        sum = l.int_add(sum, values);
        for (step, target) in b.steps(values).into_iter().zip(targets.by_ref()) {
            target[0] = step;
        }
    }
    Row { scale, zero_point: zero_point as i32, offset: 64 * l.int_sum(sum) }
}

/// `x * factor + zero point` as integers in -128..=127; `shift` is zero point + [`MAGIC`].
#[inline(always)]
fn round<L: Lanes>(l: L, x: L::Floats, factor: L::Floats, shift: L::Floats) -> L::Ints {
    let bits = l.bits(l.mul_then_add(x, factor, shift));
    let value = l.int_sub(bits, l.int_splat(MAGIC_BITS));
    l.int_min(l.int_max(value, l.int_splat(-128)), l.int_splat(127))
}
