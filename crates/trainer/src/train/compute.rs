//! Where networks are computed while they are trained.

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;

/// A kind of processor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compute {
    /// The processor's cores. The same inputs and seed give the same bytes.
    #[default]
    Cpu,
    /// Any GPU, through Vulkan, Metal or Direct3D; in builds with the feature `wgpu`.
    Gpu,
    /// An NVIDIA GPU; in builds with the feature `cuda`.
    Cuda,
}

impl Compute {
    /// The device; a GPU is tried with a small sum.
    pub(crate) fn device(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            Self::Gpu => tried(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(not(feature = "wgpu"))]
            Self::Gpu => not_built("gpu", "wgpu"),
            #[cfg(feature = "cuda")]
            Self::Cuda => tried(Device::cuda(0)),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda => not_built("cuda", "cuda"),
        }
    }
}

#[cfg(not(all(feature = "wgpu", feature = "cuda")))]
fn not_built(name: &str, feature: &str) -> Result<Device> {
    bail!("--device {name}: build with `cargo build --package rapport-trainer --features {feature}`")
}

/// Where there is no GPU, that shows as a panic at the first use.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn tried(device: Device) -> Result<Device> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let sum = || burn::tensor::Tensor::<1>::ones([8], &device).sum().into_scalar::<f32>();
    match catch_unwind(AssertUnwindSafe(sum)) {
        Ok(sum) if (sum - 8.0).abs() < 1e-3 => Ok(device),
        Ok(sum) => bail!("the GPU does not compute as it should: eight ones are {sum}"),
        Err(_) => bail!("no GPU that can be used was found; leave --device out to train on the processor"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_processor_is_always_there() {
        assert!(Compute::Cpu.device().is_ok());
    }

    #[test]
    #[cfg(not(any(feature = "wgpu", feature = "cuda")))]
    fn what_was_not_built_in_says_how_to_build_it() {
        for (compute, feature) in [(Compute::Gpu, "--features wgpu"), (Compute::Cuda, "--features cuda")] {
            assert!(compute.device().unwrap_err().to_string().contains(feature));
        }
    }
}
