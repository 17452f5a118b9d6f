//! The registry's checks for JavaScript.

use rapport_registry::{
    ContentHash, Freshness, Limits, RegistryError, SignedManifest, TrustState, TrustedKeys, Verified,
    verify_artifact,
};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{to_js, wrong_argument};
use crate::value::object;

/// A manifest that passed every check.
#[wasm_bindgen]
pub struct VerifiedManifest {
    inner: Verified,
}

/// The bundle that an alias names.
#[derive(Serialize)]
struct Bundle<'a> {
    id: ContentHash,
    artifacts: Vec<BundleArtifact<'a>>,
}

#[derive(Serialize)]
struct BundleArtifact<'a> {
    name: &'a str,
    sha256: ContentHash,
    bytes: u64,
    kind: &'a str,
}

#[wasm_bindgen]
impl VerifiedManifest {
    /// Checks `registry.json`: signature, rules, version, expiry.
    ///
    /// `trust` is the `trust` of the manifest that was accepted last, if there was one; `now_ms` is `Date.now()`.
    pub fn verify(bytes: &[u8], trust: Option<String>, now_ms: f64) -> Result<VerifiedManifest, JsValue> {
        let state = trust.map_or(Ok(TrustState::default()), |text| serde_json::from_str(&text));
        let state =
            state.map_err(|e| wrong_argument(&format!("the kept trust state cannot be read: {e}")))?;
        let inner = verify(bytes, &state, (now_ms / 1000.0) as i64).map_err(|e| to_js(&e))?;
        Ok(Self { inner })
    }

    /// The manifest's version.
    #[wasm_bindgen(getter)]
    pub fn version(&self) -> f64 {
        self.inner.manifest.version as f64
    }

    /// When it expires, RFC 3339.
    #[wasm_bindgen(getter, js_name = expiresAt)]
    pub fn expires_at(&self) -> String {
        self.inner.manifest.expires_at.into()
    }

    /// `fresh`, or `expired_within_grace`: still usable, soon refused.
    #[wasm_bindgen(getter)]
    pub fn freshness(&self) -> String {
        match self.inner.freshness {
            Freshness::Fresh { .. } => "fresh",
            Freshness::ExpiredWithinGrace { .. } => "expired_within_grace",
        }
        .into()
    }

    /// What to keep and hand to the next [`VerifiedManifest::verify`], so that no older manifest is accepted.
    #[wasm_bindgen(getter)]
    pub fn trust(&self) -> Result<String, JsValue> {
        serde_json::to_string(&self.inner.trust_state()).map_err(|e| to_js(&RegistryError::from(e)))
    }

    /// The bundle that an alias names: `{id, artifacts: [{name, sha256, bytes, kind}]}`.
    pub fn bundle(&self, alias: &str) -> Result<JsValue, JsValue> {
        let manifest = &self.inner.manifest;
        let artifacts = manifest.bundle_artifacts(alias).map_err(|e| to_js(&e))?;
        object(&Bundle {
            id: manifest.resolve(alias).map_err(|e| to_js(&e))?,
            artifacts: artifacts
                .iter()
                .map(|(sha256, a)| BundleArtifact {
                    name: &a.name,
                    sha256: *sha256,
                    bytes: a.bytes,
                    kind: a.kind.name(),
                })
                .collect(),
        })
    }

    /// Throws unless `bytes` are the artifact that the manifest names by `sha256`.
    #[wasm_bindgen(js_name = verifyArtifact)]
    pub fn verify_artifact(&self, sha256: &str, bytes: &[u8]) -> Result<(), JsValue> {
        self.check(sha256, bytes).map_err(|e| to_js(&e))
    }
}

impl VerifiedManifest {
    fn check(&self, sha256: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        let hash: ContentHash = sha256.parse()?;
        match self.inner.manifest.artifacts.get(&hash) {
            Some(artifact) => verify_artifact(&hash, artifact, bytes),
            // An artifact that the manifest does not name has no right bytes at all.
            None => Err(RegistryError::WrongHash {
                name: "not in the manifest".into(),
                expected: hash,
                found: ContentHash::of(bytes),
            }),
        }
    }
}

fn verify(bytes: &[u8], state: &TrustState, now_unix: i64) -> Result<Verified, RegistryError> {
    let keys = TrustedKeys::from_build(
        option_env!("RAPPORT_TRUSTED_KEYS"),
        option_env!("RAPPORT_ALLOW_DEVELOPMENT_KEY") == Some("1"),
    )?;
    SignedManifest::parse(bytes, &Limits::default())?.verify(&keys, state, now_unix)
}
