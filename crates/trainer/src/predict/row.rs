//! A row of answers.

use anyhow::Result;
use rapport_conversation::Conversation;
use rapport_engine::conversion::{ConversionModel, conversion_inputs};
use rapport_engine::{Engine, EngineError};

/// The columns of the result.
pub(super) const COLUMNS: [&str; 12] = [
    "id",
    "conversion_probability",
    "conversion_low",
    "conversion_high",
    "next_response",
    "next_response_probability",
    "next_stage",
    "current_stage",
    "suggestion_id",
    "cluster",
    "lines",
    "error",
];

/// What the models say of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scores {
    /// Probability and bounds of the 90 % interval; `None` when the bundle has no model of conversion.
    pub(super) conversion: Option<[f32; 3]>,
    pub(super) next_response: String,
    pub(super) next_response_probability: f32,
    pub(super) next_stage: String,
    pub(super) current_stage: String,
    pub(super) suggestion_id: String,
    /// Number of the cluster that the next turn will probably be in.
    pub(super) cluster: usize,
    pub(super) lines: usize,
}

/// The answers for one conversation, or why there are none.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) answer: Result<Scores, String>,
}

impl Row {
    /// Writes the row in the order of [`COLUMNS`].
    pub(super) fn write(&self, csv: &mut csv::Writer<Vec<u8>>) -> Result<()> {
        let fields = match &self.answer {
            Ok(scores) => scores.fields(),
            Err(_) => Default::default(),
        };
        let error = self.answer.as_ref().err().map_or("", String::as_str);
        let fields = fields.iter().map(String::as_str);
        csv.write_record([self.id.as_str()].into_iter().chain(fields).chain([error]))?;
        Ok(())
    }
}

impl Scores {
    /// Asks every model once.
    pub(super) fn of(
        engine: &Engine,
        conversation: &Conversation,
        domain: Option<&str>,
        finished: bool,
    ) -> Result<Self, EngineError> {
        let analysis = engine.analyze(conversation)?;
        let response = engine.response_of(&analysis)?;
        let stage = engine.stage_of(&analysis)?;
        let conversion = |model: &ConversionModel| -> Result<[f32; 3], EngineError> {
            let forecast = model.forecast(&conversion_inputs(conversation, &analysis)?, domain, finished)?;
            Ok([forecast.probability, forecast.interval.0, forecast.interval.1])
        };
        let likeliest = response.response_type_probabilities.values().iter().copied().fold(0.0, f32::max);
        Ok(Self {
            conversion: engine.conversion_model().map(conversion).transpose()?,
            next_response: response.top_prediction,
            next_response_probability: likeliest,
            next_stage: stage.top_prediction,
            current_stage: stage.current_stage,
            suggestion_id: engine.suggestion_of(&analysis)?.suggestion_id,
            cluster: engine.direction_of(&analysis)?.predicted_next_cluster,
            lines: conversation.turns.len(),
        })
    }

    /// The fields between identifier and error.
    fn fields(&self) -> [String; 10] {
        let [probability, low, high] =
            self.conversion.map_or_else(Default::default, |c| c.map(|p| p.to_string()));
        [
            probability,
            low,
            high,
            self.next_response.clone(),
            self.next_response_probability.to_string(),
            self.next_stage.clone(),
            self.current_stage.clone(),
            self.suggestion_id.clone(),
            self.cluster.to_string(),
            self.lines.to_string(),
        ]
    }
}
