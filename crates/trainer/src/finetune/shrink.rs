//! How much of an adapter to keep.
//!
//! Weights between the base's and the tuned ones lose what the base knew later than they gain the task (Wortsman et al. 2022,
//! "Robust fine-tuning of zero-shot models"); for adapters, whose product is added, that is a factor on `alpha`. The
//! largest share is taken at which general texts are told apart as by the base, judged on texts that the
//! figures do not use.

use burn::tensor::Device;

use super::adapter::{AdapterFile, Adapters};
use super::general::{GeneralFigures, IntentCheck, TOLERATED};
use super::network::{Frozen, Trainable, embed_all};
use super::session::Tuned;
use crate::Output;
use crate::encoder::EncoderWeights;

/// Shares that are tried, the largest first.
const SHARES: [f64; 9] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
/// What may fall on the texts that choose, so that the others stay within what is tolerated.
const MARGIN: f64 = TOLERATED / 2.0;

/// What a share is chosen with.
pub(super) struct Shrinking<'a> {
    pub weights: &'a EncoderWeights,
    /// The base without autodiff.
    pub plain: &'a Frozen<'a>,
    /// The device of what was trained, with autodiff.
    pub tracked: &'a Device,
    pub output: Output,
}

impl Shrinking<'_> {
    /// Multiplies the adapters of `file` and `tuned` by `share`, or by the one that `check` chooses.
    pub(super) fn apply(
        &self,
        share: Option<f64>,
        check: Option<&IntentCheck>,
        file: &mut AdapterFile,
        tuned: &mut Tuned<Adapters>,
        seed: u64,
    ) {
        let chosen = share.or_else(|| check.map(|check| self.choose(check, file, seed))).unwrap_or(1.0);
        if chosen >= 1.0 {
            return;
        }
        file.spec.alpha *= chosen;
        file.share *= chosen;
        tuned.module = Adapters::of(&file.factors, self.weights, &file.spec, self.tracked);
        tuned.vectors = None;
    }

    fn choose(&self, check: &IntentCheck, file: &AdapterFile, seed: u64) -> f64 {
        let texts: Vec<&[u32]> = check.tokens.iter().map(|t| &t[..]).collect();
        let generic = self.embed(&self.plain.body, &texts);
        let kept = |share: &f64| {
            let mut spec = file.spec.clone();
            spec.alpha *= share;
            let adapters = Adapters::of(&file.factors, self.weights, &spec, &self.plain.device);
            let figures = check.compare(&generic, &self.embed(&adapters, &texts), seed);
            self.output.note(describe(*share, &figures));
            figures.nearest_change.value >= -MARGIN && figures.pairs_change.value >= -MARGIN
        };
        SHARES.into_iter().find(kept).unwrap_or(SHARES[SHARES.len() - 1])
    }

    fn embed<M: Trainable>(&self, module: &M, texts: &[&[u32]]) -> Vec<Vec<f32>> {
        let bar = self.output.steps(texts.len() as u64, "encode general texts");
        let vectors = embed_all(module, self.plain, texts, |n| bar.inc(n as u64));
        bar.finish_and_clear();
        vectors
    }
}

fn describe(share: f64, figures: &GeneralFigures) -> String {
    format!(
        "share {share}: nearest neighbour's intent {:+.4}, pairs {:+.4}",
        figures.nearest_change.value, figures.pairs_change.value
    )
}
