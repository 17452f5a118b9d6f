//! A set of past conversations as bytes: `reference.bin` of a bundle, and what a user keeps.
//!
//! Little-endian: the magic `RAPPAST1`, space `u64`, width `u32`, conversations `u32`; then of each conversation the
//! length of its name `u8`, the name in UTF-8, the outcome `u8` (1 won, 0 lost), its turns `u32`, and `width` values
//! `i8` within ±63. The scale of a vector is not kept: it has length 1.

use rapport_conversation::Outcome;
use rapport_inference::{RoundedRow, unit_scale};

use super::reference::{MAX_PAST, Past, PastError, ReferenceSet};
use super::space::Space;

const MAGIC: &[u8; 8] = b"RAPPAST1";
/// What a conversation takes beside its name and its values.
const FIXED: usize = 1 + 1 + 4;

impl ReferenceSet {
    /// The set as bytes; the same set always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24 + self.len() * (FIXED + 32 + self.width()));
        bytes.extend(MAGIC);
        bytes.extend(self.space().0.to_le_bytes());
        bytes.extend((self.width() as u32).to_le_bytes());
        bytes.extend((self.len() as u32).to_le_bytes());
        for (at, past) in self.past().iter().enumerate() {
            // Names are limited to 200 bytes when they are added.
            bytes.push(past.id.len() as u8);
            bytes.extend(past.id.as_bytes());
            bytes.push(u8::from(past.outcome == Outcome::Won));
            bytes.extend(past.turns.to_le_bytes());
            bytes.extend(self.row(at).1.iter().map(|&q| q as u8));
        }
        bytes
    }

    /// Reads a set of vectors of `width` values. Everything is checked; no more is allocated than the bytes hold.
    ///
    /// # Errors
    /// [`PastError::Unreadable`] naming what is wrong.
    pub fn from_bytes(bytes: &[u8], width: usize) -> Result<Self, PastError> {
        let mut input = Input(bytes);
        if input.take(MAGIC.len())? != MAGIC {
            return refuse("they do not begin with RAPPAST1");
        }
        let space = Space(u64::from_le_bytes(input.array()?));
        let found = u32::from_le_bytes(input.array()?) as usize;
        if found != width {
            return refuse(format!("vectors of {found} values, this engine's have {width}"));
        }
        let rows = u32::from_le_bytes(input.array()?) as usize;
        if rows > MAX_PAST {
            return refuse(format!("{rows} conversations, {MAX_PAST} are the most"));
        }
        let mut set = Self::new(space, width);
        for number in 1..=rows {
            let [length] = input.array()?;
            let id = std::str::from_utf8(input.take(length.into())?)
                .map_err(|_| unreadable(format!("the name of conversation {number} is not UTF-8")))?;
            let outcome = match input.array()? {
                [0] => Outcome::Lost,
                [1] => Outcome::Won,
                [other] => return refuse(format!("outcome {other} of conversation {number}")),
            };
            let turns = u32::from_le_bytes(input.array()?);
            let values: Vec<i8> = input.take(width)?.iter().map(|&b| b as i8).collect();
            if values.iter().any(|q| !(-63..=63).contains(q)) {
                return refuse(format!("a value of conversation {number} is beyond ±63"));
            }
            let row = RoundedRow { scale: unit_scale(&values), values };
            set.add_row(Past { id: id.to_owned(), outcome, turns }, &row)
                .map_err(|e| unreadable(format!("conversation {number}: {e}")))?;
            if set.len() != number {
                return refuse(format!("conversation {number} has the name of an earlier one"));
            }
        }
        if !input.0.is_empty() {
            return refuse(format!("{} bytes after the last conversation", input.0.len()));
        }
        Ok(set)
    }
}

fn unreadable(reason: impl Into<String>) -> PastError {
    PastError::Unreadable(reason.into())
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, PastError> {
    Err(unreadable(reason))
}

/// What has not been read yet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], PastError> {
        match self.0.split_at_checked(count) {
            Some((taken, rest)) => {
                self.0 = rest;
                Ok(taken)
            }
            None => refuse("they end too early"),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PastError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::reference::tests::{past, set};
    use super::*;

    fn bytes() -> Vec<u8> {
        let mut set = set(&[0.0, 33.0], &[120.0]);
        set.add(past("naïve ☺", Outcome::Lost), &[0.0, 0.0]).unwrap();
        set.to_bytes()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let read = ReferenceSet::from_bytes(&bytes(), 2).unwrap();
        assert_eq!(read.to_bytes(), bytes());
        assert_eq!((read.space(), read.len(), read.past()[3].id.as_str()), (Space(7), 4, "naïve ☺"));
        let original = set(&[0.0, 33.0], &[120.0]).similarities(&[0.6, 0.8]).unwrap();
        assert_eq!(read.similarities(&[0.6, 0.8]).unwrap()[..3], original);
        let none = ReferenceSet::new(Space(1), 2).to_bytes();
        assert!(ReferenceSet::from_bytes(&none, 2).unwrap().is_empty());
    }

    #[test]
    fn every_truncation_and_every_addition_is_refused() {
        let bytes = bytes();
        for end in 0..bytes.len() {
            assert!(ReferenceSet::from_bytes(&bytes[..end], 2).is_err(), "cut at {end}");
        }
        assert!(ReferenceSet::from_bytes(&[&bytes[..], &[0]].concat(), 2).is_err());
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes();
            bytes[at] = byte;
            ReferenceSet::from_bytes(&bytes, 2).unwrap_err().to_string()
        };
        assert!(with(0, b'X').contains("RAPPAST1"));
        assert!(with(16, 3).contains("vectors of 3 values"));
        assert!(with(23, 1).contains("10000 are the most"), "{}", with(23, 1));
        // The first conversation: its name's length at 24, "at 0" from 25, the outcome at 29, values from 34.
        assert!(with(24, 0).contains("conversation 1"), "{}", with(24, 0));
        assert!(with(25, 0xff).contains("UTF-8"));
        assert!(with(29, 2).contains("outcome 2 of conversation 1"));
        assert!(with(34, 64).contains("beyond ±63"));
        let mut twice = bytes();
        // One more than there are, and the first again at the end.
        twice[20] += 1;
        let first = twice[24..36].to_vec();
        twice.extend(first);
        let error = ReferenceSet::from_bytes(&twice, 2).unwrap_err().to_string();
        assert!(error.contains("name of an earlier one"), "{error}");
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(
            changes in prop::collection::vec((0usize..80, any::<u8>()), 1..8),
            width in 0usize..4,
        ) {
            let mut bytes = bytes();
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            let _ = ReferenceSet::from_bytes(&bytes, width);
            if let Ok(set) = ReferenceSet::from_bytes(&bytes, 2) {
                // What is accepted can be used and written again.
                prop_assert_eq!(set.to_bytes(), bytes);
                let found = set.similarities(&[0.6, 0.8]).unwrap();
                prop_assert!(found.iter().all(|s| (-1.0..=1.0).contains(s)));
            }
        }

        #[test]
        fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let with_magic = [&MAGIC[..], &bytes].concat();
            prop_assert!(ReferenceSet::from_bytes(&bytes, 2).is_err());
            let _ = ReferenceSet::from_bytes(&with_magic, 2);
        }
    }
}
