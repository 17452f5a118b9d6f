//! The small models over the readings: what each turn does, and the two sequence models.

use ndarray::ArrayD;
use rapport_conversation::Speaker;
use rapport_inference::{Input, MemoryBudget, OnnxModel, RecurrentModel, State, softmax};

use crate::bundle::{Temperatures, artifact};
use crate::features::SURFACE_FEATURES;
use crate::reading::{TurnReading, turn_vector_len};
use crate::{Bundle, EngineError};

/// Classes of every act head.
const CLASSES: usize = 6;

/// Length of the row that the sequence models read for each turn: response type and seller act of
/// the act head, then the surface features.
pub const SEQUENCE_FEATURES: usize = 2 * CLASSES + SURFACE_FEATURES;

/// What one turn does, as probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Acts {
    /// Response type; all zero when the salesperson spoke.
    pub response_type: [f32; CLASSES],
    /// Seller act; all zero when the customer spoke.
    pub seller_act: [f32; CLASSES],
}

impl Acts {
    /// Probabilities from the logits of a turn; only the speaker's own head counts.
    pub fn from_logits(
        speaker: Speaker,
        response_type: &[f32],
        seller_act: &[f32],
        temperatures: &Temperatures,
    ) -> Self {
        let mut acts = Self::default();
        let (out, logits, temperature) = match speaker {
            Speaker::Customer => (&mut acts.response_type, response_type, temperatures.response_type_now),
            Speaker::Salesperson => (&mut acts.seller_act, seller_act, temperatures.seller_act),
        };
        out.iter_mut().zip(softmax(logits, temperature)).for_each(|(o, p)| *o = p);
        acts
    }

    /// The row that the sequence models read.
    pub fn sequence_row(&self, surface: &[f32; SURFACE_FEATURES]) -> [f32; SEQUENCE_FEATURES] {
        let mut row = [0.0; SEQUENCE_FEATURES];
        let parts = self.response_type.iter().chain(&self.seller_act).chain(surface);
        row.iter_mut().zip(parts).for_each(|(r, p)| *r = *p);
        row
    }
}

/// Turns that the act head looks at: this one and those before it.
pub const ACT_CONTEXT: usize = 3;

/// What the sequence models say after one turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TurnOutlook {
    /// The customer's next response type.
    pub response_type_next: [f32; CLASSES],
    /// The funnel stage after the turn, which may still go back.
    pub stage_now: [f32; CLASSES],
    /// The funnel stage after the next turn, which may still go back.
    pub stage_next: [f32; CLASSES],
}

/// What the sequence models remember of the turns so far.
#[derive(Debug, Clone)]
pub(crate) struct SequenceState {
    response_type: State,
    stage: State,
}

impl SequenceState {
    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.response_type.bytes() + self.stage.bytes()
    }
}

/// The act head and the sequence models of a bundle.
#[derive(Debug, Clone)]
pub(crate) struct Heads {
    acts: OnnxModel,
    response_type: RecurrentModel,
    stage: RecurrentModel,
    temperatures: Temperatures,
}

/// The last row of `[1, turns, classes]`.
fn last_row(name: &str, output: &ArrayD<f32>, turns: usize) -> Result<Vec<f32>, EngineError> {
    if output.shape() != [1, turns, CLASSES] {
        let shape = output.shape();
        return Err(EngineError::artifact(name, format!("it gives {shape:?}, not [1, {turns}, {CLASSES}]")));
    }
    Ok(output.iter().skip((turns - 1) * CLASSES).copied().collect())
}

impl Heads {
    pub(crate) fn load(
        bundle: &mut Bundle,
        temperatures: Temperatures,
        budget: &MemoryBudget,
    ) -> Result<Self, EngineError> {
        let acts = OnnxModel::load_within(artifact::ACTS, &bundle.take(artifact::ACTS)?, budget)?;
        let mut sequence = |name: &str| -> Result<RecurrentModel, EngineError> {
            Ok(RecurrentModel::load_within(name, &bundle.take(name)?, budget)?)
        };
        let (response_type, stage) = (sequence(artifact::RESPONSE_TYPE)?, sequence(artifact::STAGE)?);
        Ok(Self { acts, response_type, stage, temperatures })
    }

    /// Parts of the models that run slower than they could, by artifact.
    pub(crate) fn unfused(&self) -> [(&'static str, &[String]); 3] {
        [
            (artifact::ACTS, self.acts.unfused()),
            (artifact::RESPONSE_TYPE, self.response_type.unfused()),
            (artifact::STAGE, self.stage.unfused()),
        ]
    }

    /// What a turn does, from its reading and those of up to [`ACT_CONTEXT`] - 1 turns before it, oldest first.
    ///
    /// One turn at a time: the runtime's sums differ in their last bit with the number of rows that it is given, and
    /// an answer should not hang on how many turns were new.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the head fails.
    pub(crate) fn act(&self, before: &[&TurnReading], reading: &TurnReading) -> Result<Acts, EngineError> {
        let (turns, width) = (before.len() + 1, turn_vector_len(reading.embedding.len()));
        let mut values = vec![0.0; turns * width];
        for (reading, row) in before.iter().chain([&reading]).zip(values.chunks_exact_mut(width)) {
            reading.write_row(row);
        }
        let input = Input::f32(&[1, turns, width], values)
            .ok_or_else(|| EngineError::artifact(artifact::ACTS, "a turn has no shape"))?;
        let out = self.acts.run(vec![("turns", input)], &["response_type", "seller_act"])?;
        let response_type = last_row(artifact::ACTS, &out[0], turns)?;
        let seller_act = last_row(artifact::ACTS, &out[1], turns)?;
        Ok(Acts::from_logits(reading.speaker, &response_type, &seller_act, &self.temperatures))
    }

    /// What the sequence models remember before the first turn.
    pub(crate) fn start(&self) -> SequenceState {
        SequenceState { response_type: self.response_type.start(), stage: self.stage.start() }
    }

    /// Predictions after one more turn, from what the turn does.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when a sequence model fails.
    pub(crate) fn outlook(
        &self,
        before: &SequenceState,
        reading: &TurnReading,
        acts: &Acts,
    ) -> Result<(TurnOutlook, SequenceState), EngineError> {
        let row = acts.sequence_row(&reading.surface);
        let (next, response_type) = self.response_type.step(&row, &["logits"], &before.response_type)?;
        let (stages, stage) = self.stage.step(&row, &["now", "next"], &before.stage)?;
        let soft = |name, logits: &[f32], temperature| {
            <[f32; CLASSES]>::try_from(softmax(logits, temperature)).map_err(|p| {
                EngineError::artifact(name, format!("it gives {} classes, not {CLASSES}", p.len()))
            })
        };
        let t = &self.temperatures;
        let outlook = TurnOutlook {
            response_type_next: soft(artifact::RESPONSE_TYPE, &next[0], t.response_type_next)?,
            stage_now: soft(artifact::STAGE, &stages[0], t.stage_now)?,
            stage_next: soft(artifact::STAGE, &stages[1], t.stage_next)?,
        };
        Ok((outlook, SequenceState { response_type, stage }))
    }
}
