//! What may replace what. Each change is a pure function from a manifest to the next version and the ledger's
//! line about it; the old manifest stays as it is.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use crate::ledger::{Action, Ledger, LedgerEntry, LedgerLine};
use crate::validate::MAX_VERSION;
use crate::{
    Alias, Artifact, BundleEntry, ContentHash, Manifest, RegistryError, SCHEMA, Timestamp, bundle_id,
};

/// Who changes something, why, and for how long the result holds.
#[derive(Debug, Clone)]
pub struct ChangeContext {
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// When: `issued_at` of the new version.
    pub when: Timestamp,
    /// `expires_at` of the new version.
    pub expires_at: Timestamp,
}

/// A bundle to publish.
#[derive(Debug, Clone)]
pub struct NewBundle {
    /// Its artifacts.
    pub artifacts: Vec<(ContentHash, Artifact)>,
    /// Bundles it was made from.
    pub parents: Vec<ContentHash>,
    /// Metrics on held-out conversations.
    pub metrics: Map<String, Value>,
    /// A line for people.
    pub note: String,
}

impl NewBundle {
    /// The id that it will have.
    pub fn id(&self) -> ContentHash {
        bundle_id(self.artifacts.iter().map(|(hash, artifact)| (artifact.name.as_str(), *hash)))
    }
}

/// The result of a change: sign `manifest`, append `line`.
#[derive(Debug, Clone)]
pub struct Change {
    /// The next version.
    pub manifest: Manifest,
    /// The ledger's line about it; `manifest.ledger` is its hash.
    pub line: LedgerLine,
}

impl Manifest {
    /// The manifest before the first version: version 0, which nobody signs or trusts.
    pub fn empty(when: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            version: 0,
            issued_at: when,
            expires_at: when,
            aliases: std::collections::BTreeMap::new(),
            bundles: std::collections::BTreeMap::new(),
            artifacts: std::collections::BTreeMap::new(),
            ledger: None,
        }
    }

    /// Adds a bundle, or replaces the record (metrics, note, parents, licences) of one that is there. An
    /// artifact that several bundles share is described by the newest of them.
    ///
    /// # Errors
    /// [`RegistryError::TwoNames`]; [`RegistryError::NothingToDo`] when all of it is there already.
    pub fn publish(&self, bundle: &NewBundle, context: &ChangeContext) -> Result<Change, RegistryError> {
        let id = bundle.id();
        let mut next = self.clone();
        for (hash, artifact) in &bundle.artifacts {
            if let Some(known) = self.artifacts.get(hash).filter(|known| known.name != artifact.name) {
                return Err(RegistryError::TwoNames {
                    hash: *hash,
                    name: known.name.clone(),
                    other: artifact.name.clone(),
                });
            }
            next.artifacts.insert(*hash, artifact.clone());
        }
        let mut artifacts = bundle.artifacts.clone();
        artifacts.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let entry = BundleEntry {
            artifacts: artifacts.into_iter().map(|(hash, _)| hash).collect(),
            parents: bundle.parents.clone(),
            metrics: bundle.metrics.clone(),
            created_at: self.bundles.get(&id).map_or(context.when, |known| known.created_at),
            note: bundle.note.clone(),
        };
        next.bundles.insert(id, entry);
        if next == *self {
            return nothing_to_do(format!("bundle {id} is published already, with the same record"));
        }
        let metrics = bundle.metrics.clone();
        next.follow(self, context, |line| LedgerEntry {
            what: Action::Publish,
            bundle: Some(id),
            metrics,
            ..line
        })
    }

    /// Points `alias` at a published bundle.
    ///
    /// # Errors
    /// [`RegistryError::UnknownBundle`]; [`RegistryError::NothingToDo`] when it points there already.
    pub fn promote(
        &self,
        alias: &Alias,
        bundle: &ContentHash,
        context: &ChangeContext,
    ) -> Result<Change, RegistryError> {
        self.repoint(Action::Promote, alias, bundle, context)
    }

    /// Points `alias` back at a bundle that it pointed at before: at `to`, or at the one before the present one.
    /// Like every change this is a new, higher version.
    ///
    /// # Errors
    /// [`RegistryError::NoRollback`] when `ledger` knows no such bundle; [`RegistryError::UnknownBundle`] when
    /// it was removed since; [`RegistryError::LedgerHeadDiffers`] when `ledger` is not this manifest's.
    pub fn rollback(
        &self,
        alias: &Alias,
        to: Option<&ContentHash>,
        ledger: &Ledger,
        context: &ChangeContext,
    ) -> Result<Change, RegistryError> {
        ledger.check_head(self)?;
        let no_rollback = |reason: String| RegistryError::NoRollback { alias: alias.to_string(), reason };
        let present = self.resolve(alias.as_str())?;
        let history = ledger.history(alias.as_str());
        let target =
            match to {
                Some(to) if history.contains(to) => *to,
                Some(to) => return Err(no_rollback(format!("it never pointed at {to}"))),
                None => *history.iter().rev().find(|old| **old != present).ok_or_else(|| {
                    no_rollback("the ledger knows nothing that it pointed at before".into())
                })?,
            };
        self.repoint(Action::Rollback, alias, &target, context)
    }

    /// Removes the bundles that no alias points at and that are not in `keep`, and the artifacts that no
    /// bundle needs then.
    ///
    /// # Errors
    /// [`RegistryError::NothingToDo`] when all is needed.
    pub fn gc(&self, keep: &BTreeSet<ContentHash>, context: &ChangeContext) -> Result<Change, RegistryError> {
        let aliased: BTreeSet<ContentHash> = self.aliases.values().copied().collect();
        let mut next = self.clone();
        next.bundles.retain(|id, _| aliased.contains(id) || keep.contains(id));
        let needed: BTreeSet<ContentHash> =
            next.bundles.values().flat_map(|b| b.artifacts.iter().copied()).collect();
        next.artifacts.retain(|hash, _| needed.contains(hash));
        if next == *self {
            return nothing_to_do("every bundle is in use or kept for a rollback".into());
        }
        let removed = self.bundles.keys().filter(|id| !next.bundles.contains_key(id)).copied().collect();
        next.follow(self, context, |line| LedgerEntry { what: Action::Gc, removed, ..line })
    }

    /// The same content with a later expiry.
    ///
    /// # Errors
    /// [`RegistryError::BadVersion`] when versions are used up.
    pub fn renew(&self, context: &ChangeContext) -> Result<Change, RegistryError> {
        self.clone().follow(self, context, |line| LedgerEntry { what: Action::Renew, ..line })
    }

    fn repoint(
        &self,
        what: Action,
        alias: &Alias,
        bundle: &ContentHash,
        context: &ChangeContext,
    ) -> Result<Change, RegistryError> {
        let entry = self.bundles.get(bundle).ok_or(RegistryError::UnknownBundle { bundle: *bundle })?;
        let mut next = self.clone();
        let from = next.aliases.insert(alias.clone(), *bundle);
        if from == Some(*bundle) {
            return nothing_to_do(format!("`{alias}` points at {bundle} already"));
        }
        let (alias, metrics) = (Some(alias.clone()), entry.metrics.clone());
        next.follow(self, context, |line| LedgerEntry {
            what,
            alias,
            bundle: Some(*bundle),
            from,
            metrics,
            ..line
        })
    }

    /// Makes `self` the version after `previous` and writes the ledger's line, which `describe` completes.
    fn follow(
        mut self,
        previous: &Self,
        context: &ChangeContext,
        describe: impl FnOnce(LedgerEntry) -> LedgerEntry,
    ) -> Result<Change, RegistryError> {
        if previous.version >= MAX_VERSION {
            return Err(RegistryError::BadVersion { found: previous.version.saturating_add(1) });
        }
        self.version = previous.version + 1;
        self.issued_at = context.when;
        self.expires_at = context.expires_at;
        let line = LedgerLine::new(describe(LedgerEntry {
            prev: previous.ledger.unwrap_or(ContentHash::ZERO),
            version: self.version,
            when: context.when,
            who: context.who.clone(),
            what: Action::Renew,
            why: context.why.clone(),
            alias: None,
            bundle: None,
            from: None,
            metrics: Map::new(),
            removed: Vec::new(),
        }))?;
        self.ledger = Some(line.hash);
        Ok(Change { manifest: self, line })
    }
}

fn nothing_to_do(reason: String) -> Result<Change, RegistryError> {
    Err(RegistryError::NothingToDo { reason })
}
