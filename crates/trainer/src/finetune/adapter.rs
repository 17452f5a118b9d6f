//! Low-rank adapters (Hu et al. 2021): `y = x W + (alpha / rank) · x A B` beside frozen weights.
//!
//! `A` begins with normal numbers and `B` with zeros, so that training begins at the base. Names and shapes in the
//! file are those of the PEFT library: `base_model.model.encoder.layer.N.….lora_A.weight` `[rank, inputs]`,
//! `….lora_B.weight` `[outputs, rank]`.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail, ensure};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use clap::ValueEnum;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use crate::encoder::{EncoderWeights, Linear};
use crate::train::layer::{matrix, values};
use crate::train::random::{generator, normal};

/// A projection of a transformer layer that can have an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// The attention's query.
    Query,
    /// The attention's key.
    Key,
    /// The attention's value.
    Value,
    /// The attention's output projection.
    AttentionOutput,
    /// First feed-forward projection.
    Intermediate,
    /// Second feed-forward projection.
    Output,
}

impl Target {
    pub(crate) const ALL: [Self; 6] =
        [Self::Query, Self::Key, Self::Value, Self::AttentionOutput, Self::Intermediate, Self::Output];

    /// Its name in a BERT checkpoint, below `encoder.layer.N`.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::Query => "attention.self.query",
            Self::Key => "attention.self.key",
            Self::Value => "attention.self.value",
            Self::AttentionOutput => "attention.output.dense",
            Self::Intermediate => "intermediate.dense",
            Self::Output => "output.dense",
        }
    }

    /// Inputs and outputs of the projection.
    fn shape(self, weights: &EncoderWeights) -> [usize; 2] {
        let hidden = weights.hidden;
        let inner = weights.layers.first().map_or(0, |l| l.intermediate.outputs);
        match self {
            Self::Intermediate => [hidden, inner],
            Self::Output => [inner, hidden],
            _ => [hidden, hidden],
        }
    }
}

/// Which adapters there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdapterSpec {
    /// Inner width of every adapter.
    pub rank: usize,
    /// What an adapter adds is multiplied by `alpha / rank`.
    pub alpha: f64,
    /// The projections that have one.
    pub targets: Vec<Target>,
    /// Layers below this, counted from 0, have none.
    pub first_layer: usize,
}

impl AdapterSpec {
    /// Refuses a specification that gives no adapter, or one as wide as what it adapts.
    pub(crate) fn check(&self, weights: &EncoderWeights) -> Result<()> {
        let layers = weights.layers.len();
        ensure!(
            (1..=weights.hidden / 2).contains(&self.rank),
            "--rank {}: from 1 to {}",
            self.rank,
            weights.hidden / 2
        );
        ensure!(
            self.alpha.is_finite() && self.alpha > 0.0,
            "--alpha {}: a number above 0 is needed",
            self.alpha
        );
        ensure!(!self.targets.is_empty(), "--targets names no projection");
        ensure!(
            self.first_layer < layers,
            "--first-layer {}: the encoder has {layers} layers",
            self.first_layer
        );
        Ok(())
    }

    fn scale(&self) -> f64 {
        self.alpha / self.rank as f64
    }
}

/// One adapter.
#[derive(Module, Debug)]
pub(crate) struct LowRank {
    /// `A`, `[inputs, rank]`.
    pub down: Param<Tensor<2>>,
    /// `B`, `[rank, outputs]`.
    pub up: Param<Tensor<2>>,
    scale: f64,
}

impl LowRank {
    /// What the adapter adds, times `factor`: `[rows, inputs]` to `[rows, outputs]`.
    pub(crate) fn forward(&self, x: Tensor<2>, factor: f64) -> Tensor<2> {
        (x.matmul(self.down.val()) * (self.scale * factor)).matmul(self.up.val())
    }
}

/// The adapters of one layer.
#[derive(Module, Debug)]
pub(crate) struct LayerAdapters {
    pub query: Option<LowRank>,
    pub key: Option<LowRank>,
    pub value: Option<LowRank>,
    pub attention_output: Option<LowRank>,
    pub intermediate: Option<LowRank>,
    pub output: Option<LowRank>,
}

impl LayerAdapters {
    fn get(&self, target: Target) -> Option<&LowRank> {
        match target {
            Target::Query => self.query.as_ref(),
            Target::Key => self.key.as_ref(),
            Target::Value => self.value.as_ref(),
            Target::AttentionOutput => self.attention_output.as_ref(),
            Target::Intermediate => self.intermediate.as_ref(),
            Target::Output => self.output.as_ref(),
        }
    }

    fn get_mut(&mut self, target: Target) -> Option<&mut LowRank> {
        match target {
            Target::Query => self.query.as_mut(),
            Target::Key => self.key.as_mut(),
            Target::Value => self.value.as_mut(),
            Target::AttentionOutput => self.attention_output.as_mut(),
            Target::Intermediate => self.intermediate.as_mut(),
            Target::Output => self.output.as_mut(),
        }
    }
}

/// The adapters of an encoder, a member for each of its layers.
#[derive(Module, Debug)]
pub(crate) struct Adapters {
    pub layers: Vec<LayerAdapters>,
}

impl Adapters {
    /// New adapters, which change nothing yet.
    pub(crate) fn new(weights: &EncoderWeights, spec: &AdapterSpec, seed: u64, device: &Device) -> Self {
        let layer = |number: usize| {
            let make = |target: Target| {
                (number >= spec.first_layer && spec.targets.contains(&target)).then(|| {
                    let [inputs, outputs] = target.shape(weights);
                    let random = &mut generator(seed, &format!("adapter {number} {}", target.module()));
                    let down = normal(random, inputs * spec.rank, 1.0 / (inputs as f32).sqrt());
                    LowRank {
                        down: Param::from_tensor(matrix(down, [inputs, spec.rank], device)),
                        up: Param::from_tensor(Tensor::<2>::zeros([spec.rank, outputs], device)),
                        scale: spec.scale(),
                    }
                })
            };
            LayerAdapters {
                query: make(Target::Query),
                key: make(Target::Key),
                value: make(Target::Value),
                attention_output: make(Target::AttentionOutput),
                intermediate: make(Target::Intermediate),
                output: make(Target::Output),
            }
        };
        Self { layers: (0..weights.layers.len()).map(layer).collect() }
    }

    /// Adapters with the numbers of a file.
    pub(crate) fn of(
        factors: &Factors,
        weights: &EncoderWeights,
        spec: &AdapterSpec,
        device: &Device,
    ) -> Self {
        let mut all = Self::new(weights, spec, 0, device);
        for ((number, target), pair) in factors {
            let low_rank = all.layers.get_mut(*number).and_then(|layer| layer.get_mut(*target));
            if let Some(low_rank) = low_rank {
                let (inputs, outputs) = (pair.down.len() / spec.rank, pair.up.len() / spec.rank);
                low_rank.down = Param::from_tensor(matrix(pair.down.clone(), [inputs, spec.rank], device));
                low_rank.up = Param::from_tensor(matrix(pair.up.clone(), [spec.rank, outputs], device));
            }
        }
        all
    }

    /// The numbers of the adapters.
    pub(crate) fn read(&self) -> Factors {
        let mut out = Factors::new();
        for (number, layer) in self.layers.iter().enumerate() {
            for target in Target::ALL {
                if let Some(low_rank) = layer.get(target) {
                    let pair = Pair { down: values(low_rank.down.val()), up: values(low_rank.up.val()) };
                    out.insert((number, target), pair);
                }
            }
        }
        out
    }
}

/// `A` row-major `[inputs, rank]` and `B` row-major `[rank, outputs]` of one adapter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    pub down: Vec<f32>,
    pub up: Vec<f32>,
}

/// The numbers of all adapters by layer and projection.
pub(crate) type Factors = BTreeMap<(usize, Target), Pair>;

/// What `adapter.safetensors` says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AdapterFile {
    /// SHA-256 of the `model.safetensors` that it was trained beside.
    pub base_sha256: String,
    /// Which adapters there are; `alpha` is what the training run had times `share`.
    pub spec: AdapterSpec,
    /// How much of what was trained is added; see `shrink`.
    #[serde(default = "whole")]
    pub share: f64,
    /// The settings of the training run.
    pub settings: serde_json::Value,
    #[serde(skip)]
    pub factors: Factors,
}

fn whole() -> f64 {
    1.0
}

/// Name of the format in the file's metadata.
const FORMAT: &str = "rapport-adapter-1";

fn tensor_name(layer: usize, target: Target, part: &str) -> String {
    format!("base_model.model.encoder.layer.{layer}.{}.lora_{part}.weight", target.module())
}

/// Row-major `[rows, columns]` as row-major `[columns, rows]`.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|c| values.iter().skip(c).step_by(columns)).copied().collect()
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

impl AdapterFile {
    /// The bytes of `adapter.safetensors`; the same adapters always give the same bytes.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let rank = self.spec.rank;
        let mut parts: Vec<(String, [usize; 2], Vec<u8>)> = Vec::new();
        for ((layer, target), pair) in &self.factors {
            let (inputs, outputs) = (pair.down.len() / rank, pair.up.len() / rank);
            let down = bytes_of(&transposed(&pair.down, rank));
            parts.push((tensor_name(*layer, *target, "A"), [rank, inputs], down));
            parts.push((
                tensor_name(*layer, *target, "B"),
                [outputs, rank],
                bytes_of(&transposed(&pair.up, outputs)),
            ));
        }
        let views = parts.iter().map(|(name, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.to_vec(), bytes)?))
        });
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        // One entry: the order of several would differ from run to run.
        let about = serde_json::json!({ "format": FORMAT, "adapter": self }).to_string();
        let metadata = HashMap::from([("rapport".to_owned(), about)]);
        Ok(safetensors::serialize(views, Some(metadata))?)
    }

    /// Reads `adapter.safetensors` and checks every shape against the base's.
    ///
    /// # Errors
    /// When the file is no adapter, or one of its tensors is missing or has another shape than the base asks for.
    pub(crate) fn from_bytes(bytes: &[u8], weights: &EncoderWeights) -> Result<Self> {
        let (_, header) = SafeTensors::read_metadata(bytes).context("not a safetensors file")?;
        let about = header.metadata().as_ref().and_then(|m| m.get("rapport"));
        let about = about.context("no adapter of `rapport finetune`: its metadata has no `rapport`")?;
        let mut about: serde_json::Value = serde_json::from_str(about).context("its metadata is not JSON")?;
        ensure!(about["format"] == FORMAT, "its format is {}, {FORMAT:?} is read", about["format"]);
        let mut file: Self = serde_json::from_value(about["adapter"].take()).context("its metadata")?;
        file.spec.check(weights).context("its metadata")?;
        let tensors = SafeTensors::deserialize(bytes)?;
        let read = |name: String, shape: [usize; 2]| -> Result<Vec<f32>> {
            let view = tensors.tensor(&name).map_err(|_| anyhow::anyhow!("tensor `{name}` is missing"))?;
            ensure!(
                view.dtype() == Dtype::F32 && view.shape() == shape,
                "tensor `{name}` is {:?} {:?}, expected F32 {shape:?}",
                view.dtype(),
                view.shape()
            );
            let (numbers, _) = view.data().as_chunks::<4>();
            let numbers: Vec<f32> = numbers.iter().map(|v| f32::from_le_bytes(*v)).collect();
            ensure!(
                numbers.iter().all(|v| v.is_finite()),
                "tensor `{name}` holds numbers that are not finite"
            );
            Ok(transposed(&numbers, shape[1]))
        };
        let rank = file.spec.rank;
        for layer in file.spec.first_layer..weights.layers.len() {
            for &target in &file.spec.targets {
                let [inputs, outputs] = target.shape(weights);
                let down = read(tensor_name(layer, target, "A"), [rank, inputs])?;
                let up = read(tensor_name(layer, target, "B"), [outputs, rank])?;
                file.factors.insert((layer, target), Pair { down, up });
            }
        }
        if tensors.len() != 2 * file.factors.len() {
            bail!("it holds {} tensors, its metadata speaks of {}", tensors.len(), 2 * file.factors.len());
        }
        Ok(file)
    }

    /// Refuses a base that the adapters were not trained beside, by the hash of its weights' file.
    pub(crate) fn check_base(&self, base_sha256: &str) -> Result<()> {
        ensure!(
            self.base_sha256 == base_sha256,
            "the adapter was made for a base with SHA-256 {}, these base weights have {base_sha256}; \
             give the adapter's own base with --base",
            self.base_sha256
        );
        Ok(())
    }

    /// Adds the adapters to the weights that they were trained beside.
    ///
    /// # Errors
    /// When `base_sha256`, the hash of those weights' file, is not that of the adapter's base.
    pub(crate) fn merge(&self, weights: &mut EncoderWeights, base_sha256: &str) -> Result<()> {
        self.check_base(base_sha256)?;
        merge(&self.factors, &self.spec, weights);
        Ok(())
    }
}

/// Adds adapters to weights. Sums are made in one order, so the result is the same on every machine.
pub(crate) fn merge(factors: &Factors, spec: &AdapterSpec, weights: &mut EncoderWeights) {
    let hidden = weights.hidden;
    let head_width = (hidden / weights.heads) as f64;
    for ((number, target), pair) in factors {
        let layer = &mut weights.layers[*number];
        let (linear, from, factor): (&mut Linear, usize, f64) = match target {
            // The query of the weights has the attention's scale in it.
            Target::Query => (&mut layer.qkv, 0, 1.0 / head_width.sqrt()),
            Target::Key => (&mut layer.qkv, hidden, 1.0),
            Target::Value => (&mut layer.qkv, 2 * hidden, 1.0),
            Target::AttentionOutput => (&mut layer.attention_output, 0, 1.0),
            Target::Intermediate => (&mut layer.intermediate, 0, 1.0),
            Target::Output => (&mut layer.output, 0, 1.0),
        };
        let width = pair.up.len() / spec.rank;
        let scale = spec.scale() * factor;
        let rows = linear.weight.chunks_exact_mut(linear.outputs);
        for (row, down) in rows.zip(pair.down.chunks_exact(spec.rank)) {
            for (column, weight) in row[from..from + width].iter_mut().enumerate() {
                let products = down.iter().enumerate();
                let sum: f64 =
                    products.map(|(r, a)| f64::from(*a) * f64::from(pair.up[r * width + column])).sum();
                *weight = (f64::from(*weight) + scale * sum) as f32;
            }
        }
    }
}
