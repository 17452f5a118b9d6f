//! The registry of model bundles.
//!
//! A signed manifest names every bundle and artifact by SHA-256. This crate says which manifest is trusted,
//! which artifact bytes are the ones it names, and what may replace what. It is given bytes and gives values:
//! it never opens a file and never speaks HTTP, so the browser, the Worker and the command line share it.
//!
//! Reading, in the order a face goes through it:
//!
//! ```
//! use rapport_registry::{Limits, RegistryError, SignedManifest, TrustState, TrustedKeys, verify_artifact};
//!
//! fn champion(registry_json: &[u8], state: &TrustState, now_unix: i64) -> Result<(), RegistryError> {
//!     let keys = TrustedKeys::from_build(
//!         option_env!("RAPPORT_TRUSTED_KEYS"),
//!         option_env!("RAPPORT_ALLOW_DEVELOPMENT_KEY") == Some("1"),
//!     )?;
//!     let verified = SignedManifest::parse(registry_json, &Limits::default())?.verify(&keys, state, now_unix)?;
//!     for (hash, artifact) in verified.manifest.bundle_artifacts("champion")? {
//!         let bytes = fetch(&format!("artifacts/{hash}"));
//!         verify_artifact(&hash, artifact, &bytes)?;
//!     }
//!     remember(&verified.trust_state());
//!     Ok(())
//! }
//! # fn fetch(_: &str) -> Vec<u8> { Vec::new() }
//! # fn remember(_: &TrustState) {}
//! ```

mod artifact;
mod change;
mod error;
mod hash;
mod key;
mod ledger;
mod limits;
mod manifest;
mod signed;
mod timestamp;
mod validate;

pub use artifact::{Artifact, ArtifactKind, verify_artifact};
pub use change::{Change, ChangeContext, NewBundle};
pub use error::RegistryError;
pub use hash::{ContentHash, bundle_id};
pub use key::{DEVELOPMENT_KEY_ID, DEVELOPMENT_PUBLIC_KEY, PublicKey, SigningKey, TrustedKeys};
pub use ledger::{Action, Ledger, LedgerEntry, LedgerLine};
pub use limits::Limits;
pub use manifest::{Alias, BundleEntry, Manifest, SCHEMA};
pub use signed::{Freshness, Signature, SignedManifest, TrustState, Verified, sign};
pub use timestamp::Timestamp;
