//! Keys: who may sign.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer, VerifyingKey};

use crate::RegistryError;
use crate::validate::check_name;

/// The id of the committed development key pair.
pub const DEVELOPMENT_KEY_ID: &str = "development";

/// The public half of the committed development key pair (`models/keys/development.public`). Anyone can sign
/// with it, so it is trusted only where that is asked for.
pub const DEVELOPMENT_PUBLIC_KEY: &str = "5198d2161784b5a9a6706f4fb2559515ea5ae4f49ce76fddda8e4932c18e2718";

/// What a secret key's text begins with, so that it is never mistaken for a public one.
const SECRET_PREFIX: &str = "rapport-ed25519-secret:";

/// A public key with its id, written `key_id:hex`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// True for the development key, under whatever id.
    pub fn is_development(&self) -> bool {
        hex::encode(self.as_bytes()) == DEVELOPMENT_PUBLIC_KEY
    }

    /// True when `signature` is this key's over exactly these bytes.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let malformed = |what: &str, reason| RegistryError::MalformedKey { what: what.to_owned(), reason };
        let text = text.trim();
        if text.starts_with(SECRET_PREFIX) {
            return Err(malformed(
                "public key",
                "this is a secret key: give the public one, and keep this one to yourself",
            ));
        }
        let (id, digits) =
            text.split_once(':').ok_or_else(|| malformed("public key", "`key_id:hex` is expected"))?;
        check_name("key", id)?;
        let what = format!("public key `{id}`");
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes)
            .map_err(|_| malformed(&what, "64 hexadecimal digits are expected after the colon"))?;
        let key = VerifyingKey::from_bytes(&bytes)
            .map_err(|_| malformed(&what, "these bytes are not an Ed25519 public key"))?;
        if key.is_weak() {
            return Err(malformed(&what, "this is a weak key, under which many signatures fit"));
        }
        Ok(Self { id: id.to_owned(), key })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, hex::encode(self.as_bytes()))
    }
}

/// A secret key with its id, written `rapport-ed25519-secret:key_id:hex`. Never shown by `Debug`, wiped when dropped.
pub struct SigningKey {
    id: String,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// A key from 32 random bytes.
    ///
    /// # Errors
    /// [`RegistryError::BadName`] for an id that is no name.
    pub fn from_seed(id: &str, seed: &[u8; 32]) -> Result<Self, RegistryError> {
        check_name("key", id)?;
        Ok(Self { id: id.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) })
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey { id: self.id.clone(), key: self.key.verifying_key() }
    }

    /// The text of a secret key file. Handle with care.
    pub fn to_secret_text(&self) -> String {
        format!("{SECRET_PREFIX}{}:{}", self.id, hex::encode(self.key.as_bytes()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl FromStr for SigningKey {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let malformed = |reason| RegistryError::MalformedKey { what: "secret key".into(), reason };
        let rest = text
            .trim()
            .strip_prefix(SECRET_PREFIX)
            .ok_or_else(|| malformed("`rapport-ed25519-secret:key_id:hex` is expected"))?;
        let (id, digits) =
            rest.split_once(':').ok_or_else(|| malformed("`key_id:hex` is expected after the prefix"))?;
        let mut seed = [0; 32];
        hex::decode_to_slice(digits, &mut seed)
            .map_err(|_| malformed("64 hexadecimal digits are expected after the last colon"))?;
        Self::from_seed(id, &seed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The public keys whose signature counts.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    keys: BTreeMap<String, PublicKey>,
}

impl TrustedKeys {
    /// The keys set when a face was built: `list` is `key_id:hex,…`
    /// (`option_env!("RAPPORT_TRUSTED_KEYS")`), and `allow_development` adds the committed development key
    /// (`option_env!("RAPPORT_ALLOW_DEVELOPMENT_KEY") == Some("1")`).
    ///
    /// # Errors
    /// A malformed key, one id for two keys, the development key in the list without being allowed, or no key at all.
    pub fn from_build(list: Option<&str>, allow_development: bool) -> Result<Self, RegistryError> {
        let mut keys = Self::default();
        if allow_development {
            keys.add(format!("{DEVELOPMENT_KEY_ID}:{DEVELOPMENT_PUBLIC_KEY}").parse()?, true)?;
        }
        for text in list.unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty()) {
            keys.add(text.parse()?, allow_development)?;
        }
        if keys.keys.is_empty() { Err(RegistryError::NoTrustedKeys) } else { Ok(keys) }
    }

    fn add(&mut self, key: PublicKey, allow_development: bool) -> Result<(), RegistryError> {
        if key.is_development() && !allow_development {
            return Err(RegistryError::DevelopmentKeyRefused);
        }
        // A foreign key under the development id would look like the development key in every message.
        let two_keys = self.keys.get(&key.id).is_some_and(|known| *known != key);
        if two_keys || (key.id == DEVELOPMENT_KEY_ID && !key.is_development()) {
            return Err(RegistryError::MalformedKey {
                what: format!("public key `{}`", key.id),
                reason: "this id belongs to another key",
            });
        }
        self.keys.insert(key.id.clone(), key);
        Ok(())
    }

    /// The key of this id, when it is trusted.
    pub fn get(&self, id: &str) -> Option<&PublicKey> {
        self.keys.get(id)
    }

    /// The trusted keys, by id.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }
}
