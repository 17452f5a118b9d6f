//! The signature around a manifest, and what it takes to be trusted.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::validate::{check_bytes, check_signatures};
use crate::{ContentHash, Limits, Manifest, RegistryError, SigningKey, Timestamp, TrustedKeys};

/// One Ed25519 signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Id of the key.
    pub key_id: String,
    /// 64 bytes in hexadecimal.
    pub signature: String,
}

/// `registry.json`: the bytes of a manifest with the signatures over exactly these bytes.
#[derive(Debug, Clone)]
pub struct SignedManifest {
    signed: Box<RawValue>,
    signatures: Vec<Signature>,
    limits: Limits,
}

/// What was trusted before. Kept by every face, so that nobody can hand it an older manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustState {
    /// Highest version trusted so far; 0 when there was none.
    pub last_version: u64,
    /// Hash of that version's signed bytes, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_digest: Option<ContentHash>,
}

impl TrustState {
    /// Nothing below `last_version` is trusted any more.
    pub fn at(last_version: u64) -> Self {
        Self { last_version, last_digest: None }
    }
}

/// How a manifest stands to its expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Freshness {
    /// Not expired.
    Fresh {
        /// Seconds until it expires.
        expires_in_seconds: i64,
    },
    /// Expired, still answered from: someone is offline, or the publisher is late. Say so.
    ExpiredWithinGrace {
        /// Seconds since it expired.
        expired_for_seconds: i64,
        /// Seconds until it is refused.
        refused_in_seconds: i64,
    },
}

/// A manifest that passed every check.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The manifest.
    pub manifest: Manifest,
    /// How it stands to its expiry.
    pub freshness: Freshness,
    /// The trusted keys that signed it.
    pub key_ids: Vec<String>,
    /// SHA-256 of its signed bytes.
    pub digest: ContentHash,
}

impl Verified {
    /// What to remember for the next verification.
    pub fn trust_state(&self) -> TrustState {
        TrustState { last_version: self.manifest.version, last_digest: Some(self.digest) }
    }
}

impl SignedManifest {
    /// Reads the envelope. Nothing in it is trusted before [`SignedManifest::verify`].
    ///
    /// # Errors
    /// Too many bytes or signatures, or not the JSON that it should be.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, RegistryError> {
        #[derive(Deserialize)]
        struct Envelope {
            signed: Box<RawValue>,
            signatures: Vec<Signature>,
        }
        check_bytes(bytes.len(), limits)?;
        let Envelope { signed, signatures } = serde_json::from_slice(bytes)?;
        check_signatures(signatures.len(), limits)?;
        Ok(Self { signed, signatures, limits: *limits })
    }

    /// The manifest's bytes, as they are signed.
    pub fn signed_bytes(&self) -> &[u8] {
        self.signed.get().as_bytes()
    }

    /// The signatures.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Checks the signature, every rule of the manifest, the version against what was trusted before, and the
    /// expiry at `now_unix` (Unix seconds), in this order.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(
        &self,
        keys: &TrustedKeys,
        state: &TrustState,
        now_unix: i64,
    ) -> Result<Verified, RegistryError> {
        // Nothing inside the manifest is read before its signature is known to be right.
        let key_ids = self.verify_signatures(keys)?;
        let manifest = Manifest::from_json(self.signed_bytes(), &self.limits)?;
        let digest = ContentHash::of(self.signed_bytes());
        if manifest.version < state.last_version {
            return Err(RegistryError::OlderVersion { found: manifest.version, last: state.last_version });
        }
        if manifest.version == state.last_version && state.last_digest.is_some_and(|last| last != digest) {
            return Err(RegistryError::SameVersionDiffers { version: manifest.version });
        }
        let freshness = freshness(manifest.expires_at, now_unix, self.limits.expiry_grace_seconds)?;
        Ok(Verified { manifest, freshness, key_ids, digest })
    }

    /// One signature by a trusted key is enough; a trusted key's signature that does not fit is always refused.
    fn verify_signatures(&self, keys: &TrustedKeys) -> Result<Vec<String>, RegistryError> {
        let mut signed_by = Vec::new();
        for Signature { key_id, signature } in &self.signatures {
            let Some(key) = keys.get(key_id) else { continue };
            let mut bytes = [0; 64];
            let fits = hex::decode_to_slice(signature, &mut bytes).is_ok()
                && key.verifies(self.signed_bytes(), &bytes);
            if !fits {
                return Err(RegistryError::WrongSignature { key_id: key_id.clone() });
            }
            signed_by.push(key_id.clone());
        }
        if signed_by.is_empty() {
            let list = |ids: Vec<&str>| if ids.is_empty() { "nobody".to_owned() } else { ids.join(", ") };
            return Err(RegistryError::UnknownKey {
                found: crate::hash::excerpt(&list(
                    self.signatures.iter().map(|s| s.key_id.as_str()).collect(),
                )),
                trusted: list(keys.iter().map(crate::PublicKey::id).collect()),
            });
        }
        Ok(signed_by)
    }

    /// The text of `registry.json`.
    pub fn to_json(&self) -> String {
        let signatures: Vec<String> = self
            .signatures
            .iter()
            .map(|Signature { key_id, signature }| {
                let text = |value: &str| serde_json::Value::from(value).to_string();
                format!("{{\"key_id\": {}, \"signature\": {}}}", text(key_id), text(signature))
            })
            .collect();
        format!("{{\n\"signed\": {},\n\"signatures\": [{}]\n}}\n", self.signed.get(), signatures.join(", "))
    }
}

fn freshness(expires_at: Timestamp, now_unix: i64, grace_seconds: i64) -> Result<Freshness, RegistryError> {
    let left = expires_at.unix().saturating_sub(now_unix);
    if left > 0 {
        return Ok(Freshness::Fresh { expires_in_seconds: left });
    }
    let refused_in_seconds = left.saturating_add(grace_seconds);
    if refused_in_seconds > 0 {
        return Ok(Freshness::ExpiredWithinGrace {
            expired_for_seconds: left.saturating_neg(),
            refused_in_seconds,
        });
    }
    Err(RegistryError::Expired { expires_at, grace_seconds })
}

/// Signs a manifest that keeps every rule. The signed text is indented, so that changes of a committed
/// `registry.json` can be read line by line.
///
/// # Errors
/// The first rule of the manifest that is broken, or too many bytes for `limits`.
pub fn sign(manifest: &Manifest, key: &SigningKey, limits: &Limits) -> Result<SignedManifest, RegistryError> {
    manifest.validate(limits)?;
    let signed = RawValue::from_string(serde_json::to_string_pretty(manifest)?)?;
    let signature =
        Signature { key_id: key.id().to_owned(), signature: hex::encode(key.sign(signed.get().as_bytes())) };
    let signed = SignedManifest { signed, signatures: vec![signature], limits: *limits };
    check_bytes(signed.to_json().len(), limits)?;
    Ok(signed)
}
