//! Why something is refused.

use crate::ContentHash;

/// Everything that the registry refuses, each with what was found and what would mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The envelope or the manifest is not the JSON that it should be.
    #[error("the manifest can't be read: {0}")]
    MalformedManifest(#[from] serde_json::Error),
    /// A hash is not 64 lowercase hexadecimal digits.
    #[error("malformed hash `{value}`: a SHA-256 in 64 lowercase hexadecimal digits is expected")]
    MalformedHash {
        /// What was found, shortened.
        value: String,
    },
    /// A time is not RFC 3339.
    #[error("malformed time `{value}`: RFC 3339 is expected, for example 2026-11-20T06:00:00Z")]
    MalformedTimestamp {
        /// What was found, shortened.
        value: String,
    },
    /// A name could leave its folder or confuse a reader.
    #[error("bad {what} name `{value}`: {rule}")]
    BadName {
        /// `artifact`, `alias`, `key`, …
        what: &'static str,
        /// What was found, shortened.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A text field is longer than allowed or holds control characters.
    #[error("bad {what} of `{of}`: at most {limit} characters, none of them control characters")]
    BadText {
        /// The field.
        what: &'static str,
        /// The thing it belongs to.
        of: String,
        /// The most characters allowed.
        limit: usize,
    },
    /// More than the limits allow.
    #[error("{what} too large: {found}, the limit is {limit}")]
    TooLarge {
        /// What is counted, with its unit.
        what: String,
        /// How much there is.
        found: u64,
        /// The most allowed.
        limit: u64,
    },
    /// The manifest is written for another version of this software.
    #[error("unknown manifest schema {found}: this version reads schema {known}; update Rapport")]
    UnknownSchema {
        /// Schema of the manifest.
        found: u64,
        /// The schema that is understood.
        known: u64,
    },
    /// Zero, or beyond what JavaScript counts exactly.
    #[error("bad manifest version {found}: 1 to 9007199254740991 is expected")]
    BadVersion {
        /// Version of the manifest.
        found: u64,
    },
    /// The manifest expires before it is issued.
    #[error("the manifest expires ({expires_at}) before it is issued ({issued_at})")]
    BadValidity {
        /// `issued_at`.
        issued_at: crate::Timestamp,
        /// `expires_at`.
        expires_at: crate::Timestamp,
    },
    /// An alias points at a bundle that is not in the manifest.
    #[error("alias `{alias}` points at bundle {bundle}, which is not in the manifest")]
    AliasWithoutBundle {
        /// The alias.
        alias: String,
        /// What it points at.
        bundle: ContentHash,
    },
    /// A bundle names an artifact that is not in the manifest.
    #[error("bundle {bundle} names artifact {artifact}, which is not in the manifest")]
    MissingArtifact {
        /// The bundle.
        bundle: ContentHash,
        /// The artifact.
        artifact: ContentHash,
    },
    /// A bundle holds nothing, the same artifact twice, or two artifacts of one name.
    #[error("bundle {bundle}: {reason}")]
    BadBundle {
        /// The bundle.
        bundle: ContentHash,
        /// What is wrong.
        reason: String,
    },
    /// A bundle's id is not the hash of its artifacts.
    #[error("bundle {stated} holds the artifacts of bundle {computed}")]
    WrongBundleId {
        /// The id in the manifest.
        stated: ContentHash,
        /// The id of its artifacts.
        computed: ContentHash,
    },
    /// No such alias.
    #[error("no alias `{alias}` in the manifest (there is: {known})")]
    UnknownAlias {
        /// What was asked for.
        alias: String,
        /// The aliases there are.
        known: String,
    },
    /// No such bundle.
    #[error("no bundle {bundle} in the manifest; publish it first")]
    UnknownBundle {
        /// What was asked for.
        bundle: ContentHash,
    },
    /// No key is trusted at all.
    #[error(
        "no public key is trusted: set RAPPORT_TRUSTED_KEYS=\"key_id:hex,...\" at build, \
         or RAPPORT_ALLOW_DEVELOPMENT_KEY=1 for the development key"
    )]
    NoTrustedKeys,
    /// A key is not `key_id:hex`, or not a point on the curve.
    #[error("malformed {what}: {reason}")]
    MalformedKey {
        /// Which key; a secret key's text is never repeated.
        what: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The development key is used where it is not allowed.
    #[error(
        "the development key is public and signs for nobody: use a key of your own (`rapport registry keygen`), \
         or allow it explicitly"
    )]
    DevelopmentKeyRefused,
    /// No signature is by a trusted key.
    #[error("signed by {found}, none of which is trusted (trusted: {trusted})")]
    UnknownKey {
        /// Key ids on the manifest.
        found: String,
        /// Key ids that are trusted.
        trusted: String,
    },
    /// A trusted key's signature does not fit the manifest's bytes.
    #[error("wrong signature by key `{key_id}`: the manifest was changed after it was signed")]
    WrongSignature {
        /// The key that is said to have signed.
        key_id: String,
    },
    /// Older than what was trusted before.
    #[error("manifest version {found} is older than version {last}, which was trusted before")]
    OlderVersion {
        /// Version of the manifest.
        found: u64,
        /// Last version trusted.
        last: u64,
    },
    /// The same version as trusted before, with another content.
    #[error("manifest version {version} was trusted before with another content: publish a higher version")]
    SameVersionDiffers {
        /// The version.
        version: u64,
    },
    /// Expired, and the grace is over.
    #[error(
        "the manifest expired at {expires_at} and its grace of {grace_seconds} s is over: sign a new version"
    )]
    Expired {
        /// When it expired.
        expires_at: crate::Timestamp,
        /// Grace in seconds.
        grace_seconds: i64,
    },
    /// An artifact's length is not the one in the manifest.
    #[error("artifact `{name}` has {found} bytes instead of {expected}")]
    WrongLength {
        /// Name of the artifact.
        name: String,
        /// Bytes in the manifest.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// An artifact's hash is not the one in the manifest.
    #[error("artifact `{name}` has SHA-256 {found} instead of {expected}")]
    WrongHash {
        /// Name of the artifact.
        name: String,
        /// Hash in the manifest.
        expected: ContentHash,
        /// Hash found.
        found: ContentHash,
    },
    /// The ledger is not the unbroken chain that it should be.
    #[error("ledger line {line}: {reason}")]
    BrokenLedger {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The ledger ends elsewhere than the manifest says.
    #[error("the ledger ends at {found}, the manifest (version {version}) says {expected}")]
    LedgerHeadDiffers {
        /// Version of the manifest.
        version: u64,
        /// Hash in the manifest.
        expected: ContentHash,
        /// Hash of the ledger's last line.
        found: ContentHash,
    },
    /// An artifact of this content is there under another name.
    #[error("artifact {hash} is `{name}` already, it can't be `{other}` too: one content has one name")]
    TwoNames {
        /// The content.
        hash: ContentHash,
        /// Its name in the manifest.
        name: String,
        /// The name asked for.
        other: String,
    },
    /// The alias never pointed anywhere else.
    #[error("alias `{alias}` can't be rolled back: {reason}")]
    NoRollback {
        /// The alias.
        alias: String,
        /// Why not.
        reason: String,
    },
    /// The change would change nothing.
    #[error("nothing to do: {reason}")]
    NothingToDo {
        /// Why.
        reason: String,
    },
}

impl RegistryError {
    /// A stable name for the reason, for typed errors in other languages and for logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MalformedManifest(_) => "malformed_manifest",
            Self::MalformedHash { .. } => "malformed_hash",
            Self::MalformedTimestamp { .. } => "malformed_timestamp",
            Self::BadName { .. } => "bad_name",
            Self::BadText { .. } => "bad_text",
            Self::TooLarge { .. } => "too_large",
            Self::UnknownSchema { .. } => "unknown_schema",
            Self::BadVersion { .. } => "bad_version",
            Self::BadValidity { .. } => "bad_validity",
            Self::AliasWithoutBundle { .. } => "alias_without_bundle",
            Self::MissingArtifact { .. } => "missing_artifact",
            Self::BadBundle { .. } => "bad_bundle",
            Self::WrongBundleId { .. } => "wrong_bundle_id",
            Self::UnknownAlias { .. } => "unknown_alias",
            Self::UnknownBundle { .. } => "unknown_bundle",
            Self::NoTrustedKeys => "no_trusted_keys",
            Self::MalformedKey { .. } => "malformed_key",
            Self::DevelopmentKeyRefused => "development_key_refused",
            Self::UnknownKey { .. } => "unknown_key",
            Self::WrongSignature { .. } => "wrong_signature",
            Self::OlderVersion { .. } => "older_version",
            Self::SameVersionDiffers { .. } => "same_version_differs",
            Self::Expired { .. } => "expired",
            Self::WrongLength { .. } => "wrong_length",
            Self::WrongHash { .. } => "wrong_hash",
            Self::BrokenLedger { .. } => "broken_ledger",
            Self::LedgerHeadDiffers { .. } => "ledger_head_differs",
            Self::TwoNames { .. } => "two_names",
            Self::NoRollback { .. } => "no_rollback",
            Self::NothingToDo { .. } => "nothing_to_do",
        }
    }
}
