//! Verified artifacts that stay in the isolate, by hash, so that a new bundle fetches only what changed.

use std::cell::RefCell;
use std::collections::HashMap;

use rapport_registry::ContentHash;

/// Small artifacts by hash, within a budget.
///
/// The encoder stays out on purpose: it is large, the engine holds it in its own form, and 128 MB are all there is.
#[derive(Debug)]
pub(crate) struct Shelf {
    budget: usize,
    items: RefCell<HashMap<ContentHash, Box<[u8]>>>,
}

impl Shelf {
    /// A shelf for at most `budget` bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, items: RefCell::default() }
    }

    /// A copy of an artifact.
    pub(crate) fn get(&self, hash: &ContentHash) -> Option<Vec<u8>> {
        self.items.borrow().get(hash).map(|bytes| bytes.to_vec())
    }

    /// Keeps verified bytes, when they still fit.
    pub(crate) fn put(&self, hash: ContentHash, bytes: &[u8]) {
        let mut items = self.items.borrow_mut();
        let used: usize = items.values().map(|kept| kept.len()).sum();
        if used + bytes.len() <= self.budget {
            items.insert(hash, bytes.into());
        }
    }

    /// Drops everything but `hashes`.
    pub(crate) fn keep_only(&self, hashes: &[ContentHash]) {
        self.items.borrow_mut().retain(|hash, _| hashes.contains(hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_fits_and_is_still_wanted() {
        let shelf = Shelf::new(4);
        let (a, b, c) = (ContentHash::of(b"aa"), ContentHash::of(b"bb"), ContentHash::of(b"c"));
        shelf.put(a, b"aa");
        shelf.put(b, b"bb");
        shelf.put(c, b"c");
        assert_eq!(shelf.get(&a).as_deref(), Some(&b"aa"[..]));
        assert_eq!(shelf.get(&c), None, "over the budget");
        shelf.keep_only(&[b]);
        assert_eq!(shelf.get(&a), None);
        shelf.put(c, b"c");
        assert_eq!(shelf.get(&c).as_deref(), Some(&b"c"[..]));
    }
}
