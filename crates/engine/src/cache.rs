//! Sentence vectors of texts that were seen before.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Hash and length of a text.
type Key = (u64, usize);
/// When a vector was last used, and the vector.
type Used = (u64, Arc<[f32]>);

/// Keeps vectors by the hash of their text within a budget of bytes; the least recently used go first.
#[derive(Debug)]
pub(crate) struct EmbeddingCache {
    budget: usize,
    used: usize,
    clock: u64,
    entries: HashMap<Key, Used>,
}

impl EmbeddingCache {
    /// A cache of at most `budget` bytes of vectors.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, used: 0, clock: 0, entries: HashMap::new() }
    }

    /// Raises the budget to at least `bytes`.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.budget = self.budget.max(bytes);
    }

    // The length beside the hash makes a chance collision of two texts less likely still.
    fn key(text: &str) -> Key {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        (hasher.finish(), text.len())
    }

    pub(crate) fn get(&mut self, text: &str) -> Option<Arc<[f32]>> {
        self.clock += 1;
        let clock = self.clock;
        self.entries.get_mut(&Self::key(text)).map(|(used, v)| {
            *used = clock;
            Arc::clone(v)
        })
    }

    pub(crate) fn put(&mut self, text: &str, vector: Arc<[f32]>) {
        let size = size_of_val(&*vector);
        if size > self.budget {
            return;
        }
        while self.used + size > self.budget {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(k, _)| *k) else {
                break;
            };
            if let Some((_, v)) = self.entries.remove(&oldest) {
                self.used -= size_of_val(&*v);
            }
        }
        self.clock += 1;
        if let Some((_, old)) = self.entries.insert(Self::key(text), (self.clock, vector)) {
            self.used -= size_of_val(&*old);
        }
        self.used += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(x: f32) -> Arc<[f32]> {
        Arc::from(vec![x; 4])
    }

    #[test]
    fn forgets_the_least_recently_used_when_full() {
        let mut cache = EmbeddingCache::new(32);
        cache.put("a", vector(1.0));
        cache.put("b", vector(2.0));
        assert!(cache.get("a").is_some());
        cache.put("c", vector(3.0));
        assert!(cache.get("b").is_none());
        assert_eq!(cache.get("a").as_deref(), Some(&[1.0; 4][..]));
        assert_eq!(cache.get("c").as_deref(), Some(&[3.0; 4][..]));
        assert_eq!(cache.used, 32);
    }

    #[test]
    fn the_same_text_is_counted_once() {
        let mut cache = EmbeddingCache::new(32);
        cache.put("a", vector(1.0));
        cache.put("a", vector(1.0));
        assert_eq!(cache.used, 16);
    }

    #[test]
    fn a_vector_larger_than_the_budget_is_not_kept() {
        let mut cache = EmbeddingCache::new(8);
        cache.put("a", vector(1.0));
        assert!(cache.get("a").is_none());
    }
}
