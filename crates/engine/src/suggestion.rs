//! What to say next: the playbook, ranked by how well an entry fits the moment.

use std::collections::BTreeMap;

use rapport_conversation::{Label, ResponseType, Stage};
use rapport_inference::dot;
use serde::{Deserialize, Serialize};

use crate::bundle::artifact;
use crate::{EngineError, Probabilities};

/// `playbook.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Playbook {
    /// Layout of the file, 1.
    pub format: u32,
    /// Licence of the texts.
    pub licence: String,
    /// The suggestions.
    pub entries: Vec<PlaybookEntry>,
}

/// One suggestion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaybookEntry {
    /// Stable name.
    pub id: String,
    /// What the customer has just done.
    pub response_type: ResponseType,
    /// Where the conversation stands.
    pub stage: Stage,
    /// What it is about (price, timing, …).
    pub category: String,
    /// The line or move.
    pub text: String,
    /// Why it helps.
    pub reason: String,
    /// What customers say just before it fits.
    pub examples: Vec<String>,
}

impl PlaybookEntry {
    /// The texts whose mean embedding stands for the entry: what the customer says before it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.examples.iter().map(String::as_str)
    }
}

/// Weights of the ranking. Every part lies between 0 and 1 before it is weighed.
mod weight {
    /// Likeness of what was said to the entry's examples.
    pub(super) const SIMILARITY: f32 = 1.0;
    /// Probability that the customer just did what the entry answers.
    pub(super) const RESPONSE_TYPE: f32 = 0.5;
    /// Probability that the conversation stands where the entry belongs.
    pub(super) const STAGE: f32 = 0.5;
    /// Maximal marginal relevance: share that is taken off for likeness to recent advice.
    pub(super) const REPETITION: f32 = 0.3;
}

/// How many earlier suggestions count as recent.
const RECENT: usize = 3;

/// The playbook with a vector for each entry.
#[derive(Debug, Clone)]
pub struct Adviser {
    entries: Vec<PlaybookEntry>,
    vectors: Vec<f32>,
    dimensions: usize,
}

/// What the ranking knows of one moment of a conversation.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Unit vector of what was said, `[dimensions]`.
    pub context: Vec<f32>,
    /// What the customer last did, or is expected to do when they have said nothing yet.
    pub response_type: Vec<f32>,
    /// Where the conversation stands.
    pub stage: Vec<f32>,
}

impl Adviser {
    /// Joins the playbook and its vectors.
    ///
    /// `vectors` holds for each entry a little-endian f32 scale and `dimensions` signed bytes.
    ///
    /// # Errors
    /// [`EngineError::Artifact`] when the two do not belong together.
    pub fn new(playbook: Playbook, vectors: &[u8], dimensions: usize) -> Result<Self, EngineError> {
        if playbook.format != 1 || playbook.entries.is_empty() {
            return Err(EngineError::artifact(artifact::PLAYBOOK, "it is empty or of another format"));
        }
        let row = 4 + dimensions;
        if vectors.len() != playbook.entries.len() * row {
            return Err(EngineError::artifact(
                artifact::PLAYBOOK_VECTORS,
                format!("{} bytes are not {} rows of {row}", vectors.len(), playbook.entries.len()),
            ));
        }
        let mut unpacked = Vec::with_capacity(playbook.entries.len() * dimensions);
        for row in vectors.chunks_exact(row) {
            let scale = f32::from_le_bytes([row[0], row[1], row[2], row[3]]);
            unpacked.extend(row[4..].iter().map(|&b| f32::from(b as i8) * scale));
        }
        Ok(Self { entries: playbook.entries, vectors: unpacked, dimensions })
    }

    /// Packs unit vectors the way [`Adviser::new`] reads them.
    pub fn pack(vectors: &[Vec<f32>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for v in vectors {
            let scale = v.iter().fold(0.0f32, |m, x| m.max(x.abs())) / 127.0;
            let scale = if scale > 0.0 { scale } else { 1.0 };
            bytes.extend(scale.to_le_bytes());
            bytes.extend(v.iter().map(|x| (x / scale).round_ties_even().clamp(-127.0, 127.0) as i8 as u8));
        }
        bytes
    }

    /// The entries, in file order.
    pub fn entries(&self) -> &[PlaybookEntry] {
        &self.entries
    }

    fn vector(&self, entry: usize) -> &[f32] {
        &self.vectors[entry * self.dimensions..][..self.dimensions]
    }

    /// How like each entry is to one of them.
    fn likeness(&self, to: usize) -> Vec<f32> {
        let to = self.vector(to);
        (0..self.entries.len()).map(|i| dot(self.vector(i), to)).collect()
    }

    /// The entries with their scores, given those that came before with the likeness of every entry to them.
    ///
    /// The entry that was given last is left out; entries like recent ones are marked down.
    fn scores(&self, moment: &Moment, last: Option<usize>, recent: &[&Vec<f32>]) -> Vec<(usize, f32)> {
        (0..self.entries.len())
            .filter(|i| last != Some(*i))
            .map(|i| {
                let entry = &self.entries[i];
                let fit = weight::SIMILARITY * dot(self.vector(i), &moment.context).max(0.0)
                    + weight::RESPONSE_TYPE * moment.response_type[entry.response_type.index()]
                    + weight::STAGE * moment.stage[entry.stage.index()];
                let alike = recent.iter().map(|likeness| likeness[i]).fold(0.0f32, f32::max);
                (i, (1.0 - weight::REPETITION) * fit - weight::REPETITION * alike)
            })
            .collect()
    }

    /// Advice for the last of the moments, best first, after replaying the ones before so that nothing is said
    /// twice running. `moments` are the points at which the rep speaks next, oldest first.
    pub fn advise(&self, moments: &[Moment]) -> Vec<(usize, f32)> {
        let better = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        let mut given: Vec<usize> = Vec::new();
        let mut likeness: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
        let mut scores = Vec::new();
        for (i, moment) in moments.iter().enumerate() {
            let recent = &given[given.len().saturating_sub(RECENT)..];
            let recent: Vec<&Vec<f32>> = recent.iter().filter_map(|entry| likeness.get(entry)).collect();
            scores = self.scores(moment, given.last().copied(), &recent);
            let last = i + 1 == moments.len();
            if let Some(&(best, _)) = scores.iter().min_by(|a, b| better(a, b)).filter(|_| !last) {
                likeness.entry(best).or_insert_with(|| self.likeness(best));
                given.push(best);
            }
        }
        scores.sort_by(better);
        scores
    }
}

/// What to say next, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// The line or move.
    pub suggested_sales_response: String,
    /// The response type that the customer is expected to show next.
    pub top_response_type: String,
    /// Where the conversation is expected to stand next.
    pub top_conversation_stage: String,
    /// Probability of each next response type.
    pub response_type_probabilities: Probabilities<ResponseType>,
    /// Probability of each next stage.
    pub conversation_stage_probabilities: Probabilities<rapport_conversation::ApiStage>,
    /// Why the line helps.
    pub reason: String,
    /// Name of the playbook entry.
    pub suggestion_id: String,
    /// What the entry is about.
    pub category: String,
    /// The next best lines.
    pub alternatives: Vec<Alternative>,
}

/// Another line that fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// Name of the playbook entry.
    pub suggestion_id: String,
    /// The line or move.
    pub suggested_sales_response: String,
    /// Why it helps.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn adviser() -> Adviser {
        let entry = |id: &str, response_type, stage| PlaybookEntry {
            id: id.into(),
            response_type,
            stage,
            category: "price".into(),
            text: format!("say {id}"),
            reason: "because".into(),
            examples: vec![],
        };
        let playbook = Playbook {
            format: 1,
            licence: "CC-BY-4.0".into(),
            entries: vec![
                entry("a", ResponseType::Objection, Stage::Ask),
                entry("b", ResponseType::Objection, Stage::Ask),
                entry("c", ResponseType::Question, Stage::Pitch),
            ],
        };
        let packed = Adviser::pack(&[vec![1.0, 0.0], vec![0.8, 0.6], vec![0.0, 1.0]]);
        Adviser::new(playbook, &packed, 2).unwrap()
    }

    fn moment(context: [f32; 2]) -> Moment {
        let mut response_type = vec![0.0; 6];
        response_type[ResponseType::Objection.index()] = 1.0;
        let mut stage = vec![0.0; 6];
        stage[Stage::Ask.index()] = 1.0;
        Moment { context: context.to_vec(), response_type, stage }
    }

    #[test]
    fn what_fits_best_comes_first() {
        assert_eq!(adviser().advise(&[moment([1.0, 0.0])])[0].0, 0);
    }

    #[test]
    fn the_same_advice_is_never_given_twice_running() {
        let adviser = adviser();
        let moments: Vec<Moment> = (0..6).map(|_| moment([1.0, 0.0])).collect();
        let given: Vec<usize> = (1..=6).map(|n| adviser.advise(&moments[..n])[0].0).collect();
        assert!(given.windows(2).all(|w| w[0] != w[1]), "{given:?}");
    }

    #[test]
    fn packing_keeps_the_direction() {
        let v = vec![0.6, -0.8];
        let bytes = Adviser::pack(std::slice::from_ref(&v));
        let scale = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let back: Vec<f32> = bytes[4..].iter().map(|&b| f32::from(b as i8) * scale).collect();
        assert!(dot(&v, &back) > 0.995);
    }

    #[test]
    fn vectors_of_another_playbook_are_refused() {
        let playbook = Playbook { format: 1, licence: String::new(), entries: vec![] };
        assert!(Adviser::new(playbook, &[], 2).is_err());
    }
}
