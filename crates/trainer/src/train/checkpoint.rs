//! Training that was interrupted goes on from the last whole epoch.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;

/// Where one unit of training keeps its state; without a folder nothing is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checkpoint {
    file: Option<PathBuf>,
}

impl Checkpoint {
    /// Keeps the state of the unit `name` in a folder.
    pub(crate) fn new(folder: Option<&Path>, name: &str) -> Self {
        Self { file: folder.map(|f| f.join(format!("{name}.checkpoint"))) }
    }

    /// Writes the state after `epoch` whole epochs, aside and then renamed.
    pub(crate) fn save<M: Module>(
        &self,
        epoch: usize,
        module: &M,
        optimizer: &ModuleOptimizer,
    ) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
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

    /// Forgets the state once the unit is done.
    pub(crate) fn clear(&self) {
        if let Some(file) = &self.file {
            let _ = std::fs::remove_file(file);
        }
    }
}
