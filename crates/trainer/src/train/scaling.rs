//! Bringing inputs to sizes that learn at the same pace.

use rapport_engine::turn_vector_len;

use super::example::Example;
use super::sequence_net::Sequence;

/// Shift and scale of each input; what goes into a network is `(x - mean) * scale`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    /// Taken off each input.
    pub mean: Vec<f32>,
    /// Multiplied with what is left.
    pub scale: Vec<f32>,
}

impl Scaling {
    /// For rows of turns: embedding times 8, hashed words times 5, surface features standardised times a half.
    pub(crate) fn of_turns(examples: &[&Example]) -> Self {
        let dimensions = examples[0].readings[0].embedding.len();
        let surface: Vec<&[f32]> =
            examples.iter().flat_map(|e| &e.readings).map(|r| &r.surface[..]).collect();
        let (mean, deviation) = moments(&surface);
        let words = turn_vector_len(dimensions) - dimensions - mean.len();
        let mut scaling = Self {
            mean: vec![0.0; dimensions + words],
            scale: [vec![8.0; dimensions], vec![5.0; words]].concat(),
        };
        scaling.mean.extend(mean);
        scaling.scale.extend(deviation.iter().map(|d| 0.5 / (d + 1e-2)));
        scaling
    }

    /// For the rows of sequences: standardised.
    pub(crate) fn of_sequences(sequences: &[&Sequence]) -> Self {
        let rows: Vec<&[f32]> = sequences.iter().flat_map(|s| &s.inputs).map(|r| &r[..]).collect();
        let (mean, deviation) = moments(&rows);
        Self { mean, scale: deviation.iter().map(|d| 1.0 / (d + 0.01)).collect() }
    }
}

/// Mean and standard deviation of each column.
pub(crate) fn moments(rows: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
    let width = rows.first().map_or(0, |r| r.len());
    let n = rows.len().max(1) as f64;
    let column = |f: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
        (0..width).map(|i| rows.iter().map(|r| f(i, f64::from(r[i]))).sum::<f64>() / n).collect()
    };
    let mean = column(&|_, x| x);
    let variance = column(&|i, x| (x - mean[i]).powi(2));
    (mean.iter().map(|m| *m as f32).collect(), variance.iter().map(|v| v.sqrt() as f32).collect())
}
