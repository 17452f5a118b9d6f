//! The heads that ship as one graph, and its configuration.

use anyhow::{Context, Result, ensure};
use rapport_engine::{
    FEATURE_VERSION, SIGNALS_FORMAT, SignalHead, SignalModel, SignalRow, SignalRule, SignalsConfig, Tone,
    own_text_len, signal_row_len,
};

use super::block::{Block, FittedBlock};
use super::figures::{Choice, HeadFigures};
use super::targets::{twin, unlabelled_signals};
use super::tone::ToneHead;
use crate::train::heads_onnx::{self, SignalPart};
use crate::train::logistic::{Logistic, Row};

/// Largest difference of a probability that eight bits may make.
const TOLERANCE: f32 = 0.05;

/// Which part of the row a head reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// All of it.
    Turn,
    /// The turn's own text: its end.
    OwnText,
}

/// Heads on their way into a graph.
#[derive(Debug, Default)]
pub(super) struct Export {
    parts: Vec<(Reads, Logistic)>,
    heads: Vec<SignalHead>,
    rules: Vec<SignalRule>,
    tone: Option<Tone>,
    outputs: usize,
}

/// What ships.
#[derive(Debug)]
pub(super) struct Finished {
    /// `signals.onnx`.
    pub graph: Vec<u8>,
    /// `signals.json`.
    pub config: SignalsConfig,
    /// Largest difference of a probability between the heads and the graph.
    pub difference: f32,
}

/// Some classes of a model.
fn columns(model: &Logistic, keep: &[usize]) -> Logistic {
    let pick = |row: &[f32]| keep.iter().map(|&c| row[c]).collect::<Vec<_>>();
    Logistic {
        classes: keep.len(),
        dense: model.dense,
        sparse: model.sparse,
        weights: model.weights.chunks_exact(model.classes).flat_map(pick).collect(),
        bias: keep.iter().map(|&c| model.bias[c]).collect(),
    }
}

impl Export {
    /// Adds what ships of a block: heads with their calibration, rules with what was measured of them.
    pub(super) fn add(&mut self, block: &Block, fitted: &FittedBlock, figures: &[HeadFigures], reads: Reads) {
        let mut keep = Vec::new();
        for (head, figures) in figures.iter().enumerate() {
            let signal = block.signals[head];
            let names = std::iter::once(signal).chain(twin(signal));
            match (figures.ships, &figures.rule) {
                (Choice::Model, _) => {
                    let c = fitted.calibrations[head];
                    let output = self.outputs + keep.len();
                    self.heads.extend(names.map(|signal| SignalHead {
                        signal,
                        output,
                        scale: c.scale as f32,
                        offset: c.offset as f32,
                        threshold: c.threshold as f32,
                    }));
                    keep.push(head);
                }
                (Choice::Rule, Some(rule)) => self.rules.extend(names.map(|signal| SignalRule {
                    signal,
                    found: Some(rule.precision as f32),
                    otherwise: rule.otherwise as f32,
                })),
                _ => {}
            }
        }
        if !keep.is_empty() {
            self.outputs += keep.len();
            self.parts.push((reads, columns(&fitted.model, &keep)));
        }
    }

    /// Adds the tone head.
    pub(super) fn add_tone(&mut self, head: &ToneHead) {
        self.tone = Some(Tone { output: self.outputs, temperature: head.temperature });
        self.outputs += head.model.classes;
        self.parts.push((Reads::Turn, head.model.clone()));
    }

    /// Writes the graph and holds it to the heads over `rows`.
    ///
    /// # Errors
    /// When no head ships, or the graph cannot be read back or answers otherwise than the heads.
    pub(super) fn finish(mut self, rows: &[SignalRow]) -> Result<Finished> {
        let own = |(reads, model): &(Reads, Logistic)| match reads {
            Reads::OwnText => Some(model.dense),
            Reads::Turn => Some((model.dense + model.sparse).checked_sub(rest_of_row())? / 2),
        };
        let dimensions =
            self.parts.iter().find_map(own).context(
                "no signal head is better than chance and its rule; more labelled turns are needed",
            )?;
        // Where no set has labels, the rule answers, and states its own confidence.
        self.rules.extend(unlabelled_signals().into_iter().map(|signal| SignalRule {
            signal,
            found: None,
            otherwise: 0.0,
        }));
        let config = SignalsConfig {
            format: SIGNALS_FORMAT,
            features: FEATURE_VERSION,
            row: signal_row_len(dimensions),
            outputs: self.outputs,
            tone: self.tone,
            heads: self.heads,
            rules: self.rules,
        };
        let parts: Vec<SignalPart> = self
            .parts
            .iter()
            .map(|(reads, model)| SignalPart {
                first: match reads {
                    Reads::Turn => 0,
                    Reads::OwnText => config.row - own_text_len(dimensions),
                },
                weights: (model.weights.clone(), model.bias.clone()),
            })
            .collect();
        let graph = heads_onnx::signals(&parts, config.row);
        let model = SignalModel::load(&graph, config.clone(), dimensions)
            .context("the signal heads that were just written")?;
        let difference = difference(&self.parts, &model, rows, dimensions)?;
        ensure!(
            difference <= TOLERANCE,
            "the signal heads differ from their graph by {difference}, {TOLERANCE} is allowed"
        );
        Ok(Finished { graph, config, difference })
    }
}

/// What a whole row holds besides two sentence vectors.
fn rest_of_row() -> usize {
    signal_row_len(0)
}

/// Largest difference of any probability, over all rows.
fn difference(
    parts: &[(Reads, Logistic)],
    model: &SignalModel,
    rows: &[SignalRow],
    dimensions: usize,
) -> Result<f32> {
    let mut worst = 0.0f32;
    for rows in rows.chunks(64) {
        for (row, found) in rows.iter().zip(model.logits(rows)?) {
            let whole = Row { dense: row.dense.clone(), sparse: row.words.clone() };
            let start = row.dense.len() - dimensions;
            let own = Row { dense: row.dense[start..].to_vec(), sparse: row.words.clone() };
            let expected: Vec<f32> = parts
                .iter()
                .flat_map(|(reads, model)| model.logits(if *reads == Reads::Turn { &whole } else { &own }))
                .collect();
            let p = |logit: f32| 1.0 / (1.0 + (-logit).exp());
            worst = expected.iter().zip(&found).fold(worst, |m, (a, b)| m.max((p(*a) - p(*b)).abs()));
        }
    }
    Ok(worst)
}
