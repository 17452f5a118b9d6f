//! The small models over the readings: what each turn does, and the two sequence models.

use rapport_conversation::Speaker;
use rapport_inference::{MemoryBudget, RecurrentModel, State, softmax};

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

/// What the models say of one turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TurnOutlook {
    /// The customer's next response type.
    pub response_type_next: [f32; CLASSES],
    /// The funnel stage after the turn, which may still go back.
    pub stage_now: [f32; CLASSES],
    /// The funnel stage after the next turn, which may still go back.
    pub stage_next: [f32; CLASSES],
}

/// What the models remember of the turns so far.
#[derive(Debug, Clone)]
pub(crate) struct SequenceState {
    acts: State,
    response_type: State,
    stage: State,
}

impl SequenceState {
    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.acts.bytes() + self.response_type.bytes() + self.stage.bytes()
    }
}

/// The act head and the sequence models of a bundle.
#[derive(Debug, Clone)]
pub(crate) struct Heads {
    acts: RecurrentModel,
    response_type: RecurrentModel,
    stage: RecurrentModel,
    temperatures: Temperatures,
}

impl Heads {
    pub(crate) fn load(
        bundle: &mut Bundle,
        temperatures: Temperatures,
        budget: &MemoryBudget,
    ) -> Result<Self, EngineError> {
        let mut sequence = |name: &str| -> Result<RecurrentModel, EngineError> {
            Ok(RecurrentModel::load_within(name, &bundle.take(name)?, budget)?)
        };
        Ok(Self {
            acts: sequence(artifact::ACTS)?,
            response_type: sequence(artifact::RESPONSE_TYPE)?,
            stage: sequence(artifact::STAGE)?,
            temperatures,
        })
    }

    /// Parts of the models that run slower than they could, by artifact.
    pub(crate) fn unfused(&self) -> [(&'static str, &[String]); 3] {
        [
            (artifact::ACTS, self.acts.unfused()),
            (artifact::RESPONSE_TYPE, self.response_type.unfused()),
            (artifact::STAGE, self.stage.unfused()),
        ]
    }

    /// What the models remember before the first turn.
    pub(crate) fn start(&self) -> SequenceState {
        SequenceState {
            acts: self.acts.start(),
            response_type: self.response_type.start(),
            stage: self.stage.start(),
        }
    }

    /// What one more turn does, and what follows from it; the act head remembers the [`ACT_CONTEXT`] - 1 turns before.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when a model fails.
    pub(crate) fn follow(
        &self,
        before: &SequenceState,
        reading: &TurnReading,
    ) -> Result<(Acts, TurnOutlook, SequenceState), EngineError> {
        let (acts, state) = self.act(&before.acts, reading)?;
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
        Ok((acts, outlook, SequenceState { acts: state, response_type, stage }))
    }

    fn act(&self, before: &State, reading: &TurnReading) -> Result<(Acts, State), EngineError> {
        let mut row = vec![0.0; turn_vector_len(reading.embedding.len())];
        reading.write_row(&mut row);
        let (out, state) = self.acts.step(&row, &["response_type", "seller_act"], before)?;
        let [response_type, seller_act] = &*out else {
            return Err(EngineError::artifact(artifact::ACTS, "no logits"));
        };
        if [response_type, seller_act].iter().any(|logits| logits.len() != CLASSES) {
            let reason =
                format!("it gives {} and {} classes, not {CLASSES}", response_type.len(), seller_act.len());
            return Err(EngineError::artifact(artifact::ACTS, reason));
        }
        Ok((Acts::from_logits(reading.speaker, response_type, seller_act, &self.temperatures), state))
    }
}
