//! What is told apart: conversations or turns, as vectors with labels.

use anyhow::{Result, bail, ensure};
use rapport_conversation::{Conversation, Label, Outcome, ResponseType, SellerAct, Speaker, Turn};
use rapport_engine::merge_turns;
use rapport_inference::normalize;

use crate::data::share_of;

/// Parts that heads are cross-validated over.
pub(super) const FOLDS: usize = 5;
/// Turns at the end of a conversation that are pooled apart: they say most about how it ends.
const LAST: usize = 2;
/// Items at most, since neighbours and silhouettes cost the square of their number.
const MOST: usize = 5000;

/// A kind of label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Won or lost, of a conversation.
    Outcome,
    /// Of a customer's turn.
    ResponseType,
    /// Of a salesperson's turn.
    SellerAct,
}

impl Kind {
    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::ResponseType => "response_type",
            Self::SellerAct => "seller_act",
        }
    }

    /// The name people read.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Outcome => "conversations by outcome",
            Self::ResponseType => "customer's turns by response type",
            Self::SellerAct => "salesperson's turns by act",
        }
    }

    /// Names of the classes; the second outcome, won, is the positive one.
    pub(super) fn classes(self) -> Vec<&'static str> {
        match self {
            Self::Outcome => vec!["lost", "won"],
            Self::ResponseType => ResponseType::ALL.iter().map(|l| l.name()).collect(),
            Self::SellerAct => SellerAct::ALL.iter().map(|l| l.name()).collect(),
        }
    }

    /// Which conversations can be used.
    fn usable(self, conversation: &Conversation) -> bool {
        match self {
            Self::Outcome => conversation.outcome.is_some() && !conversation.turns.is_empty(),
            _ => conversation.turns.iter().any(|turn| self.of_turn(turn).is_some()),
        }
    }

    fn of_turn(self, turn: &Turn) -> Option<usize> {
        match (self, turn.speaker) {
            (Self::ResponseType, Speaker::Customer) => turn.labels.response_type.map(ResponseType::index),
            (Self::SellerAct, Speaker::Salesperson) => turn.labels.seller_act.map(SellerAct::index),
            _ => None,
        }
    }
}

/// Vectors with their labels.
#[derive(Debug, Clone, Default)]
pub(super) struct Items {
    /// All of the same length.
    pub vectors: Vec<Vec<f64>>,
    /// Class of each.
    pub labels: Vec<usize>,
    /// Conversation of each.
    pub groups: Vec<usize>,
    /// Part of each in cross-validation; one conversation lies in one part.
    pub folds: Vec<usize>,
}

impl Items {
    /// The items of conversations, whose groups are counted from `first` on. Of more than 5000 items those of the
    /// first conversations by the hash of their identifiers are taken.
    pub(super) fn collect<'v>(
        kind: Kind,
        conversations: &[Conversation],
        first: usize,
        vector: impl Fn(&str) -> Result<&'v [f32]>,
    ) -> Result<Self> {
        let place = |i: &usize| share_of(&conversations[*i].id, "compare");
        let mut order: Vec<usize> =
            (0..conversations.len()).filter(|&i| kind.usable(&conversations[i])).collect();
        order.sort_by(|a, b| place(a).total_cmp(&place(b)).then(a.cmp(b)));
        let mut items = Self::default();
        for (rank, i) in order.into_iter().enumerate() {
            let conversation = &conversations[i];
            let mut add = |vector: Vec<f64>, label: usize| {
                items.vectors.push(vector);
                items.labels.push(label);
                items.groups.push(first + i);
                items.folds.push(rank % FOLDS);
            };
            if let (Kind::Outcome, Some(outcome)) = (kind, conversation.outcome) {
                add(pooled(conversation, &vector)?, usize::from(outcome == Outcome::Won));
            } else {
                let mut from = 0;
                for turn in merge_turns(conversation) {
                    // A merged turn has the label of its last line that has one.
                    let lines = &conversation.turns[from..=turn.last_line];
                    from = turn.last_line + 1;
                    if let Some(label) = lines.iter().rev().find_map(|line| kind.of_turn(line)) {
                        add(vector(&turn.text)?.iter().map(|&x| f64::from(x)).collect(), label);
                    }
                }
            }
            if items.labels.len() >= MOST {
                break;
            }
        }
        Ok(items)
    }

    /// The vectors as slices.
    pub(super) fn points(&self) -> Vec<&[f64]> {
        self.vectors.iter().map(Vec::as_slice).collect()
    }

    /// Conversations that the items come from.
    pub(super) fn conversations(&self) -> usize {
        self.groups.chunk_by(|a, b| a == b).count()
    }
}

/// Mean vector of the customer, of the salesperson, and of the last two turns, each of length 1, one after the other.
/// A side that says nothing has zeros.
fn pooled<'v>(conversation: &Conversation, vector: &impl Fn(&str) -> Result<&'v [f32]>) -> Result<Vec<f64>> {
    let turns = merge_turns(conversation);
    let mut parts: [Vec<f32>; 3] = Default::default();
    for (t, turn) in turns.iter().enumerate() {
        let of = vector(&turn.text)?;
        let last = t + LAST >= turns.len();
        let takes = [turn.speaker == Speaker::Customer, turn.speaker == Speaker::Salesperson, last];
        for (part, takes) in parts.iter_mut().zip(takes) {
            part.resize(of.len(), 0.0);
            if takes {
                part.iter_mut().zip(of).for_each(|(sum, x)| *sum += x);
            }
        }
    }
    parts.iter_mut().filter(|part| part.iter().any(|x| *x != 0.0)).for_each(|part| normalize(part));
    Ok(parts.into_iter().flatten().map(f64::from).collect())
}

/// The kinds that there are labels for, checked before anything is encoded.
pub(super) fn labelled(kinds: &[Kind], judged: &[Conversation], train: &[Conversation]) -> Result<Vec<Kind>> {
    for (name, conversations) in [("--data", judged), ("--train", train)] {
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = conversations.iter().find(|c| !seen.insert(&c.id)) {
            bail!("conversation {} is in {name} twice", twice.id);
        }
        if name == "--data"
            && let Some(both) = train.iter().find(|c| seen.contains(&c.id))
        {
            bail!(
                "conversation {} is in --train and in --data; neither may hold a conversation of the other",
                both.id
            );
        }
    }
    let mut found = Vec::new();
    for &kind in kinds {
        let count = |conversations: &[Conversation]| conversations.iter().filter(|c| kind.usable(c)).count();
        if count(judged) > 0 {
            check(kind, "--data", judged)?;
            if !train.is_empty() {
                check(kind, "--train", train)?;
            }
            found.push(kind);
        }
    }
    ensure!(
        !found.is_empty(),
        "--data holds no {}; {}",
        if kinds == [Kind::Outcome] { "conversation with a recorded outcome" } else { "turn with a label" },
        if kinds == [Kind::Outcome] {
            "each needs \"outcome\":\"won\" or \"outcome\":\"lost\""
        } else {
            "turns need \"labels\":{\"response_type\":…} or {\"seller_act\":…}; `rapport data label` makes them"
        }
    );
    Ok(found)
}

/// Refuses what cannot be divided into folds or has nothing to tell apart.
fn check(kind: Kind, name: &str, conversations: &[Conversation]) -> Result<()> {
    let usable: Vec<&Conversation> = conversations.iter().filter(|c| kind.usable(c)).collect();
    ensure!(
        usable.len() >= 2 * FOLDS,
        "{name} holds {} conversations with labels for {}; at least {} are needed",
        usable.len(),
        kind.title(),
        2 * FOLDS
    );
    let mut present = vec![false; kind.classes().len()];
    for conversation in usable {
        match kind {
            Kind::Outcome => present[usize::from(conversation.outcome == Some(Outcome::Won))] = true,
            _ => conversation.turns.iter().filter_map(|t| kind.of_turn(t)).for_each(|c| present[c] = true),
        }
    }
    let classes: Vec<&str> = kind.classes().into_iter().zip(present).filter(|c| c.1).map(|c| c.0).collect();
    ensure!(
        classes.len() > 1,
        "{name}: all {} are {}; there is nothing to tell apart",
        kind.title(),
        classes.join(", ")
    );
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CUSTOMER: [f32; 2] = [1.0, 0.0];
    const SALESPERSON: [f32; 2] = [0.0, 1.0];

    fn conversation(id: usize, outcome: Option<Outcome>) -> Conversation {
        let mut turns = vec![
            Turn::new(Speaker::Customer, "ask"),
            Turn::new(Speaker::Salesperson, "tell"),
            Turn::new(Speaker::Salesperson, "tell more"),
        ];
        turns[0].labels.response_type = Some(ResponseType::Question);
        turns[1].labels.seller_act = Some(SellerAct::Ask);
        Conversation { outcome, ..Conversation::new(format!("c{id}"), turns) }
    }

    fn many() -> Vec<Conversation> {
        (0..10)
            .map(|i| conversation(i, Some(if i % 2 == 0 { Outcome::Won } else { Outcome::Lost })))
            .collect()
    }

    fn vector(text: &str) -> Result<&'static [f32]> {
        anyhow::ensure!(!text.is_empty(), "no vector of an empty text");
        Ok(if text == "ask" { &CUSTOMER } else { &SALESPERSON })
    }

    #[test]
    fn conversations_are_pooled_by_role_and_end() {
        let items = Items::collect(Kind::Outcome, &many(), 100, vector).unwrap();
        assert_eq!((items.labels.len(), items.conversations()), (10, 10));
        let half = f64::from(0.5f32.sqrt());
        let expected = [1.0, 0.0, 0.0, 1.0, half, half];
        assert!(items.vectors[0].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(items.groups.iter().all(|g| (100..110).contains(g)));
        let mut folds = items.folds.clone();
        folds.sort_unstable();
        assert_eq!(folds, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn a_merged_turn_has_the_label_of_its_last_labelled_line() {
        let items = Items::collect(Kind::SellerAct, &many()[..1], 0, vector).unwrap();
        assert_eq!(items.labels, [SellerAct::Ask.index()]);
        let items = Items::collect(Kind::ResponseType, &many()[..1], 0, vector).unwrap();
        assert_eq!(items.labels, [ResponseType::Question.index()]);
    }

    #[test]
    fn what_has_nothing_to_tell_apart_is_refused() {
        let refused = |judged: &[Conversation], train: &[Conversation]| {
            labelled(&[Kind::Outcome], judged, train).unwrap_err().to_string()
        };
        assert!(refused(&[conversation(0, None)], &[]).contains("no conversation with a recorded outcome"));
        assert!(refused(&many()[..9], &[]).contains("at least 10"));
        let won: Vec<Conversation> = (0..10).map(|i| conversation(i, Some(Outcome::Won))).collect();
        assert!(refused(&won, &[]).contains("are won"));
        assert!(refused(&many(), &many()).contains("is in --train and in --data"));
        let twice = [many(), many()].concat();
        assert!(refused(&twice, &[]).contains("twice"));
        let acts = labelled(&[Kind::ResponseType, Kind::SellerAct], &[Conversation::new("a", vec![])], &[]);
        assert!(acts.unwrap_err().to_string().contains("rapport data label"));
        assert_eq!(labelled(&[Kind::Outcome], &many(), &[]).unwrap(), [Kind::Outcome]);
    }
}
