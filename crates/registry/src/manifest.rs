//! The manifest: what there is, and what is in use.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::validate::{check_name, validate};
use crate::{Artifact, ContentHash, Limits, RegistryError, Timestamp};

/// The manifest schema that this version reads and writes.
pub const SCHEMA: u64 = 1;

/// A movable name of a bundle, for example `champion`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Alias(String);

impl Alias {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Alias {
    type Err = RegistryError;

    fn from_str(name: &str) -> Result<Self, RegistryError> {
        check_name("alias", name)?;
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for Alias {
    type Error = RegistryError;

    fn try_from(name: String) -> Result<Self, RegistryError> {
        name.parse()
    }
}

impl From<Alias> for String {
    fn from(alias: Alias) -> Self {
        alias.0
    }
}

impl Borrow<str> for Alias {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of artifacts that work together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BundleEntry {
    /// Its artifacts, in the order of their names.
    pub artifacts: Vec<ContentHash>,
    /// Bundles it was made from, which need not be in the manifest any more.
    #[serde(default)]
    pub parents: Vec<ContentHash>,
    /// Metrics on held-out conversations, as `rapport evaluate --json` gives them.
    #[serde(default)]
    pub metrics: Map<String, Value>,
    /// When it was published.
    pub created_at: Timestamp,
    /// A line for people.
    #[serde(default)]
    pub note: String,
}

/// What the publisher signs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`SCHEMA`].
    pub schema: u64,
    /// Grows by one with every change; a face never goes back.
    pub version: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it should have been replaced by a newer one.
    pub expires_at: Timestamp,
    /// Names in use.
    pub aliases: BTreeMap<Alias, ContentHash>,
    /// Bundles by id.
    pub bundles: BTreeMap<ContentHash, BundleEntry>,
    /// Artifacts by SHA-256.
    pub artifacts: BTreeMap<ContentHash, Artifact>,
    /// Hash of the ledger's last line, so that the signature vouches for the ledger too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<ContentHash>,
}

impl Manifest {
    /// Reads a manifest, the value of `signed`, and checks every rule that needs no key: schema, limits, names,
    /// and that all that is named is there.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn from_json(json: &[u8], limits: &Limits) -> Result<Self, RegistryError> {
        // The schema comes first: what another schema looks like is unknown.
        #[derive(Deserialize)]
        struct Schema {
            schema: u64,
        }
        let Schema { schema } = serde_json::from_slice(json)?;
        if schema != SCHEMA {
            return Err(RegistryError::UnknownSchema { found: schema, known: SCHEMA });
        }
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.validate(limits)?;
        Ok(manifest)
    }

    /// Checks every rule that needs no key.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self, limits: &Limits) -> Result<(), RegistryError> {
        validate(self, limits)
    }

    /// The id of the bundle that `alias` points at.
    ///
    /// # Errors
    /// [`RegistryError::UnknownAlias`].
    pub fn resolve(&self, alias: &str) -> Result<ContentHash, RegistryError> {
        self.aliases.get(alias).copied().ok_or_else(|| {
            let known = self.aliases.keys().map(Alias::as_str).collect::<Vec<_>>().join(", ");
            RegistryError::UnknownAlias {
                alias: crate::hash::excerpt(alias),
                known: if known.is_empty() { "none".into() } else { known },
            }
        })
    }

    /// The artifacts of the bundle that `alias` points at, in the order of the bundle.
    ///
    /// # Errors
    /// [`RegistryError::UnknownAlias`]; [`RegistryError::UnknownBundle`] and [`RegistryError::MissingArtifact`]
    /// only for a manifest that was not validated.
    pub fn bundle_artifacts(&self, alias: &str) -> Result<Vec<(ContentHash, &Artifact)>, RegistryError> {
        self.artifacts_of(&self.resolve(alias)?)
    }

    /// The artifacts of a bundle, in the order of the bundle.
    ///
    /// # Errors
    /// [`RegistryError::UnknownBundle`]; [`RegistryError::MissingArtifact`] only for a manifest that was not
    /// validated.
    pub fn artifacts_of(&self, bundle: &ContentHash) -> Result<Vec<(ContentHash, &Artifact)>, RegistryError> {
        let entry = self.bundles.get(bundle).ok_or(RegistryError::UnknownBundle { bundle: *bundle })?;
        let find = |hash: &ContentHash| {
            let artifact = self.artifacts.get(hash);
            artifact
                .map(|artifact| (*hash, artifact))
                .ok_or(RegistryError::MissingArtifact { bundle: *bundle, artifact: *hash })
        };
        entry.artifacts.iter().map(find).collect()
    }
}
