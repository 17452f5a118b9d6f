//! An epoch's batches: triplets of one speaker, each label as often as the others.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::mining::Triple;
use super::windows::Pool;
use crate::train::random::shuffle;

/// Draws about as many texts as there are windows. Each batch has anchors of one side, whose labels take turns, so
/// that a rare label is seen as often as a frequent one.
///
/// `pairs` are positives and negatives of each item; an item without any is no anchor. `texts` is the size of a batch.
pub(crate) fn plan(
    pool: &Pool,
    pairs: &[Vec<(usize, usize)>],
    texts: usize,
    random: &mut ChaCha8Rng,
) -> Vec<Vec<Triple>> {
    let size = (texts / 3).max(2);
    let mut batches = Vec::new();
    for side in pool.sides() {
        let with_pairs = |class: &Vec<usize>| -> Vec<usize> {
            class.iter().copied().filter(|&i| !pairs[i].is_empty()).collect()
        };
        let mut queues: Vec<Queue> =
            side.classes.iter().map(with_pairs).filter(|c| !c.is_empty()).map(Queue::new).collect();
        if queues.len() < 2 {
            continue;
        }
        let anchors: usize = queues.iter().map(|q| q.items.len()).sum();
        for _ in 0..anchors.div_ceil(3 * size) {
            let first = random.random_range(0..queues.len());
            let batch = (0..size).map(|k| {
                let at = (first + k) % queues.len();
                let anchor = queues[at].next(random);
                let (positive, negative) = pairs[anchor][random.random_range(0..pairs[anchor].len())];
                [anchor, positive, negative]
            });
            batches.push(batch.collect());
        }
    }
    shuffle(random, &mut batches);
    batches
}

/// Steps of an epoch in which every window is an anchor.
pub(crate) fn steps(pool: &Pool, texts: usize) -> usize {
    let size = (texts / 3).max(2);
    pool.sides().iter().map(|side| side.len().div_ceil(3 * size)).sum::<usize>().max(1)
}

/// Items that come in a new order each time when all have come.
struct Queue {
    items: Vec<usize>,
    at: usize,
}

impl Queue {
    fn new(items: Vec<usize>) -> Self {
        Self { at: items.len(), items }
    }

    fn next(&mut self, random: &mut ChaCha8Rng) -> usize {
        if self.at == self.items.len() {
            shuffle(random, &mut self.items);
            self.at = 0;
        }
        self.at += 1;
        self.items[self.at - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::pool;
    use super::*;
    use crate::train::random::generator;

    #[test]
    fn labels_take_turns_and_rare_ones_come_again() {
        let mut pool = pool("c");
        // Question 4, objection 4, agreement 1.
        pool.items.truncate(9);
        let pairs: Vec<Vec<(usize, usize)>> = (0..9).map(|i| vec![(i, (i + 4) % 9)]).collect();
        let batches = plan(&pool, &pairs, 18, &mut generator(1, "test"));
        assert_eq!(batches.len(), steps(&pool, 18));
        for batch in &batches {
            let count = |label: usize| batch.iter().filter(|t| pool.items[t[0]].label == label).count();
            assert_eq!([count(0), count(1), count(2)], [2, 2, 2]);
        }
        assert_eq!(batches, plan(&pool, &pairs, 18, &mut generator(1, "test")));
        // With anchors of one label there is nothing to plan.
        let one: Vec<Vec<(usize, usize)>> =
            (0..9).map(|i| if i < 4 { vec![(i, 5)] } else { vec![] }).collect();
        assert!(plan(&pool, &one, 18, &mut generator(1, "test")).is_empty());
    }
}
