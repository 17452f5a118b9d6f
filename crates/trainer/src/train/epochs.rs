//! The loop over epochs that every network is trained by: checkpoints, and stopping when no more is learned.

use anyhow::Result;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use rand_chacha::ChaCha8Rng;

use super::checkpoint::{Best, Checkpoint, State};
use super::random::shuffle;

/// Stops training when the loss on conversations kept aside has stopped falling, and takes the weights of the
/// epoch with the lowest.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EarlyStopping {
    /// Share of the training conversations that are kept aside.
    pub share: f64,
    /// Epochs without a lower loss after which training stops.
    pub patience: usize,
}

/// Divides `count` examples into those to train on and those kept aside, by a seeded draw.
pub(crate) fn keep_aside(
    count: usize,
    stopping: Option<EarlyStopping>,
    random: &mut ChaCha8Rng,
) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..count).collect();
    let Some(stopping) = stopping else { return (order, Vec::new()) };
    shuffle(random, &mut order);
    let aside = ((count as f64 * stopping.share).round() as usize).clamp(1, count.saturating_sub(1).max(1));
    let train = order.split_off(aside);
    (train, order)
}

/// How long a network is trained.
pub(crate) struct Epochs<'a> {
    /// Passes at most.
    pub most: usize,
    /// Without it every pass is made.
    pub stopping: Option<EarlyStopping>,
    /// Where the state is kept between epochs.
    pub checkpoint: &'a Checkpoint,
    /// Called once for each of the passes, also for those that were not needed.
    pub done: &'a (dyn Fn() + Sync),
}

impl Epochs<'_> {
    /// Trains by `epoch`, which makes one pass; `loss` is that on the examples kept aside.
    ///
    /// # Errors
    /// When a checkpoint cannot be written or read.
    pub(crate) fn run<M: Module>(
        &self,
        module: M,
        optimizer: ModuleOptimizer,
        mut epoch: impl FnMut(usize, M, &mut ModuleOptimizer) -> M,
        loss: impl Fn(&M) -> f64,
    ) -> Result<M> {
        let State { epoch: start, mut module, mut optimizer, mut best } =
            self.checkpoint.load(module, optimizer)?;
        (0..start).for_each(|_| (self.done)());
        for at in start..self.most {
            module = epoch(at, module, &mut optimizer);
            (self.done)();
            let mut reached = at + 1;
            if let Some(stopping) = self.stopping {
                let now = loss(&module);
                if best.as_ref().is_none_or(|b| now < b.loss) {
                    best = Some(Best { epoch: at, loss: now, module: module.clone() });
                }
                let waited = best.as_ref().map_or(0, |b| at - b.epoch);
                if reached == self.most || waited >= stopping.patience {
                    (reached..self.most).for_each(|_| (self.done)());
                    reached = self.most;
                    module = best.take().map_or(module, |b| b.module);
                }
            }
            let state = State { epoch: reached, module, optimizer, best };
            self.checkpoint.save(&state, self.most)?;
            State { module, optimizer, best, .. } = state;
            if reached == self.most {
                break;
            }
        }
        Ok(module)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use burn::nn::{Linear, LinearConfig};
    use burn::optim::AdamWConfig;
    use burn::tensor::Device;

    use super::super::random::generator;
    use super::*;

    /// Runs with the given losses; the passes that were made, and how often progress was told.
    fn passes(losses: &[f64], stopping: Option<EarlyStopping>) -> (usize, usize) {
        let net: Linear = LinearConfig::new(1, 1).init(&Device::flex().autodiff());
        let (made, told) = (RefCell::new(0), AtomicUsize::new(0));
        let checkpoint = Checkpoint::default();
        let done = || {
            told.fetch_add(1, Ordering::Relaxed);
        };
        let epochs = Epochs { most: losses.len(), stopping, checkpoint: &checkpoint, done: &done };
        let pass = |_, module, _: &mut ModuleOptimizer| {
            *made.borrow_mut() += 1;
            module
        };
        let run = epochs.run(net, AdamWConfig::new().init(), pass, |_| losses[*made.borrow() - 1]);
        assert!(run.is_ok());
        (made.into_inner(), told.into_inner())
    }

    #[test]
    fn training_stops_when_nothing_more_is_learned() {
        let losses = [3.0, 2.0, 2.5, 2.4, 2.3, 1.0, 0.5];
        assert_eq!(passes(&losses, None), (7, 7));
        assert_eq!(passes(&losses, Some(EarlyStopping { share: 0.1, patience: 3 })), (5, 7));
        assert_eq!(passes(&losses, Some(EarlyStopping { share: 0.1, patience: 4 })), (7, 7));
    }

    #[test]
    fn a_share_is_kept_aside() {
        let random = &mut generator(1, "test");
        let (train, aside) = keep_aside(20, Some(EarlyStopping { share: 0.1, patience: 1 }), random);
        assert_eq!((train.len(), aside.len()), (18, 2));
        assert!(aside.iter().all(|i| !train.contains(i)));
        assert_eq!(keep_aside(3, None, random), (vec![0, 1, 2], vec![]));
    }
}
