//! The ledger: who changed what, when, why, with which metrics. One JSON object a line, each line holding the
//! hash of the one before, so that nothing in the middle can be altered, left out or put in unseen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Alias, ContentHash, Manifest, RegistryError, Timestamp};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A bundle was added, or its record changed.
    Publish,
    /// An alias was pointed at a bundle.
    Promote,
    /// An alias was pointed at a bundle that it pointed at before.
    Rollback,
    /// Bundles that nothing needs were removed.
    Gc,
    /// The manifest was signed again with a later expiry.
    Renew,
}

impl Action {
    /// The name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Gc => "gc",
            Self::Renew => "renew",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Hash of the line before, [`ContentHash::ZERO`] in the first line.
    pub prev: ContentHash,
    /// Manifest version that the change made.
    pub version: u64,
    /// When.
    pub when: Timestamp,
    /// Who.
    pub who: String,
    /// What was done.
    pub what: Action,
    /// Why.
    pub why: String,
    /// The alias that was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<Alias>,
    /// The bundle that was published, or that the alias points at now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<ContentHash>,
    /// The bundle that the alias pointed at before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ContentHash>,
    /// Metrics of `bundle` at that time.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metrics: Map<String, Value>,
    /// Bundles that were removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<ContentHash>,
}

/// One line: `{"entry":{…},"hash":"…"}`, where `hash` is the SHA-256 of the bytes of `entry` as they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerLine {
    /// The change.
    pub entry: LedgerEntry,
    /// Hash of the entry's bytes.
    pub hash: ContentHash,
    text: String,
}

impl LedgerLine {
    pub(crate) fn new(entry: LedgerEntry) -> Result<Self, RegistryError> {
        let json = serde_json::to_string(&entry)?;
        let hash = ContentHash::of(json.as_bytes());
        Ok(Self { entry, hash, text: format!("{{\"entry\":{json},\"hash\":\"{hash}\"}}\n") })
    }

    fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Line {
            entry: Box<RawValue>,
            hash: ContentHash,
        }
        let Line { entry: json, hash } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let found = ContentHash::of(json.get().as_bytes());
        if found != hash {
            return Err(format!("its hash is {found} instead of {hash}: the line was changed"));
        }
        let entry = serde_json::from_str(json.get()).map_err(|error| error.to_string())?;
        Ok(Self { entry, hash, text: format!("{text}\n") })
    }

    /// The line, with its newline.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The whole ledger, known to be an unbroken chain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    lines: Vec<LedgerLine>,
}

impl Ledger {
    /// Reads a ledger and verifies its chain: each line's hash, its link to the line before, and versions that
    /// grow by one from 1.
    ///
    /// # Errors
    /// [`RegistryError::BrokenLedger`] with the first line that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        let broken = |line: usize, reason: String| RegistryError::BrokenLedger { line, reason };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count();
            broken(line, "it is not UTF-8".into())
        })?;
        let mut ledger = Self::default();
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let number = index + 1;
            let line = line.strip_suffix('\n').ok_or_else(|| broken(number, "it has no end".into()))?;
            let line = LedgerLine::parse(line).map_err(|reason| broken(number, reason))?;
            ledger.push(line)?;
        }
        Ok(ledger)
    }

    /// Appends a line that continues the chain.
    ///
    /// # Errors
    /// [`RegistryError::BrokenLedger`] when it does not.
    pub fn push(&mut self, line: LedgerLine) -> Result<(), RegistryError> {
        let number = self.lines.len() + 1;
        let broken = |reason: String| Err(RegistryError::BrokenLedger { line: number, reason });
        if line.entry.prev != self.head() {
            return broken(format!("it continues {} instead of {}", line.entry.prev, self.head()));
        }
        if line.entry.version != number as u64 {
            return broken(format!("it makes version {} instead of {number}", line.entry.version));
        }
        self.lines.push(line);
        Ok(())
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> &[LedgerLine] {
        &self.lines
    }

    /// Hash of the last line, [`ContentHash::ZERO`] when there is none.
    pub fn head(&self) -> ContentHash {
        self.lines.last().map_or(ContentHash::ZERO, |line| line.hash)
    }

    /// The file's text.
    pub fn to_jsonl(&self) -> String {
        self.lines.iter().map(LedgerLine::as_str).collect()
    }

    /// Checks that this is the ledger that `manifest` vouches for: neither shortened nor continued.
    ///
    /// # Errors
    /// [`RegistryError::LedgerHeadDiffers`].
    pub fn check_head(&self, manifest: &Manifest) -> Result<(), RegistryError> {
        let expected = manifest.ledger.unwrap_or(ContentHash::ZERO);
        if self.head() == expected && self.lines.len() as u64 == manifest.version {
            return Ok(());
        }
        Err(RegistryError::LedgerHeadDiffers { version: manifest.version, expected, found: self.head() })
    }

    /// The bundles that `alias` pointed at, oldest first, without those that were rolled back; the last is the
    /// present one.
    pub fn history(&self, alias: &str) -> Vec<ContentHash> {
        self.histories().remove(alias).unwrap_or_default()
    }

    /// Bundles to keep so that each alias can be rolled back `steps` times.
    pub fn rollback_targets(&self, steps: usize) -> BTreeSet<ContentHash> {
        self.histories().into_values().flat_map(|history| history.into_iter().rev().take(steps + 1)).collect()
    }

    fn histories(&self) -> BTreeMap<Alias, Vec<ContentHash>> {
        let mut histories: BTreeMap<Alias, Vec<ContentHash>> = BTreeMap::new();
        for LedgerEntry { what, alias, bundle, .. } in self.lines.iter().map(|line| &line.entry) {
            let (Some(alias), Some(bundle)) = (alias, bundle) else { continue };
            let history = histories.entry(alias.clone()).or_default();
            match what {
                Action::Promote => history.push(*bundle),
                Action::Rollback => {
                    let kept = history.iter().rposition(|old| old == bundle).map_or(0, |at| at + 1);
                    history.truncate(kept);
                    if kept == 0 {
                        history.push(*bundle);
                    }
                }
                Action::Publish | Action::Gc | Action::Renew => {}
            }
        }
        histories
    }
}
