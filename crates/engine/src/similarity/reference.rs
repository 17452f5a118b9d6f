//! Past conversations to compare with: a vector, an outcome and a name of each, nothing of its text.

use std::collections::HashMap;
use std::sync::OnceLock;

use rapport_conversation::Outcome;
use rapport_inference::{RoundedRow, RowSearch, rounded_dot, top_k};
use thiserror::Error;

use super::score::{maximal_marginal_relevance, vote};
use super::space::Space;
use crate::EngineError;

/// Most conversations of a set: about 23 MB at 1,152 values each once they are packed for searching.
pub const MAX_PAST: usize = 10_000;
/// Most bytes of a name.
pub const MAX_ID_BYTES: usize = 200;

/// Neighbours that vote on the outcome.
const VOTERS: usize = 25;
/// Nearest conversations that the voters are chosen from.
const POOL: usize = 100;
/// Weight of relevance against diversity when voters are chosen.
const LAMBDA: f32 = 0.7;

/// Errors of sets of past conversations.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum PastError {
    /// The bytes are not a set of past conversations.
    #[error("the past conversations cannot be read: {0}")]
    Unreadable(String),
    /// The vectors come from another encoder.
    #[error(
        "the past conversations were read with another encoder; import the conversations themselves again"
    )]
    OtherEncoder,
    /// There is no more room.
    #[error("{MAX_PAST} past conversations are kept at most; remove some first")]
    Full,
    /// The name cannot be kept.
    #[error("the name of a past conversation has {0} bytes; give 1 to {MAX_ID_BYTES}")]
    Id(usize),
    /// The vector does not fit the set.
    #[error("the vector of a past conversation does not fit: {0}")]
    Vector(String),
}

impl PastError {
    /// A stable word for what went wrong.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "past_unreadable",
            Self::OtherEncoder => "past_other_encoder",
            Self::Full => "past_full",
            Self::Id(_) => "past_id",
            Self::Vector(_) => "past_vector",
        }
    }
}

/// What is known of one past conversation beside its vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its name, unique within the set.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its number of turns.
    pub turns: u32,
}

/// Past conversations of one [`Space`], at most [`MAX_PAST`].
#[derive(Debug, Clone)]
pub struct ReferenceSet {
    space: Space,
    width: usize,
    past: Vec<Past>,
    places: HashMap<String, usize>,
    /// `[N][width]`, each within ±63.
    values: Vec<i8>,
    scales: Vec<f32>,
    /// Packed when it is first searched after a change.
    search: OnceLock<RowSearch>,
}

impl ReferenceSet {
    /// An empty set of vectors of `width` values.
    pub fn new(space: Space, width: usize) -> Self {
        Self {
            space,
            width,
            past: Vec::new(),
            places: HashMap::new(),
            values: Vec::new(),
            scales: Vec::new(),
            search: OnceLock::new(),
        }
    }

    /// What its vectors can be compared with.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Values of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of conversations.
    pub fn len(&self) -> usize {
        self.past.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.past.is_empty()
    }

    /// The conversations, in the order of [`ReferenceSet::similarities`].
    pub fn past(&self) -> &[Past] {
        &self.past
    }

    /// Adds a conversation by its [`crate::pooled_vector`]; one of the same name is replaced.
    ///
    /// # Errors
    /// [`PastError`] when there is no room, or the name or the vector does not fit.
    pub fn add(&mut self, past: Past, pooled: &[f32]) -> Result<(), PastError> {
        if pooled.len() != self.width {
            return Err(PastError::Vector(format!("{} values, {} are needed", pooled.len(), self.width)));
        }
        let row = RoundedRow::new(pooled).ok_or_else(|| PastError::Vector("a value is not finite".into()))?;
        self.add_row(past, &row)
    }

    pub(super) fn add_row(&mut self, past: Past, row: &RoundedRow) -> Result<(), PastError> {
        if past.id.is_empty() || past.id.len() > MAX_ID_BYTES {
            return Err(PastError::Id(past.id.len()));
        }
        if let Some(&at) = self.places.get(&past.id) {
            self.search.take();
            self.values[at * self.width..][..self.width].copy_from_slice(&row.values);
            self.scales[at] = row.scale;
            self.past[at] = past;
            return Ok(());
        }
        if self.past.len() >= MAX_PAST {
            return Err(PastError::Full);
        }
        self.search.take();
        self.places.insert(past.id.clone(), self.past.len());
        self.values.extend(&row.values);
        self.scales.push(row.scale);
        self.past.push(past);
        Ok(())
    }

    /// Removes a conversation by its name; the last one takes its place. False when there is none of that name.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(at) = self.places.remove(id) else { return false };
        self.search.take();
        let last = self.past.len() - 1;
        self.values.copy_within(last * self.width.., at * self.width);
        self.values.truncate(last * self.width);
        self.scales.swap_remove(at);
        self.past.swap_remove(at);
        if let Some(moved) = self.past.get(at) {
            self.places.insert(moved.id.clone(), at);
        }
        true
    }

    /// Scale and values of one vector.
    pub(super) fn row(&self, at: usize) -> (f32, &[i8]) {
        (self.scales[at], &self.values[at * self.width..][..self.width])
    }

    /// Cosine of a unit vector with each conversation, `[N]`: an exact search, see [`RowSearch`].
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the vector does not fit.
    pub fn similarities(&self, pooled: &[f32]) -> Result<Vec<f32>, EngineError> {
        let search = if let Some(search) = self.search.get() {
            search
        } else {
            let packed = RowSearch::new(self.width, &self.values, &self.scales)?;
            self.search.get_or_init(|| packed)
        };
        // The query is rounded too, so that the cosine of a vector with itself can come out a hair over 1.
        Ok(search.scores(pooled)?.into_iter().map(|s| s.clamp(-1.0, 1.0)).collect())
    }

    /// The neighbours' score of a pooled vector; see [`crate::similarity`]. None for an empty set.
    ///
    /// # Errors
    /// As [`ReferenceSet::similarities`].
    pub fn vote(&self, pooled: &[f32]) -> Result<Option<f32>, EngineError> {
        Ok(Compared::with(std::slice::from_ref(&self), pooled)?.vote())
    }
}

/// One vector compared with every conversation of some sets.
pub(super) struct Compared<'a> {
    sets: &'a [&'a ReferenceSet],
    /// Number of the set, place in it, cosine.
    found: Vec<(usize, usize, f32)>,
}

/// One of the conversations compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    /// Which of the sets it is in.
    pub(super) set: usize,
    pub(super) past: &'a Past,
    /// Cosine, -1 to 1.
    pub(super) similarity: f32,
}

impl<'a> Compared<'a> {
    pub(super) fn with(sets: &'a [&'a ReferenceSet], pooled: &[f32]) -> Result<Self, EngineError> {
        let mut found = Vec::new();
        for (number, set) in sets.iter().enumerate() {
            found.extend(set.similarities(pooled)?.into_iter().enumerate().map(|(at, s)| (number, at, s)));
        }
        Ok(Self { sets, found })
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    fn past(&self, index: usize) -> &'a Past {
        let (set, at, _) = self.found[index];
        &self.sets[set].past[at]
    }

    fn alike(&self, a: usize, b: usize) -> f32 {
        let row = |index: usize| {
            let (set, at, _) = self.found[index];
            self.sets[set].row(at)
        };
        rounded_dot(row(a), row(b))
    }

    /// Up to `k` conversations of those that `wanted` takes, chosen from the `pool` nearest: the nearest first, or with
    /// `lambda` by maximal marginal relevance, in the order of choice.
    pub(super) fn nearest(
        &self,
        wanted: impl Fn(&Past) -> bool,
        k: usize,
        pool: usize,
        lambda: Option<f32>,
    ) -> Vec<Found<'a>> {
        let candidates = self.found.iter().map(|f| f.2).enumerate().filter(|(i, _)| wanted(self.past(*i)));
        let taken = if lambda.is_some() { pool.max(k) } else { k };
        let mut nearest = top_k(candidates, taken);
        if let Some(lambda) = lambda {
            let relevance: Vec<f32> = nearest.iter().map(|n| n.1).collect();
            let alike = |a: usize, b: usize| self.alike(nearest[a].0, nearest[b].0);
            let chosen = maximal_marginal_relevance(&relevance, alike, k, lambda);
            nearest = chosen.into_iter().map(|i| nearest[i]).collect();
        }
        nearest
            .into_iter()
            .map(|(i, similarity)| Found { set: self.found[i].0, past: self.past(i), similarity })
            .collect()
    }

    /// The vote of the nearest conversations, chosen by maximal marginal relevance.
    pub(super) fn vote(&self) -> Option<f32> {
        let voters = self.nearest(|_| true, VOTERS, POOL, Some(LAMBDA));
        vote(voters.iter().map(|v| (v.similarity, v.past.outcome == Outcome::Won)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;

    pub(in crate::similarity) fn past(id: &str, outcome: Outcome) -> Past {
        Past { id: id.into(), outcome, turns: 4 }
    }

    /// Unit vectors at angles in degrees, won ones first.
    pub(in crate::similarity) fn set(won: &[f32], lost: &[f32]) -> ReferenceSet {
        let mut set = ReferenceSet::new(Space(7), 2);
        let all = won.iter().map(|a| (a, Outcome::Won)).chain(lost.iter().map(|a| (a, Outcome::Lost)));
        for (angle, outcome) in all {
            let (y, x) = angle.to_radians().sin_cos();
            set.add(past(&format!("at {angle}"), outcome), &[x, y]).unwrap();
        }
        set
    }

    #[test]
    fn similarity_is_the_cosine() {
        let set = set(&[0.0, 60.0], &[90.0, 180.0]);
        let found = set.similarities(&[1.0, 0.0]).unwrap();
        for (found, expected) in found.iter().zip([1.0, 0.5, 0.0, -1.0]) {
            assert!((found - expected).abs() < 0.02, "{found} is not {expected}");
        }
    }

    #[test]
    fn a_name_is_kept_once_and_removed_for_good() {
        let mut set = set(&[0.0, 90.0], &[180.0]);
        set.add(past("at 0", Outcome::Lost), &[0.0, 1.0]).unwrap();
        assert_eq!((set.len(), set.past()[0].outcome), (3, Outcome::Lost));
        assert!((set.similarities(&[0.0, 1.0]).unwrap()[0] - 1.0).abs() < 0.01);
        assert!(set.remove("at 0") && !set.remove("at 0"));
        // The last one has taken the place.
        assert_eq!(set.past()[0].id, "at 180");
        assert!((set.similarities(&[1.0, 0.0]).unwrap()[0] + 1.0).abs() < 0.01);
        assert!(set.remove("at 180") && set.remove("at 90") && set.is_empty());
        assert!(set.similarities(&[1.0, 0.0]).unwrap().is_empty());
        assert_eq!(set.vote(&[1.0, 0.0]).unwrap(), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut set = set(&[0.0], &[]);
        assert_eq!(set.add(past("", Outcome::Won), &[1.0, 0.0]), Err(PastError::Id(0)));
        let long = "x".repeat(MAX_ID_BYTES + 1);
        assert_eq!(set.add(past(&long, Outcome::Won), &[1.0, 0.0]), Err(PastError::Id(MAX_ID_BYTES + 1)));
        assert!(matches!(set.add(past("a", Outcome::Won), &[1.0]), Err(PastError::Vector(_))));
        assert!(matches!(set.add(past("a", Outcome::Won), &[1.0, f32::NAN]), Err(PastError::Vector(_))));
        assert!(set.similarities(&[1.0]).is_err());
        assert_eq!(set.len(), 1);
    }

    #[test]
    fn a_full_set_says_so_and_still_replaces() {
        let mut set = ReferenceSet::new(Space(7), 1);
        for i in 0..MAX_PAST {
            set.add(past(&i.to_string(), Outcome::Won), &[1.0]).unwrap();
        }
        assert_eq!(set.add(past("more", Outcome::Won), &[1.0]), Err(PastError::Full));
        set.add(past("5", Outcome::Lost), &[1.0]).unwrap();
        assert!(set.remove("6"));
        set.add(past("more", Outcome::Won), &[1.0]).unwrap();
    }

    #[test]
    fn neighbours_are_counted_and_chosen() {
        let set = set(&[0.0, 5.0, 80.0], &[170.0]);
        let sets = [&set];
        let compared = Compared::with(&sets, &[1.0, 0.0]).unwrap();
        let ids = |k, lambda| -> Vec<&str> {
            let won = compared.nearest(|p| p.outcome == Outcome::Won, k, POOL, lambda);
            won.iter().map(|f| f.past.id.as_str()).collect()
        };
        assert!(ids(0, None).is_empty() && ids(0, Some(0.5)).is_empty());
        assert_eq!(ids(2, None), ["at 0", "at 5"]);
        assert_eq!(ids(9, None), ["at 0", "at 5", "at 80"]);
        // After the first, the one at 5 degrees adds little that is new.
        assert_eq!(ids(2, Some(0.4)), ["at 0", "at 80"]);
        assert_eq!(compared.vote(), Some(1.0), "the lost one points the other way");
    }
}
