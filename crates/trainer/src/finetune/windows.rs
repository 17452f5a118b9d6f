//! What is learned from: windows of turns with a label.
//!
//! A window ends at a labelled turn and belongs to that turn's speaker; only windows of one speaker are ever compared,
//! so that the encoder is not taught who speaks. A window of one turn is the turn's text alone, as the engine encodes
//! it. A longer one is `speaker: text` for each of its turns, oldest first, joined by a space, with `customer` or
//! `salesperson` as the speaker: `salesperson: Shall I show you? customer: What does it cost?`

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use rapport_conversation::{Conversation, Label, Outcome, Speaker, Turn};
use rapport_engine::{MergedTurn, merge_turns};
use serde::{Deserialize, Serialize};

use super::tokens::Tokens;
use crate::train::example::gold;

/// Longest window.
pub(crate) const LONGEST: usize = 4;

/// Which labels say what is alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LabelKind {
    /// What a turn does: the customer's response type, the salesperson's act.
    Acts,
    /// How the conversation ended.
    Outcomes,
}

/// One window.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// As it is encoded.
    pub text: String,
    /// Its word pieces.
    pub tokens: Vec<u32>,
    /// Index of its label in [`Pool::labels`]; labels of the two speakers are apart.
    pub label: usize,
    /// Finer labels of its last turn, sorted; empty when there are none.
    pub fine: Vec<String>,
    /// Index of its conversation in [`Pool::conversations`].
    pub conversation: usize,
    /// Equal for texts that differ in case, punctuation and white space alone.
    pub key: usize,
    /// Its last turn and that turn's place, for the probe; nothing when it was read from a triplet.
    pub turn: Option<(MergedTurn, usize)>,
}

/// Windows with what their numbers stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    pub items: Vec<Item>,
    /// Names of the labels, `customer question`.
    pub labels: Vec<String>,
    /// Identifiers of the conversations.
    pub conversations: Vec<String>,
    keys: HashMap<String, usize>,
}

/// What the speaker is called in windows and labels.
pub(crate) fn role(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Customer => "customer",
        Speaker::Salesperson => "salesperson",
    }
}

/// A text in lower case, its words joined by single spaces.
fn normalised(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn position_of(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|n| n == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

impl Pool {
    /// An empty pool that gives the same labels the same numbers as another.
    pub(crate) fn with_labels(labels: &[String]) -> Self {
        Self { labels: labels.to_vec(), ..Self::default() }
    }

    /// The speaker's side of a label: labels are compared within one side only.
    pub(crate) fn side(&self, label: usize) -> &str {
        self.labels[label].split(' ').next().unwrap_or_default()
    }

    /// Adds a window.
    pub(crate) fn push(
        &mut self,
        text: String,
        tokens: Vec<u32>,
        (label, fine): (&str, Vec<String>),
        conversation: usize,
        turn: Option<(MergedTurn, usize)>,
    ) -> usize {
        let label = position_of(&mut self.labels, label);
        let next = self.keys.len();
        let key = *self.keys.entry(normalised(&text)).or_insert(next);
        self.items.push(Item { text, tokens, label, fine, conversation, key, turn });
        self.items.len() - 1
    }

    /// The number of a conversation.
    pub(crate) fn conversation(&mut self, id: &str) -> usize {
        // The last one is asked for again and again.
        self.conversations.iter().rposition(|c| c == id).unwrap_or_else(|| {
            self.conversations.push(id.to_owned());
            self.conversations.len() - 1
        })
    }

    /// How many windows each label has, by name.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for item in &self.items {
            *counts.entry(self.labels[item.label].clone()).or_insert(0) += 1;
        }
        counts
    }

    /// The items of each speaker's side, with the labels that they have; sides with one label alone are left out.
    pub(crate) fn sides(&self) -> Vec<Side> {
        let mut sides: BTreeMap<&str, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
        for (at, item) in self.items.iter().enumerate() {
            sides.entry(self.side(item.label)).or_default().entry(item.label).or_default().push(at);
        }
        let sides = sides.into_iter().filter(|(_, classes)| classes.len() > 1);
        sides
            .map(|(name, classes)| Side { name: name.to_owned(), classes: classes.into_values().collect() })
            .collect()
    }

    /// Refuses windows that hold nothing to tell apart.
    pub(crate) fn check(&self, what: &str, kind: LabelKind) -> Result<()> {
        let (article, label, mend) = match kind {
            LabelKind::Acts => ("a", "response type or seller act", "`rapport data label` fills labels in"),
            LabelKind::Outcomes => ("an", "outcome", "an outcome is `won` or `lost`"),
        };
        ensure!(!self.items.is_empty(), "{what}: no turn has {article} {label}; {mend}");
        let names = || self.counts().into_keys().collect::<Vec<_>>().join(", ");
        ensure!(
            !self.sides().is_empty(),
            "{what}: each speaker's turns have one {label} alone ({}); at least two are needed to tell apart",
            names()
        );
        Ok(())
    }
}

/// The windows of one speaker.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub name: String,
    /// Items of each label.
    pub classes: Vec<Vec<usize>>,
}

impl Side {
    /// Number of its windows.
    pub(crate) fn len(&self) -> usize {
        self.classes.iter().map(Vec::len).sum()
    }
}

/// The text of the window that ends at turn `last`.
pub(crate) fn render(turns: &[MergedTurn], last: usize, window: usize) -> String {
    if window == 1 {
        return turns[last].text.clone();
    }
    let first = (last + 1).saturating_sub(window);
    let line = |t: &MergedTurn| format!("{}: {}", role(t.speaker), t.text);
    turns[first..=last].iter().map(line).collect::<Vec<_>>().join(" ")
}

/// Labels that tell turns of one class apart: those of its sentences, else the category of an objection or of a
/// buying signal.
fn fine_labels(turn: &Turn) -> Vec<String> {
    let labels = &turn.labels;
    let acts = labels.other.get("sentence_acts").and_then(|n| n.as_array());
    let mut fine: Vec<String> = match acts {
        Some(names) => names.iter().filter_map(|n| n.as_str()).map(str::to_owned).collect(),
        None => [labels.objection.map(Label::name), labels.buying_signal.map(Label::name)]
            .into_iter()
            .flatten()
            .filter(|name| *name != "none")
            .map(str::to_owned)
            .collect(),
    };
    fine.sort_unstable();
    fine.dedup();
    fine
}

/// Adds the windows of conversations to a pool.
///
/// # Errors
/// When a text cannot be cut into word pieces.
pub(crate) fn add(
    pool: &mut Pool,
    conversations: &[Conversation],
    kind: LabelKind,
    window: usize,
    tokens: &Tokens,
) -> Result<()> {
    for conversation in conversations {
        let merged = merge_turns(conversation);
        let act = gold(conversation, &merged, |turn| match turn.speaker {
            Speaker::Customer => turn.labels.response_type.map(Label::name),
            Speaker::Salesperson => turn.labels.seller_act.map(Label::name),
        });
        let fine = gold(conversation, &merged, |turn| Some(fine_labels(turn)).filter(|f| !f.is_empty()));
        let outcome = conversation.outcome.map(|o| if o == Outcome::Won { "won" } else { "lost" });
        let mut number = None;
        for (last, turn) in merged.iter().enumerate() {
            let (label, fine) = match kind {
                LabelKind::Acts => (act[last], fine[last].clone().unwrap_or_default()),
                LabelKind::Outcomes => (outcome, Vec::new()),
            };
            let Some(label) = label.filter(|_| !turn.text.is_empty()) else { continue };
            let text = render(&merged, last, window);
            let pieces = tokens.of(&text).with_context(|| format!("conversation {}", conversation.id))?;
            let at = *number.get_or_insert_with(|| pool.conversation(&conversation.id));
            let label = format!("{} {label}", role(turn.speaker));
            pool.push(text, pieces, (&label, fine), at, Some((turn.clone(), last)));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::example::{conversations, tokens};
    use super::*;

    #[test]
    fn windows_of_several_turns_name_their_speakers() {
        let merged = merge_turns(&conversations("c")[0]);
        assert_eq!(render(&merged, 2, 1), "how much is it ?");
        assert_eq!(render(&merged, 2, 2), "salesperson: fine . customer: how much is it ?");
        assert_eq!(render(&merged, 0, 4), "customer: what does it cost ?");
    }

    #[test]
    fn labels_of_the_two_speakers_are_apart() {
        let mut conversations = conversations("c");
        conversations
            .iter_mut()
            .for_each(|c| c.turns[1].labels.seller_act = Some(rapport_conversation::SellerAct::Pitch));
        let mut pool = Pool::default();
        add(&mut pool, &conversations, LabelKind::Acts, 1, &tokens()).unwrap();
        assert_eq!(pool.items.len(), 18);
        // The salesperson has one label alone: nothing to tell apart.
        let sides = pool.sides();
        assert_eq!((sides.len(), sides[0].name.as_str(), sides[0].len()), (1, "customer", 12));
        assert_eq!(pool.items.iter().map(|i| i.key).max(), Some(11));
        pool.check("it", LabelKind::Acts).unwrap();
    }

    #[test]
    fn windows_with_nothing_to_tell_apart_are_refused() {
        let refused = |conversations: &[Conversation], kind, part: &str| {
            let mut pool = Pool::default();
            add(&mut pool, conversations, kind, 1, &tokens()).unwrap();
            let error = pool.check("the training part", kind).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        let mut conversations = conversations("c");
        refused(&conversations, LabelKind::Outcomes, "no turn has an outcome");
        conversations.iter_mut().for_each(|c| c.outcome = Some(Outcome::Won));
        refused(&conversations, LabelKind::Outcomes, "one outcome alone (customer won, salesperson won)");
        refused(
            &conversations[..2],
            LabelKind::Acts,
            "one response type or seller act alone (customer question)",
        );
        conversations.iter_mut().flat_map(|c| &mut c.turns).for_each(|t| t.labels.response_type = None);
        refused(
            &conversations,
            LabelKind::Acts,
            "no turn has a response type or seller act; `rapport data label`",
        );
    }
}
