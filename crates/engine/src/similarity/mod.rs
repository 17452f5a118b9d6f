//! Is this conversation like those that were won? Prototypes, past conversations, and scores over both.
//!
//! [`pooled_vector`] makes one vector of a conversation. `prototypes.json` and `reference.bin` of a bundle, both
//! optional, say what won and lost ones look like; a user's own past conversations can be added and stay on the device.
//! The formulas are those of [`cosine`], [`euclidean`], [`maximal_marginal_relevance`], [`vote`] and
//! [`HybridWeights`].

mod answer;
mod codec;
mod pooled;
mod prototypes;
mod reference;
mod score;
mod space;

use std::sync::OnceLock;

use rapport_conversation::{Conversation, Outcome};

pub use answer::{Neighbour, OutcomeScores, PastSource, Similar, SimilarOptions};
pub use pooled::{POOLED_BLOCKS, POOLING_VERSION, pooled_vector};
pub use prototypes::{PROTOTYPES_FORMAT, PrototypeScores, Prototypes};
pub use reference::{MAX_ID_BYTES, MAX_PAST, Past, PastError, ReferenceSet};
pub use score::{HybridWeights, cosine, euclidean, maximal_marginal_relevance, vote};
pub use space::Space;

use crate::bundle::{Bundle, artifact};
use crate::{Analysis, Engine, EngineError, TurnReading, merge_turns};
use reference::{Compared, Found};

/// Nearest conversations of an outcome that a diverse choice is made from.
const POOL: usize = 100;

/// What a conversation is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Similarity {
    /// Values of a pooled vector.
    width: usize,
    prototypes: Option<Prototypes>,
    /// The bundle's past conversations.
    reference: Option<ReferenceSet>,
    /// The user's own.
    own: Option<ReferenceSet>,
    space: OnceLock<Space>,
}

impl Similarity {
    /// Takes what a bundle has; both artifacts are optional.
    pub(crate) fn load(bundle: &mut Bundle, dimensions: usize) -> Result<Self, EngineError> {
        let width = POOLED_BLOCKS * dimensions;
        let prototypes: Option<Prototypes> = bundle.take_optional_json(artifact::PROTOTYPES)?;
        if let Some(prototypes) = &prototypes {
            prototypes.check(width)?;
        }
        let reference = bundle
            .take_optional(artifact::REFERENCE)
            .map(|bytes| ReferenceSet::from_bytes(&bytes, width))
            .transpose()
            .map_err(|e| EngineError::artifact(artifact::REFERENCE, e))?;
        Ok(Self { width, prototypes, reference, own: None, space: OnceLock::new() })
    }

    /// Refuses artifacts that were made with another encoder than the one that reads `space`.
    fn check(&self, space: Space) -> Result<(), EngineError> {
        let prototypes = self.prototypes.as_ref().map(|p| (artifact::PROTOTYPES, p.space));
        let reference = self.reference.as_ref().map(|r| (artifact::REFERENCE, r.space()));
        match prototypes.into_iter().chain(reference).find(|(_, found)| *found != space) {
            Some((name, _)) => Err(EngineError::artifact(
                name,
                "it was made with another encoder; make it again with `rapport similarity fit`",
            )),
            None => Ok(()),
        }
    }

    /// Compares a pooled vector.
    fn similar(&self, pooled: &[f32], options: &SimilarOptions) -> Result<Similar, EngineError> {
        let (sources, sets): (Vec<PastSource>, Vec<&ReferenceSet>) =
            [(PastSource::Bundle, self.reference.as_ref()), (PastSource::Own, self.own.as_ref())]
                .into_iter()
                .filter_map(|(source, set)| set.map(|set| (source, set)))
                .unzip();
        let compared = Compared::with(&sets, pooled)?;
        let lambda = options.lambda.map(|l| if l.is_finite() { l.clamp(0.0, 1.0) } else { 1.0 });
        let nearest = |outcome: Outcome| -> Vec<Neighbour> {
            let found = compared.nearest(|past| past.outcome == outcome, options.k, POOL, lambda);
            found
                .into_iter()
                .map(|Found { set, past, similarity }| Neighbour {
                    id: past.id.clone(),
                    outcome,
                    turns: past.turns,
                    similarity,
                    source: sources[set],
                })
                .collect()
        };
        Ok(Similar {
            won: nearest(Outcome::Won),
            lost: nearest(Outcome::Lost),
            past: compared.len(),
            won_share: compared.vote(),
            scores: self.scores(pooled)?,
        })
    }

    /// Scores by what the bundle has, as they were measured: the user's own conversations are left out.
    fn scores(&self, pooled: &[f32]) -> Result<Option<OutcomeScores>, EngineError> {
        let Some(prototypes) = &self.prototypes else { return Ok(None) };
        let PrototypeScores { cosine, euclidean } = prototypes.scores(pooled);
        let neighbours = match &self.reference {
            Some(reference) => reference.vote(pooled)?,
            None => None,
        };
        // Without neighbours their vote is what it would be on average.
        let voted = neighbours.unwrap_or(prototypes.won_share);
        let hybrid = prototypes.hybrid.probability(cosine, euclidean, voted);
        Ok(Some(OutcomeScores { cosine, euclidean, neighbours, hybrid }))
    }
}

impl Engine {
    /// Past conversations most like this one, and how near it is to won and to lost ones. Without past conversations
    /// the lists are empty, without prototypes there are no scores.
    ///
    /// # Errors
    /// [`EngineError::EmptyConversation`]; [`EngineError::Inference`] when a model fails; [`EngineError::Artifact`]
    /// when the bundle's vectors come from another encoder.
    pub fn similar(
        &self,
        conversation: &Conversation,
        options: &SimilarOptions,
    ) -> Result<Similar, EngineError> {
        self.similar_readings(&self.reader().read(&merge_turns(conversation))?, options)
    }

    /// [`Engine::similar`] of a conversation that was analyzed already.
    ///
    /// # Errors
    /// As [`Engine::similar`].
    pub fn similar_of(&self, analysis: &Analysis, options: &SimilarOptions) -> Result<Similar, EngineError> {
        self.similar_readings(&analysis.readings, options)
    }

    fn similar_readings(
        &self,
        readings: &[TurnReading],
        options: &SimilarOptions,
    ) -> Result<Similar, EngineError> {
        let pooled = pooled_vector(readings)?;
        self.similarity.check(self.space()?)?;
        self.similarity.similar(&pooled, options)
    }

    /// Adds a past conversation of the user's own under a name; one of the same name is replaced. Nothing of its text is
    /// kept.
    ///
    /// # Errors
    /// [`EngineError::Past`] when there is no room or the name cannot be kept; else as [`Engine::similar`].
    pub fn add_past(
        &mut self,
        id: &str,
        conversation: &Conversation,
        outcome: Outcome,
    ) -> Result<(), EngineError> {
        let turns = merge_turns(conversation);
        let pooled = pooled_vector(&self.reader().read(&turns)?)?;
        let space = self.space()?;
        let width = self.similarity.width;
        let own = self.similarity.own.get_or_insert_with(|| ReferenceSet::new(space, width));
        Ok(own.add(Past { id: id.to_owned(), outcome, turns: turns.len() as u32 }, &pooled)?)
    }

    /// Forgets a past conversation of the user's own. False when there is none of that name.
    pub fn remove_past(&mut self, id: &str) -> bool {
        self.similarity.own.as_mut().is_some_and(|own| own.remove(id))
    }

    /// Number of past conversations of the user's own.
    pub fn past_count(&self) -> usize {
        self.similarity.own.as_ref().map_or(0, ReferenceSet::len)
    }

    /// The user's own past conversations as bytes, for [`Engine::import_past`].
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the encoder fails.
    pub fn export_past(&self) -> Result<Vec<u8>, EngineError> {
        Ok(match &self.similarity.own {
            Some(own) => own.to_bytes(),
            None => ReferenceSet::new(self.space()?, self.similarity.width).to_bytes(),
        })
    }

    /// Replaces the user's own past conversations by exported ones. The number of them.
    ///
    /// # Errors
    /// [`EngineError::Past`] when the bytes are not such an export, or come from another encoder; what was there stays.
    pub fn import_past(&mut self, bytes: &[u8]) -> Result<usize, EngineError> {
        let own = ReferenceSet::from_bytes(bytes, self.similarity.width)?;
        if own.space() != self.space()? {
            return Err(PastError::OtherEncoder.into());
        }
        let count = own.len();
        self.similarity.own = Some(own);
        Ok(count)
    }

    fn space(&self) -> Result<Space, EngineError> {
        if let Some(space) = self.similarity.space.get() {
            return Ok(*space);
        }
        let space = Space::of(self.reader())?;
        Ok(*self.similarity.space.get_or_init(|| space))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::prototypes::tests::prototypes;
    use super::reference::tests::{past, set};
    use super::*;

    fn similarity() -> Similarity {
        Similarity {
            width: 2,
            prototypes: Some(prototypes()),
            reference: Some(set(&[0.0, 20.0], &[90.0])),
            own: None,
            space: OnceLock::new(),
        }
    }

    fn ids(neighbours: &[Neighbour]) -> Vec<(&str, PastSource)> {
        neighbours.iter().map(|n| (n.id.as_str(), n.source)).collect()
    }

    #[test]
    fn the_nearest_of_each_outcome_come_with_their_source() {
        use PastSource::{Bundle, Own};
        let mut similarity = similarity();
        let mut own = ReferenceSet::new(Space(7), 2);
        own.add(past("mine", Outcome::Won), &[0.99, 0.14]).unwrap();
        similarity.own = Some(own);
        let answer = similarity.similar(&[1.0, 0.0], &SimilarOptions::nearest(2)).unwrap();
        assert_eq!(ids(&answer.won), [("at 0", Bundle), ("mine", Own)]);
        assert_eq!(ids(&answer.lost), [("at 90", Bundle)]);
        assert_eq!(answer.past, 4);
        assert_eq!(answer.won[0].turns, 4);
    }

    #[test]
    fn own_conversations_do_not_move_the_bundles_scores() {
        let mut similarity = similarity();
        let before = similarity.similar(&[0.6, 0.8], &SimilarOptions::nearest(0)).unwrap();
        assert!(before.won.is_empty() && before.lost.is_empty());
        let mut own = ReferenceSet::new(Space(7), 2);
        own.add(past("mine", Outcome::Lost), &[0.6, 0.8]).unwrap();
        similarity.own = Some(own);
        let after = similarity.similar(&[0.6, 0.8], &SimilarOptions::nearest(0)).unwrap();
        assert_eq!(before.scores, after.scores);
        assert!(after.won_share < before.won_share, "{after:?}");
    }

    #[test]
    fn the_hybrid_score_is_computed_from_the_others() {
        let scores = similarity().scores(&[0.6, 0.8]).unwrap().unwrap();
        let sum = -0.5 + scores.cosine + scores.euclidean + scores.neighbours.unwrap();
        assert!((scores.hybrid - 1.0 / (1.0 + (-sum).exp())).abs() < 1e-6);
        // Cosines 0.6, 0.84 and 0.8, within the rounding of the vectors.
        assert!((scores.neighbours.unwrap() - 1.44 / 2.24).abs() < 0.01, "{scores:?}");
        let alone = Similarity { reference: None, ..similarity() }.scores(&[0.6, 0.8]).unwrap().unwrap();
        assert_eq!(alone.neighbours, None);
        assert!(
            (alone.hybrid - 1.0 / (1.0 + (-(sum - scores.neighbours.unwrap() + 0.5)).exp())).abs() < 1e-6
        );
    }

    #[test]
    fn with_nothing_to_compare_with_there_is_nothing_said() {
        let nothing = Similarity { prototypes: None, reference: None, ..similarity() };
        let answer = nothing.similar(&[1.0, 0.0], &SimilarOptions::nearest(5)).unwrap();
        assert_eq!(answer, Similar { won: vec![], lost: vec![], past: 0, won_share: None, scores: None });
    }

    #[test]
    fn diversity_is_a_number_that_may_be_wrong() {
        let similarity = similarity();
        let with = |lambda| {
            let options = SimilarOptions { k: 2, lambda: Some(lambda) };
            similarity.similar(&[1.0, 0.0], &options).unwrap().won.len()
        };
        assert_eq!([with(0.5), with(-3.0), with(f32::NAN), with(7.0)], [2; 4]);
    }

    #[test]
    fn artifacts_of_a_bundle_are_optional_and_checked() {
        let bundle = |files: &[(&str, Vec<u8>)]| {
            let mut bundle = Bundle::new(files.iter().map(|(n, b)| ((*n).to_owned(), b.clone())));
            // Prototypes of two values need a width of two; a bundle's is three times its encoder's.
            Similarity::load(&mut bundle, 1).map(|s| (s.prototypes.is_some(), s.reference.map(|r| r.len())))
        };
        assert_eq!(bundle(&[]).unwrap(), (false, None));
        let reference = ReferenceSet::new(Space(1), 3).to_bytes();
        assert_eq!(bundle(&[(artifact::REFERENCE, reference.clone())]).unwrap(), (false, Some(0)));
        let mut three = prototypes();
        three.won.iter_mut().chain(&mut three.lost).for_each(|p| p.push(0.0));
        let json = serde_json::to_vec(&three).unwrap();
        assert_eq!(bundle(&[(artifact::PROTOTYPES, json.clone())]).unwrap(), (true, None));
        for end in [0, 1, 30, json.len() / 2] {
            assert!(bundle(&[(artifact::PROTOTYPES, json[..end].to_vec())]).is_err());
        }
        let error = bundle(&[(artifact::REFERENCE, reference[..20].to_vec())]).unwrap_err();
        assert!(error.to_string().contains("reference.bin"), "{error}");
        let two = serde_json::to_vec(&prototypes()).unwrap();
        assert!(bundle(&[(artifact::PROTOTYPES, two)]).is_err());
    }

    #[test]
    fn vectors_of_another_encoder_are_refused() {
        assert!(similarity().check(Space(7)).is_ok());
        let error = similarity().check(Space(8)).unwrap_err();
        assert!(error.to_string().contains("another encoder"), "{error}");
    }
}
