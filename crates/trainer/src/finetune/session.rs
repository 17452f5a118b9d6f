//! The training loop: mine, draw batches, step, measure on what is kept back, keep the best.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::Tensor;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::batches::{plan, steps};
use super::general::GeneralTexts;
use super::loss::{distil_cosine, distil_relational, ranking, supcon, triplet};
use super::measure::neighbour_accuracy;
use super::mining::{Dropped, Relation, Triple, mine, relation};
use super::network::{Frozen, Trainable, embed_all};
use super::schedule::{Distil, LossKind, Schedule, Stop};
use super::triplets::Pairs;
use super::windows::Pool;
use crate::train::checkpoint::{Best, Checkpoint, State};
use crate::train::layer::{matrix, values};
use crate::train::random::generator;
use crate::{Output, write_file};

/// One epoch's figures. `epoch` 0 is the base before training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EpochFigures {
    pub epoch: usize,
    /// Mean contrastive loss over the epoch's steps.
    pub train_loss: Option<f64>,
    /// Mean distillation loss over the epoch's steps.
    pub distillation: Option<f64>,
    /// Contrastive loss on what is kept back, over the same batches each time.
    pub val_loss: f64,
    /// Accuracy of the nearest neighbours among the training windows, on what is kept back.
    pub val_neighbours: f64,
    /// What the guards of the epoch's mining dropped.
    pub dropped: Option<Dropped>,
}

/// Everything that training reads.
pub(crate) struct Session<'a> {
    /// The base, with autodiff for the steps and without it for everything else.
    pub frozen: &'a Frozen<'a>,
    pub plain: &'a Frozen<'a>,
    pub train: &'a Pool,
    pub val: &'a Pool,
    /// Pairs from a file; without them they are mined.
    pub given: Option<(&'a Pairs, &'a Pairs)>,
    /// General texts with the base's vectors.
    pub general: Option<(&'a GeneralTexts, &'a [Vec<f32>])>,
    pub schedule: &'a Schedule,
    /// Folder of the checkpoint.
    pub folder: Option<&'a Path>,
    pub output: Output,
}

/// Vectors of the training windows and of those kept back.
pub(crate) type Both = (Vec<Vec<f32>>, Vec<Vec<f32>>);

/// What training gives.
pub(crate) struct Tuned<M> {
    /// The network of the best epoch.
    pub module: M,
    /// That epoch, from 1; 0 when no epoch was better than the base.
    pub best_epoch: usize,
    pub history: Vec<EpochFigures>,
    /// Steps made by this process, and the seconds they took.
    pub speed: (usize, f64),
    /// Vectors of the training windows and of those kept back, by the base and by `module`; nothing for what an
    /// earlier process has computed.
    pub base_vectors: Option<Both>,
    pub vectors: Option<Both>,
}

impl<M> Tuned<M> {
    /// What was trained before, by another run.
    pub(crate) fn given(module: M) -> Self {
        Self {
            module,
            best_epoch: 0,
            history: Vec::new(),
            speed: (0, 0.0),
            base_vectors: None,
            vectors: None,
        }
    }
}

/// Where the figures of a checkpoint's epochs are.
const HISTORY: &str = "history.json";

impl Session<'_> {
    fn texts(pool: &Pool) -> Vec<&[u32]> {
        pool.items.iter().map(|i| &i.tokens[..]).collect()
    }

    /// Unit vectors of all windows of a pool.
    fn vectors<M: Trainable>(&self, module: &M, pool: &Pool, what: &str) -> Vec<Vec<f32>> {
        let bar = self.output.steps(pool.items.len() as u64, what);
        let vectors = embed_all(module, self.plain, &Self::texts(pool), |n| bar.inc(n as u64));
        bar.finish_and_clear();
        vectors
    }

    /// The contrastive loss of one batch of triplets.
    fn loss(
        &self,
        pool: &Pool,
        batch: &[Triple],
        embed: impl Fn(&[&[u32]]) -> Tensor<2>,
    ) -> Option<Tensor<1>> {
        let schedule = self.schedule;
        let b = batch.len();
        // Anchors, then positives, then negatives; SupCon sees each text once.
        let mut items: Vec<usize> = (0..3).flat_map(|k| batch.iter().map(move |t| t[k])).collect();
        if schedule.loss == LossKind::Supcon {
            items.sort_unstable();
            items.dedup();
        }
        let texts: Vec<&[u32]> = items.iter().map(|&i| &pool.items[i].tokens[..]).collect();
        let vectors = embed(&texts);
        let related = |i: usize, j: usize| relation(&pool.items[i], &pool.items[j], schedule.apart);
        let rows = |from: usize, to: usize| vectors.clone().narrow(0, from, to - from);
        match schedule.loss {
            LossKind::Supcon => {
                let pairs = items.iter().flat_map(|&i| items.iter().map(move |&j| (i, j)));
                let relations: Vec<Relation> = pairs.map(|(i, j)| related(i, j)).collect();
                let positive: Vec<bool> = relations.iter().map(|r| *r == Relation::Positive).collect();
                let compared: Vec<bool> =
                    relations.iter().map(|r| matches!(r, Relation::Positive | Relation::Negative)).collect();
                supcon(vectors.clone(), &positive, &compared, schedule.temperature)
            }
            LossKind::Triplet => {
                Some(triplet(rows(0, b), rows(b, 2 * b), rows(2 * b, 3 * b), schedule.margin))
            }
            LossKind::Mnr => {
                let compared: Vec<bool> = batch
                    .iter()
                    .flat_map(|t| items[b..].iter().map(|&c| related(t[0], c) == Relation::Negative))
                    .collect();
                Some(ranking(rows(0, b), rows(b, 3 * b), &compared, schedule.temperature))
            }
        }
    }

    /// The distillation loss of one draw of general texts.
    fn distillation(&self, draw: &[usize], embed: impl Fn(&[&[u32]]) -> Tensor<2>) -> Option<Tensor<1>> {
        let (texts, base) = self.general?;
        let tuned = embed(&draw.iter().map(|&i| &texts.tokens[i][..]).collect::<Vec<_>>());
        let [rows, width] = tuned.dims();
        let base: Vec<f32> = draw.iter().flat_map(|&i| base[i].iter().copied()).collect();
        let base = matrix(base, [rows, width], &tuned.device());
        Some(match self.schedule.distil {
            Distil::Cosine => distil_cosine(tuned, base),
            Distil::Relational => distil_relational(tuned, base),
        })
    }

    /// Trains; the result depends on the session alone, whether it was interrupted or not: the random numbers of an
    /// epoch come from the seed and its number.
    ///
    /// # Errors
    /// When the windows give no batch, the loss is not finite, or a checkpoint cannot be used.
    pub(crate) fn run<M: Trainable>(&self, module: M, checkpoint: &Checkpoint) -> Result<Tuned<M>> {
        self.run_until(module, checkpoint, self.schedule.epochs)
    }

    /// As [`Session::run`]; leaves off after epoch `until`, as an interruption would.
    pub(super) fn run_until<M: Trainable>(
        &self,
        module: M,
        checkpoint: &Checkpoint,
        until: usize,
    ) -> Result<Tuned<M>> {
        let schedule = self.schedule;
        let optimizer = AdamWConfig::new().with_weight_decay(schedule.weight_decay).init();
        let State { epoch: start, mut module, mut optimizer, mut best } =
            checkpoint.load(module, optimizer)?;
        let mut history = self.history(start)?;
        let mut vectors = self.vectors(&module.valid(), self.train, "encode the windows");
        // The batches of the validation are drawn once, from the base's neighbours.
        let val_vectors = self.vectors(&self.plain.body, self.val, "encode those kept back");
        let random = &mut generator(schedule.seed, "validation");
        let val_pairs = match self.given {
            Some((_, val)) => val.clone(),
            None => mine(self.val, &val_vectors, schedule.apart, &schedule.mining, (schedule.seed, 0)).0,
        };
        let val_batches = plan(self.val, &val_pairs, schedule.batch, random);
        ensure!(
            !val_batches.is_empty(),
            "the windows kept back give no triplet: each needs another of its label and one of another label; \
             keep more back with --val-share or --val"
        );
        if start == 0 {
            let first = self.measure(0, &module.valid(), &vectors, &val_vectors, &val_batches);
            self.output.note(describe(&first));
            best = Some(Best { epoch: 0, loss: self.score(&first), module: module.clone() });
            history.push(first);
        }
        let base_vectors = (start == 0).then(|| (vectors.clone(), val_vectors.clone()));
        // Those of the best epoch, as long as this process has made it.
        let mut best_vectors = base_vectors.clone();
        let mut speed = (0, 0.0);
        // Guards may change the number of batches by a few; the learning rate keeps one pace.
        let pace = steps(self.train, schedule.batch);
        for epoch in start..until {
            let (pairs, dropped) = if let Some((train, _)) = self.given {
                (train.clone(), None)
            } else {
                let seed = (schedule.seed, epoch);
                let (pairs, dropped) = mine(self.train, &vectors, schedule.apart, &schedule.mining, seed);
                (pairs, Some(dropped))
            };
            let random = &mut generator(schedule.seed, &format!("epoch {epoch}"));
            let batches = plan(self.train, &pairs, schedule.batch, random);
            ensure!(
                !batches.is_empty(),
                "the windows give no triplet: each needs another of its label and one of another label that the guards leave"
            );
            let bar = self
                .output
                .steps(batches.len() as u64, &format!("epoch {} of {}", epoch + 1, schedule.epochs));
            let (mut sum, mut distilled, mut made) = (0.0, 0.0, 0);
            let began = Instant::now();
            for (step, batch) in batches.iter().enumerate() {
                let draw: Vec<usize> = match self.general {
                    Some((texts, _)) if schedule.general_weight > 0.0 => (0..schedule.general_batch)
                        .map(|_| random.random_range(0..texts.tokens.len()))
                        .collect(),
                    _ => Vec::new(),
                };
                let embed = |texts: &[&[u32]]| module.embed(self.frozen, texts);
                let Some(mut loss) = self.loss(self.train, batch, embed) else {
                    bar.inc(1);
                    continue;
                };
                let contrast = f64::from(values(loss.clone())[0]);
                if !draw.is_empty()
                    && let Some(extra) = self.distillation(&draw, embed)
                {
                    distilled += f64::from(values(extra.clone())[0]);
                    loss = loss + extra * schedule.general_weight;
                }
                if !contrast.is_finite() {
                    bail!("epoch {} step {step}: the loss is not finite; lower --learning-rate", epoch + 1);
                }
                sum += contrast;
                made += 1;
                let gradients = GradientsParams::from_grads(loss.backward(), &module);
                let place = (epoch * pace + step.min(pace - 1)) as f64 / (pace * schedule.epochs) as f64;
                module = optimizer.step(schedule.rate(place), module, gradients);
                bar.set_message(format!("epoch {} loss {:.4}", epoch + 1, sum / f64::from(made)));
                bar.inc(1);
            }
            bar.finish_and_clear();
            speed = (speed.0 + batches.len(), speed.1 + began.elapsed().as_secs_f64());
            let tuned = module.valid();
            vectors = self.vectors(&tuned, self.train, "encode the windows");
            let val_vectors = self.vectors(&tuned, self.val, "encode those kept back");
            let mut figures = self.measure(epoch + 1, &tuned, &vectors, &val_vectors, &val_batches);
            figures.train_loss = Some(sum / f64::from(made.max(1)));
            figures.distillation = self.general.map(|_| distilled / f64::from(made.max(1)));
            figures.dropped = dropped;
            self.output.note(describe(&figures));
            let score = self.score(&figures);
            history.push(figures);
            if best.as_ref().is_none_or(|b| score < b.loss) {
                best = Some(Best { epoch: epoch + 1, loss: score, module: module.clone() });
                best_vectors = Some((vectors.clone(), val_vectors));
            }
            let waited = best.as_ref().map_or(0, |b| epoch + 1 - b.epoch);
            let stopped = waited >= schedule.patience;
            let reached = if stopped { schedule.epochs } else { epoch + 1 };
            if let Some(folder) = self.folder {
                write_file(&folder.join(HISTORY), &serde_json::to_vec(&history)?)?;
            }
            let state = State { epoch: reached, module, optimizer, best };
            checkpoint.save(&state, schedule.epochs)?;
            State { module, optimizer, best, .. } = state;
            if stopped {
                self.output.note(format!("stopped: {waited} epochs without a gain"));
                break;
            }
        }
        let best = best.context("no epoch was measured")?;
        Ok(Tuned {
            module: best.module,
            best_epoch: best.epoch,
            history,
            speed,
            base_vectors,
            vectors: best_vectors,
        })
    }

    /// What was measured in the epochs that a checkpoint has behind it.
    fn history(&self, epochs: usize) -> Result<Vec<EpochFigures>> {
        let file = self.folder.map(|f| f.join(HISTORY)).filter(|f| epochs > 0 && f.exists());
        let Some(file) = file else { return Ok(Vec::new()) };
        let mut history: Vec<EpochFigures> = serde_json::from_slice(&crate::files::read(&file)?)
            .with_context(|| format!("{} cannot be read; start anew without --resume", file.display()))?;
        history.retain(|e| e.epoch <= epochs);
        Ok(history)
    }

    /// What stops training, the lower the better.
    fn score(&self, figures: &EpochFigures) -> f64 {
        match self.schedule.stop {
            Stop::Loss => figures.val_loss,
            Stop::Knn => -figures.val_neighbours,
        }
    }

    fn measure<M: Trainable>(
        &self,
        epoch: usize,
        module: &M,
        train: &[Vec<f32>],
        val: &[Vec<f32>],
        batches: &[Vec<Triple>],
    ) -> EpochFigures {
        let embed = |texts: &[&[u32]]| module.embed(self.plain, texts);
        let losses = batches.iter().filter_map(|batch| self.loss(self.val, batch, embed));
        let losses: Vec<f64> = losses.map(|l| f64::from(values(l)[0])).collect();
        EpochFigures {
            epoch,
            train_loss: None,
            distillation: None,
            val_loss: losses.iter().sum::<f64>() / losses.len().max(1) as f64,
            val_neighbours: neighbour_accuracy((self.train, train), (self.val, val)),
            dropped: None,
        }
    }
}

fn describe(figures: &EpochFigures) -> String {
    let part =
        |what: &str, value: Option<f64>| value.map_or_else(String::new, |v| format!(", {what} {v:.4}"));
    format!(
        "epoch {}: held-out loss {:.4}, neighbours {:.4}{}{}",
        figures.epoch,
        figures.val_loss,
        figures.val_neighbours,
        part("training loss", figures.train_loss),
        part("distillation", figures.distillation),
    )
}
