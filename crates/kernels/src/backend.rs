//! What a kernel has to provide; one file for each kernel.

#[cfg(target_arch = "aarch64")]
pub(crate) mod aarch64;
#[cfg(target_arch = "aarch64")]
pub(crate) mod aarch64_dot;
#[cfg(target_arch = "aarch64")]
mod aarch64_lanes;
mod lanes;
pub(crate) mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_lanes;
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub(crate) mod wasm_relaxed;
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub(crate) mod wasm_relaxed_probe;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) mod wasm_simd128;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86_512;
#[cfg(target_arch = "x86_64")]
mod x86_lanes;

pub(crate) use lanes::Lanes;

use crate::activations::Step;
use crate::weights::WeightStep;

/// A computation that is written once for all backends.
///
/// `run` must be `#[inline(always)]`: it is compiled into the entry point of each
/// backend, where the processor's features are switched on.
pub(crate) trait Job {
    fn run<B: Backend>(self, backend: B);
}

/// One kernel: float arithmetic on eight lanes and an exact integer dot product.
///
/// A value of an implementing type proves that the processor has the features, so the
/// methods are safe to call.
pub(crate) trait Backend: Copy {
    /// Arithmetic on eight lanes.
    type Lanes: Lanes;
    /// Four activations of one row as they are stored: `[i8; 4]` or `[i16; 4]`.
    type Step: Step;
    /// Four activations of one row, copied to all columns.
    type Inputs: Copy;
    /// A step of a panel's weights as tiles read it: as it is packed, or laid out once for all rows.
    type Wide: Copy;
    /// Four weights (0..=127) of each column of a group.
    type Columns: Copy;
    /// Running sums of the columns of a group, in an order that [`Self::sums`] puts right.
    type Sums: Copy;

    /// Rows of a tile (1 to 6); also the rows of a block in [`crate::Activations`].
    const ROWS: usize;
    /// Panels of eight columns that are computed as one group: 1 or 2.
    const GROUP: usize = 1;
    /// Groups of a tile: 1 or 2.
    const GROUPS: usize;

    /// Runs a job with the processor's features switched on.
    fn run<J: Job>(self, job: J);

    fn lanes(self) -> Self::Lanes;
    fn inputs(self, step: &Self::Step) -> Self::Inputs;
    /// The weights of a panel; `room` may be used for them.
    fn widen<'a>(self, steps: &'a [WeightStep], room: &'a mut Vec<Self::Wide>) -> &'a [Self::Wide];
    /// The weights of a group; where that is one panel, the second one is not looked at.
    fn columns(self, panels: [&Self::Wide; 2]) -> Self::Columns;
    fn zero(self) -> Self::Sums;
    /// `sums[c] += inputs[0..4] · columns[c][0..4]`, exact in `i32`.
    fn dot(self, sums: Self::Sums, inputs: Self::Inputs, columns: Self::Columns) -> Self::Sums;
    /// The sums of columns 0 to 7 of each panel in order; of a group of one panel twice the same.
    fn sums(self, sums: Self::Sums) -> [Ints<Self>; 2];
    /// Eight values in -128..=127 as two steps.
    fn steps(self, values: Ints<Self>) -> [Self::Step; 2];
}

/// Eight `i32` lanes of a backend.
pub(crate) type Ints<B> = <<B as Backend>::Lanes as Lanes>::Ints;
/// Eight `f32` lanes of a backend.
pub(crate) type Floats<B> = <<B as Backend>::Lanes as Lanes>::Floats;
