//! Which side a name stands for: the speaker words that everybody uses, and the names that the caller knows.

use std::collections::BTreeMap;

use crate::Speaker;

/// Names of people with the side that each is on, beside the words of [`Speaker::from_word`].
///
/// Meeting tools name speakers by person: `Ann Lee` instead of `Agent`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpeakerNames(BTreeMap<String, Speaker>);

impl SpeakerNames {
    /// No names.
    pub const NONE: Self = Self(BTreeMap::new());

    /// Adds a name, which is found in any case.
    #[must_use]
    pub fn with(mut self, name: &str, speaker: Speaker) -> Self {
        self.0.insert(key(name), speaker);
        self
    }

    /// The side of a name or speaker word.
    pub fn find(&self, name: &str) -> Option<Speaker> {
        self.0.get(&key(name)).copied().or_else(|| Speaker::from_word(name))
    }
}

fn key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
