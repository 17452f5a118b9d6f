//! The encoder in plain Rust f32, independent of any runtime: what exported graphs are held to.

use super::weights::{EncoderWeights, Layer, Linear, NORM_EPSILON, Norm};

/// Embeds one sequence of token ids: mean over the tokens, L2-normalised, `[hidden]`.
///
/// # Panics
/// When the sequence is empty or longer than the position table, or an id is outside the
/// vocabulary.
pub fn embed(weights: &EncoderWeights, ids: &[u32]) -> Vec<f32> {
    embed_observed(weights, ids, &mut |_, _, _| {})
}

/// As [`embed`]; shows what goes into every linear layer: the number of its transformer layer, its own number
/// (in the order of [`Layer::linears`]) and the rows.
pub(super) fn embed_observed(
    weights: &EncoderWeights,
    ids: &[u32],
    see: &mut impl FnMut(usize, usize, &[f32]),
) -> Vec<f32> {
    let hidden = weights.hidden;
    let mut states: Vec<f32> = Vec::with_capacity(ids.len() * hidden);
    for (position, &id) in ids.iter().enumerate() {
        let word = &weights.words[id as usize * hidden..][..hidden];
        let place = &weights.position_table[position * hidden..][..hidden];
        states.extend(word.iter().zip(place).map(|(w, p)| w + p));
    }
    normalise(&mut states, &weights.embedding_norm);
    for (number, layer) in weights.layers.iter().enumerate() {
        see(number, 0, &states);
        let context = attention(&apply(&layer.qkv, &states), hidden, weights.heads);
        see(number, 1, &context);
        let mut attended = apply(&layer.attention_output, &context);
        add(&mut attended, &states);
        normalise(&mut attended, &layer.attention_norm);
        see(number, 2, &attended);
        states = feed_forward(&attended, layer, |active| see(number, 3, active));
    }
    let mut mean = vec![0.0f32; hidden];
    for row in states.chunks_exact(hidden) {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += v / ids.len() as f32);
    }
    let norm = mean.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
    for value in &mut mean {
        *value /= norm;
    }
    mean
}

fn feed_forward(attended: &[f32], layer: &Layer, see: impl FnOnce(&[f32])) -> Vec<f32> {
    let mut inner = apply(&layer.intermediate, attended);
    for value in &mut inner {
        *value = gelu(*value);
    }
    see(&inner);
    let mut output = apply(&layer.output, &inner);
    add(&mut output, attended);
    normalise(&mut output, &layer.output_norm);
    output
}

fn attention(qkv: &[f32], hidden: usize, heads: usize) -> Vec<f32> {
    let (length, width) = (qkv.len() / (3 * hidden), hidden / heads);
    let part = |token: usize, kind: usize, head: usize| {
        &qkv[token * 3 * hidden + kind * hidden + head * width..][..width]
    };
    let mut context = vec![0.0f32; length * hidden];
    for head in 0..heads {
        for from in 0..length {
            let scores: Vec<f32> =
                (0..length).map(|to| dot(part(from, 0, head), part(to, 1, head))).collect();
            let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let exps: Vec<f32> = scores.iter().map(|s| exp(s - peak)).collect();
            let sum: f32 = exps.iter().sum();
            let target = &mut context[from * hidden + head * width..][..width];
            for (to, e) in exps.iter().enumerate() {
                let share = e / sum;
                target.iter_mut().zip(part(to, 2, head)).for_each(|(t, v)| *t += share * v);
            }
        }
    }
    context
}

fn apply(linear: &Linear, input: &[f32]) -> Vec<f32> {
    let mut output = Vec::with_capacity(input.len() / linear.inputs * linear.outputs);
    for row in input.chunks_exact(linear.inputs) {
        let mut sums = linear.bias.clone();
        for (value, weights) in row.iter().zip(linear.weight.chunks_exact(linear.outputs)) {
            sums.iter_mut().zip(weights).for_each(|(s, w)| *s += value * w);
        }
        output.extend(sums);
    }
    output
}

fn normalise(states: &mut [f32], norm: &Norm) {
    let width = norm.scale.len();
    for row in states.chunks_exact_mut(width) {
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width as f32;
        let inverse = 1.0 / (variance + NORM_EPSILON).sqrt();
        for (v, (s, b)) in row.iter_mut().zip(norm.scale.iter().zip(&norm.bias)) {
            *v = (*v - mean) * inverse * s + b;
        }
    }
}

fn add(target: &mut [f32], other: &[f32]) {
    target.iter_mut().zip(other).for_each(|(t, o)| *t += o);
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn gelu(x: f32) -> f32 {
    let x = f64::from(x);
    (0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2))) as f32
}

/// The exponential function of a number that is not above 0, by its series. What a system's library gives differs in
/// the last bit from machine to machine, and the exported bytes depend on it.
fn exp(x: f32) -> f32 {
    let x = f64::from(x.max(-100.0));
    let halvings = (-x * std::f64::consts::LOG2_E).round_ties_even();
    let rest = x + halvings * std::f64::consts::LN_2;
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..16 {
        term *= rest / f64::from(n);
        sum += term;
    }
    (0..halvings as u32).for_each(|_| sum /= 2.0);
    sum as f32
}

/// The error function by its Maclaurin series, and by 1 beyond where f32 can tell; good to about
/// 1e-12 in between.
fn erf(x: f64) -> f64 {
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        let n = f64::from(n);
        term *= -x * x / n;
        let step = term / (2.0 * n + 1.0);
        sum += step;
        if step.abs() < 1e-16 {
            break;
        }
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

#[cfg(test)]
mod tests {
    use super::{erf, exp};

    #[test]
    fn exp_is_the_exponential_function() {
        for x in [0.0f32, -1e-6, -0.3, -0.5, -1.0, -7.7, -50.0, -87.0] {
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) / truth - 1.0).abs() < 1e-7, "exp({x}) = {}", exp(x));
        }
        assert!(exp(f32::MIN) < 1e-40);
    }

    #[test]
    fn erf_matches_tabulated_values() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (-1.0, -0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.5, 0.999_999_256_901_627_7),
        ] {
            assert!((erf(x) - expected).abs() < 1e-9, "erf({x}) = {}", erf(x));
        }
    }
}
