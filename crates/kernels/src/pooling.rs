//! From token vectors to a sentence vector. Plain code, the same on every processor.

use crate::backend::Lanes;
use crate::backend::portable::Portable;
use crate::mask::Mask;

/// The mean of the tokens that count: `x` is `[tokens][D]`, `out` has D values.
///
/// Tokens are added in order. With no token the result is 0.
///
/// # Panics
/// If `out` is empty, `x` is not a whole number of rows, or the mask does not fit it.
pub fn mean_pool(x: &[f32], mask: Mask<'_>, out: &mut [f32]) {
    let width = out.len();
    assert!(width > 0, "a token needs at least one value");
    assert!(x.len().is_multiple_of(width), "{} values are no rows of {width}", x.len());
    let tokens = x.len() / width;
    mask.check(tokens);
    out.fill(0.0);
    let mut count = 0;
    for token in mask.positions(tokens) {
        for (out, x) in out.iter_mut().zip(&x[token * width..]) {
            *out += x;
        }
        count += 1;
    }
    let count = count.max(1) as f32;
    for out in out {
        *out /= count;
    }
}

/// Divides `x` by its Euclidean length, or by 1e-12 where the length is less.
///
/// The squares are added in eight partial sums, as in [`crate::Kernel::layer_norm`].
pub fn normalize(x: &mut [f32]) {
    let (chunks, rest) = x.as_chunks::<8>();
    let mut sum = [0.0; 8];
    for chunk in chunks {
        sum = Portable.mul_then_add(*chunk, *chunk, sum);
    }
    if !rest.is_empty() {
        let rest = Portable.load_part(rest, 0.0);
        sum = Portable.mul_then_add(rest, rest, sum);
    }
    let length = Portable.sum(sum).sqrt().max(1e-12);
    for x in x {
        *x /= length;
    }
}
