//! The small models over the readings: what each turn does, and the two sequence models.

use ndarray::ArrayD;
use rapport_conversation::Speaker;
use rapport_inference::{Input, OnnxModel, softmax};

use crate::bundle::{Temperatures, artifact};
use crate::features::SURFACE_FEATURES;
use crate::monotone::{never_back, never_behind};
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

/// Predictions after each turn of a conversation.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    /// The customer's next response type, `[turns][6]`.
    pub response_type_next: Vec<Vec<f32>>,
    /// The funnel stage after the turn, `[turns][6]`.
    pub stage_now: Vec<Vec<f32>>,
    /// The funnel stage after the next turn, `[turns][6]`.
    pub stage_next: Vec<Vec<f32>>,
}

/// The act head and the sequence models of a bundle.
#[derive(Debug, Clone)]
pub struct Heads {
    acts: OnnxModel,
    response_type: OnnxModel,
    stage: OnnxModel,
    temperatures: Temperatures,
}

/// Splits `[1, turns, classes]` into one vector for each turn.
fn rows(name: &str, output: &ArrayD<f32>, turns: usize) -> Result<Vec<Vec<f32>>, EngineError> {
    if output.shape() != [1, turns, CLASSES] {
        let shape = output.shape();
        return Err(EngineError::artifact(name, format!("it gives {shape:?}, not [1, {turns}, {CLASSES}]")));
    }
    let values: Vec<f32> = output.iter().copied().collect();
    Ok(values.chunks_exact(CLASSES).map(<[f32]>::to_vec).collect())
}

impl Heads {
    pub(crate) fn load(bundle: &mut Bundle, temperatures: Temperatures) -> Result<Self, EngineError> {
        let mut model = |name: &str| -> Result<OnnxModel, EngineError> {
            Ok(OnnxModel::load(name, &bundle.take(name)?)?)
        };
        Ok(Self {
            acts: model(artifact::ACTS)?,
            response_type: model(artifact::RESPONSE_TYPE)?,
            stage: model(artifact::STAGE)?,
            temperatures,
        })
    }

    /// What each turn does. The head looks at a turn and the two before it.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the head fails.
    pub fn acts(&self, readings: &[TurnReading]) -> Result<Vec<Acts>, EngineError> {
        let Some(first) = readings.first() else { return Ok(Vec::new()) };
        let (turns, width) = (readings.len(), turn_vector_len(first.embedding.len()));
        let mut values = vec![0.0; turns * width];
        for (reading, row) in readings.iter().zip(values.chunks_exact_mut(width)) {
            reading.write_row(row);
        }
        let input = shaped(artifact::ACTS, turns, width, values)?;
        let names = ["response_type", "seller_act"];
        let out = self.acts.run(vec![("turns", input)], &names)?;
        let response_type = rows(artifact::ACTS, &out[0], turns)?;
        let seller_act = rows(artifact::ACTS, &out[1], turns)?;
        Ok((0..turns)
            .map(|t| {
                Acts::from_logits(readings[t].speaker, &response_type[t], &seller_act[t], &self.temperatures)
            })
            .collect())
    }

    /// Predictions after each turn, from what the turns do.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when a sequence model fails.
    pub fn outlook(&self, readings: &[TurnReading], acts: &[Acts]) -> Result<Outlook, EngineError> {
        let turns = readings.len();
        if turns == 0 {
            return Ok(Outlook::default());
        }
        let values: Vec<f32> =
            readings.iter().zip(acts).flat_map(|(r, a)| a.sequence_row(&r.surface)).collect();
        let input = |name| shaped(name, turns, SEQUENCE_FEATURES, values.clone());
        let next = self
            .response_type
            .run(vec![("sequence", input(artifact::RESPONSE_TYPE)?)], &["logits"])?
            .remove(0);
        let stage = self.stage.run(vec![("sequence", input(artifact::STAGE)?)], &["now", "next"])?;
        let soft = |name, logits: &ArrayD<f32>, t: f32| -> Result<Vec<Vec<f32>>, EngineError> {
            Ok(rows(name, logits, turns)?.iter().map(|l| softmax(l, t)).collect())
        };
        let t = &self.temperatures;
        let mut stage_now = soft(artifact::STAGE, &stage[0], t.stage_now)?;
        let mut stage_next = soft(artifact::STAGE, &stage[1], t.stage_next)?;
        never_back(&mut stage_now);
        never_behind(&mut stage_next, &stage_now);
        Ok(Outlook {
            response_type_next: soft(artifact::RESPONSE_TYPE, &next, t.response_type_next)?,
            stage_now,
            stage_next,
        })
    }
}

fn shaped(name: &str, turns: usize, width: usize, values: Vec<f32>) -> Result<Input, EngineError> {
    Input::f32(&[1, turns, width], values)
        .ok_or_else(|| EngineError::artifact(name, format!("{turns} turns of {width} do not fit")))
}
