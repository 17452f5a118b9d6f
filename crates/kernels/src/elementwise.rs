//! Functions of single values.

use crate::backend::{Backend, Job, Lanes};
use crate::kernel::Kernel;
use crate::math::{exp, gelu};

impl Kernel {
    /// Replaces each x by `exp(x)`, x first limited to -87..=88; relative error below 3e-7.
    pub fn exp(self, x: &mut [f32]) {
        self.run(Map { x, function: Function::Exp });
    }

    /// Replaces each x by `x / 2 * (1 + erf(x / √2))`; error below 1.2e-4 of `max(1, |x|)`.
    pub fn gelu(self, x: &mut [f32]) {
        self.run(Map { x, function: Function::Gelu });
    }
}

#[derive(Clone, Copy)]
enum Function {
    Exp,
    Gelu,
}

struct Map<'a> {
    x: &'a mut [f32],
    function: Function,
}

impl Job for Map<'_> {
    #[inline(always)]
    fn run<B: Backend>(self, b: B) {
        let l = b.lanes();
        let (chunks, rest) = self.x.as_chunks_mut::<8>();
        for chunk in chunks {
            l.store(apply(l, l.load(chunk), self.function), chunk);
        }
        if !rest.is_empty() {
            l.store_part(apply(l, l.load_part(rest, 0.0), self.function), rest);
        }
    }
}

#[inline(always)]
fn apply<L: Lanes>(l: L, x: L::Floats, function: Function) -> L::Floats {
    match function {
        Function::Exp => exp(l, x),
        Function::Gelu => gelu(l, x),
    }
}
