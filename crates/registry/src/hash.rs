//! SHA-256 as the name of a thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::RegistryError;

/// A SHA-256, written as 64 lowercase hexadecimal digits. Being a type of its own, it is always safe in a
/// path or an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Sixty-four zeros: what the first line of a ledger names as its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 digits, for tables.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl FromStr for ContentHash {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let malformed = || RegistryError::MalformedHash { value: excerpt(text) };
        // Upper case is refused: one thing must have one name.
        if text.len() != 64 || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(malformed());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| malformed())?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = ContentHash;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SHA-256 in 64 lowercase hexadecimal digits")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<ContentHash, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// At most 80 characters of `text`, for a message.
pub(crate) fn excerpt(text: &str) -> String {
    if text.chars().count() <= 80 {
        text.to_owned()
    } else {
        text.chars().take(77).chain("...".chars()).collect()
    }
}

/// The id of a bundle: the SHA-256 of its sorted lines `name sha256\n`. Order and repetition of the input do
/// not matter.
pub fn bundle_id<'a>(artifacts: impl IntoIterator<Item = (&'a str, ContentHash)>) -> ContentHash {
    let mut lines: Vec<String> =
        artifacts.into_iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
    lines.sort_unstable();
    lines.dedup();
    ContentHash::of(lines.concat().as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_sha256sum_does() {
        assert_eq!(
            ContentHash::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn refuses_what_is_no_hash() {
        for text in
            ["", "ab", "../../etc/passwd", &"g".repeat(64), &"A".repeat(64), &"a".repeat(65), &"é".repeat(32)]
        {
            assert!(text.parse::<ContentHash>().is_err(), "{text}");
        }
        let hash: ContentHash = "a".repeat(64).parse().unwrap();
        assert_eq!(serde_json::to_string(&hash).unwrap(), format!("\"{}\"", "a".repeat(64)));
    }

    #[test]
    fn bundle_id_is_the_hash_of_sorted_lines() {
        let (a, b) = (ContentHash::of(b"a"), ContentHash::of(b"b"));
        let expected = ContentHash::of(format!("bundle.json {b}\nencoder.onnx {a}\n").as_bytes());
        assert_eq!(bundle_id([("encoder.onnx", a), ("bundle.json", b)]), expected);
        assert_eq!(bundle_id([("bundle.json", b), ("encoder.onnx", a)]), expected);
        assert_ne!(bundle_id([("bundle.json", a), ("encoder.onnx", b)]), expected);
    }
}
