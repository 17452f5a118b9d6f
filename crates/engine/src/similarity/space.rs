//! Which vectors can be compared with each other.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::pooled::POOLING_VERSION;
use crate::{EngineError, Reader};

/// Words, numbers and signs that any other encoder or tokenizer gives another vector.
const PROBE: &str = "Could you do 250 dollars, or is that too much? We're happy to wait until next week!";

/// Identifies the encoder and the pooling that made vectors. Vectors are the same bits on every machine, so the bits of
/// one vector tell encoders apart. Written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space(pub u64);

impl Space {
    /// The space of a reader's vectors. Costs the encoding of one text.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when the encoder fails.
    pub fn of(reader: &Reader) -> Result<Self, EngineError> {
        let vector = reader.embed(PROBE)?;
        let bytes = vector.iter().flat_map(|x| x.to_le_bytes());
        // FNV-1a: no defence against forgery, which an import on one's own device does not need.
        let hash = POOLING_VERSION
            .to_le_bytes()
            .into_iter()
            .chain(bytes)
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Ok(Self(hash))
    }
}

impl Serialize for Space {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Space {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| D::Error::custom("a space is 16 hexadecimal digits"))
    }
}
