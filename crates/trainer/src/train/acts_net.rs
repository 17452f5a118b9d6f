//! The act head: what a turn does, from its vector and those of the two turns before it.
//!
//! `z_t = relu(W1 x_t + b1)`, logits from `[z_t, z_{t-1}, z_{t-2}]`. The finer labels that some sets carry
//! are learned beside (training only): they keep the shared layer from overfitting six classes.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::module::Module;
use burn::nn::Linear;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;
use rapport_conversation::Speaker;

use super::balance::repeats;
use super::checkpoint::Checkpoint;
use super::epochs::{EarlyStopping, Epochs, keep_aside};
use super::example::Example;
use super::layer::{cross_entropy, glorot, learning_rate, linear, matrix, softmax_rows, values};
use super::random::{dropout, generator, shuffle};
use super::scaling::Scaling;

/// Classes of each head.
pub(crate) const CLASSES: usize = 6;
/// Turns that the head looks at: this one and those before it.
pub(crate) const CONTEXT: usize = rapport_engine::ACT_CONTEXT;

/// How the act head is trained.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct ActsOptions {
    /// Width of the shared layer.
    pub hidden: usize,
    /// Passes over the conversations.
    pub epochs: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Conversations in a step.
    pub batch: usize,
    /// Dropout of the inputs.
    pub input_dropout: f32,
    /// Dropout of the shared layer.
    pub dropout: f32,
    /// Weight of the fine labels' loss.
    pub fine_weight: f32,
    /// Power of the inverse class frequency: 0 trains classes as they come, 1 balances them.
    pub class_weight_power: f64,
    /// A conversation with a rare class is seen up to this many times in an epoch; 1 sees each once.
    pub oversample: usize,
    /// A fine label is learned when at least this many turns have it.
    pub fine_minimum: usize,
    /// When to stop before the last epoch; without it every epoch is made.
    pub early_stopping: Option<EarlyStopping>,
}

impl Default for ActsOptions {
    fn default() -> Self {
        Self {
            hidden: 96,
            epochs: 20,
            learning_rate: 4e-3,
            weight_decay: 0.05,
            batch: 8,
            input_dropout: 0.3,
            dropout: 0.5,
            fine_weight: 0.3,
            class_weight_power: 0.0,
            oversample: 1,
            fine_minimum: 10,
            early_stopping: None,
        }
    }
}

/// The network.
#[derive(Module, Debug)]
pub(crate) struct ActsNet {
    /// Shared layer, `[inputs] -> [hidden]`.
    pub shared: Linear,
    /// `[CONTEXT * hidden] -> [6]`.
    pub response_type: Linear,
    /// `[CONTEXT * hidden] -> [6]`.
    pub seller_act: Linear,
    fine: Linear,
}

/// Rows of some conversations, one after the other, with where each row's predecessors are.
struct Batch {
    inputs: Vec<f32>,
    rows: usize,
    /// For each step back, the row of the shared layer's output plus one; 0 is before the start.
    back: Vec<Vec<i32>>,
}

fn batch(examples: &[&Example], scaling: &Scaling, drop: Option<(&mut ChaCha8Rng, f32)>) -> Batch {
    let width = scaling.mean.len();
    let rows = examples.iter().map(|e| e.readings.len()).sum();
    let mut inputs = vec![0.0; rows * width];
    let mut back = vec![Vec::new(); CONTEXT - 1];
    let mut row = 0;
    for example in examples {
        for (t, reading) in example.readings.iter().enumerate() {
            let x = &mut inputs[row * width..][..width];
            reading.write_row(x);
            x.iter_mut().zip(&scaling.mean).zip(&scaling.scale).for_each(|((x, m), s)| *x = (*x - m) * s);
            for (k, back) in back.iter_mut().enumerate() {
                back.push(if t > k { (row - k) as i32 } else { 0 });
            }
            row += 1;
        }
    }
    if let Some((random, p)) = drop {
        // Most inputs are absent words: only what is there can be dropped.
        let present: Vec<usize> = (0..inputs.len()).filter(|&i| inputs[i] != 0.0).collect();
        for (i, keep) in present.iter().zip(dropout(random, present.len(), p)) {
            inputs[*i] *= keep;
        }
    }
    Batch { inputs, rows, back }
}

impl ActsNet {
    fn new(inputs: usize, fine: usize, options: &ActsOptions, seed: u64, device: &Device) -> Self {
        let random = &mut generator(seed, "acts weights");
        let head = [CONTEXT * options.hidden, CLASSES];
        Self {
            shared: linear(random, [inputs, options.hidden], 0.03, device),
            response_type: linear(random, head, glorot(head), device),
            seller_act: linear(random, head, glorot(head), device),
            fine: linear(random, [options.hidden, fine.max(1)], 0.05, device),
        }
    }

    /// The shared layer and its context; `mask` holds dropout for `[rows, CONTEXT * hidden]`.
    fn context(&self, batch: &Batch, mask: Option<Vec<f32>>, device: &Device) -> (Tensor<2>, Tensor<2>) {
        let width = batch.inputs.len() / batch.rows.max(1);
        let x = matrix(batch.inputs.clone(), [batch.rows, width], device);
        let z = activation::relu(self.shared.forward(x));
        let hidden = z.dims()[1];
        let padded = Tensor::cat(vec![Tensor::zeros([1, hidden], device), z.clone()], 0);
        let mut parts = vec![z.clone()];
        for back in &batch.back {
            let rows = Tensor::<1, Int>::from_data(TensorData::new(back.clone(), [batch.rows]), device);
            parts.push(padded.clone().select(0, rows));
        }
        let mut context = Tensor::cat(parts, 1);
        if let Some(mask) = mask {
            context = context * matrix(mask, [batch.rows, CONTEXT * hidden], device);
        }
        (z, context)
    }

    /// Probabilities of each turn, by its speaker's head: `[turns][6]`.
    pub(crate) fn predict(&self, example: &Example, scaling: &Scaling) -> Vec<Vec<f32>> {
        let device = Device::flex();
        let batch = batch(&[example], scaling, None);
        let (_, context) = self.context(&batch, None, &device);
        let customer = softmax_rows(&values(self.response_type.forward(context.clone())), CLASSES);
        let seller = softmax_rows(&values(self.seller_act.forward(context)), CLASSES);
        let own = |(t, (c, s))| match example.speaker(t) {
            Speaker::Customer => c,
            Speaker::Salesperson => s,
        };
        customer.into_iter().zip(seller).enumerate().map(own).collect()
    }
}

fn fine_index(examples: &[&Example], minimum: usize) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in examples.iter().flat_map(|e| &e.fine).flatten() {
        *counts.entry(name).or_default() += 1;
    }
    let frequent = counts.into_iter().filter(|(_, n)| *n >= minimum);
    frequent.enumerate().map(|(i, (name, _))| (name.to_owned(), i)).collect()
}

/// Weighted one-hot targets of the rows of one speaker, `[rows * 6]`.
fn targets(examples: &[&Example], speaker: Speaker, weights: &[f64]) -> Vec<f32> {
    let mut out = Vec::new();
    for example in examples {
        for (t, act) in example.act.iter().enumerate() {
            let mut row = [0.0; CLASSES];
            if let Some(class) = act.filter(|_| example.speaker(t) == speaker) {
                row[class] = weights[class] as f32;
            }
            out.extend(row);
        }
    }
    out
}

/// The classes of an example's turns, the seller's after the customer's.
fn side_classes(example: &Example) -> Vec<usize> {
    let side = |t| if example.speaker(t) == Speaker::Customer { 0 } else { CLASSES };
    example.act.iter().enumerate().filter_map(|(t, act)| act.map(|c| side(t) + c)).collect()
}

/// Trains one network; the result depends on the arguments alone.
///
/// # Errors
/// When a checkpoint cannot be written or read.
pub(crate) fn fit(
    examples: &[&Example],
    scaling: &Scaling,
    options: &ActsOptions,
    seed: u64,
    checkpoint: &Checkpoint,
    epoch_done: &(dyn Fn() + Sync),
) -> Result<ActsNet> {
    let device = Device::flex().autodiff();
    let fine = fine_index(examples, options.fine_minimum);
    let net = ActsNet::new(scaling.mean.len(), fine.len(), options, seed, &device);
    let optimizer = AdamWConfig::new().with_weight_decay(options.weight_decay).init();
    let (train, aside) =
        keep_aside(examples.len(), options.early_stopping, &mut generator(seed, "kept aside"));
    let aside: Vec<&Example> = aside.into_iter().map(|i| examples[i]).collect();
    let examples: Vec<&Example> = train.into_iter().map(|i| examples[i]).collect();
    let weights_of = |speaker| {
        let of_speaker = |e: &&Example| -> Vec<usize> {
            (0..e.act.len()).filter(|&t| e.speaker(t) == speaker).filter_map(|t| e.act[t]).collect()
        };
        let classes: Vec<usize> = examples.iter().flat_map(of_speaker).collect();
        super::logistic::class_weights(&classes, CLASSES, options.class_weight_power)
    };
    let (customer_weights, seller_weights) =
        (weights_of(Speaker::Customer), weights_of(Speaker::Salesperson));
    let classes: Vec<Vec<usize>> = examples.iter().map(|e| side_classes(e)).collect();
    let times = repeats(&classes, 2 * CLASSES, options.oversample);
    let repeated: Vec<&Example> =
        examples.iter().zip(times).flat_map(|(e, n)| std::iter::repeat_n(*e, n)).collect();
    let steps = repeated.len().div_ceil(options.batch);
    let pass = |epoch, mut net: ActsNet, optimizer: &mut ModuleOptimizer| {
        let random = &mut generator(seed, &format!("acts epoch {epoch}"));
        let mut order = repeated.clone();
        shuffle(random, &mut order);
        for (step, group) in order.chunks(options.batch).enumerate() {
            let batch = batch(group, scaling, Some((random, options.input_dropout)));
            let mask = dropout(random, batch.rows * CONTEXT * options.hidden, options.dropout);
            let (z, context) = net.context(&batch, Some(mask), &device);
            let customer = cross_entropy(
                net.response_type.forward(context.clone()),
                targets(group, Speaker::Customer, &customer_weights),
            );
            let seller = cross_entropy(
                net.seller_act.forward(context),
                targets(group, Speaker::Salesperson, &seller_weights),
            );
            let mut loss = (customer + seller) * 0.5;
            if !fine.is_empty() && options.fine_weight > 0.0 {
                let keep = matrix(
                    dropout(random, batch.rows * options.hidden, options.dropout),
                    [batch.rows, options.hidden],
                    &device,
                );
                let logits = net.fine.forward(z * keep);
                let mut wanted = vec![0.0; batch.rows * fine.len()];
                let mut known = vec![0.0; batch.rows];
                for (row, names) in group.iter().flat_map(|e| &e.fine).enumerate() {
                    known[row] = f32::from(u8::from(!names.is_empty()));
                    for i in names.iter().filter_map(|n| fine.get(n)) {
                        wanted[row * fine.len() + i] = 1.0;
                    }
                }
                let rows: f32 = known.iter().sum();
                let wanted = matrix(wanted, [batch.rows, fine.len()], &device);
                let known = matrix(known, [batch.rows, 1], &device);
                // Binary cross entropy from logits: log(1 + e^x) - x y.
                let bce = activation::softplus(logits.clone(), 1.0) - logits * wanted;
                loss = loss + (bce * known).sum() * (options.fine_weight / rows.max(1.0));
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            let rate = learning_rate(options.learning_rate, epoch * steps + step, steps, options.epochs);
            net = optimizer.step(rate, net, gradients);
        }
        net
    };
    let loss = |net: &ActsNet| {
        let device = Device::flex();
        let (_, context) = net.valid().context(&batch(&aside, scaling, None), None, &device);
        let of = |logits, speaker, weights: &[f64]| {
            f64::from(values(cross_entropy(logits, targets(&aside, speaker, weights)))[0])
        };
        let net = net.valid();
        of(net.response_type.forward(context.clone()), Speaker::Customer, &customer_weights)
            + of(net.seller_act.forward(context), Speaker::Salesperson, &seller_weights)
    };
    let epochs =
        Epochs { most: options.epochs, stopping: options.early_stopping, checkpoint, done: epoch_done };
    Ok(epochs.run(net, optimizer, pass, loss)?.valid())
}
