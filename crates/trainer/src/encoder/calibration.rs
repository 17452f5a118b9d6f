//! What goes into each linear layer of an encoder, measured over sample texts.
//!
//! A few inputs of an encoder are far larger than the others. Where rows are quantized while the model runs, they
//! take the range from all others. Dividing an input by a factor and multiplying its weights by the same leaves the
//! product as it is and evens the range out (`SmoothQuant`, Xiao et al. 2023, with alpha = 0.5).
//!
//! All parts of the measurement are single IEEE operations in a fixed order, so they are the same on every machine.

use super::quantize::QuantizedMatrix;
use super::reference::embed_observed;
use super::rounding::quantize_for;
use super::weights::{EncoderWeights, Linear};

/// For each transformer layer and each of its linear layers what was measured.
pub(super) struct Calibration(Vec<[Inputs; 4]>);

impl Calibration {
    /// Measures the inputs of all linear layers over sequences of word numbers.
    pub(super) fn measure(weights: &EncoderWeights, sequences: &[Vec<u32>]) -> Self {
        let layers = weights.layers.iter();
        let mut inputs: Vec<[Inputs; 4]> =
            layers.map(|l| l.linears().map(|linear| Inputs::new(linear.inputs))).collect();
        for ids in sequences {
            embed_observed(weights, ids, &mut |layer, linear, rows| inputs[layer][linear].see(rows));
        }
        Self(inputs)
    }

    /// What goes into a linear layer.
    pub(super) fn of(&self, layer: usize, linear: usize) -> &Inputs {
        &self.0[layer][linear]
    }
}

/// A linear layer with 7-bit weights for inputs that are multiplied by `inverse` first.
pub(super) struct CalibratedLinear {
    /// One over the factor of each input.
    pub(super) inverse: Vec<f32>,
    /// Row-major `[inputs, outputs]`.
    pub(super) weights: QuantizedMatrix,
    pub(super) bias: Vec<f32>,
}

/// What goes into one linear layer of K inputs.
pub(super) struct Inputs {
    rows: usize,
    /// Largest size of each input.
    peaks: Vec<f32>,
    sums: Vec<f64>,
    /// Sums of products of two inputs, `[K, K]`; the half that begins at the diagonal is filled.
    products: Vec<f64>,
}

impl Inputs {
    fn new(inputs: usize) -> Self {
        let products = vec![0.0; inputs * inputs];
        Self { rows: 0, peaks: vec![0.0; inputs], sums: vec![0.0; inputs], products }
    }

    fn see(&mut self, rows: &[f32]) {
        let inputs = self.peaks.len();
        for row in rows.chunks_exact(inputs) {
            self.rows += 1;
            for (k, &x) in row.iter().enumerate() {
                self.peaks[k] = self.peaks[k].max(x.abs());
                self.sums[k] += f64::from(x);
                let (x, products) = (f64::from(x), &mut self.products[k * inputs..][k..inputs]);
                products.iter_mut().zip(&row[k..]).for_each(|(p, y)| *p += x * f64::from(*y));
            }
        }
    }

    /// Quantizes the layer that these inputs go into.
    pub(super) fn quantize(&self, linear: &Linear) -> CalibratedLinear {
        let factors = self.factors(linear);
        let rows = linear.weight.chunks_exact(linear.outputs).zip(&factors);
        let balanced: Vec<f32> = rows.flat_map(|(row, f)| row.iter().map(move |w| w * f)).collect();
        let weights = quantize_for(&balanced, linear.outputs, self.moments(&factors));
        // What rounding takes from the product of the mean input, the bias gives back.
        let means = self.means(&factors);
        let mut bias = linear.bias.clone();
        for (column, bias) in bias.iter_mut().enumerate() {
            let lost = |k: usize| {
                let at = k * linear.outputs + column;
                f64::from(balanced[at]) - f64::from(weights.values[at]) * f64::from(weights.scales[column])
            };
            *bias += means.iter().enumerate().map(|(k, m)| m * lost(k)).sum::<f64>() as f32;
        }
        let inverse = factors.iter().map(|f| 1.0 / f).collect();
        CalibratedLinear { inverse, weights, bias }
    }

    /// `sqrt(largest input / largest weight)` for each input; 1 where one of them is zero.
    fn factors(&self, linear: &Linear) -> Vec<f32> {
        let largest = |row: &[f32]| row.iter().fold(0.0, |most, v| f32::max(most, v.abs()));
        let rows = linear.weight.chunks_exact(linear.outputs).map(largest);
        let factor = |(&peak, weight): (&f32, f32)| {
            if peak > 0.0 && weight > 0.0 { (peak / weight).sqrt() } else { 1.0 }
        };
        self.peaks.iter().zip(rows).map(factor).collect()
    }

    /// Mean of each input after division by its factor.
    fn means(&self, factors: &[f32]) -> Vec<f64> {
        let rows = self.rows.max(1) as f64;
        self.sums.iter().zip(factors).map(|(s, f)| s / rows / f64::from(*f)).collect()
    }

    /// Mean products of two inputs after division by their factors, `[K, K]`, filled as from the diagonal on.
    fn moments(&self, factors: &[f32]) -> Vec<f64> {
        let (inputs, rows) = (factors.len(), self.rows.max(1) as f64);
        let mut moments = self.products.clone();
        for (row, f) in moments.chunks_exact_mut(inputs).zip(factors) {
            row.iter_mut().zip(factors).for_each(|(m, g)| *m /= rows * f64::from(*f) * f64::from(*g));
        }
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Inputs {
        let mut inputs = Inputs::new(2);
        inputs.see(&[4.0, -1.0, -2.0, 3.0]);
        inputs
    }

    #[test]
    fn peaks_means_and_products_are_those_of_the_rows() {
        let inputs = seen();
        assert_eq!(inputs.peaks, [4.0, 3.0]);
        assert_eq!(inputs.means(&[1.0, 1.0]), [1.0, 1.0]);
        assert_eq!(inputs.moments(&[1.0, 1.0]), [10.0, -5.0, 0.0, 5.0]);
        assert_eq!(inputs.moments(&[2.0, 0.5]), [2.5, -5.0, 0.0, 20.0]);
    }

    #[test]
    fn factors_even_inputs_and_weights_out() {
        let weight = vec![1.0, -0.25, 0.0, 0.0];
        let linear = Linear { inputs: 2, outputs: 2, weight, bias: vec![0.0; 2] };
        assert_eq!(seen().factors(&linear), [2.0, 1.0]);
    }
}
