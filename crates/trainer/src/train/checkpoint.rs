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

    /// Writes the state after `epoch` of `epochs` whole epochs, aside and then renamed. The last is always
    /// written: a unit that is done is not trained again.
    pub(crate) fn save<M: Module>(
        &self,
        epoch: usize,
        epochs: usize,
        module: &M,
        optimizer: &ModuleOptimizer,
    ) -> Result<()> {
        let due = |_: &&PathBuf| epoch == epochs || self.is_due();
        let Some(file) = self.file.as_ref().filter(due) else { return Ok(()) };
        let module = module.clone().into_record().into_bytes().context("encode the weights")?;
        let optimizer = optimizer.into_bytes().context("encode the optimizer")?;
        let mut bytes = Vec::with_capacity(24 + module.len() + optimizer.len());
        bytes.extend((epoch as u64).to_le_bytes());
        bytes.extend((module.len() as u64).to_le_bytes());
        bytes.extend(&*module);
        bytes.extend(&*optimizer);
        // Renamed, so never half-written; not forced to disk, which would take longer than the epoch.
        let aside = file.with_extension("aside");
        std::fs::write(&aside, &bytes)
            .and_then(|()| std::fs::rename(&aside, file))
            .with_context(|| format!("cannot write the checkpoint {}", file.display()))
    }

    /// Reads the state back: the number of whole epochs, the module and the optimizer.
    ///
    /// A checkpoint that cannot be read is an error rather than a silent new start.
    pub(crate) fn load<M: Module>(
        &self,
        module: M,
        optimizer: ModuleOptimizer,
    ) -> Result<(usize, M, ModuleOptimizer)> {
        let Some(file) = self.file.as_ref().filter(|f| f.exists()) else { return Ok((0, module, optimizer)) };
        let unreadable = || format!("read the checkpoint {}; remove it to start anew", file.display());
        let bytes = std::fs::read(file).with_context(unreadable)?;
        let number = |at: usize| -> Option<usize> {
            Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?) as usize)
        };
        let (epoch, length) = number(0).zip(number(8)).with_context(unreadable)?;
        let weights = bytes.get(16..16 + length).with_context(unreadable)?;
        let record =
            ModuleRecord::from_bytes(Bytes::from_bytes_vec(weights.to_vec())).with_context(unreadable)?;
        let optimizer = optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes[16 + length..].to_vec()))
            .with_context(unreadable)?;
        Ok((epoch, module.load_record(record), optimizer))
    }
}
