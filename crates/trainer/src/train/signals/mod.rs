//! The signal heads: what people's labels teach of single turns beyond what each turn does.

mod block;
mod calibrate;
mod cases;
mod export;
pub(crate) mod figures;
pub(crate) mod report;
pub(crate) mod targets;
#[cfg(test)]
mod tests;
pub(crate) mod texts;
pub(crate) mod tone;

use anyhow::{Result, ensure};
use rapport_conversation::{Conversation, Speaker};
use rapport_engine::{MergedTurn, Playbook, Reader, SignalsConfig, TurnReading};
use serde::{Deserialize, Serialize};

use super::sentiment::ToneExample;
use super::vectors::VectorStore;
use crate::Output;
use block::{Block, FittedBlock};
use figures::{Choice, HeadFigures};
use targets::PlaybookLine;
use texts::TextExample;
use tone::{ToneFigures, ToneHead};

/// Everything that decides the heads, but the data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SignalOptions {
    /// Parts that are kept back in turn.
    pub folds: usize,
    /// Texts with emotions that are read at most.
    pub texts: usize,
    /// Strength of the quadratic penalty on the dense weights.
    pub l2_dense: f64,
    /// The same on the weights of hashed words.
    pub l2_sparse: f64,
    /// Iterations of a fit at most.
    pub iterations: usize,
    /// Resamples of the intervals.
    pub resamples: usize,
    /// Seed of the intervals.
    pub seed: u64,
}

impl Default for SignalOptions {
    fn default() -> Self {
        Self {
            folds: 5,
            texts: 20_000,
            l2_dense: 0.5,
            l2_sparse: 1.3,
            iterations: 80,
            resamples: 300,
            seed: 1,
        }
    }
}

/// The texts that heads learn from besides conversations; each may be empty.
#[derive(Debug, Default)]
pub(crate) struct SignalTexts {
    /// With emotions.
    pub emotions: Vec<TextExample>,
    /// With service intents.
    pub intents: Vec<TextExample>,
    /// The playbook's example lines as turns of their own.
    pub playbook: Vec<(TurnReading, PlaybookLine)>,
}

/// Everything that was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SignalFigures {
    /// Heads over customers' turns, on conversations kept back.
    pub turns: Vec<HeadFigures>,
    /// Emotions, on texts kept back.
    pub emotions: Vec<HeadFigures>,
    /// Service intents, on texts kept back and on turns of sales conversations, which show none.
    pub intents: Vec<HeadFigures>,
    /// Share of the turns of sales conversations in which some service intent is named all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_alarms: Option<f64>,
    /// The tone head with context against the one without; absent without labelled turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<ToneFigures>,
    /// Largest difference of a probability between the fitted heads and the graph with 8-bit weights.
    pub export_difference: f32,
}

/// What ships.
#[derive(Debug)]
pub(crate) struct TrainedSignals {
    /// `signals.onnx`.
    pub graph: Vec<u8>,
    /// `signals.json`.
    pub config: SignalsConfig,
    /// How good it is.
    pub figures: SignalFigures,
}

/// Trains every head that the data can teach.
///
/// `readings` are those of the conversations, by number; `vectors` holds every text of `texts` and `tones`.
///
/// # Errors
/// When nothing carries a label that a head could learn, or the graph cannot be read back.
pub(crate) fn train(
    conversations: &[Conversation],
    readings: &[&[TurnReading]],
    texts: &SignalTexts,
    tones: &[ToneExample],
    vectors: &VectorStore,
    options: &SignalOptions,
    output: Output,
) -> Result<TrainedSignals> {
    ensure!(options.folds >= 2, "signals need at least 2 folds, not {}", options.folds);
    let turns = cases::of_turns(conversations, readings, &texts.playbook, options.folds);
    let emotions = cases::of_texts(&texts.emotions, targets::emotion_signals(), vectors, options.folds)?;
    let intents = cases::of_intents(texts, &turns.block, vectors, options.folds)?;
    ensure!(
        [&turns.block, &emotions, &intents].iter().any(|b| !b.cases.is_empty()),
        "no turn has labels such as urgency or objection, and there are no texts with emotions or intents: nothing to \
         learn the signals from"
    );
    let fit = |block: &Block, name: &str| -> Option<(FittedBlock, Vec<HeadFigures>)> {
        (!block.cases.is_empty()).then(|| {
            let fitted = block.fit(options, name, output);
            let figures = figures::judge(block, &fitted, options);
            (fitted, figures)
        })
    };
    let of_turns = fit(&turns.block, "signals of turns");
    let of_emotions = fit(&emotions, "emotions");
    let of_intents = fit(&intents, "service intents");
    let tone = (!turns.tones.is_empty() && !tones.is_empty())
        .then(|| -> Result<(ToneHead, ToneFigures)> {
            output.note("compare the tone heads");
            let said = cases::of_tones(tones, vectors)?;
            Ok(tone::fit_and_compare(&said, &turns.tones, turns.block.sparse, options))
        })
        .transpose()?;

    let mut export = export::Export::default();
    if let Some((fitted, figures)) = &of_turns {
        export.add(&turns.block, fitted, figures, export::Reads::Turn);
    }
    for (block, fitted) in [(&emotions, &of_emotions), (&intents, &of_intents)] {
        if let Some((fitted, figures)) = fitted {
            export.add(block, fitted, figures, export::Reads::OwnText);
        }
    }
    if let Some((head, _)) = tone.as_ref().filter(|(_, figures)| figures.ships) {
        export.add_tone(head);
    }
    let rows = cases::sample(readings);
    let finished = export.finish(&rows)?;
    let service_alarms = of_intents
        .as_ref()
        .filter(|_| !turns.block.cases.is_empty())
        .map(|(fitted, figures)| alarms(&turns.block, &intents, fitted, figures));
    let taken = |fitted: Option<(FittedBlock, Vec<HeadFigures>)>| fitted.map(|(_, f)| f).unwrap_or_default();
    Ok(TrainedSignals {
        graph: finished.graph,
        config: finished.config,
        figures: SignalFigures {
            turns: taken(of_turns),
            emotions: taken(of_emotions),
            intents: taken(of_intents),
            service_alarms,
            tone: tone.map(|(_, figures)| figures),
            export_difference: finished.difference,
        },
    })
}

/// Share of sales turns, kept back, in which some shipped service intent is named. The turns are the last cases.
fn alarms(turns: &Block, intents: &Block, fitted: &FittedBlock, figures: &[HeadFigures]) -> f64 {
    let first = intents.cases.len() - turns.cases.len();
    let named = |logits: &[f32]| {
        logits.iter().zip(&fitted.calibrations).zip(figures).any(|((&logit, c), f)| {
            f.ships == Choice::Model && c.probability(f64::from(logit)) >= c.threshold
        })
    };
    let count = fitted.held[first..].iter().filter(|logits| named(logits)).count();
    count as f64 / turns.cases.len() as f64
}

/// The example lines of a playbook as customers' turns that stand in no conversation.
///
/// # Errors
/// When the encoder fails.
pub(crate) fn playbook_lines(
    playbook: &Playbook,
    reader: &Reader,
) -> Result<Vec<(TurnReading, PlaybookLine)>> {
    let mut lines = Vec::new();
    for entry in &playbook.entries {
        for text in &entry.examples {
            let turn = MergedTurn { speaker: Speaker::Customer, text: text.clone(), last_line: 0 };
            // Their place in a conversation is not known, so they are spread.
            let reading = reader.read_turn(&turn, 3 + lines.len() % 12)?;
            let line = PlaybookLine { response_type: entry.response_type, category: entry.category.clone() };
            lines.push((reading, line));
        }
    }
    Ok(lines)
}

/// Whether a reading is of a side that the turn heads read.
fn is_customer(reading: &TurnReading) -> bool {
    reading.speaker == Speaker::Customer
}
