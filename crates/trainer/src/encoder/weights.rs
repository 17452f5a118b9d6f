//! Reading a BERT-shaped encoder out of a safetensors file.

use safetensors::{Dtype, SafeTensors};

/// What can be wrong with a weights file.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The bytes are no safetensors file.
    #[error("not a safetensors file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// A tensor that the encoder needs is not there.
    #[error("tensor `{0}` is missing: is this a BERT encoder?")]
    Missing(String),
    /// A tensor has another type or shape than the encoder's.
    #[error("tensor `{name}` is {found}, expected f32 {expected:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// What the file holds.
        found: String,
        /// The shape that was expected.
        expected: Vec<usize>,
    },
}

/// `y = x · weight + bias`, `weight` row-major `[inputs, outputs]`.
#[derive(Debug, Clone)]
pub struct Linear {
    /// Width of `x`.
    pub inputs: usize,
    /// Width of `y`.
    pub outputs: usize,
    /// `[inputs, outputs]`.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
}

/// Layer normalisation over the last axis.
#[derive(Debug, Clone)]
pub struct Norm {
    /// `[hidden]`.
    pub scale: Vec<f32>,
    /// `[hidden]`.
    pub bias: Vec<f32>,
}

/// One transformer layer (post-norm, as in BERT).
#[derive(Debug, Clone)]
pub struct Layer {
    /// Query, key and value beside each other: `[hidden, 3 * hidden]`. The attention's
    /// `1 / sqrt(head width)` is already in the query part.
    pub qkv: Linear,
    /// Output projection of the attention.
    pub attention_output: Linear,
    /// Norm after the attention.
    pub attention_norm: Norm,
    /// First feed-forward projection, before the GELU.
    pub intermediate: Linear,
    /// Second feed-forward projection.
    pub output: Linear,
    /// Norm after the feed-forward part.
    pub output_norm: Norm,
}

impl Layer {
    /// The linear layers in the order in which they run.
    pub fn linears(&self) -> [&Linear; 4] {
        [&self.qkv, &self.attention_output, &self.intermediate, &self.output]
    }
}

/// All parameters of an encoder of the all-MiniLM-L6-v2 class.
#[derive(Debug, Clone)]
pub struct EncoderWeights {
    /// Width of the hidden states and of the embedding.
    pub hidden: usize,
    /// Attention heads.
    pub heads: usize,
    /// Word pieces in the vocabulary.
    pub vocabulary: usize,
    /// Longest sequence.
    pub positions: usize,
    /// `[vocabulary, hidden]`.
    pub words: Vec<f32>,
    /// `[positions, hidden]`, the embedding of token type 0 already added (all tokens are of it).
    pub position_table: Vec<f32>,
    /// Norm over the sum of the embeddings.
    pub embedding_norm: Norm,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

/// Epsilon of every layer norm.
pub(crate) const NORM_EPSILON: f32 = 1e-12;
/// Width of one attention head.
const HEAD_WIDTH: usize = 32;

impl EncoderWeights {
    /// Reads the tensors of a Hugging Face `BertModel` checkpoint.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, WeightsError> {
        let file = Tensors(SafeTensors::deserialize(bytes)?);
        let (vocabulary, hidden) = file.dims2("embeddings.word_embeddings.weight")?;
        let (positions, _) = file.dims2("embeddings.position_embeddings.weight")?;
        let words = file.read("embeddings.word_embeddings.weight", &[vocabulary, hidden])?;
        let mut position_table = file.read("embeddings.position_embeddings.weight", &[positions, hidden])?;
        let (types, _) = file.dims2("embeddings.token_type_embeddings.weight")?;
        let type_table = file.read("embeddings.token_type_embeddings.weight", &[types, hidden])?;
        for row in position_table.chunks_exact_mut(hidden) {
            for (p, t) in row.iter_mut().zip(&type_table[..hidden]) {
                *p += t;
            }
        }
        let mut layers = Vec::new();
        while file.has(&format!("encoder.layer.{}.output.dense.weight", layers.len())) {
            layers.push(file.layer(layers.len(), hidden)?);
        }
        Ok(Self {
            hidden,
            heads: hidden / HEAD_WIDTH,
            vocabulary,
            positions,
            words,
            position_table,
            embedding_norm: file.norm("embeddings.LayerNorm", hidden)?,
            layers,
        })
    }
}

struct Tensors<'a>(SafeTensors<'a>);

impl Tensors<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    fn dims2(&self, name: &str) -> Result<(usize, usize), WeightsError> {
        let view = self.0.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
        match view.shape() {
            &[rows, columns] if view.dtype() == Dtype::F32 => Ok((rows, columns)),
            shape => Err(WeightsError::Shape {
                name: name.to_owned(),
                found: format!("{:?} {shape:?}", view.dtype()),
                expected: vec![0, 0],
            }),
        }
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let view = self.0.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            return Err(WeightsError::Shape {
                name: name.to_owned(),
                found: format!("{:?} {:?}", view.dtype(), view.shape()),
                expected: shape.to_vec(),
            });
        }
        let (values, _) = view.data().as_chunks::<4>();
        Ok(values.iter().map(|v| f32::from_le_bytes(*v)).collect())
    }

    /// A `PyTorch` linear layer, stored `[outputs, inputs]`, turned to `[inputs, outputs]`.
    fn linear(&self, name: &str, inputs: usize) -> Result<Linear, WeightsError> {
        let weight_name = format!("{name}.weight");
        let (outputs, _) = self.dims2(&weight_name)?;
        let stored = self.read(&weight_name, &[outputs, inputs])?;
        let bias = self.read(&format!("{name}.bias"), &[outputs])?;
        let mut weight = vec![0.0; inputs * outputs];
        for (o, row) in stored.chunks_exact(inputs).enumerate() {
            for (i, value) in row.iter().enumerate() {
                weight[i * outputs + o] = *value;
            }
        }
        Ok(Linear { inputs, outputs, weight, bias })
    }

    fn norm(&self, name: &str, hidden: usize) -> Result<Norm, WeightsError> {
        Ok(Norm {
            scale: self.read(&format!("{name}.weight"), &[hidden])?,
            bias: self.read(&format!("{name}.bias"), &[hidden])?,
        })
    }

    fn layer(&self, index: usize, hidden: usize) -> Result<Layer, WeightsError> {
        let at = format!("encoder.layer.{index}");
        let mut query = self.linear(&format!("{at}.attention.self.query"), hidden)?;
        let scale = 1.0 / (HEAD_WIDTH as f32).sqrt();
        query.weight.iter_mut().chain(&mut query.bias).for_each(|v| *v *= scale);
        let key = self.linear(&format!("{at}.attention.self.key"), hidden)?;
        let value = self.linear(&format!("{at}.attention.self.value"), hidden)?;
        let intermediate = self.linear(&format!("{at}.intermediate.dense"), hidden)?;
        let output = self.linear(&format!("{at}.output.dense"), intermediate.outputs)?;
        Ok(Layer {
            qkv: beside(&[&query, &key, &value]),
            attention_output: self.linear(&format!("{at}.attention.output.dense"), hidden)?,
            attention_norm: self.norm(&format!("{at}.attention.output.LayerNorm"), hidden)?,
            intermediate,
            output,
            output_norm: self.norm(&format!("{at}.output.LayerNorm"), hidden)?,
        })
    }
}

/// Linear layers with the same input as one wide layer.
fn beside(parts: &[&Linear]) -> Linear {
    let inputs = parts[0].inputs;
    let weight = (0..inputs)
        .flat_map(|i| parts.iter().flat_map(move |p| &p.weight[i * p.outputs..(i + 1) * p.outputs]))
        .copied()
        .collect();
    let bias: Vec<f32> = parts.iter().flat_map(|p| &p.bias).copied().collect();
    Linear { inputs, outputs: bias.len(), weight, bias }
}
