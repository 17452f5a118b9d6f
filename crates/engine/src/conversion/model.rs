//! `conversion.json`: the models of every domain.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::features::{CONVERSION_FEATURES_VERSION, ConversionInputs};
use super::scorer::{Scorer, sigmoid};
use crate::EngineError;
use crate::bundle::artifact;

/// The domain that answers when none is named, or the named one has seen too few outcomes.
pub const GLOBAL: &str = "global";
/// Standard score of the bounds of a 90 % interval.
const Z90: f32 = 1.645;

/// The model of conversion of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionModel {
    /// [`CONVERSION_FEATURES_VERSION`] that it was trained with.
    pub features: u32,
    /// Outcomes that a domain must have seen to be asked at all.
    pub minimum_outcomes: usize,
    /// Outcomes at which a domain counts as much as the global model: it counts `n / (n + shrinkage)`.
    pub shrinkage: f32,
    /// By name; [`GLOBAL`] is always there.
    pub domains: BTreeMap<String, Domain>,
}

/// The models of one company or data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    /// Conversations with a recorded outcome that it was trained on.
    pub outcomes: usize,
    /// Share of them that were won.
    pub won: f32,
    /// For conversations that go on.
    pub running: Scorer,
    /// For conversations that are over.
    pub finished: Scorer,
}

impl Domain {
    /// The scorer for conversations that are over, or that go on.
    pub fn scorer(&self, finished: bool) -> &Scorer {
        if finished { &self.finished } else { &self.running }
    }
}

/// A probability with the evidence behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// Probability that the conversation converts.
    pub probability: f32,
    /// Bounds of the 90 % interval.
    pub interval: (f32, f32),
    /// Past conversations that were scored alike, and how many of them were won.
    pub alike: (u32, u32),
}

/// Wilson's 90 % interval of a share.
fn wilson(won: f32, of: f32) -> (f32, f32) {
    let (p, z2) = (won / of, Z90 * Z90);
    let middle = (p + z2 / (2.0 * of)) / (1.0 + z2 / of);
    let half = Z90 / (1.0 + z2 / of) * (p * (1.0 - p) / of + z2 / (4.0 * of * of)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The models that answer for one conversation, and how much the domain's own counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen<'m> {
    pub name: &'m str,
    pub own: Option<(&'m Domain, f32)>,
    pub global: &'m Domain,
}

impl Chosen<'_> {
    /// The scorers with their weights.
    pub(super) fn scorers(&self, finished: bool) -> impl Iterator<Item = (&Scorer, f32)> {
        let share = self.own.map_or(0.0, |(_, share)| share);
        let own = self.own.map(|(domain, share)| (domain.scorer(finished), share));
        let global = (share < 1.0).then(|| (self.global.scorer(finished), 1.0 - share));
        own.into_iter().chain(global)
    }

    pub(super) fn log_odds(&self, inputs: &ConversionInputs, finished: bool) -> f32 {
        self.scorers(finished).map(|(scorer, share)| share * scorer.log_odds(inputs)).sum()
    }

    pub(super) fn forecast(&self, inputs: &ConversionInputs, finished: bool) -> Forecast {
        let probability = sigmoid(self.log_odds(inputs, finished));
        // The evidence of the model that counts most.
        let main = self.own.filter(|(_, share)| *share >= 0.5).map_or(self.global, |(domain, _)| domain);
        let group = main.scorer(finished).group(probability, inputs.lines);
        let (conversations, won) = group.map_or((0, 0), |g| (g.conversations, g.won));
        let (low, high) =
            if conversations == 0 { (0.0, 1.0) } else { wilson(won as f32, conversations as f32) };
        Forecast {
            probability,
            interval: (low.min(probability), high.max(probability)),
            alike: (conversations, won),
        }
    }
}

impl ConversionModel {
    /// Refuses a model that this engine cannot run; `dimensions` is the length of a sentence vector.
    ///
    /// # Errors
    /// [`EngineError::Artifact`] naming the domain and what is wrong with it.
    pub fn check(&self, dimensions: usize) -> Result<(), EngineError> {
        let refuse = |reason: String| Err(EngineError::artifact(artifact::CONVERSION, reason));
        if self.features != CONVERSION_FEATURES_VERSION {
            return refuse(format!(
                "it was trained with conversation features version {}, this engine computes version \
                 {CONVERSION_FEATURES_VERSION}",
                self.features
            ));
        }
        if !self.domains.contains_key(GLOBAL) {
            return refuse(format!("it has no domain `{GLOBAL}`"));
        }
        if !self.shrinkage.is_finite() || self.shrinkage < 0.0 {
            return refuse(format!("its shrinkage is {}", self.shrinkage));
        }
        for (name, domain) in &self.domains {
            for (state, scorer) in [("running", &domain.running), ("finished", &domain.finished)] {
                if let Some(fault) = scorer.fault(dimensions) {
                    return refuse(format!("domain `{name}`, {state}: {fault}"));
                }
            }
        }
        Ok(())
    }

    /// The models for a domain. One that is unknown, or has seen too few outcomes, is answered by the global one.
    pub(super) fn choose(&self, domain: Option<&str>) -> Result<Chosen<'_>, EngineError> {
        let global = self.domains.get(GLOBAL).ok_or_else(|| {
            EngineError::artifact(artifact::CONVERSION, format!("it has no domain `{GLOBAL}`"))
        })?;
        let own = domain
            .filter(|name| *name != GLOBAL)
            .and_then(|name| self.domains.get_key_value(name))
            .filter(|(_, d)| d.outcomes >= self.minimum_outcomes);
        Ok(match own {
            None => Chosen { name: GLOBAL, own: None, global },
            Some((name, own)) => {
                let n = own.outcomes as f32;
                Chosen { name, own: Some((own, n / (n + self.shrinkage))), global }
            }
        })
    }

    /// Forecast of one state by a domain's models.
    ///
    /// # Errors
    /// [`EngineError::Artifact`] when the model has no global domain.
    pub fn forecast(
        &self,
        inputs: &ConversionInputs,
        domain: Option<&str>,
        finished: bool,
    ) -> Result<Forecast, EngineError> {
        Ok(self.choose(domain)?.forecast(inputs, finished))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // By hand: middle .7342, half width .1101.
        let (low, high) = wilson(30.0, 40.0);
        assert!((low - 0.6240).abs() < 1e-3 && (high - 0.8443).abs() < 1e-3, "{low} {high}");
        let (none, some) = wilson(0.0, 10.0);
        assert!(none.abs() < 1e-6 && some > 0.1);
    }
}
