//! The linear layer: quantised activations times packed weights.

use crate::activations::{Activations, Row};
use crate::backend::{Backend, Floats, Ints, Job, Lanes};
use crate::kernel::Kernel;
use crate::math::gelu;
use crate::output::Output;
use crate::weights::{Panel, Weights};

/// What happens to each value of a linear layer before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// `out = y`.
    None,
    /// `out = y / 2 * (1 + erf(y / √2))`.
    Gelu,
    /// `out = y + out`: the residual connection.
    Add,
}

impl Kernel {
    /// `y = activations * weights + bias`: M rows of K inputs become M rows of N columns.
    ///
    /// With quantised activations `q` and weights `w` this computes, in this order,
    /// `y = f32(Σ (q - zero_point) w) * (weight_scale * row_scale) + bias`, the sum exactly.
    ///
    /// # Panics
    /// If the activations were quantised by another kernel, if their inputs are not those of
    /// the weights, or if M x N values do not fit `out`.
    pub fn linear(
        self,
        activations: &Activations,
        weights: &Weights,
        out: &mut Output<'_>,
        epilogue: Epilogue,
    ) {
        assert!(
            activations.kernel() == Some(self),
            "activations were not quantised by the kernel {}",
            self.name()
        );
        let (inputs, expected) = (activations.inputs(), weights.inputs());
        assert!(inputs == expected, "activations of {inputs} inputs, weights of {expected}");
        out.check(activations.rows(), weights.columns());
        self.run(Linear { activations, weights, out, epilogue });
    }
}

struct Linear<'a, 'b> {
    activations: &'a Activations,
    weights: &'a Weights,
    out: &'a mut Output<'b>,
    epilogue: Epilogue,
}

impl Job for Linear<'_, '_> {
    #[inline(always)]
    fn run<B: Backend>(mut self, b: B) {
        let groups = self.weights.panels().len().div_ceil(B::GROUP);
        let mut rooms = Rooms::<B>::default();
        let mut group = 0;
        if B::GROUPS == 2 {
            while group + 2 <= groups {
                self.blocks::<B, 2>(b, group, &mut rooms);
                group += 2;
            }
        }
        while group < groups {
            self.blocks::<B, 1>(b, group, &mut rooms);
            group += 1;
        }
    }
}

/// Where a backend may lay out the weights of a tile's panels.
type Rooms<B> = [[Vec<<B as Backend>::Wide>; 2]; 2];

/// A panel of a tile and where its values go.
#[derive(Clone, Copy)]
struct Column {
    panel: usize,
    start: usize,
    width: usize,
}

/// A tile's rows: their packed steps, how they were quantised, the first row's number; and the weights of its panels.
struct Block<'a, B: Backend, const P: usize> {
    steps: &'a [B::Step],
    rows: &'a [Row],
    first: usize,
    weights: [[&'a [B::Wide]; 2]; P],
}

impl Linear<'_, '_> {
    /// All rows of `P` groups. Their panels stay in the first-level cache.
    #[inline(always)]
    fn blocks<B: Backend, const P: usize>(&mut self, b: B, group: usize, rooms: &mut Rooms<B>) {
        let activations = self.activations;
        let packed = self.weights;
        let panels = packed.panels().len();
        let mut columns = [[Column { panel: 0, start: 0, width: 0 }; 2]; P];
        for (p, columns) in columns.iter_mut().enumerate() {
            for (part, column) in columns.iter_mut().enumerate() {
                // Behind the last panel it is computed again and not stored.
                let panel = (group + p) * B::GROUP + part;
                let width = self.weights.columns().saturating_sub(panel * 8).min(8);
                let stored = width > 0 && part < B::GROUP;
                *column = Column {
                    panel: panel.min(panels - 1),
                    start: if stored { self.out.start(panel * 8) } else { 0 },
                    width: if stored { width } else { 0 },
                };
            }
        }
        let mut weights: [[&[B::Wide]; 2]; P] = [[&[]; 2]; P];
        for ((weights, columns), rooms) in weights.iter_mut().zip(&columns).zip(rooms) {
            for ((weights, column), room) in weights.iter_mut().zip(columns).zip(rooms).take(B::GROUP) {
                *weights = b.widen(packed.steps(column.panel), room);
            }
            if B::GROUP == 1 {
                weights[1] = weights[0];
            }
        }
        let size = B::ROWS * activations.inputs().div_ceil(4);
        let steps = activations.steps::<B::Step>().chunks(size);
        for (index, (steps, rows)) in steps.zip(activations.row_info().chunks(B::ROWS)).enumerate() {
            let block = Block { steps, rows, first: index * B::ROWS, weights };
            match rows.len() {
                1 => self.tile::<B, 1, P>(b, &columns, &block),
                2 if B::ROWS >= 2 => self.tile::<B, 2, P>(b, &columns, &block),
                3 if B::ROWS >= 3 => self.tile::<B, 3, P>(b, &columns, &block),
                4 if B::ROWS >= 4 => self.tile::<B, 4, P>(b, &columns, &block),
                5 if B::ROWS >= 5 => self.tile::<B, 5, P>(b, &columns, &block),
                6 if B::ROWS >= 6 => self.tile::<B, 6, P>(b, &columns, &block),
                rows => unreachable!("a tile of {rows} rows"),
            }
        }
    }

    /// `R` rows of `P` groups.
    #[inline(always)]
    fn tile<B: Backend, const R: usize, const P: usize>(
        &mut self,
        b: B,
        columns: &[[Column; 2]; P],
        block: &Block<'_, B, P>,
    ) {
        let sums = accumulate::<B, R, P>(b, block.steps, block.weights);
        for (r, (sums, row)) in sums.into_iter().zip(block.rows).enumerate() {
            for (sums, group) in sums.into_iter().zip(columns) {
                for (sums, column) in b.sums(sums).into_iter().zip(group).take(B::GROUP) {
                    if column.width > 0 {
                        let y = finish(b, sums, row, &self.weights.panels()[column.panel]);
                        let target = self.out.part(column.start, block.first + r, column.width);
                        store(b.lanes(), y, target, self.epilogue);
                    }
                }
            }
        }
    }
}

/// Exact dot products. One step of four inputs an iteration: unrolling it halves the speed
/// in wasm.
#[inline(always)]
fn accumulate<B: Backend, const R: usize, const P: usize>(
    b: B,
    activations: &[B::Step],
    weights: [[&[B::Wide]; 2]; P],
) -> [[B::Sums; P]; R] {
    let activations = activations.as_chunks::<R>().0;
    for panel in weights.as_flattened() {
        assert!(panel.len() >= activations.len(), "a panel has fewer steps than the rows");
    }
    let mut sums = [[b.zero(); P]; R];
    // Adapters of iterators over several slices are not inlined here without link-time optimisation, and a bound
    // that is checked at each step costs a tenth of the speed in wasm.
    for (step, inputs) in activations.iter().enumerate() {
        // SAFETY: `step` is below the number of steps of the rows, which was held to each panel's above.
        let columns = |[first, second]: [&[B::Wide]; 2]| unsafe {
            b.columns([first.get_unchecked(step), second.get_unchecked(step)])
        };
        let mut group = [columns(weights[0]); P];
        #[allow(clippy::needless_range_loop)]
        for p in 1..P {
            group[p] = columns(weights[p]);
        }
        for (sums, inputs) in sums.iter_mut().zip(inputs) {
            let inputs = b.inputs(inputs);
            for (sum, &columns) in sums.iter_mut().zip(&group) {
                *sum = b.dot(*sum, inputs, columns);
            }
        }
    }
    sums
}

/// Takes the zero point and the + 64 out of the sums, scales and adds the bias.
#[inline(always)]
fn finish<B: Backend>(b: B, sums: Ints<B>, row: &Row, panel: &Panel) -> Floats<B> {
    let l = b.lanes();
    let shift = l.int_mul(l.int_load(&panel.sums), l.int_splat(row.zero_point));
    let exact = l.int_sub(l.int_sub(sums, l.int_splat(row.offset)), shift);
    let scale = l.mul(l.load(&panel.scales), l.splat(row.scale));
    l.mul_then_add(l.to_floats(exact), scale, l.load(&panel.bias))
}

#[inline(always)]
fn store<L: Lanes>(l: L, y: L::Floats, target: &mut [f32], epilogue: Epilogue) {
    let whole = target.len() == 8;
    let y = match epilogue {
        Epilogue::None => y,
        Epilogue::Gelu => gelu(l, y),
        Epilogue::Add => match target.as_array::<8>() {
            Some(target) => l.add(y, l.load(target)),
            None => l.add(y, l.load_part(target, 0.0)),
        },
    };
    match target.as_mut_array::<8>() {
        Some(target) if whole => l.store(y, target),
        _ => l.store_part(y, target),
    }
}
