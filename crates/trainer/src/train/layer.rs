//! What the two kinds of networks share: layers from seeded numbers, losses, the learning rate.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use super::random::normal;

/// A matrix of the given shape on a device.
pub(crate) fn matrix(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A linear layer with normal weights and zero bias.
pub(crate) fn linear(random: &mut ChaCha8Rng, shape: [usize; 2], deviation: f32, device: &Device) -> Linear {
    let weight = matrix(normal(random, shape[0] * shape[1], deviation), shape, device);
    Linear {
        weight: Param::from_tensor(weight.require_grad()),
        bias: Some(Param::from_tensor(Tensor::<1>::zeros([shape[1]], device).require_grad())),
    }
}

/// Deviation of Glorot's initialisation.
pub(crate) fn glorot(shape: [usize; 2]) -> f32 {
    (2.0 / (shape[0] + shape[1]) as f32).sqrt()
}

/// Cross entropy against rows of weighted target probabilities, divided by the weights' sum.
///
/// A row of zeros takes no part. Shapes: both `[rows, classes]`.
pub(crate) fn cross_entropy(logits: Tensor<2>, targets: Vec<f32>) -> Tensor<1> {
    let total: f32 = targets.iter().sum();
    let shape = logits.dims();
    let targets = matrix(targets, shape, &logits.device());
    let log_p = burn::tensor::activation::log_softmax(logits, 1);
    (log_p * targets).sum() * (-1.0 / total.max(1.0))
}

/// Rises over the first epoch and falls to zero over all of them; both linearly.
pub(crate) fn learning_rate(peak: f64, step: usize, steps_per_epoch: usize, epochs: usize) -> f64 {
    let warm = ((step + 1) as f64 / steps_per_epoch as f64).min(1.0);
    peak * warm * (1.0 - step as f64 / (steps_per_epoch * epochs) as f64)
}

/// The numbers of a tensor, row-major.
///
/// # Panics
/// When the tensor is not of 32-bit floats, which every tensor here is.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().expect("a tensor of f32")
}

/// Weights and bias of a layer: `[inputs * outputs]` row-major, `[outputs]`.
pub(crate) fn weights(layer: &Linear) -> (Vec<f32>, Vec<f32>) {
    let bias = layer.bias.as_ref().map(|b| values(b.val())).unwrap_or_default();
    (values(layer.weight.val()), bias)
}

/// Softmax of each row.
pub(crate) fn softmax_rows(logits: &[f32], classes: usize) -> Vec<Vec<f32>> {
    logits.chunks_exact(classes).map(|row| rapport_inference::softmax(row, 1.0)).collect()
}
