//! One step of an LSTM, once its products are made.

use crate::backend::{Backend, Floats, Job, Lanes};
use crate::kernel::Kernel;
use crate::math::exp;

impl Kernel {
    /// `c = σ(f) c + σ(i) tanh(g)` and `h = σ(o) tanh(c)` for H units; `gates` has H values each of i, o, f and g, the
    /// order of ONNX, before their functions. Absolute error of σ and tanh below 5e-7.
    ///
    /// # Panics
    /// If `gates` has not four times as many values as `cell`, or `hidden` has not as many.
    pub fn lstm_step(self, gates: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
        let units = cell.len();
        assert!(gates.len() == 4 * units, "{} gates of {units} units", gates.len());
        assert!(hidden.len() == units, "{} outputs of {units} units", hidden.len());
        self.run(Step { gates, cell, hidden });
    }
}

struct Step<'a> {
    gates: &'a [f32],
    cell: &'a mut [f32],
    hidden: &'a mut [f32],
}

impl Job for Step<'_> {
    #[inline(always)]
    fn run<B: Backend>(self, b: B) {
        let l = b.lanes();
        let units = self.cell.len();
        let mut start = 0;
        while start < units {
            let end = (start + 8).min(units);
            let gate =
                |index: usize| l.load_part(&self.gates[index * units + start..index * units + end], 0.0);
            let cell = &mut self.cell[start..end];
            let kept = l.mul(sigmoid::<B>(l, gate(2)), l.load_part(cell, 0.0));
            let new = l.mul(sigmoid::<B>(l, gate(0)), tanh::<B>(l, gate(3)));
            let c = l.add(kept, new);
            l.store_part(c, cell);
            let h = l.mul(sigmoid::<B>(l, gate(1)), tanh::<B>(l, c));
            l.store_part(h, &mut self.hidden[start..end]);
            start = end;
        }
    }
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
fn sigmoid<B: Backend>(l: B::Lanes, x: Floats<B>) -> Floats<B> {
    let one = l.splat(1.0);
    l.div(one, l.add(one, exp(l, l.sub(l.splat(0.0), x))))
}

/// `1 - 2 / (1 + exp(2 x))`.
#[inline(always)]
fn tanh<B: Backend>(l: B::Lanes, x: Floats<B>) -> Floats<B> {
    let one = l.splat(1.0);
    l.sub(one, l.div(l.splat(2.0), l.add(one, exp(l, l.add(x, x)))))
}
