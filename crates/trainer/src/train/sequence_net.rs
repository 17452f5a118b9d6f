//! The sequence models: an LSTM over act probabilities and surface features, with a skip connection.

use anyhow::Result;
use burn::module::Module;
use burn::nn::Linear;
use burn::optim::grad_clipping::GradientClippingConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rapport_engine::SEQUENCE_FEATURES;

use super::balance::repeats;
use super::checkpoint::Checkpoint;
use super::epochs::{EarlyStopping, Epochs, keep_aside};
use super::layer::{cross_entropy, glorot, learning_rate, linear, softmax_rows, values};
use super::random::{dropout, generator, shuffle};
use super::scaling::Scaling;

/// Classes of every head.
pub(crate) const CLASSES: usize = 6;

/// A row for each turn, and for each head and turn the target probabilities (zeros: unknown).
#[derive(Debug, Clone, Default)]
pub(crate) struct Sequence {
    /// `[turns][SEQUENCE_FEATURES]`.
    pub inputs: Vec<[f32; SEQUENCE_FEATURES]>,
    /// `[heads][turns][6]`.
    pub targets: Vec<Vec<[f32; CLASSES]>>,
}

/// How a sequence model is trained.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct SequenceOptions {
    /// Width of the LSTM.
    pub hidden: usize,
    /// Passes over the labelled conversations.
    pub epochs: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Labelled conversations in a step.
    pub batch: usize,
    /// Conversations with soft targets beside them in a step.
    pub soft_batch: usize,
    /// Dropout of the inputs.
    pub input_dropout: f32,
    /// Dropout of the LSTM's output.
    pub dropout: f32,
    /// Power of the inverse class frequency.
    pub class_weight_power: f64,
    /// A conversation with a rare class is seen up to this many times in an epoch; 1 sees each once.
    pub oversample: usize,
    /// Chance that a turn is left out of a training sequence.
    pub turn_dropout: f32,
    /// Chance that a training sequence starts at a later turn (a shorter history).
    pub crop: f32,
    /// Networks that are averaged.
    pub seeds: usize,
    /// Turns of a training sequence at most.
    pub max_turns: usize,
    /// When to stop before the last epoch; without it every epoch is made.
    pub early_stopping: Option<EarlyStopping>,
}

impl Default for SequenceOptions {
    fn default() -> Self {
        Self {
            hidden: 32,
            epochs: 30,
            learning_rate: 5e-3,
            weight_decay: 0.05,
            batch: 32,
            soft_batch: 64,
            input_dropout: 0.2,
            dropout: 0.3,
            class_weight_power: 0.0,
            oversample: 1,
            turn_dropout: 0.0,
            crop: 0.0,
            seeds: 2,
            max_turns: 48,
            early_stopping: None,
        }
    }
}

/// The network. Gates stand in ONNX's order: input, output, forget, cell.
#[derive(Module, Debug)]
pub(crate) struct SequenceNet {
    /// `[SEQUENCE_FEATURES] -> [4 * hidden]`.
    pub input: Linear,
    /// `[hidden] -> [4 * hidden]`.
    pub hidden: Linear,
    /// From `[hidden]`, one for each head.
    pub heads: Vec<Linear>,
    /// From the inputs, one for each head.
    pub skips: Vec<Linear>,
}

fn device_of(net: &SequenceNet) -> Device {
    net.input.weight.val().device()
}

impl SequenceNet {
    fn new(heads: usize, options: &SequenceOptions, seed: u64, device: &Device) -> Self {
        let random = &mut generator(seed, "sequence weights");
        let (d, h) = (SEQUENCE_FEATURES, options.hidden);
        let mut head = |shape: [usize; 2]| linear(random, shape, glorot(shape), device);
        Self {
            input: head([d, 4 * h]),
            hidden: head([h, 4 * h]),
            heads: (0..heads).map(|_| head([h, CLASSES])).collect(),
            skips: (0..heads).map(|_| head([d, CLASSES])).collect(),
        }
    }

    /// Logits of every head, each `[batch * turns, 6]`, from standardised `[batch, turns, features]`.
    fn forward(&self, x: Tensor<3>, mask: Option<Vec<f32>>) -> Vec<Tensor<2>> {
        let [batch, turns, features] = x.dims();
        let device = x.device();
        let width = self.hidden.weight.dims()[0];
        let projected = self.input.forward(x.clone());
        let mut h = Tensor::<2>::zeros([batch, width], &device);
        let mut c = Tensor::<2>::zeros([batch, width], &device);
        let mut outputs = Vec::with_capacity(turns);
        for t in 0..turns {
            let at = projected.clone().slice([0..batch, t..t + 1, 0..4 * width]).squeeze_dim::<2>(1);
            let gates = at + self.hidden.forward(h);
            let gate = |k: usize| gates.clone().slice([0..batch, k * width..(k + 1) * width]);
            let (i, o, f) =
                (activation::sigmoid(gate(0)), activation::sigmoid(gate(1)), activation::sigmoid(gate(2)));
            c = f * c + i * gate(3).tanh();
            h = o * c.clone().tanh();
            outputs.push(h.clone().unsqueeze_dim::<3>(1));
        }
        let mut hidden = Tensor::cat(outputs, 1).reshape([batch * turns, width]);
        if let Some(mask) = mask {
            hidden = hidden * super::layer::matrix(mask, [batch * turns, width], &device);
        }
        let flat = x.reshape([batch * turns, features]);
        let heads = self.heads.iter().zip(&self.skips);
        heads.map(|(head, skip)| head.forward(hidden.clone()) + skip.forward(flat.clone())).collect()
    }

    /// Probabilities of every head after each turn: `[heads][turns][6]`.
    pub(crate) fn predict(&self, sequence: &Sequence, standard: &Scaling) -> Vec<Vec<Vec<f32>>> {
        let turns = sequence.inputs.len();
        if turns == 0 {
            return vec![Vec::new(); self.heads.len()];
        }
        let batch = pad(&[sequence], standard, self.heads.len());
        let x =
            Tensor::from_data(TensorData::new(batch.inputs, [1, turns, SEQUENCE_FEATURES]), &device_of(self));
        self.forward(x, None).into_iter().map(|l| softmax_rows(&values(l), CLASSES)).collect()
    }
}

struct Padded {
    inputs: Vec<f32>,
    targets: Vec<Vec<f32>>,
    turns: usize,
}

/// Standardised inputs and targets of some sequences, padded with zeros to the longest.
fn pad(sequences: &[&Sequence], standard: &Scaling, heads: usize) -> Padded {
    let turns = sequences.iter().map(|s| s.inputs.len()).max().unwrap_or(0);
    let mut inputs = vec![0.0; sequences.len() * turns * SEQUENCE_FEATURES];
    let mut targets = vec![vec![0.0; sequences.len() * turns * CLASSES]; heads];
    for (b, sequence) in sequences.iter().enumerate() {
        for (t, row) in sequence.inputs.iter().enumerate() {
            let at = (b * turns + t) * SEQUENCE_FEATURES;
            let standard = standard.mean.iter().zip(&standard.scale);
            for ((x, value), (m, s)) in inputs[at..].iter_mut().zip(row).zip(standard) {
                *x = (value - m) * s;
            }
        }
        for (head, rows) in sequence.targets.iter().enumerate() {
            for (t, row) in rows.iter().enumerate() {
                targets[head][(b * turns + t) * CLASSES..][..CLASSES].copy_from_slice(row);
            }
        }
    }
    Padded { inputs, targets, turns }
}

/// A training copy of a sequence: cut to length, with turns dropped or the beginning cropped.
fn augment(sequence: &Sequence, options: &SequenceOptions, random: &mut ChaCha8Rng) -> Sequence {
    let turns = sequence.inputs.len();
    let first = if turns > 4 && random.random::<f32>() < options.crop {
        random.random_range(0..turns / 2)
    } else {
        0
    };
    let last = turns.min(first + options.max_turns);
    let kept: Vec<usize> = (first..last).filter(|_| random.random::<f32>() >= options.turn_dropout).collect();
    Sequence {
        inputs: kept.iter().map(|&t| sequence.inputs[t]).collect(),
        targets: sequence.targets.iter().map(|rows| kept.iter().map(|&t| rows[t]).collect()).collect(),
    }
}

/// The class of a target that a person set.
fn certain(row: &[f32; CLASSES]) -> Option<usize> {
    row.iter().position(|p| *p > 0.5)
}

/// Multiplies the targets by class weights that balance the labelled sequences.
fn weigh(sequences: &mut [Sequence], heads: usize, power: f64) {
    for head in 0..heads {
        let classes: Vec<usize> =
            sequences.iter().flat_map(|s| &s.targets[head]).filter_map(certain).collect();
        let weights = super::logistic::class_weights(&classes, CLASSES, power);
        for row in sequences.iter_mut().flat_map(|s| &mut s.targets[head]) {
            row.iter_mut().zip(&weights).for_each(|(p, w)| *p *= *w as f32);
        }
    }
}

/// Trains one network on labelled sequences and, beside them, on sequences with soft targets.
///
/// # Errors
/// When a checkpoint cannot be written or read.
#[allow(clippy::too_many_arguments)] // One call site; a struct would only rename the arguments.
pub(crate) fn fit(
    labelled: &[&Sequence],
    soft: &[&Sequence],
    standard: &Scaling,
    heads: usize,
    options: &SequenceOptions,
    seed: u64,
    checkpoint: &Checkpoint,
    epoch_done: &(dyn Fn() + Sync),
) -> Result<SequenceNet> {
    let device = Device::flex().autodiff();
    let net = SequenceNet::new(heads, options, seed, &device);
    let optimizer = AdamWConfig::new()
        .with_weight_decay(options.weight_decay)
        .init()
        .with_grad_clipping(GradientClippingConfig::Norm(1.0).init());
    let (train, aside) =
        keep_aside(labelled.len(), options.early_stopping, &mut generator(seed, "kept aside"));
    let aside: Vec<&Sequence> = aside.into_iter().map(|i| labelled[i]).collect();
    let mut labelled: Vec<Sequence> = train.into_iter().map(|i| labelled[i].clone()).collect();
    let classes: Vec<Vec<usize>> =
        labelled.iter().map(|s| s.targets[0].iter().filter_map(certain).collect()).collect();
    let times = repeats(&classes, CLASSES, options.oversample);
    weigh(&mut labelled, heads, options.class_weight_power);
    let repeated: Vec<&Sequence> =
        labelled.iter().zip(times).flat_map(|(s, n)| std::iter::repeat_n(s, n)).collect();
    let steps = repeated.len().div_ceil(options.batch);
    let pass = |epoch, mut net: SequenceNet, optimizer: &mut ModuleOptimizer| {
        let random = &mut generator(seed, &format!("sequence epoch {epoch}"));
        let mut order = repeated.clone();
        shuffle(random, &mut order);
        for (step, group) in order.chunks(options.batch).enumerate() {
            let mut losses = vec![group.to_vec()];
            if !soft.is_empty() && options.soft_batch > 0 {
                let pick = |_| soft[random.random_range(0..soft.len())];
                losses.push((0..options.soft_batch).map(pick).collect());
            }
            let mut loss = Tensor::<1>::zeros([1], &device);
            for group in losses {
                let copies: Vec<Sequence> = group.iter().map(|s| augment(s, options, random)).collect();
                let batch = pad(&copies.iter().collect::<Vec<_>>(), standard, heads);
                let keep = dropout(random, batch.inputs.len(), options.input_dropout);
                let x: Vec<f32> = batch.inputs.iter().zip(keep).map(|(x, k)| x * k).collect();
                let shape = [copies.len(), batch.turns, SEQUENCE_FEATURES];
                let x = Tensor::<3>::from_data(TensorData::new(x, shape), &device);
                let mask = dropout(random, copies.len() * batch.turns * options.hidden, options.dropout);
                for (logits, targets) in net.forward(x, Some(mask)).into_iter().zip(batch.targets) {
                    loss = loss + cross_entropy(logits, targets);
                }
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            let rate = learning_rate(options.learning_rate, epoch * steps + step, steps, options.epochs);
            net = optimizer.step(rate, net, gradients);
        }
        net
    };
    let loss = |net: &SequenceNet| {
        let batch = pad(&aside, standard, heads);
        let shape = [aside.len(), batch.turns, SEQUENCE_FEATURES];
        let x = Tensor::<3>::from_data(TensorData::new(batch.inputs, shape), &Device::flex());
        let logits = net.valid().forward(x, None);
        let each =
            logits.into_iter().zip(batch.targets).map(|(l, t)| f64::from(values(cross_entropy(l, t))[0]));
        each.sum()
    };
    let epochs =
        Epochs { most: options.epochs, stopping: options.early_stopping, checkpoint, done: epoch_done };
    Ok(epochs.run(net, optimizer, pass, loss)?.valid())
}
