//! Training with nothing seen twice: act probabilities for the sequence models come from act heads that
//! never saw the conversation, and so do all figures.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use rapport_engine::Temperatures;
use rayon::prelude::*;

use super::acts_net::{self, ActsNet, ActsOptions};
use super::checkpoint::Checkpoint;
use super::example::Example;
use super::scaling::Scaling;
use super::temperature;
use crate::Output;

/// Act probabilities of each turn of a conversation by its speaker's head, `[turns][6]`.
pub(crate) type ActRows = Vec<Vec<f32>>;

/// The act heads of a run.
#[derive(Debug)]
pub(crate) struct ActModels {
    /// Shift and scale of the inputs.
    pub scaling: Scaling,
    /// Trained on every labelled conversation: what ships.
    pub full: Vec<ActsNet>,
    /// By the folds left out (one or two, ascending).
    without: BTreeMap<(usize, usize), Vec<ActsNet>>,
}

/// Mean probabilities of several networks.
pub(crate) fn average(nets: &[ActsNet], example: &Example, scaling: &Scaling) -> ActRows {
    let mut sum: ActRows = Vec::new();
    for net in nets {
        let p = net.predict(example, scaling);
        if sum.is_empty() {
            sum = p;
        } else {
            sum.iter_mut().flatten().zip(p.into_iter().flatten()).for_each(|(s, p)| *s += p);
        }
    }
    sum.iter_mut().flatten().for_each(|s| *s /= nets.len() as f32);
    sum
}

impl ActModels {
    /// Trains the heads: one set on everything, one without each fold, one without each pair of folds.
    ///
    /// `phrases` are extra labelled turns that belong to no fold.
    ///
    /// # Errors
    /// When a checkpoint cannot be written or read.
    pub(crate) fn fit(
        labelled: &[&Example],
        folds: &[usize],
        phrases: &[&Example],
        options: &ActsOptions,
        seeds: usize,
        checkpoints: Option<&Path>,
        output: Output,
    ) -> Result<Self> {
        let scaling = Scaling::of_turns(labelled);
        let count = folds.iter().max().map_or(0, |m| m + 1);
        let mut left_out = vec![(usize::MAX, usize::MAX)];
        for f in 0..count {
            left_out.push((f, f));
            left_out.extend((f + 1..count).map(|g| (f, g)));
        }
        let units: Vec<((usize, usize), u64)> =
            left_out.iter().flat_map(|&out| (0..seeds as u64).map(move |s| (out, s))).collect();
        let bar = output.steps((units.len() * options.epochs) as u64, "train the act head");
        let nets: Vec<ActsNet> = units
            .par_iter()
            .map(|&((f, g), seed)| {
                let mut examples: Vec<&Example> = (0..labelled.len())
                    .filter(|&i| folds[i] != f && folds[i] != g)
                    .map(|i| labelled[i])
                    .collect();
                examples.extend(phrases);
                let name =
                    if f == usize::MAX { format!("acts-{seed}") } else { format!("acts-{f}-{g}-{seed}") };
                let checkpoint = Checkpoint::new(checkpoints, &name);
                acts_net::fit(&examples, &scaling, options, seed, &checkpoint, &|| bar.inc(1))
            })
            .collect::<Result<_>>()?;
        bar.finish();
        let mut without: BTreeMap<(usize, usize), Vec<ActsNet>> = BTreeMap::new();
        for ((out, _), net) in units.into_iter().zip(nets) {
            without.entry(out).or_default().push(net);
        }
        let full = without.remove(&(usize::MAX, usize::MAX)).unwrap_or_default();
        Ok(Self { scaling, full, without })
    }

    /// Probabilities by the heads that did not see folds `f` and `g`.
    pub(crate) fn rows_without(&self, f: usize, g: usize, example: &Example) -> ActRows {
        average(&self.without[&(f.min(g), f.max(g))], example, &self.scaling)
    }

    /// Probabilities by the heads that ship.
    pub(crate) fn rows(&self, example: &Example) -> ActRows {
        average(&self.full, example, &self.scaling)
    }
}

/// Divisors of the two act heads' logits from probabilities for conversations kept back.
pub(crate) fn act_temperatures(labelled: &[&Example], rows: &[ActRows], temperatures: &mut Temperatures) {
    use rapport_conversation::Speaker;
    let of = |speaker| {
        let (mut p, mut truth) = (Vec::new(), Vec::new());
        for (example, rows) in labelled.iter().zip(rows) {
            for (t, act) in example.act.iter().enumerate() {
                if let Some(class) = act.filter(|_| example.speaker(t) == speaker) {
                    p.push(rows[t].clone());
                    truth.push(class);
                }
            }
        }
        temperature::fit(&p, &truth)
    };
    temperatures.response_type_now = of(Speaker::Customer);
    temperatures.seller_act = of(Speaker::Salesperson);
}
