//! Where networks are computed while they are trained.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
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
    /// The device, tried with a small sum.
    pub(crate) fn device(self) -> Result<Device> {
        let device = match self {
            Self::Cpu => return Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            Self::Gpu => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::cuda(0),
            #[allow(unreachable_patterns)]
            other => {
                let (name, feature) = if other == Self::Gpu { ("gpu", "wgpu") } else { ("cuda", "cuda") };
                bail!("--device {name}: build with `cargo build --package rapport-trainer --features {feature}`")
            }
        };
        // Where there is none, that shows as a panic at the first use.
        let sum = catch_unwind(AssertUnwindSafe(|| Tensor::<1>::ones([8], &device).sum().into_scalar::<f32>()));
        match sum {
            Ok(sum) if (sum - 8.0).abs() < 1e-3 => Ok(device),
            Ok(sum) => bail!("the GPU does not compute as it should: eight ones are {sum}"),
            Err(_) => bail!("no GPU that can be used was found; leave --device out to train on the processor"),
        }
    }
}

#[cfg(test)]
mod tests {
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
