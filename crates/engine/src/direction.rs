//! Where the conversation is heading: turns as points, points as clusters, clusters as a Markov chain.

use rapport_inference::{argmax, dot};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::EngineError;
use crate::bundle::artifact;

/// `direction.json`: a projection, its clusters and how they follow each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectionModel {
    /// Mean that is taken off an embedding before it is projected, `[dimensions]`.
    pub mean: Vec<f32>,
    /// Principal axes, `[axes][dimensions]`.
    pub components: Vec<Vec<f32>>,
    /// Cluster centres in the projected space, `[clusters][axes]`.
    pub centroids: Vec<Vec<f32>>,
    /// A readable name for each cluster.
    pub names: Vec<String>,
    /// The Markov chain over clusters.
    pub chain: MarkovChain,
}

/// Counts of what followed what, with hierarchical Dirichlet smoothing:
/// the second order backs off to the first, the first to the marginal, the marginal to uniform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkovChain {
    /// 1 or 2, the order that had the lower log loss on conversations kept back.
    pub order: u8,
    /// Number of states.
    pub states: usize,
    /// How often each state was seen, `[states]`.
    pub marginal: Vec<f32>,
    /// Transitions, `[states * states]`, row = from.
    pub first: Vec<f32>,
    /// Transitions, `[states * states * states]`, rows = the state before last, then the last.
    pub second: Vec<f32>,
    /// Strength of the back-off of the marginal, the first and the second order, in counts.
    pub strength: [f32; 3],
}

impl MarkovChain {
    /// Counts the transitions of sequences of states.
    ///
    /// States that are not below `states` are ignored.
    pub fn count<'a>(
        sequences: impl IntoIterator<Item = &'a [usize]>,
        states: usize,
        order: u8,
        strength: [f32; 3],
    ) -> Self {
        let mut chain = Self {
            order,
            states,
            marginal: vec![0.0; states],
            first: vec![0.0; states * states],
            second: vec![0.0; states * states * states],
            strength,
        };
        for sequence in sequences {
            for (i, &c) in sequence.iter().enumerate() {
                if c >= states {
                    continue;
                }
                chain.marginal[c] += 1.0;
                if i >= 1 && sequence[i - 1] < states {
                    let b = sequence[i - 1];
                    chain.first[b * states + c] += 1.0;
                    if i >= 2 && sequence[i - 2] < states {
                        chain.second[(sequence[i - 2] * states + b) * states + c] += 1.0;
                    }
                }
            }
        }
        chain
    }

    /// Probability of each next state after `(before, last)`, using at most `order` of them.
    pub fn next(&self, before: Option<usize>, last: Option<usize>, order: u8) -> Vec<f32> {
        let k = self.states;
        let blend = |counts: &[f32], prior: &[f32], strength: f32| -> Vec<f32> {
            let total: f32 = counts.iter().sum::<f32>() + strength;
            counts.iter().zip(prior).map(|(n, p)| (n + strength * p) / total).collect()
        };
        let uniform = vec![1.0 / k as f32; k];
        let mut p = blend(&self.marginal, &uniform, self.strength[0]);
        if let Some(b) = last.filter(|_| order >= 1) {
            p = blend(&self.first[b * k..][..k], &p, self.strength[1]);
            if let Some(a) = before.filter(|_| order >= 2) {
                p = blend(&self.second[(a * k + b) * k..][..k], &p, self.strength[2]);
            }
        }
        p
    }

    fn check(&self) -> Result<(), String> {
        let k = self.states;
        if k == 0 || !(1..=2).contains(&self.order) {
            return Err(format!("a chain of {k} states and order {}", self.order));
        }
        for (name, found, expected) in [
            ("marginal", self.marginal.len(), k),
            ("first", self.first.len(), k * k),
            ("second", self.second.len(), k * k * k),
        ] {
            if found != expected {
                return Err(format!("{name} has {found} counts, {expected} are needed"));
            }
        }
        let counts = self.marginal.iter().chain(&self.first).chain(&self.second);
        if counts.into_iter().any(|n| !n.is_finite() || *n < 0.0)
            || self.strength.iter().any(|s| !s.is_finite() || *s <= 0.0)
        {
            return Err("a count or a strength is not a number that a chain can use".into());
        }
        Ok(())
    }
}

impl DirectionModel {
    /// Refuses a model whose parts do not fit together.
    ///
    /// # Errors
    /// [`EngineError::Artifact`] naming what does not fit.
    pub fn check(&self, dimensions: usize) -> Result<(), EngineError> {
        let refuse = |reason: String| Err(EngineError::artifact(artifact::DIRECTION, reason));
        if self.mean.len() != dimensions || self.components.iter().any(|c| c.len() != dimensions) {
            return refuse(format!("its projection is not for vectors of {dimensions}"));
        }
        let axes = self.components.len();
        if axes == 0 || self.centroids.iter().any(|c| c.len() != axes) {
            return refuse(format!("a centroid does not have {axes} coordinates"));
        }
        if self.centroids.len() != self.chain.states || self.names.len() != self.chain.states {
            return refuse("the numbers of centroids, names and states differ".into());
        }
        self.chain.check().or_else(refuse)
    }

    /// Coordinates of an embedding on the principal axes, `[axes]`.
    pub fn project(&self, embedding: &[f32]) -> Vec<f32> {
        let centred: Vec<f32> = embedding.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        self.components.iter().map(|c| dot(c, &centred)).collect()
    }

    /// The cluster whose centre is nearest to an embedding.
    pub fn cluster(&self, embedding: &[f32]) -> usize {
        let point = self.project(embedding);
        let closeness: Vec<f32> = self
            .centroids
            .iter()
            .map(|c| -c.iter().zip(&point).map(|(a, b)| (a - b) * (a - b)).sum::<f32>())
            .collect();
        argmax(&closeness)
    }

    /// The answer for a conversation whose turns fell into these clusters, oldest first.
    ///
    /// A conversation of one turn has no state before last; its `current_state` repeats the one it
    /// has and the chain of order one answers.
    pub fn answer(&self, clusters: &[usize]) -> Result<DirectionPrediction, EngineError> {
        let last = *clusters.last().ok_or(EngineError::EmptyConversation)?;
        let before = clusters.len().checked_sub(2).map(|i| clusters[i]);
        let p = self.chain.next(before, Some(last), self.chain.order);
        Ok(DirectionPrediction {
            current_state: [before.unwrap_or(last), last],
            predicted_next_cluster: argmax(&p),
            transition_probabilities: ByCluster(p),
            cluster_names: self.names.clone(),
        })
    }
}

/// Numbers by cluster, written as an object from `"0"` up.
#[derive(Debug, Clone, PartialEq)]
pub struct ByCluster(pub Vec<f32>);

impl Serialize for ByCluster {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (i, p) in self.0.iter().enumerate() {
            map.serialize_entry(&i.to_string(), p)?;
        }
        map.end()
    }
}

/// Where the conversation is heading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DirectionPrediction {
    /// Clusters of the last two turns, the older first.
    pub current_state: [usize; 2],
    /// The most probable cluster of the next turn.
    pub predicted_next_cluster: usize,
    /// Probability of each cluster for the next turn.
    pub transition_probabilities: ByCluster,
    /// What the clusters are about, by number.
    pub cluster_names: Vec<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn chain(order: u8) -> MarkovChain {
        let sequences: [&[usize]; 2] = [&[0, 1, 2, 0, 1, 2], &[0, 1, 2]];
        MarkovChain::count(sequences, 3, order, [1.0, 1.0, 1.0])
    }

    #[test]
    fn every_row_sums_to_one_at_every_order() {
        let chain = chain(2);
        for order in 0..=2 {
            for a in 0..3 {
                for b in 0..3 {
                    let p = chain.next(Some(a), Some(b), order);
                    assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                    assert!(p.iter().all(|p| *p > 0.0));
                }
            }
        }
    }

    #[test]
    fn what_followed_most_is_most_probable() {
        assert_eq!(argmax(&chain(2).next(Some(0), Some(1), 2)), 2);
        assert_eq!(argmax(&chain(1).next(None, Some(2), 1)), 0);
    }

    #[test]
    fn an_unseen_pair_backs_off_to_the_first_order() {
        let chain = chain(2);
        let unseen = chain.next(Some(2), Some(1), 2);
        let first = chain.next(None, Some(1), 1);
        for (a, b) in unseen.iter().zip(&first) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn one_turn_repeats_its_own_cluster() {
        let model = DirectionModel {
            mean: vec![0.0; 2],
            components: vec![vec![1.0, 0.0]],
            centroids: vec![vec![-1.0], vec![0.0], vec![1.0]],
            names: vec!["a".into(), "b".into(), "c".into()],
            chain: chain(2),
        };
        model.check(2).unwrap();
        let clusters = [model.cluster(&[0.9, 5.0])];
        let answer = model.answer(&clusters).unwrap();
        assert_eq!(answer.current_state, [2, 2]);
        assert_eq!(answer.predicted_next_cluster, 0);
        assert!(model.answer(&[]).is_err());
        assert!(model.check(3).is_err());
    }
}
