//! A linear layer of 8-bit weights over rows that are quantized while the model runs.

use std::cell::RefCell;

use rapport_kernels::{Activations, Epilogue, Kernel, Output, Weights};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::ensure;

use super::operator::{Compute, floats, spread, with_last};

/// `x · weights + bias`, and what follows it.
#[derive(Debug)]
pub(super) struct Linear {
    weights: Weights,
    /// What each input is multiplied by before it is quantized.
    balance: Option<Vec<f32>>,
    after: Epilogue,
}

thread_local! {
    /// Quantized rows; reused by all layers.
    static ACTIVATIONS: RefCell<Activations> = RefCell::default();
}

impl Linear {
    /// A layer that nothing follows.
    pub(super) fn new(weights: Weights, balance: Option<Vec<f32>>) -> Self {
        Self { weights, balance, after: Epilogue::None }
    }

    /// Whether nothing follows the bias.
    pub(super) fn is_plain(&self) -> bool {
        self.after == Epilogue::None
    }

    /// Lets a GELU follow.
    pub(super) fn then_gelu(&mut self) {
        self.after = Epilogue::Gelu;
    }

    /// Lets the sum with a second input follow.
    pub(super) fn then_add(&mut self) {
        self.after = Epilogue::Add;
    }
}

impl Compute for Linear {
    fn name(&self) -> &'static str {
        match self.after {
            Epilogue::None => "QuantizedLinear",
            Epilogue::Gelu => "QuantizedLinearGelu",
            Epilogue::Add => "QuantizedLinearAdd",
        }
    }

    fn inputs(&self) -> Vec<DatumType> {
        vec![f32::datum_type(); if self.after == Epilogue::Add { 2 } else { 1 }]
    }

    fn shape(&self, inputs: &[TVec<TDim>]) -> TractResult<TVec<TDim>> {
        with_last(inputs.first(), self.weights.columns())
    }

    fn compute(&self, mut inputs: TVec<TValue>) -> TractResult<Tensor> {
        let (depth, columns) = (self.weights.inputs(), self.weights.columns());
        let mut shape: TVec<usize> = inputs[0].shape().into();
        ensure!(shape.last() == Some(&depth), "rows of {shape:?} for {depth} inputs");
        if let Some(last) = shape.last_mut() {
            *last = columns;
        }
        let residual = if self.after == Epilogue::Add { inputs.pop() } else { None };
        let mut out = match residual {
            // Written in place where nothing else reads it.
            Some(residual) if residual.shape() == &*shape => residual.into_tensor(),
            Some(residual) => Tensor::from_shape(&shape, &spread(&residual, &shape)?)?,
            // SAFETY: the kernel writes every value of every row.
            None => unsafe { Tensor::uninitialized::<f32>(&shape)? },
        };
        let x = floats(&inputs[0])?;
        let mut plain = out.try_as_plain_ram_mut()?;
        let y = plain.as_slice_mut::<f32>()?;
        let kernel = Kernel::best();
        ACTIVATIONS.with_borrow_mut(|activations| {
            match &self.balance {
                Some(balance) => kernel.quantize_balanced(x, balance, activations),
                None => kernel.quantize(x, depth, activations),
            }
            kernel.linear(activations, &self.weights, &mut Output::rows(y, columns), self.after);
        });
        Ok(out)
    }
}
