//! `signals.onnx` and `signals.json`: the heads, and how their logits become probabilities.

use rapport_conversation::{Label, Sentiment};
use rapport_inference::{Input, OnnxModel, softmax};
use serde::{Deserialize, Serialize};

use super::names::Signal;
use super::rows::{SignalRow, signal_row_len};
use crate::EngineError;
use crate::bundle::{Bundle, artifact};
use crate::features::FEATURE_VERSION;
use crate::reading::TurnReading;

/// Version of `signals.json` that this engine reads.
pub const SIGNALS_FORMAT: u32 = 1;
/// Rows that go through the graph at a time, so that memory is bounded for a conversation of any length.
const ROWS_AT_A_TIME: usize = 256;
/// Tones.
const TONES: usize = 3;

/// `signals.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalsConfig {
    /// [`SIGNALS_FORMAT`].
    pub format: u32,
    /// [`FEATURE_VERSION`] that the heads were trained with.
    pub features: u32,
    /// Length of the rows that the graph reads, [`signal_row_len`].
    pub row: usize,
    /// Logits of a turn.
    pub outputs: usize,
    /// A tone head among them, which then answers in place of `sentiment.onnx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// The signals that heads answer.
    pub heads: Vec<SignalHead>,
    /// The signals that written rules answer.
    pub rules: Vec<SignalRule>,
}

/// Where the logits of the three tones begin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tone {
    /// The first of three outputs, in the order of [`Sentiment`].
    pub output: usize,
    /// Divisor of the logits.
    pub temperature: f32,
}

/// How a logit becomes a probability: `1 / (1 + exp(-(scale * logit + offset)))` (Platt, 1999), fitted on turns kept back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SignalHead {
    /// The signal.
    pub signal: Signal,
    /// Its output; signals that mean the same share one.
    pub output: usize,
    /// Multiplied with the logit.
    pub scale: f32,
    /// Added to it.
    pub offset: f32,
    /// Probability from which the signal counts as present.
    pub threshold: f32,
}

/// A signal by a written rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SignalRule {
    /// The signal.
    pub signal: Signal,
    /// Probability where the rule matches, measured on labelled turns; without it, the confidence that the rule states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<f32>,
    /// Probability where it does not match.
    pub otherwise: f32,
}

/// The loaded heads.
#[derive(Debug, Clone)]
pub struct SignalModel {
    model: OnnxModel,
    config: SignalsConfig,
}

/// What the heads and rules say of one turn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawSignals {
    /// Probabilities of the tones, where a tone head is among the heads.
    pub tone: Option<[f32; TONES]>,
    /// Probability of each signal of the configuration, heads first, and whether it counts as present.
    pub signals: Vec<(Signal, f32, bool)>,
}

impl SignalsConfig {
    /// Refuses heads that another engine was meant for.
    ///
    /// # Errors
    /// [`EngineError::Artifact`] naming what differs.
    pub fn check(&self, dimensions: usize) -> Result<(), EngineError> {
        let refuse = |reason: String| Err(EngineError::artifact(artifact::SIGNALS_CONFIG, reason));
        if self.format != SIGNALS_FORMAT {
            return refuse(format!(
                "format {} is not {SIGNALS_FORMAT}, which this engine reads",
                self.format
            ));
        }
        let row = signal_row_len(dimensions);
        if self.features != FEATURE_VERSION || self.row != row {
            return refuse(format!(
                "it was trained with features version {} in rows of {}, this engine computes version \
                 {FEATURE_VERSION} in rows of {row}",
                self.features, self.row
            ));
        }
        for head in &self.heads {
            let key = head.signal.key();
            if head.output >= self.outputs {
                return refuse(format!("{key} has output {} of {}", head.output, self.outputs));
            }
            let finite = head.scale.is_finite() && head.offset.is_finite();
            if !finite || !(0.0..=1.0).contains(&head.threshold) {
                return refuse(format!("{key}: its calibration is no number or its threshold no share"));
            }
        }
        for rule in &self.rules {
            let shares = rule.found.into_iter().chain([rule.otherwise]);
            if !shares.into_iter().all(|p| (0.0..=1.0).contains(&p)) {
                return refuse(format!("{}: a probability of its rule is no share", rule.signal.key()));
            }
        }
        let mut signals: Vec<Signal> = self.signals().collect();
        signals.sort_unstable();
        if let Some(pair) = signals.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!("{} is answered twice", pair[0].key()));
        }
        match self.tone {
            Some(tone) if tone.output.saturating_add(TONES) > self.outputs => {
                refuse("the tone has too few outputs".into())
            }
            Some(tone) if !tone.temperature.is_finite() || tone.temperature <= 0.0 => {
                refuse("the temperature of the tone is not a positive number".into())
            }
            _ => Ok(()),
        }
    }

    /// Every signal that is answered, heads first.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        self.heads.iter().map(|h| h.signal).chain(self.rules.iter().map(|r| r.signal))
    }
}

impl SignalModel {
    /// Takes the heads out of a bundle; none where it has neither file.
    pub(crate) fn take(bundle: &mut Bundle, dimensions: usize) -> Result<Option<Self>, EngineError> {
        if !bundle.has(artifact::SIGNALS) && !bundle.has(artifact::SIGNALS_CONFIG) {
            return Ok(None);
        }
        let config: SignalsConfig = bundle.take_json(artifact::SIGNALS_CONFIG)?;
        let graph = bundle.take(artifact::SIGNALS)?;
        Self::load(&graph, config, dimensions).map(Some)
    }

    /// Loads the heads: `signals.onnx`, which reads `turns` f32 `[1, turns, row]` and gives `logits` f32
    /// `[1, turns, outputs]`, and its configuration.
    ///
    /// # Errors
    /// [`EngineError`] when they do not fit this engine or each other.
    pub fn load(graph: &[u8], config: SignalsConfig, dimensions: usize) -> Result<Self, EngineError> {
        config.check(dimensions)?;
        let model = Self { model: OnnxModel::load(artifact::SIGNALS, graph)?, config };
        // One empty row shows whether the graph gives what the configuration speaks of.
        model.logits(&[SignalRow::of_text("", &vec![0.0; dimensions])])?;
        Ok(model)
    }

    /// The configuration.
    pub fn config(&self) -> &SignalsConfig {
        &self.config
    }

    /// Logits of rows, `[rows][outputs]`.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the graph fails.
    pub fn logits(&self, rows: &[SignalRow]) -> Result<Vec<Vec<f32>>, EngineError> {
        let (width, outputs) = (self.config.row, self.config.outputs);
        let wrong = |what: String| EngineError::artifact(artifact::SIGNALS, what);
        let mut values = vec![0.0; rows.len() * width];
        for (row, values) in rows.iter().zip(values.chunks_exact_mut(width)) {
            row.write(values);
        }
        let input = Input::f32(&[1, rows.len(), width], values)
            .ok_or_else(|| wrong(format!("{} rows of {width} do not fit", rows.len())))?;
        let logits = self.model.run(vec![("turns", input)], &["logits"])?.remove(0);
        if logits.shape() != [1, rows.len(), outputs] {
            return Err(wrong(format!("it gives {:?}, not [1, {}, {outputs}]", logits.shape(), rows.len())));
        }
        let values: Vec<f32> = logits.iter().copied().collect();
        Ok(values.chunks_exact(outputs.max(1)).map(<[f32]>::to_vec).collect())
    }

    /// What heads and rules say of each turn.
    pub(super) fn answer(&self, readings: &[TurnReading]) -> Result<Vec<RawSignals>, EngineError> {
        let mut answers = Vec::with_capacity(readings.len());
        for start in (0..readings.len()).step_by(ROWS_AT_A_TIME) {
            let end = (start + ROWS_AT_A_TIME).min(readings.len());
            let rows: Vec<SignalRow> = (start..end)
                .map(|t| SignalRow::new(&readings[t], t.checked_sub(1).map(|before| &readings[before])))
                .collect();
            let logits = self.logits(&rows)?;
            for ((row, logits), reading) in rows.iter().zip(&logits).zip(&readings[start..end]) {
                answers.push(self.read(row, logits, reading));
            }
        }
        Ok(answers)
    }

    fn read(&self, row: &SignalRow, logits: &[f32], reading: &TurnReading) -> RawSignals {
        let heads = self.config.heads.iter().map(|head| {
            let p = sigmoid(head.scale * logits[head.output] + head.offset);
            (head.signal, p, p >= head.threshold)
        });
        let rules = self.config.rules.iter().map(|rule| {
            let confidence = row.rule(rule.signal);
            let found = confidence > 0.0;
            let p = if found { rule.found.unwrap_or(confidence) } else { rule.otherwise };
            (rule.signal, p, found)
        });
        let tone = self.config.tone.and_then(|tone| {
            let own = logits.get(tone.output..tone.output + TONES)?;
            <[f32; TONES]>::try_from(softmax(own, tone.temperature)).ok()
        });
        let signals = heads.chain(rules).filter(|(s, ..)| s.is_of(reading.speaker)).collect();
        RawSignals { tone, signals }
    }
}

// The order in which a tone head gives its logits.
const _: () = assert!(Sentiment::ALL.len() == TONES);

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::{Hedge, ObjectionCategory};

    use super::*;

    fn config() -> SignalsConfig {
        let signal = Signal::Objection(ObjectionCategory::Price);
        SignalsConfig {
            format: SIGNALS_FORMAT,
            features: FEATURE_VERSION,
            row: signal_row_len(4),
            outputs: 4,
            tone: Some(Tone { output: 1, temperature: 1.0 }),
            heads: vec![SignalHead { signal, output: 0, scale: 1.0, offset: 0.0, threshold: 0.5 }],
            rules: vec![SignalRule { signal: Signal::Hedging(Hedge::Doubt), found: None, otherwise: 0.0 }],
        }
    }

    #[test]
    fn a_bundle_may_do_without_but_not_with_half() {
        let mut none = Bundle::new([]);
        assert!(SignalModel::take(&mut none, 4).unwrap().is_none());
        let json = serde_json::to_vec(&config()).unwrap();
        let mut half = Bundle::new([(artifact::SIGNALS_CONFIG.to_owned(), json)]);
        let error = SignalModel::take(&mut half, 4).unwrap_err();
        assert!(matches!(&error, EngineError::MissingArtifact(name) if name == artifact::SIGNALS), "{error}");
    }

    #[test]
    fn a_configuration_comes_back_from_json_and_unknown_signals_are_named() {
        let json = serde_json::to_string(&config()).unwrap();
        assert_eq!(serde_json::from_str::<SignalsConfig>(&json).unwrap(), config());
        let other = json.replace("objection/price", "objection/weather");
        let error = serde_json::from_str::<SignalsConfig>(&other).unwrap_err().to_string();
        assert!(error.contains("objection/weather"), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        config().check(4).unwrap();
        assert!(config().check(5).is_err(), "rows of other vectors");
        let mut changes: Vec<SignalsConfig> = vec![config(); 7];
        changes[0].format += 1;
        changes[1].heads[0].output = 4;
        changes[2].heads[0].scale = f32::NAN;
        changes[3].tone = Some(Tone { output: 2, temperature: 1.0 });
        changes[4].tone = Some(Tone { output: 1, temperature: 0.0 });
        changes[5].rules[0].found = Some(1.5);
        changes[6].rules[0].signal = changes[6].heads[0].signal;
        for (number, change) in changes.iter().enumerate() {
            assert!(change.check(4).is_err(), "{number}");
        }
    }
}
