//! Conversations that were answered lately: of one that has grown, only the new turns are read.

use std::sync::{Arc, Mutex, PoisonError};

use crate::EngineError;
use crate::heads::{Acts, Heads, SequenceState, TurnOutlook};
use crate::reading::{MergedTurn, TurnReading};

/// A turn with what the models say of it, which depends on the turns before it too.
#[derive(Debug)]
pub(crate) struct KnownTurn {
    turn: MergedTurn,
    pub reading: TurnReading,
    pub acts: Acts,
    pub outlook: TurnOutlook,
    after: SequenceState,
}

impl KnownTurn {
    fn is(&self, turn: &MergedTurn) -> bool {
        self.turn.speaker == turn.speaker && self.turn.text == turn.text
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.turn.text.len()
            + size_of_val(&*self.reading.embedding)
            + size_of_val(&*self.reading.lexical)
            + self.after.bytes()
    }
}

/// The turns of one conversation, oldest first.
type Turns = Vec<Arc<KnownTurn>>;

/// Keeps conversations within a budget of bytes; those that were not asked about for longest go first.
#[derive(Debug)]
pub(crate) struct OpenConversations {
    budget: usize,
    /// Latest first. The lock is held to look and to put away, not while models run.
    kept: Mutex<Vec<Turns>>,
}

impl OpenConversations {
    /// At most `budget` bytes of turns.
    pub(crate) fn new(budget: usize) -> Self {
        Self { budget, kept: Mutex::default() }
    }

    /// Every turn with what the models say of it; `read` is asked for the turns that were not there before, by their
    /// position. The numbers are those of a conversation that is read from its first turn on.
    ///
    /// # Errors
    /// [`EngineError::Inference`] when a model fails.
    pub(crate) fn follow(
        &self,
        heads: &Heads,
        turns: &[MergedTurn],
        read: impl Fn(&MergedTurn, usize) -> Result<TurnReading, EngineError>,
    ) -> Result<Vec<Arc<KnownTurn>>, EngineError> {
        let mut known = self.longest_beginning(turns);
        for (position, turn) in turns.iter().enumerate().skip(known.len()) {
            let reading = read(turn, position)?;
            let (acts, outlook, after) = match known.last() {
                Some(last) => heads.follow(&last.after, &reading)?,
                None => heads.follow(&heads.start(), &reading)?,
            };
            known.push(Arc::new(KnownTurn { turn: turn.clone(), reading, acts, outlook, after }));
        }
        self.keep(&known);
        Ok(known)
    }

    fn longest_beginning(&self, turns: &[MergedTurn]) -> Turns {
        // Whoever panicked with the lock in hand left whole conversations behind: they are put in in one step.
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = |known: &Turns| known.iter().zip(turns).take_while(|(k, t)| k.is(t)).count();
        let best = kept.iter().map(|known| (alike(known), known)).max_by_key(|(count, _)| *count);
        best.map_or_else(Vec::new, |(count, known)| known[..count].to_vec())
    }

    /// Puts a conversation first, in place of what it begins with; of one that is too long, as much as there is room for.
    fn keep(&self, turns: &[Arc<KnownTurn>]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = |a: &[Arc<KnownTurn>], b: &[Arc<KnownTurn>]| {
            a.len() >= b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        let longer = kept.iter().position(|known| begins(known, turns)).map(|i| kept.remove(i));
        kept.retain(|known| !begins(turns, known));
        kept.insert(0, longer.unwrap_or_else(|| turns.to_vec()));
        // A turn that two conversations share is counted for both.
        let mut room = self.budget;
        for known in kept.iter_mut() {
            let fits = known.iter().take_while(|turn| {
                let fits = turn.bytes() <= room;
                room = room.saturating_sub(turn.bytes());
                fits
            });
            let fits = fits.count();
            known.truncate(fits);
        }
        kept.retain(|known| !known.is_empty());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use rapport_conversation::Speaker;
    use rapport_inference::{Input, MemoryBudget, OnnxModel};

    use super::*;
    use crate::bundle::{Bundle, BundleConfig, Temperatures, artifact};
    use crate::features::surface;
    use crate::lexical::{hashed, tokens};
    use crate::outlook::Outlook;
    use crate::reading::turn_vector_len;

    /// What the heads that the project ships are made of.
    static FILES: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let registry = std::fs::read(models.join("registry.json")).unwrap();
        let registry: serde_json::Value = serde_json::from_slice(&registry).unwrap();
        let signed = &registry["signed"];
        let champion = signed["aliases"]["champion"].as_str().unwrap();
        let mut files = BTreeMap::new();
        for sha256 in signed["bundles"][champion]["artifacts"].as_array().unwrap() {
            let sha256 = sha256.as_str().unwrap();
            let name = signed["artifacts"][sha256]["name"].as_str().unwrap();
            if [artifact::CONFIG, artifact::ACTS, artifact::RESPONSE_TYPE, artifact::STAGE].contains(&name) {
                files.insert(name.to_owned(), std::fs::read(models.join("artifacts").join(sha256)).unwrap());
            }
        }
        files
    });

    static TEMPERATURES: LazyLock<Temperatures> = LazyLock::new(|| {
        let config: BundleConfig = serde_json::from_slice(&FILES[artifact::CONFIG]).unwrap();
        config.temperatures
    });

    static HEADS: LazyLock<Heads> = LazyLock::new(|| {
        Heads::load(&mut Bundle::new(FILES.clone()), *TEMPERATURES, &MemoryBudget::SERVING).unwrap()
    });

    const TEXTS: [&str; 9] = [
        "",
        "Hello, this is Ada from Northwind.",
        "What does it cost?",
        "It is $30 a month, but the first one is free.",
        "That's too expensive for us :(",
        "I understand. Would a smaller plan help?",
        "Yes, let's do that!",
        "We can't decide before June.",
        "Great, I will send you the contract.",
    ];

    /// Stands for the encoder: a vector that hangs on the text alone.
    #[allow(clippy::unnecessary_wraps)]
    fn read(turn: &MergedTurn, position: usize) -> Result<TurnReading, EngineError> {
        let mut state = turn.text.bytes().fold(7u32, |h, b| h.wrapping_mul(31) ^ u32::from(b));
        let embedding = (0..384).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * 0.09
        });
        let words = tokens(&turn.text);
        Ok(TurnReading {
            speaker: turn.speaker,
            text: turn.text.as_str().into(),
            line: turn.last_line,
            embedding: embedding.collect(),
            surface: surface(&turn.text, &words, turn.speaker, position, 0.1),
            lexical: hashed(&words),
            sentiment: [0.2, 0.5, 0.3],
        })
    }

    fn turn((customer, text): (bool, usize)) -> MergedTurn {
        let speaker = if customer { Speaker::Customer } else { Speaker::Salesperson };
        MergedTurn { speaker, text: TEXTS[text].to_owned(), last_line: 0 }
    }

    /// Every bit of the answers.
    fn bits(known: &[Arc<KnownTurn>]) -> Vec<u32> {
        let outlook = Outlook::of_turns(known.iter().map(|k| &k.outlook));
        let acts = known.iter().flat_map(|k| k.acts.response_type.into_iter().chain(k.acts.seller_act));
        let predicted = [outlook.response_type_next, outlook.stage_now, outlook.stage_next];
        acts.chain(predicted.into_iter().flatten().flatten()).map(f32::to_bits).collect()
    }

    fn afresh(turns: &[MergedTurn]) -> Vec<u32> {
        bits(&OpenConversations::new(0).follow(&HEADS, turns, read).unwrap())
    }

    /// What happens to one of two conversations between two questions.
    #[derive(Debug, Clone)]
    enum Change {
        Said(Vec<(bool, usize)>),
        CutTo(prop::sample::Index),
        Edited(prop::sample::Index, (bool, usize)),
        PutIn(prop::sample::Index, (bool, usize)),
    }

    fn a_turn() -> impl Strategy<Value = (bool, usize)> {
        (any::<bool>(), 0..TEXTS.len())
    }

    fn a_change() -> impl Strategy<Value = (usize, Change)> {
        let index = any::<prop::sample::Index>;
        let change = prop_oneof![
            4 => prop::collection::vec(a_turn(), 1..3).prop_map(Change::Said),
            1 => index().prop_map(Change::CutTo),
            1 => (index(), a_turn()).prop_map(|(at, turn)| Change::Edited(at, turn)),
            1 => (index(), a_turn()).prop_map(|(at, turn)| Change::PutIn(at, turn)),
        ];
        (0..2usize, change)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn answers_are_those_of_a_conversation_read_as_a_whole(
            changes in prop::collection::vec(a_change(), 1..16),
            budget in prop_oneof![Just(0), Just(30_000), Just(1 << 20)],
        ) {
            let open = OpenConversations::new(budget);
            let mut conversations = [Vec::new(), Vec::new()];
            for (which, change) in changes {
                let turns: &mut Vec<MergedTurn> = &mut conversations[which];
                match change {
                    Change::Said(new) => turns.extend(new.into_iter().map(turn)),
                    Change::CutTo(at) => turns.truncate(at.index(turns.len() + 1)),
                    Change::PutIn(at, new) => turns.insert(at.index(turns.len() + 1), turn(new)),
                    Change::Edited(at, new) if !turns.is_empty() => {
                        let at = at.index(turns.len());
                        turns[at] = turn(new);
                    }
                    Change::Edited(..) => {}
                }
                let known = open.follow(&HEADS, turns, read).unwrap();
                prop_assert_eq!(known.len(), turns.len());
                prop_assert_eq!(bits(&known), afresh(turns));
                let held: usize = open.kept.lock().unwrap().iter().flatten().map(|k| k.bytes()).sum();
                prop_assert!(held <= budget, "{} bytes are kept within {}", held, budget);
            }
        }
    }

    /// Turns of customer and salesperson, each with another text than the one before.
    fn talk(turns: usize) -> Vec<MergedTurn> {
        (0..turns).map(|i| turn((i % 2 == 1, i * 5 % TEXTS.len()))).collect()
    }

    #[test]
    fn what_turns_do_is_what_the_head_says_of_all_of_them_at_once() {
        let turns = talk(12);
        let known = OpenConversations::new(0).follow(&HEADS, &turns, read).unwrap();
        let width = turn_vector_len(known[0].reading.embedding.len());
        let mut rows = vec![0.0; known.len() * width];
        for (known, row) in known.iter().zip(rows.chunks_exact_mut(width)) {
            known.reading.write_row(row);
        }
        let whole = OnnxModel::load(artifact::ACTS, &FILES[artifact::ACTS]).unwrap();
        let input = Input::f32(&[1, known.len(), width], rows).unwrap();
        let out = whole.run(vec![("turns", input)], &["response_type", "seller_act"]).unwrap();
        for (t, known) in known.iter().enumerate() {
            let row = |of: usize| out[of].iter().skip(6 * t).take(6).copied().collect::<Vec<_>>();
            let acts = Acts::from_logits(known.reading.speaker, &row(0), &row(1), &TEMPERATURES);
            assert_eq!(acts, known.acts, "turn {t}");
        }
    }

    #[test]
    fn a_new_turn_is_the_only_one_that_is_read() {
        let reads = Cell::new(0);
        let count = |turn: &MergedTurn, position: usize| {
            reads.set(reads.get() + 1);
            read(turn, position)
        };
        let (open, turns) = (OpenConversations::new(1 << 20), talk(12));
        let mut expected = 0;
        for length in [5, 6, 12, 12, 3, 12] {
            open.follow(&HEADS, &turns[..length], count).unwrap();
            expected = expected.max(length);
            assert_eq!(reads.get(), expected, "after {length} turns");
        }
        let mut other = turns.clone();
        other[10] = turn((true, 2));
        open.follow(&HEADS, &other, count).unwrap();
        assert_eq!(reads.get(), 14);
        open.follow(&HEADS, &turns, count).unwrap();
        assert_eq!(reads.get(), 14);
    }

    #[test]
    fn of_a_conversation_that_is_too_long_the_beginning_is_kept() {
        let turns = talk(12);
        let bytes = |turns: &[MergedTurn]| -> usize {
            let known = OpenConversations::new(0).follow(&HEADS, turns, read).unwrap();
            known.iter().map(|k| k.bytes()).sum()
        };
        let open = OpenConversations::new(bytes(&turns[..9]));
        open.follow(&HEADS, &turns, read).unwrap();
        assert_eq!(open.longest_beginning(&turns).len(), 9);
    }
}
