//! The sentence encoder as a network that can be trained: the forward pass of `encoder::embed` in burn.
//!
//! The tables and the norm of the embeddings are constants; layers are trained whole ([`Body`]) or through low-rank
//! adapters beside frozen weights ([`Adapters`]). Texts of similar length run together, so that a short one costs
//! what it costs. What comes out of the layers below the first that is trained never changes: it is kept.

use std::collections::HashMap;

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData, activation, module};
use rayon::prelude::*;

use super::adapter::{Adapters, LayerAdapters};
use crate::encoder::{EncoderWeights, Linear, NORM_EPSILON, Norm};
use crate::train::layer::{matrix, values};

/// Texts that run together at most.
const GROUP: usize = 32;
/// Score that keeps padding out of a softmax.
const MASKED: f32 = -1e4;

/// Weight `[inputs, outputs]` and bias of a linear layer.
#[derive(Module, Debug)]
pub(crate) struct Dense {
    /// `[inputs, outputs]`.
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`.
    pub bias: Param<Tensor<1>>,
}

impl Dense {
    /// Columns `from..from + width` of a layer.
    fn columns(linear: &Linear, from: usize, width: usize, device: &Device) -> Self {
        let rows = linear.weight.chunks_exact(linear.outputs);
        let weight: Vec<f32> = rows.flat_map(|row| &row[from..from + width]).copied().collect();
        Self {
            weight: Param::from_tensor(matrix(weight, [linear.inputs, width], device)),
            bias: Param::from_tensor(vector(&linear.bias[from..from + width], device)),
        }
    }

    fn new(linear: &Linear, device: &Device) -> Self {
        Self::columns(linear, 0, linear.outputs, device)
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val()) + self.bias.val().unsqueeze::<2>()
    }
}

/// Scale and bias of a layer norm.
#[derive(Module, Debug)]
pub(crate) struct LayerNorm {
    /// `[hidden]`.
    pub scale: Param<Tensor<1>>,
    /// `[hidden]`.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    fn new(norm: &Norm, device: &Device) -> Self {
        let param = |values: &[f32]| Param::from_tensor(vector(values, device));
        Self { scale: param(&norm.scale), bias: param(&norm.bias) }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        module::layer_norm(x, self.scale.val(), Some(self.bias.val()), f64::from(NORM_EPSILON))
    }
}

/// One transformer layer. `1 / sqrt(head width)` is in the query, as in [`EncoderWeights`].
#[derive(Module, Debug)]
pub(crate) struct Block {
    pub query: Dense,
    pub key: Dense,
    pub value: Dense,
    pub attention_output: Dense,
    pub attention_norm: LayerNorm,
    pub intermediate: Dense,
    pub output: Dense,
    pub output_norm: LayerNorm,
}

/// The layers of an encoder.
#[derive(Module, Debug)]
pub(crate) struct Body {
    /// First to last.
    pub blocks: Vec<Block>,
    heads: usize,
}

fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// Texts of similar length, padded to the longest.
struct Group {
    texts: usize,
    length: usize,
    /// For each token 1, for each place of padding 0, `[texts * length]`; nothing when there is no padding.
    mask: Option<Vec<f32>>,
}

/// An encoder's base: what is not trained.
pub(crate) struct Frozen<'a> {
    pub weights: &'a EncoderWeights,
    /// Its layers.
    pub body: Body,
    pub device: Device,
    /// Layers below this are never trained.
    pub first_layer: usize,
    /// What comes out of those layers, for some texts.
    pub lower: Option<&'a LowerStates>,
}

/// What the layers below the first trained one give, `[tokens * hidden]` by word pieces.
#[derive(Debug, Default)]
pub(crate) struct LowerStates(HashMap<Vec<u32>, Box<[f32]>>);

/// Bytes of states that are kept; what is beyond is computed anew each time.
const LOWER_BYTES: usize = 1 << 30;

impl LowerStates {
    /// Runs the lower layers over texts; `done` is told how many were finished.
    pub(crate) fn new(frozen: &Frozen<'_>, texts: &[&[u32]], done: impl Fn(usize) + Sync) -> Self {
        let hidden = frozen.weights.hidden;
        let mut order: Vec<usize> = (0..texts.len()).filter(|_| frozen.first_layer > 0).collect();
        order.sort_by_key(|&i| texts[i]);
        order.dedup_by_key(|i| texts[*i]);
        order.sort_by_key(|&i| texts[i].len());
        // The shortest first: of those the most are kept.
        let bytes = |i: &usize| texts[*i].len() * hidden * size_of::<f32>();
        let fits = order.iter().scan(0, |sum, i| {
            *sum += bytes(i);
            Some(*sum)
        });
        order.truncate(fits.take_while(|sum| *sum <= LOWER_BYTES).count());
        let states = groups(&order, texts).into_par_iter().flat_map_iter(|range| {
            let members: Vec<&[u32]> = range.iter().map(|&i| texts[i]).collect();
            let group = Group::new(&members);
            let rows = values(frozen.body.lower(frozen, &members, &group));
            done(members.len());
            let own = |(text, rows): (&&[u32], &[f32])| (text.to_vec(), rows[..text.len() * hidden].into());
            members.iter().zip(rows.chunks_exact(group.length * hidden)).map(own).collect::<Vec<_>>()
        });
        Self(states.collect())
    }

    /// The states of texts, padded with zeros; nothing when one of them is not there.
    fn get(&self, texts: &[&[u32]], length: usize, hidden: usize) -> Option<Vec<f32>> {
        let mut states = vec![0.0; texts.len() * length * hidden];
        for (text, rows) in texts.iter().zip(states.chunks_exact_mut(length * hidden)) {
            let own = self.0.get(*text)?;
            rows[..own.len()].copy_from_slice(own);
        }
        Some(states)
    }
}

impl Body {
    /// The layers of `weights`; those from `trained_from` on are trained, none without it.
    pub(crate) fn new(weights: &EncoderWeights, trained_from: Option<usize>, device: &Device) -> Self {
        let hidden = weights.hidden;
        let block = |(number, layer): (usize, &crate::encoder::Layer)| {
            let block = Block {
                query: Dense::columns(&layer.qkv, 0, hidden, device),
                key: Dense::columns(&layer.qkv, hidden, hidden, device),
                value: Dense::columns(&layer.qkv, 2 * hidden, hidden, device),
                attention_output: Dense::new(&layer.attention_output, device),
                attention_norm: LayerNorm::new(&layer.attention_norm, device),
                intermediate: Dense::new(&layer.intermediate, device),
                output: Dense::new(&layer.output, device),
                output_norm: LayerNorm::new(&layer.output_norm, device),
            };
            block.set_require_grad(trained_from.is_some_and(|from| number >= from))
        };
        Self { blocks: weights.layers.iter().enumerate().map(block).collect(), heads: weights.heads }
    }

    /// Unit vectors `[texts, hidden]` of token sequences, in their order.
    ///
    /// # Panics
    /// When a sequence is empty or longer than the position table, or an id is outside the vocabulary.
    fn embed(&self, frozen: &Frozen<'_>, adapters: Option<&Adapters>, texts: &[&[u32]]) -> Tensor<2> {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&i| texts[i].len());
        let mut parts = Vec::new();
        for range in groups(&order, texts) {
            let members: Vec<&[u32]> = range.iter().map(|&i| texts[i]).collect();
            let group = Group::new(&members);
            let mut states = frozen.body.lower(frozen, &members, &group);
            for (at, block) in self.blocks.iter().enumerate().skip(frozen.first_layer) {
                states = block.forward(states, &group, adapters.map(|a| &a.layers[at]), self.heads);
            }
            parts.push(group.pool(states));
        }
        let sorted = if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) };
        let mut back = vec![0i32; order.len()];
        order.iter().enumerate().for_each(|(place, &i)| back[i] = place as i32);
        let back = Tensor::<1, Int>::from_data(TensorData::new(back, [order.len()]), &frozen.device);
        sorted.select(0, back)
    }

    /// What goes into the first trained layer, `[texts * length, hidden]`.
    fn lower(&self, frozen: &Frozen<'_>, texts: &[&[u32]], group: &Group) -> Tensor<2> {
        let (weights, shape) = (frozen.weights, [group.texts * group.length, frozen.weights.hidden]);
        if let Some(states) = frozen.lower.and_then(|l| l.get(texts, group.length, weights.hidden)) {
            return matrix(states, shape, &frozen.device);
        }
        let mut states = matrix(embeddings(weights, texts, group.length), shape, &frozen.device);
        for block in &self.blocks[..frozen.first_layer] {
            states = block.forward(states, group, None, self.heads);
        }
        states
    }
}

/// Ranges of an order by length that run together: at most [`GROUP`] texts, with little padding.
fn groups<'a>(order: &'a [usize], texts: &[&[u32]]) -> Vec<&'a [usize]> {
    let (mut out, mut rest) = (Vec::new(), order);
    while let Some(&first) = rest.first() {
        let shortest = texts[first].len();
        let most = shortest + 2 + shortest / 5;
        let fits = rest.iter().take(GROUP).take_while(|&&i| texts[i].len() <= most).count();
        let (group, after) = rest.split_at(fits);
        out.push(group);
        rest = after;
    }
    out
}

/// What goes into the first layer: word plus position, normalised; zeros for padding. `[texts * length * hidden]`
fn embeddings(weights: &EncoderWeights, texts: &[&[u32]], length: usize) -> Vec<f32> {
    let (hidden, norm) = (weights.hidden, &weights.embedding_norm);
    let mut states = vec![0.0f32; texts.len() * length * hidden];
    for (text, rows) in texts.iter().zip(states.chunks_exact_mut(length * hidden)) {
        for ((position, &id), row) in text.iter().enumerate().zip(rows.chunks_exact_mut(hidden)) {
            let word = &weights.words[id as usize * hidden..][..hidden];
            let place = &weights.position_table[position * hidden..][..hidden];
            row.iter_mut().zip(word.iter().zip(place)).for_each(|(r, (w, p))| *r = w + p);
            let mean = row.iter().sum::<f32>() / hidden as f32;
            let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / hidden as f32;
            let inverse = 1.0 / (variance + NORM_EPSILON).sqrt();
            for (v, (s, b)) in row.iter_mut().zip(norm.scale.iter().zip(&norm.bias)) {
                *v = (*v - mean) * inverse * s + b;
            }
        }
    }
    states
}

impl Group {
    fn new(texts: &[&[u32]]) -> Self {
        let length = texts.iter().map(|t| t.len()).max().unwrap_or(0);
        let padded = texts.iter().any(|t| t.len() < length);
        let places = texts.iter().flat_map(|t| (0..length).map(|at| f32::from(u8::from(at < t.len()))));
        Self { texts: texts.len(), length, mask: padded.then(|| places.collect()) }
    }

    /// What is added to the attention's scores, `[texts, 1, 1, length]`.
    fn attention_bias(&self, device: &Device) -> Option<Tensor<4>> {
        let mask = self.mask.as_ref()?;
        let bias: Vec<f32> = mask.iter().map(|m| (1.0 - m) * MASKED).collect();
        Some(matrix(bias, [self.texts, self.length], device).reshape([self.texts, 1, 1, self.length]))
    }

    /// Mean over the tokens of each text, L2-normalised: `[texts * length, hidden]` to `[texts, hidden]`.
    fn pool(&self, states: Tensor<2>) -> Tensor<2> {
        let [_, hidden] = states.dims();
        let shares: Vec<f32> = match &self.mask {
            None => vec![1.0 / self.length as f32; self.texts * self.length],
            Some(mask) => mask
                .chunks_exact(self.length)
                .flat_map(|row| {
                    let tokens = row.iter().sum::<f32>();
                    row.iter().map(move |m| m / tokens)
                })
                .collect(),
        };
        let shares =
            matrix(shares, [self.texts, self.length], &states.device()).reshape([self.texts, 1, self.length]);
        let mean = shares.matmul(states.reshape([self.texts, self.length, hidden]));
        normalised(mean.reshape([self.texts, hidden]))
    }
}

/// Rows divided by their Euclidean length.
fn normalised(rows: Tensor<2>) -> Tensor<2> {
    let lengths = rows.clone().powi_scalar(2).sum_dim(1).sqrt().clamp_min(1e-12);
    rows / lengths
}

impl Block {
    /// One layer over `[texts * length, hidden]`.
    fn forward(
        &self,
        states: Tensor<2>,
        group: &Group,
        adapters: Option<&LayerAdapters>,
        heads: usize,
    ) -> Tensor<2> {
        let [rows, hidden] = states.dims();
        let (texts, length, width) = (group.texts, group.length, hidden / heads);
        let split = |x: Tensor<2>| x.reshape([texts, length, heads, width]).swap_dims(1, 2);
        let adapted = |x: &Tensor<2>,
                       dense: &Dense,
                       pick: fn(&LayerAdapters) -> Option<&super::adapter::LowRank>,
                       factor: f64| {
            let y = dense.forward(x.clone());
            match adapters.and_then(pick) {
                None => y,
                Some(low_rank) => y + low_rank.forward(x.clone(), factor),
            }
        };
        // The frozen query has the attention's scale in it; an adapter is made for the plain one.
        let query_factor = 1.0 / (width as f64).sqrt();
        let query = split(adapted(&states, &self.query, |a| a.query.as_ref(), query_factor));
        let key = split(adapted(&states, &self.key, |a| a.key.as_ref(), 1.0));
        let value = split(adapted(&states, &self.value, |a| a.value.as_ref(), 1.0));
        let mut scores = query.matmul(key.swap_dims(2, 3));
        if let Some(bias) = group.attention_bias(&scores.device()) {
            scores = scores + bias;
        }
        let context = activation::softmax(scores, 3).matmul(value);
        let context = context.swap_dims(1, 2).reshape([rows, hidden]);
        let attended =
            adapted(&context, &self.attention_output, |a| a.attention_output.as_ref(), 1.0) + states;
        let attended = self.attention_norm.forward(attended);
        let inner =
            activation::gelu(adapted(&attended, &self.intermediate, |a| a.intermediate.as_ref(), 1.0));
        let output = adapted(&inner, &self.output, |a| a.output.as_ref(), 1.0) + attended;
        self.output_norm.forward(output)
    }
}

/// What is trained: adapters beside a frozen body, or a body itself.
pub(crate) trait Trainable: Module + Sync + std::fmt::Debug {
    /// Unit vectors `[texts, hidden]` of token sequences.
    fn embed(&self, frozen: &Frozen<'_>, texts: &[&[u32]]) -> Tensor<2>;
}

impl Trainable for Adapters {
    fn embed(&self, frozen: &Frozen<'_>, texts: &[&[u32]]) -> Tensor<2> {
        frozen.body.embed(frozen, Some(self), texts)
    }
}

impl Trainable for Body {
    fn embed(&self, frozen: &Frozen<'_>, texts: &[&[u32]]) -> Tensor<2> {
        Body::embed(self, frozen, None, texts)
    }
}

/// Vectors of many texts, a row each; `frozen` and `module` are on a device without autodiff. `done` is told how many
/// were finished.
pub(crate) fn embed_all<M: Trainable>(
    module: &M,
    frozen: &Frozen<'_>,
    texts: &[&[u32]],
    done: impl Fn(usize) + Sync,
) -> Vec<Vec<f32>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&i| texts[i].len());
    // Side by side: products of short texts are too small to keep all cores busy.
    let embed = |part: &&[usize]| {
        let members: Vec<&[u32]> = part.iter().map(|&i| texts[i]).collect();
        let rows = values(module.embed(frozen, &members));
        done(part.len());
        rows
    };
    let parts: Vec<&[usize]> = order.chunks(GROUP).collect();
    let rows: Vec<Vec<f32>> = parts.par_iter().map(embed).collect();
    let mut out = vec![Vec::new(); texts.len()];
    for (part, rows) in parts.iter().zip(&rows) {
        for (row, &i) in rows.chunks_exact(frozen.weights.hidden).zip(*part) {
            out[i] = row.to_vec();
        }
    }
    out
}
