//! Hard negatives: for each window the nearest ones of another label, by the encoder as it is now.
//!
//! Some of what looks like a hard negative is a false one: it says the same, and its label is wrong or lies on the
//! border. Three guards drop candidates: the same text but for case and punctuation; the same finer labels; and
//! a similarity to the anchor above that of its positive by more than a margin.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rapport_inference::dot;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::windows::{Item, Pool};
use crate::train::random::{generator, shuffle};

/// Anchor, positive and negative: indices of items.
pub(crate) type Triple = [usize; 3];

/// Pairs of a positive and a negative of one anchor.
pub(crate) type Candidates = Vec<(usize, usize)>;

/// How negatives are mined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mining {
    /// A negative is drawn from this many that are nearest; 0 draws from all of another label.
    pub hard: usize,
    /// A positive is drawn from this many that are nearest; 0 draws from all of the label.
    pub near: usize,
    /// A candidate whose similarity is above the positive's by more than this is dropped.
    pub margin: f32,
}

/// How many candidates the guards dropped, over the pairs that were drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dropped {
    /// The same text but for case and punctuation.
    pub same_text: usize,
    /// The same finer labels.
    pub same_fine_labels: usize,
    /// More similar than the positive by more than the margin.
    pub closer_than_positive: usize,
    /// Pairs that no candidate was left for.
    pub without_negative: usize,
}

/// Pairs of a positive and a negative that are drawn for each anchor.
const PAIRS: usize = 4;

/// Windows that an anchor's positives and negatives are looked for among, at most.
const BANK: usize = 10_000;

/// What two windows are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Alike.
    Positive,
    /// Not alike.
    Negative,
    /// One text but for case and punctuation: nothing is to be learned.
    SameText,
    /// The same finer labels below different ones: nothing is to be learned.
    SameFineLabels,
    /// One conversation, where its windows share turns or its outcome: nothing is to be learned.
    SameConversation,
}

/// What two windows of one side are to each other. `apart` leaves out pairs of one conversation: those that share
/// its outcome, and windows of several turns, which share turns.
pub(crate) fn relation(a: &Item, b: &Item, apart: bool) -> Relation {
    if a.key == b.key {
        Relation::SameText
    } else if apart && a.conversation == b.conversation {
        Relation::SameConversation
    } else if a.label == b.label {
        Relation::Positive
    } else if !a.fine.is_empty() && a.fine == b.fine {
        Relation::SameFineLabels
    } else {
        Relation::Negative
    }
}

/// Pairs of a positive and a negative for each item, in its order, with what the guards dropped. Items of a side with
/// one label alone have none.
///
/// `vectors` are unit vectors of the items.
pub(crate) fn mine(
    pool: &Pool,
    vectors: &[Vec<f32>],
    apart: bool,
    options: &Mining,
    (seed, epoch): (u64, usize),
) -> (Vec<Candidates>, Dropped) {
    let mut pairs = vec![Vec::new(); pool.items.len()];
    let mut dropped = Dropped::default();
    for side in pool.sides() {
        let members: Vec<usize> = side.classes.iter().flatten().copied().collect();
        // Among very many, a new draw each time: the cost of an anchor is bounded, and all come up.
        let mut bank = members.clone();
        if bank.len() > BANK {
            shuffle(&mut generator(seed, &format!("bank {epoch} {}", side.name)), &mut bank);
            bank.truncate(BANK);
        }
        let found: Vec<(usize, Candidates, Dropped)> = members
            .par_iter()
            .map(|&anchor| {
                let random = &mut generator(seed, &format!("mining {epoch} {anchor}"));
                let (pairs, dropped) = of_anchor(pool, vectors, &bank, anchor, apart, options, random);
                (anchor, pairs, dropped)
            })
            .collect();
        for (anchor, own, counts) in found {
            pairs[anchor] = own;
            dropped.same_text += counts.same_text;
            dropped.same_fine_labels += counts.same_fine_labels;
            dropped.closer_than_positive += counts.closer_than_positive;
            dropped.without_negative += counts.without_negative;
        }
    }
    (pairs, dropped)
}

fn of_anchor(
    pool: &Pool,
    vectors: &[Vec<f32>],
    bank: &[usize],
    anchor: usize,
    apart: bool,
    options: &Mining,
    random: &mut ChaCha8Rng,
) -> (Candidates, Dropped) {
    let mut dropped = Dropped::default();
    let item = &pool.items[anchor];
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for &other in bank {
        let similarity = dot(&vectors[anchor], &vectors[other]);
        let candidate = &pool.items[other];
        match relation(item, candidate, apart) {
            Relation::Positive => positives.push((similarity, other)),
            Relation::Negative => negatives.push((similarity, other)),
            Relation::SameText if item.label != candidate.label => dropped.same_text += 1,
            Relation::SameFineLabels => dropped.same_fine_labels += 1,
            Relation::SameText | Relation::SameConversation => {}
        }
    }
    let nearest =
        |list: &mut Vec<(f32, usize)>| list.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    nearest(&mut positives);
    nearest(&mut negatives);
    if options.near > 0 {
        positives.truncate(options.near);
    }
    let mut pairs = Vec::new();
    for _ in 0..if positives.is_empty() { 0 } else { PAIRS } {
        let (similarity, positive) = positives[random.random_range(0..positives.len())];
        let closer = negatives.partition_point(|(s, _)| *s > similarity + options.margin);
        dropped.closer_than_positive += closer;
        let left = &negatives[closer..];
        let hard = if options.hard == 0 { left.len() } else { options.hard.min(left.len()) };
        if hard == 0 {
            dropped.without_negative += 1;
            continue;
        }
        pairs.push((positive, left[random.random_range(0..hard)].1));
    }
    (pairs, dropped)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::windows::role;
    use super::*;
    use rapport_conversation::Speaker;

    /// Windows of one customer: label, fine label, text, angle in degrees.
    fn pool(of: &[(&str, &str, &str, f32)]) -> (Pool, Vec<Vec<f32>>) {
        let mut pool = Pool::default();
        let mut vectors = Vec::new();
        for (n, (label, fine, text, degrees)) in of.iter().enumerate() {
            let conversation = pool.conversation(&n.to_string());
            let fine = if fine.is_empty() { vec![] } else { vec![(*fine).to_owned()] };
            let label = format!("{} {label}", role(Speaker::Customer));
            pool.push((*text).to_owned(), vec![1], (&label, fine), conversation, None);
            vectors.push(vec![degrees.to_radians().cos(), degrees.to_radians().sin()]);
        }
        (pool, vectors)
    }

    fn options() -> Mining {
        Mining { hard: 1, near: 0, margin: 0.1 }
    }

    #[test]
    fn the_nearest_of_another_label_is_taken() {
        let (pool, vectors) = pool(&[
            ("question", "", "a", 0.0),
            ("question", "", "b", 10.0),
            ("objection", "", "c", 30.0),
            ("objection", "", "d", 60.0),
        ]);
        let (pairs, dropped) = mine(&pool, &vectors, false, &options(), (1, 0));
        assert_eq!(pairs[0], [(1, 2); PAIRS]);
        assert_eq!(pairs[3], [(2, 1); PAIRS]);
        assert_eq!(dropped, Dropped::default());
    }

    #[test]
    fn false_negatives_are_dropped_and_counted() {
        let (pool, vectors) = pool(&[
            ("question", "price", "what is it", 0.0),
            ("question", "", "b", 40.0),
            // The same text, the same fine label, closer than the positive by more than 0.1, and a true one.
            ("objection", "", "What is it?", 1.0),
            ("objection", "price", "d", 2.0),
            ("objection", "", "e", 3.0),
            ("objection", "", "f", 39.0),
        ]);
        let (pairs, dropped) = mine(&pool, &vectors, false, &options(), (1, 0));
        assert_eq!(pairs[0], [(1, 5); PAIRS]);
        assert!(dropped.same_text >= 1 && dropped.same_fine_labels >= 1, "{dropped:?}");
        assert!(dropped.closer_than_positive >= PAIRS, "{dropped:?}");
    }

    #[test]
    fn an_anchor_without_a_negative_is_counted() {
        let (pool, vectors) =
            pool(&[("question", "", "a", 0.0), ("question", "", "b", 90.0), ("objection", "", "c", 1.0)]);
        let (pairs, dropped) = mine(&pool, &vectors, false, &options(), (1, 0));
        assert!(pairs[0].is_empty());
        // The objection has no positive: it is no anchor.
        assert!(pairs[2].is_empty());
        assert_eq!(dropped.without_negative, PAIRS);
    }

    #[test]
    fn outcomes_are_not_learned_from_one_conversation() {
        let (mut pool, _) = pool(&[("won", "", "a", 0.0), ("won", "", "b", 0.0), ("lost", "", "c", 0.0)]);
        pool.items[1].conversation = pool.items[0].conversation;
        let between = |i: usize, j: usize, apart| relation(&pool.items[i], &pool.items[j], apart);
        assert_eq!(between(0, 1, true), Relation::SameConversation);
        assert_eq!(between(0, 1, false), Relation::Positive);
        assert_eq!(between(0, 2, true), Relation::Negative);
    }
}
