//! One training run, from conversations to a folder with a bundle.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::{Conversation, Label, Speaker};
use rapport_engine::{Acts, Adviser, Analysis, MergedTurn, Outlook, Playbook, Reader, Temperatures};
use rapport_inference::{EncoderLimits, MemoryBudget, SentenceEncoder, normalize};
use rayon::prelude::*;

use super::acts_net::ActsOptions;
use super::checkpoint::Checkpoint;
use super::crossfit::{ActModels, ActRows, act_temperatures};
use super::direction::{self, DirectionFigures, DirectionOptions};
use super::example::{Example, prepare_all};
use super::scaling::Scaling;
use super::sentiment::{self, SentimentHead};
use super::sequence_net::{self, Sequence, SequenceNet, SequenceOptions};
use super::sequences::{
    RawOutlook, SequenceModels, acts, inputs, sequence_temperatures, with_response_targets,
    with_soft_response_targets, with_stage_targets,
};
use super::signals::{self, SignalOptions, SignalTexts, TrainedSignals};
use super::vectors::VectorStore;
use crate::Output;
use crate::data::fold_of;

/// Everything that decides a run's result, but the data.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Parts that are kept back in turn for the figures and the cross-fitting.
    pub folds: usize,
    /// Salt of the folds.
    pub salt: String,
    /// Networks of the act head that are averaged.
    pub act_seeds: usize,
    /// The act head.
    pub acts: ActsOptions,
    /// The next response type.
    pub response_type: SequenceOptions,
    /// The stage.
    pub stage: SequenceOptions,
    /// The direction.
    pub direction: DirectionOptions,
    /// Texts that the sentiment head is trained on, at most.
    pub sentiment_texts: usize,
    /// The signals.
    pub signals: SignalOptions,
    /// Tokens read of a turn.
    pub max_tokens: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folds: 5,
            salt: "folds".into(),
            act_seeds: 4,
            acts: ActsOptions::default(),
            response_type: SequenceOptions { seeds: 3, ..Default::default() },
            stage: SequenceOptions {
                epochs: 40,
                dropout: 0.5,
                seeds: 4,
                soft_batch: 0,
                ..Default::default()
            },
            direction: DirectionOptions::default(),
            sentiment_texts: 20_000,
            signals: SignalOptions::default(),
            max_tokens: 128,
        }
    }
}

/// The bytes and rows that a run starts from.
#[derive(Debug)]
pub(crate) struct Sources {
    /// Conversations, labelled or not.
    pub conversations: Vec<Conversation>,
    /// The name of the set that each conversation belongs to.
    pub sets: Vec<String>,
    /// Texts with their tones.
    pub tones: Vec<sentiment::ToneExample>,
    /// Texts with emotions, for the signals.
    pub emotions: Vec<signals::texts::TextExample>,
    /// Texts with service intents, for the signals.
    pub intents: Vec<signals::texts::TextExample>,
    /// The suggestions.
    pub playbook: Playbook,
    /// `encoder.onnx`.
    pub encoder: Vec<u8>,
    /// `tokenizer.json`.
    pub tokenizer: Vec<u8>,
}

/// What a run has learned.
#[derive(Debug)]
pub(crate) struct Trained {
    /// The act heads.
    pub acts: ActModels,
    /// The sequence models that ship.
    pub sequences: SequenceModels,
    /// The sentiment head.
    pub sentiment: SentimentHead,
    /// The signal heads.
    pub signals: TrainedSignals,
    /// The direction model.
    pub direction: rapport_engine::DirectionModel,
    /// Its figures.
    pub direction_figures: DirectionFigures,
    /// `playbook.bin`.
    pub playbook_vectors: Vec<u8>,
    /// Divisors of every head's logits.
    pub temperatures: Temperatures,
    /// Labelled conversations as models that never saw them read them, by index into the sources.
    pub held_out: Vec<(usize, Analysis)>,
    /// Every conversation as read, by index into the sources.
    pub examples: Vec<Example>,
    /// Length of a sentence vector.
    pub dimensions: usize,
}

/// Trains everything.
///
/// # Errors
/// When the data cannot carry the run, the encoder fails, or a checkpoint cannot be used.
pub(crate) fn train(
    sources: &Sources,
    settings: &Settings,
    checkpoints: Option<&Path>,
    output: Output,
) -> Result<Trained> {
    let sha = crate::sha256_hex(&sources.encoder);
    let limits = EncoderLimits { max_tokens: settings.max_tokens, dimensions: 384 };
    let encoder = SentenceEncoder::load(&sources.encoder, &sources.tokenizer, limits)?;
    let mut store = VectorStore::open(&sha, limits.dimensions);

    let turns = sentiment::of_turns(&sources.conversations);
    let tones: Vec<&sentiment::ToneExample> = sources.tones.iter().chain(&turns).collect();
    store.encode(tones.iter().map(|t| t.text.as_str()), &encoder, output)?;
    let vectors: Vec<Vec<f32>> =
        tones.iter().filter_map(|t| store.get(&t.text)).map(<[f32]>::to_vec).collect();
    output.note(format!("fit the sentiment head on {} texts and turns", vectors.len()));
    let sentiment = sentiment::fit(&vectors, &tones);
    for (what, f) in [("texts", sentiment.texts), ("turns", sentiment.turns)] {
        if f.held > 0 {
            output.note(format!(
                "  sentiment accuracy {:.3}, macro F1 {:.3} on {} {what} kept back (majority {:.3})",
                f.accuracy, f.macro_f1, f.held, f.majority
            ));
        }
    }
    let head = super::heads_onnx::sentiment(&sentiment.model.weights, &sentiment.model.bias);
    let budget = MemoryBudget::TOOLS;
    let reader =
        Reader::load(&sources.encoder, &sources.tokenizer, &head, limits, sentiment.temperature, &budget)?;

    // Every text is encoded once, through the store; the reader finds it in its cache.
    let merged: Vec<String> = sources
        .conversations
        .iter()
        .flat_map(rapport_engine::merge_turns)
        .map(|t| t.text)
        .chain(sources.playbook.entries.iter().flat_map(|e| e.examples.clone()))
        .collect();
    store.encode(merged.iter().map(String::as_str), &encoder, output)?;
    reader.expect_texts(merged.len());
    for text in &merged {
        if let Some(vector) = store.get(text) {
            reader.remember(text, vector);
        }
    }
    let bar = output.steps(sources.conversations.len() as u64, "read conversations");
    let examples = prepare_all(&sources.conversations, &reader, || bar.inc(1))?;
    bar.finish();
    let phrases = phrases(&sources.playbook, &reader)?;

    let labelled_at: Vec<usize> = (0..examples.len()).filter(|&i| examples[i].is_labelled()).collect();
    let labelled: Vec<&Example> = labelled_at.iter().map(|&i| &examples[i]).collect();
    let unlabelled: Vec<&Example> = examples.iter().filter(|e| !e.is_labelled()).collect();
    ensure!(
        labelled.len() >= 2 * settings.folds,
        "{} conversations have labels of what each turn does; at least {} are needed. \
         `rapport data import --format persuasionforgood` brings human labels",
        labelled.len(),
        2 * settings.folds
    );
    let folds: Vec<usize> = labelled.iter().map(|e| fold_of(&e.id, &settings.salt, settings.folds)).collect();
    for fold in 0..settings.folds {
        ensure!(folds.contains(&fold), "fold {fold} of {} is empty; use fewer folds", settings.folds);
    }

    let act_models = ActModels::fit(
        &labelled,
        &folds,
        &phrases.iter().collect::<Vec<_>>(),
        &settings.acts,
        settings.act_seeds,
        checkpoints,
        output,
    )?;
    let held_rows: Vec<ActRows> =
        labelled.par_iter().zip(&folds).map(|(e, &f)| act_models.rows_without(f, f, e)).collect();
    let mut temperatures = Temperatures { sentiment: sentiment.temperature, ..Default::default() };
    act_temperatures(&labelled, &held_rows, &mut temperatures);

    let fit = SequenceFit { settings, checkpoints, output, temperatures };
    let raw = fit.held_out(&labelled, &folds, &unlabelled, &act_models, &held_rows)?;
    sequence_temperatures(&labelled, &raw, &mut temperatures);
    let held_out: Vec<(usize, Analysis)> = labelled_at
        .iter()
        .enumerate()
        .map(|(i, &at)| {
            let acts = acts(labelled[i], &held_rows[i], &temperatures);
            let outlook: Outlook = raw[i].outlook(&temperatures);
            (at, Analysis { readings: labelled[i].readings.clone(), acts, outlook })
        })
        .collect();

    let own: Vec<Sequence> =
        labelled.iter().zip(&held_rows).map(|(e, rows)| inputs(e, &acts(e, rows, &temperatures))).collect();
    let soft: Vec<(Sequence, Vec<Acts>)> = unlabelled
        .par_iter()
        .map(|e| {
            let acts = acts(e, &act_models.rows(e), &temperatures);
            (inputs(e, &acts), acts)
        })
        .collect();
    let bar = output.steps(fit.epochs(1), "train what ships");
    let sequences = fit.one(&labelled, &own, &unlabelled, &soft, "full", &|| bar.inc(1))?;
    bar.finish();

    output.note("fit the direction model");
    let all: Vec<&Example> = examples.iter().collect();
    let rows: Vec<ActRows> = all.par_iter().map(|e| act_models.rows(e)).collect();
    let direction_folds: Vec<usize> =
        all.iter().map(|e| fold_of(&e.id, &settings.salt, settings.folds)).collect();
    let (direction, direction_figures) =
        direction::fit(&all, &rows, &direction_folds, &sources.sets, &settings.direction)?;

    output.note("fit the signals");
    let texts = &SignalTexts {
        emotions: sources.emotions.clone(),
        intents: sources.intents.clone(),
        playbook: signals::playbook_lines(&sources.playbook, &reader)?,
    };
    let said = texts.emotions.iter().chain(&texts.intents).map(|t| t.text.as_str());
    store.encode(said, &encoder, output)?;
    let readings: Vec<_> = examples.iter().map(|e| e.readings.as_slice()).collect();
    let signals = signals::train(
        &sources.conversations,
        &readings,
        texts,
        &sources.tones,
        &store,
        &settings.signals,
        output,
    )?;

    let playbook_vectors = playbook_vectors(&sources.playbook, &reader)?;
    Ok(Trained {
        acts: act_models,
        sequences,
        sentiment,
        signals,
        direction,
        direction_figures,
        playbook_vectors,
        temperatures,
        held_out,
        dimensions: reader.dimensions(),
        examples,
    })
}

/// The playbook's example lines as customer turns of their own: short sales talk with a response type,
/// which the public sets lack. Their place in a conversation is not known, so they are spread.
fn phrases(playbook: &Playbook, reader: &Reader) -> Result<Vec<Example>> {
    let mut out = Vec::new();
    for entry in &playbook.entries {
        for (i, line) in entry.examples.iter().enumerate() {
            let turn = MergedTurn { speaker: Speaker::Customer, text: line.clone(), last_line: 0 };
            let reading = reader.read_turn(&turn, 3 + out.len() % 12)?;
            out.push(Example {
                id: format!("{}/{i}", entry.id),
                readings: vec![reading],
                act: vec![Some(entry.response_type.index())],
                stage: vec![None],
                fine: vec![Vec::new()],
            });
        }
    }
    Ok(out)
}

/// One vector for each entry: the direction of the mean of its examples.
fn playbook_vectors(playbook: &Playbook, reader: &Reader) -> Result<Vec<u8>> {
    let mut vectors = Vec::with_capacity(playbook.entries.len());
    for entry in &playbook.entries {
        let mut mean = vec![0.0; reader.dimensions()];
        for text in entry.texts() {
            mean.iter_mut().zip(&*reader.embed(text)?).for_each(|(m, x)| *m += x);
        }
        ensure!(!entry.examples.is_empty(), "the playbook entry {} has no examples", entry.id);
        normalize(&mut mean);
        vectors.push(mean);
    }
    Ok(Adviser::pack(&vectors))
}

/// Trains sequence models on one choice of conversations.
struct SequenceFit<'a> {
    settings: &'a Settings,
    checkpoints: Option<&'a Path>,
    output: Output,
    temperatures: Temperatures,
}

impl SequenceFit<'_> {
    /// Epochs of `times` full sets of networks, for the progress bar.
    fn epochs(&self, times: usize) -> u64 {
        let (r, s) = (&self.settings.response_type, &self.settings.stage);
        ((r.epochs * r.seeds + s.epochs * s.seeds) * times) as u64
    }

    fn one(
        &self,
        labelled: &[&Example],
        own: &[Sequence],
        unlabelled: &[&Example],
        soft: &[(Sequence, Vec<Acts>)],
        name: &str,
        epoch_done: &(dyn Fn() + Sync),
    ) -> Result<SequenceModels> {
        let pairs = || labelled.iter().zip(own);
        let response: Vec<Sequence> = pairs().map(|(e, s)| with_response_targets(s.clone(), e)).collect();
        let stage: Vec<Sequence> = pairs().map(|(e, s)| with_stage_targets(s.clone(), e)).collect();
        let soft: Vec<Sequence> = unlabelled
            .iter()
            .zip(soft)
            .map(|(e, (s, a))| with_soft_response_targets(s.clone(), e, a))
            .collect();
        let standard = Scaling::of_sequences(&own.iter().collect::<Vec<_>>());
        let train =
            |what: &str, labelled: &[Sequence], soft: &[Sequence], heads, options: &SequenceOptions| {
                (0..options.seeds as u64)
                    .into_par_iter()
                    .map(|seed| {
                        let checkpoint = Checkpoint::new(self.checkpoints, &format!("{what}-{name}-{seed}"));
                        sequence_net::fit(
                            &labelled.iter().collect::<Vec<_>>(),
                            &soft.iter().collect::<Vec<_>>(),
                            &standard,
                            heads,
                            options,
                            seed,
                            &checkpoint,
                            epoch_done,
                        )
                    })
                    .collect::<Result<Vec<SequenceNet>>>()
            };
        Ok(SequenceModels {
            response_type: train("response", &response, &soft, 1, &self.settings.response_type)?,
            stage: train("stage", &stage, &[], 2, &self.settings.stage)?,
            standard,
        })
    }

    /// Outlooks of every labelled conversation from models that never saw it.
    fn held_out(
        &self,
        labelled: &[&Example],
        folds: &[usize],
        unlabelled: &[&Example],
        models: &ActModels,
        held_rows: &[ActRows],
    ) -> Result<Vec<RawOutlook>> {
        let bar = self.output.steps(self.epochs(self.settings.folds), "train the folds");
        let mut raw: Vec<Option<RawOutlook>> = vec![None; labelled.len()];
        for fold in 0..self.settings.folds {
            let kept: Vec<usize> = (0..labelled.len()).filter(|&i| folds[i] != fold).collect();
            let examples: Vec<&Example> = kept.iter().map(|&i| labelled[i]).collect();
            let own: Vec<Sequence> = kept
                .par_iter()
                .map(|&i| {
                    let rows = models.rows_without(fold, folds[i], labelled[i]);
                    inputs(labelled[i], &acts(labelled[i], &rows, &self.temperatures))
                })
                .collect();
            let soft: Vec<(Sequence, Vec<Acts>)> = unlabelled
                .par_iter()
                .map(|e| {
                    let acts = acts(e, &models.rows_without(fold, fold, e), &self.temperatures);
                    (inputs(e, &acts), acts)
                })
                .collect();
            let trained =
                self.one(&examples, &own, unlabelled, &soft, &format!("fold{fold}"), &|| bar.inc(1))?;
            for i in (0..labelled.len()).filter(|&i| folds[i] == fold) {
                let acts = acts(labelled[i], &held_rows[i], &self.temperatures);
                raw[i] = Some(trained.raw_outlook(&inputs(labelled[i], &acts)));
            }
        }
        bar.finish();
        raw.into_iter().collect::<Option<Vec<_>>>().context("a conversation belongs to no fold")
    }
}
