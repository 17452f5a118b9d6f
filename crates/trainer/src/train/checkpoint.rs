//! Training that was interrupted goes on from a whole epoch, at most a few seconds of work back.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;

/// Epochs of small networks take a fraction of a second: writing after each would cost more than it saves.
const INTERVAL: Duration = Duration::from_secs(5);

/// A unit of training between two epochs.
pub(crate) struct State<M> {
    /// Whole epochs that are done.
    pub epoch: usize,
    /// The network.
    pub module: M,
    /// Its optimizer.
    pub optimizer: ModuleOptimizer,
    /// The best network so far, where examples are kept aside.
    pub best: Option<Best<M>>,
}

/// The network with the lowest loss on the examples kept aside.
pub(crate) struct Best<M> {
    /// The epoch that made it, from 0.
    pub epoch: usize,
    /// Its loss.
    pub loss: f64,
    /// The network.
    pub module: M,
}

/// Where one unit of training keeps its state; without a folder nothing is kept.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint {
    file: Option<PathBuf>,
    interval: Duration,
    saved: Mutex<Option<Instant>>,
}

impl Checkpoint {
    /// Keeps the state of the unit `name` in a folder.
    pub(crate) fn new(folder: Option<&Path>, name: &str) -> Self {
        let file = folder.map(|f| f.join(format!("{name}.checkpoint")));
        Self { file, interval: INTERVAL, saved: Mutex::new(Some(Instant::now())) }
    }

    /// The same, written after every epoch.
    #[cfg(test)]
    pub(crate) fn every_epoch(folder: &Path, name: &str) -> Self {
        Self { interval: Duration::ZERO, ..Self::new(Some(folder), name) }
    }

    fn is_due(&self) -> bool {
        let mut saved = self.saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = saved.is_none_or(|at| at.elapsed() >= self.interval);
        if due {
            *saved = Some(Instant::now());
        }
        due
    }

    /// Writes the state of a unit of `epochs` epochs, aside and then renamed. The last is always written: a unit
    /// that is done is not trained again.
    pub(crate) fn save<M: Module>(&self, state: &State<M>, epochs: usize) -> Result<()> {
        let due = |_: &&PathBuf| state.epoch == epochs || self.is_due();
        let Some(file) = self.file.as_ref().filter(due) else { return Ok(()) };
        let record = |module: &M| module.clone().into_record().into_bytes().context("encode the weights");
        let module = record(&state.module)?;
        let optimizer = state.optimizer.into_bytes().context("encode the optimizer")?;
        let best = state.best.as_ref().map(|b| record(&b.module)).transpose()?;
        let mut bytes = Vec::new();
        bytes.extend((state.epoch as u64).to_le_bytes());
        bytes.extend(state.best.as_ref().map_or(0, |b| b.epoch as u64).to_le_bytes());
        bytes.extend(state.best.as_ref().map_or(0.0, |b| b.loss).to_le_bytes());
        bytes.extend((module.len() as u64).to_le_bytes());
        bytes.extend((optimizer.len() as u64).to_le_bytes());
        bytes.extend(&*module);
        bytes.extend(&*optimizer);
        bytes.extend(best.iter().flat_map(|b| b.iter()));
        // Renamed, so never half-written; not forced to disk, which would take longer than the epoch.
        let aside = file.with_extension("aside");
        std::fs::write(&aside, &bytes)
            .and_then(|()| std::fs::rename(&aside, file))
            .with_context(|| format!("cannot write the checkpoint {}", file.display()))
    }

    /// Reads the state back, or begins with what is given.
    ///
    /// A checkpoint that cannot be read is an error rather than a silent new start.
    pub(crate) fn load<M: Module>(&self, module: M, optimizer: ModuleOptimizer) -> Result<State<M>> {
        let Some(file) = self.file.as_ref().filter(|f| f.exists()) else {
            return Ok(State { epoch: 0, module, optimizer, best: None });
        };
        let unreadable = || format!("read the checkpoint {}; remove it to start anew", file.display());
        let bytes = std::fs::read(file).with_context(unreadable)?;
        let eight = |at: usize| -> Result<[u8; 8]> {
            Ok(bytes.get(at..at + 8).with_context(unreadable)?.try_into()?)
        };
        let number = |at: usize| -> Result<usize> { Ok(u64::from_le_bytes(eight(at)?) as usize) };
        let (weights, rest) = (number(24)?, number(32)?);
        let split = 40usize.checked_add(weights).and_then(|a| Some((a, a.checked_add(rest)?)));
        let (middle, end) = split.filter(|(_, end)| *end <= bytes.len()).with_context(unreadable)?;
        let read = |bytes: &[u8]| {
            let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
            record.with_context(unreadable).map(|record| module.clone().load_record(record))
        };
        let best = (end < bytes.len())
            .then(|| -> Result<Best<M>> {
                let loss = f64::from_le_bytes(eight(16)?);
                Ok(Best { epoch: number(8)?, loss, module: read(&bytes[end..])? })
            })
            .transpose()?;
        let optimizer = optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes[middle..end].to_vec()))
            .with_context(unreadable)?;
        Ok(State { epoch: number(0)?, module: read(&bytes[40..middle])?, optimizer, best })
    }
}
