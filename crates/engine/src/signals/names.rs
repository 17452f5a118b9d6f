//! Every signal by name.

use std::sync::LazyLock;

use rapport_conversation::{
    BuyingSignal, Commitment, Emotion, Hedge, Label, ObjectionCategory, SalesIntent, ServiceIntent, Speaker,
    Urgency,
};
use serde::{Deserialize, Serialize};

/// What a signal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalFamily {
    /// How a turn sounds, in `GoEmotions`' groups.
    Emotion,
    /// What a customer wants of the salesperson.
    SalesIntent,
    /// What a customer of a bank or a card asks service for.
    ServiceIntent,
    /// What a customer objects to.
    Objection,
    /// A step of the customer towards a deal.
    BuyingSignal,
    /// How pressing it is for the customer.
    Urgency,
    /// Words by which a speaker keeps back.
    Hedging,
    /// What the customer binds themselves to.
    Commitment,
}

impl SignalFamily {
    /// The name in answers and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emotion => "emotion",
            Self::SalesIntent => "sales_intent",
            Self::ServiceIntent => "service_intent",
            Self::Objection => "objection",
            Self::BuyingSignal => "buying_signal",
            Self::Urgency => "urgency",
            Self::Hedging => "hedging",
            Self::Commitment => "commitment",
        }
    }
}

/// One signal. Its key is `family/name`, for example `objection/price`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Of [`SignalFamily::Emotion`].
    Emotion(Emotion),
    /// Of [`SignalFamily::SalesIntent`].
    SalesIntent(SalesIntent),
    /// Of [`SignalFamily::ServiceIntent`].
    ServiceIntent(ServiceIntent),
    /// Of [`SignalFamily::Objection`].
    Objection(ObjectionCategory),
    /// Of [`SignalFamily::BuyingSignal`].
    BuyingSignal(BuyingSignal),
    /// Of [`SignalFamily::Urgency`]; [`Urgency::Soon`] stands for soon or pressing.
    Urgency(Urgency),
    /// Of [`SignalFamily::Hedging`].
    Hedging(Hedge),
    /// Of [`SignalFamily::Commitment`].
    Commitment(Commitment),
}

static ALL: LazyLock<Vec<Signal>> = LazyLock::new(|| {
    let mut all: Vec<Signal> = Emotion::ALL.iter().map(|&l| Signal::Emotion(l)).collect();
    all.extend(SalesIntent::ALL.iter().map(|&l| Signal::SalesIntent(l)));
    all.extend(ServiceIntent::ALL.iter().map(|&l| Signal::ServiceIntent(l)));
    all.extend(ObjectionCategory::ALL.iter().map(|&l| Signal::Objection(l)));
    all.extend(BuyingSignal::ALL.iter().map(|&l| Signal::BuyingSignal(l)));
    // The absence of urgency and of a commitment is no signal.
    all.extend(Urgency::ALL.iter().filter(|l| **l != Urgency::None).map(|&l| Signal::Urgency(l)));
    all.extend(Hedge::ALL.iter().map(|&l| Signal::Hedging(l)));
    all.extend(Commitment::ALL.iter().filter(|l| **l != Commitment::None).map(|&l| Signal::Commitment(l)));
    all
});

impl Signal {
    /// Every signal, in the order of the rule hits in a [`SignalRow`](crate::SignalRow).
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// What it is about.
    pub fn family(self) -> SignalFamily {
        match self {
            Self::Emotion(_) => SignalFamily::Emotion,
            Self::SalesIntent(_) => SignalFamily::SalesIntent,
            Self::ServiceIntent(_) => SignalFamily::ServiceIntent,
            Self::Objection(_) => SignalFamily::Objection,
            Self::BuyingSignal(_) => SignalFamily::BuyingSignal,
            Self::Urgency(_) => SignalFamily::Urgency,
            Self::Hedging(_) => SignalFamily::Hedging,
            Self::Commitment(_) => SignalFamily::Commitment,
        }
    }

    /// Its name in the family.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emotion(l) => l.name(),
            Self::SalesIntent(l) => l.name(),
            Self::ServiceIntent(l) => l.name(),
            Self::Objection(l) => l.name(),
            Self::BuyingSignal(l) => l.name(),
            Self::Urgency(l) => l.name(),
            Self::Hedging(l) => l.name(),
            Self::Commitment(l) => l.name(),
        }
    }

    /// `family/name`.
    pub fn key(self) -> String {
        format!("{}/{}", self.family().name(), self.name())
    }

    /// The signal of a key.
    pub fn from_key(key: &str) -> Option<Self> {
        let (family, name) = key.split_once('/')?;
        ALL.iter().copied().find(|s| s.family().name() == family && s.name() == name)
    }

    /// True for what is said of both sides; the other signals are a customer's.
    pub fn is_of(self, speaker: Speaker) -> bool {
        speaker == Speaker::Customer || matches!(self.family(), SignalFamily::Emotion | SignalFamily::Hedging)
    }

    /// A few words for a person, for example `Price objection`.
    pub fn phrase(self) -> String {
        let lower = |title: &str| title.to_lowercase();
        match self {
            Self::Emotion(Emotion::Neutral) => "No emotion".into(),
            Self::Emotion(l) => format!("Sounds of {}", lower(l.title())),
            Self::SalesIntent(l) => l.title().into(),
            Self::ServiceIntent(l) => format!("Asks for service: {}", lower(l.title())),
            Self::Objection(ObjectionCategory::Stall) => "Stalls".into(),
            Self::Objection(l) => format!("{} objection", l.title()),
            Self::BuyingSignal(l) => format!("Buying signal: {}", lower(l.title())),
            Self::Urgency(Urgency::Pressing) => "Pressing for the customer".into(),
            Self::Urgency(_) => "Needed soon".into(),
            Self::Hedging(Hedge::Doubt) => "Says that they are not sure".into(),
            Self::Hedging(Hedge::Possibility) => "Leaves it open".into(),
            Self::Hedging(Hedge::Softening) => "Softens what they say".into(),
            Self::Commitment(Commitment::Firm) => "Commits to buy".into(),
            Self::Commitment(Commitment::Conditional) => "Commits under a condition".into(),
            Self::Commitment(_) => "Commits to a next step".into(),
        }
    }

    /// A plain sentence for a person: `Price objection in turn 7`. `line` counts the lines of the conversation from 0;
    /// people count them from 1.
    pub fn describe(self, line: usize) -> String {
        format!("{} in turn {}", self.phrase(), line + 1)
    }
}

impl Serialize for Signal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.key())
    }
}

impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::from_key(&key).ok_or_else(|| {
            serde::de::Error::custom(format!("the signal {key:?} is not known to this engine"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_finds_its_signal() {
        for &signal in Signal::all() {
            assert_eq!(Signal::from_key(&signal.key()), Some(signal));
        }
        assert_eq!(Signal::from_key("objection/weather"), None);
        assert_eq!(Signal::from_key("urgency/none"), None);
    }

    #[test]
    fn signals_are_told_in_plain_words() {
        let price = Signal::Objection(ObjectionCategory::Price);
        assert_eq!(price.describe(6), "Price objection in turn 7");
        assert_eq!(
            Signal::SalesIntent(SalesIntent::AsksDemo).describe(0),
            "Asks for a demo or a trial in turn 1"
        );
        let mut phrases: Vec<String> = Signal::all().iter().map(|s| s.phrase()).collect();
        let count = phrases.len();
        phrases.sort_unstable();
        phrases.dedup();
        assert_eq!(phrases.len(), count, "two signals sound alike");
    }
}
