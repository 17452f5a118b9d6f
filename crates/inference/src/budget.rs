//! How much memory is given to models and to what they have computed.

/// Upper bounds in bytes, each inclusive. What reads or keeps something takes the budget as a value, so that a caller
/// states it; more is refused, or forgotten, before it is allocated.
///
/// A page of wasm memory has 65,536 bytes. A module that holds a bundle takes the bundle's weights, once, beside the
/// largest of its files while that is read, and then up to `vectors` and `sequences`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryBudget {
    /// One file of a model.
    pub file: usize,
    /// One tensor of a model.
    pub tensor: usize,
    /// Vectors of texts that were seen lately, kept so that they cost nothing the next time.
    pub vectors: usize,
    /// What was computed of sequences seen lately, kept so that they can go on.
    pub sequences: usize,
}

impl MemoryBudget {
    /// For a browser's tab and a Worker isolate of 128 MB: files of 64 MiB as the registry accepts them, tensors of 32 MiB,
    /// vectors of about 5,000 texts, sequences of about 600 steps.
    pub const SERVING: Self = Self { file: 64 << 20, tensor: 32 << 20, vectors: 8 << 20, sequences: 3 << 20 };

    /// For tools that read any model: files up to the 2 GiB at which their format ends.
    pub const TOOLS: Self = Self { file: i32::MAX as usize, tensor: i32::MAX as usize, ..Self::SERVING };
}

impl Default for MemoryBudget {
    /// [`MemoryBudget::SERVING`], the stricter one.
    fn default() -> Self {
        Self::SERVING
    }
}
