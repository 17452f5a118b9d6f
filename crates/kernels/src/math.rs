//! `exp`, `erf` and GELU on eight lanes, from single IEEE operations.

use crate::backend::Lanes;

/// 1.5 * 2^23: adding it rounds to an integer, ties to even, in the low bits of the result.
pub(crate) const MAGIC: f32 = 12_582_912.0;
/// The bits of [`MAGIC`].
pub(crate) const MAGIC_BITS: i32 = 0x4B40_0000;

/// A polynomial in Horner's form, highest power first.
#[inline(always)]
fn polynomial<L: Lanes, const N: usize>(l: L, x: L::Floats, coefficients: [f32; N]) -> L::Floats {
    let mut sum = l.splat(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        sum = l.mul_then_add(sum, x, l.splat(coefficient));
    }
    sum
}

/// `exp(x)`, relative error below 3e-7; x is first limited to -87..=88.
///
/// x = n ln 2 + r, `exp(r)` by the polynomial of degree 5 with the least largest error that begins with 1 + r, and n
/// added to the exponent.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let x = l.min(l.splat(88.0), l.max(l.splat(-87.0), x));
    let rounded = l.mul_then_add(x, l.splat(std::f32::consts::LOG2_E), l.splat(MAGIC));
    let n = l.sub(rounded, l.splat(MAGIC));
    // ln 2 in two parts; the first has so few bits that its product with n is exact.
    let r = l.mul_then_add(n, l.splat(-0.693_359_4), x);
    let r = l.mul_then_add(n, l.splat(2.121_944_4e-4), r);
    let p = polynomial(l, r, [8.312_51e-3, 4.189_011e-2, 0.166_671_16, 0.499_992_3]);
    let p = l.mul_then_add(l.mul(r, r), p, l.add(r, l.splat(1.0)));
    let exponent = l.int_shl_23(l.int_sub(l.bits(rounded), l.int_splat(MAGIC_BITS)));
    l.with_bits(l.int_add(l.bits(p), exponent))
}

/// `erf(x)`, absolute error below 1.2e-4: the odd rational function of these degrees with the least largest error on
/// -2.8..=2.8, where x is limited to. What comes out of a GELU is rounded to 8 bits, in steps a hundred times as large.
#[inline(always)]
pub(crate) fn erf<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let x = l.min(l.splat(2.8), l.max(l.splat(-2.8), x));
    let t = l.mul(x, x);
    let above = polynomial(l, t, [-4.706_723e-4, 2.200_229_8e-2, 0.201_597_17, 1.128_088_7]);
    let below = polynomial(l, t, [9.334_704e-2, 0.510_120_1, 1.0]);
    l.div(l.mul(above, x), below)
}

/// `x / 2 * (1 + erf(x / √2))`.
#[inline(always)]
pub(crate) fn gelu<L: Lanes>(l: L, x: L::Floats) -> L::Floats {
    let e = erf(l, l.mul(x, l.splat(std::f32::consts::FRAC_1_SQRT_2)));
    let half = l.mul(x, l.splat(0.5));
    l.mul_then_add(half, e, half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::portable::Portable;

    /// Every value in an optimised build, a sample in a slow one.
    const STEP: usize = if cfg!(debug_assertions) { 37 } else { 1 };

    /// `erf` in double precision: the series near zero, else a continued fraction.
    fn erf_truth(x: f64) -> f64 {
        let a = x.abs();
        if a < 3.0 {
            let (mut term, mut sum) = (a, a);
            for n in 1..200 {
                let n = f64::from(n);
                term *= -a * a / n;
                sum += term / (2.0 * n + 1.0);
            }
            return x.signum() * sum * std::f64::consts::FRAC_2_SQRT_PI;
        }
        let mut fraction = a;
        for n in (1..200).rev() {
            fraction = a + f64::from(n) / 2.0 / fraction;
        }
        let tail = (-a * a).exp() / fraction / std::f64::consts::PI.sqrt();
        x.signum() * (1.0 - tail)
    }

    fn one(f: impl Fn([f32; 8]) -> [f32; 8], x: f32) -> f64 {
        f64::from(f([x; 8])[0])
    }

    #[test]
    fn erf_truth_is_the_tabulated_value() {
        for (x, value) in [
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.5, 0.999_999_256_901_627_7),
        ] {
            assert!((erf_truth(x) - value).abs() < 1e-15, "erf({x})");
        }
    }

    #[test]
    fn exp_is_within_its_bound() {
        let mut worst = 0f64;
        for i in (-870_000..=880_000).step_by(STEP) {
            let x = i as f32 / 10_000.0;
            let truth = f64::from(x).exp();
            worst = worst.max((one(|x| exp(Portable, x), x) / truth - 1.0).abs());
        }
        println!("exp: largest relative error {worst:e}");
        assert!(worst < 3e-7, "{worst:e}");
    }

    #[test]
    fn exp_is_limited_at_both_ends() {
        assert_eq!(one(|x| exp(Portable, x), 0.0).to_bits(), 1f64.to_bits());
        let low = one(|x| exp(Portable, x), f32::MIN);
        assert!(low > 0.0 && low < 2e-38);
        assert!(one(|x| exp(Portable, x), f32::MAX).is_finite());
    }

    #[test]
    fn erf_is_within_its_bound() {
        let mut worst = 0f64;
        for i in (-600_000..=600_000).step_by(STEP) {
            let x = i as f32 / 100_000.0;
            let truth = erf_truth(f64::from(x));
            worst = worst.max((one(|x| erf(Portable, x), x) - truth).abs());
        }
        println!("erf: largest absolute error {worst:e}");
        assert!(worst < 1.2e-4, "{worst:e}");
    }

    #[test]
    fn gelu_is_near_the_truth() {
        let mut worst = 0f64;
        for i in (-100_000..=100_000).step_by(STEP) {
            let x = i as f32 / 10_000.0;
            let wide = f64::from(x);
            let truth = wide / 2.0 * (1.0 + erf_truth(wide * std::f64::consts::FRAC_1_SQRT_2));
            let difference = (one(|x| gelu(Portable, x), x) - truth).abs();
            worst = worst.max(difference / wide.abs().max(1.0));
        }
        println!("gelu: largest error {worst:e} of max(1, |x|)");
        assert!(worst < 1.2e-4, "{worst:e}");
    }
}
