//! A small encoder of the real shape for tests.

use super::weights::{EncoderWeights, Layer, Linear, Norm};

const HIDDEN: usize = 64;

/// Numbers between -1 and 1 that are the same on every machine.
struct Noise(u32);

impl Noise {
    fn take(&mut self, count: usize, scale: f32) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
        };
        (0..count).map(|_| next()).collect()
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        let weight = self.take(inputs * outputs, 0.25);
        Linear { inputs, outputs, weight, bias: self.take(outputs, 0.1) }
    }

    fn norm(&mut self) -> Norm {
        let scale = self.take(HIDDEN, 0.3).into_iter().map(|v| 1.0 + v).collect();
        Norm { scale, bias: self.take(HIDDEN, 0.2) }
    }

    fn layer(&mut self) -> Layer {
        Layer {
            qkv: self.linear(HIDDEN, 3 * HIDDEN),
            attention_output: self.linear(HIDDEN, HIDDEN),
            attention_norm: self.norm(),
            intermediate: self.linear(HIDDEN, 4 * HIDDEN),
            output: self.linear(4 * HIDDEN, HIDDEN),
            output_norm: self.norm(),
        }
    }
}

/// A small encoder of the real shape.
pub(crate) fn small() -> EncoderWeights {
    let mut noise = Noise(7);
    EncoderWeights {
        hidden: HIDDEN,
        heads: 2,
        vocabulary: 50,
        positions: 16,
        words: noise.take(50 * HIDDEN, 1.0),
        position_table: noise.take(16 * HIDDEN, 0.3),
        embedding_norm: noise.norm(),
        layers: vec![noise.layer(), noise.layer()],
    }
}
