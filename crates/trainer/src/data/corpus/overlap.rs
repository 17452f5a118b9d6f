//! Passages and turns that occur twice: within the corpus, and in texts of others.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use anyhow::Result;
use rapport_conversation::Conversation;
use rayon::prelude::*;
use serde::Serialize;

use super::{Findings, words};
use crate::files::read_unpacked;
use crate::train::vectors::VectorStore;

/// Words of a passage. Eight in a row are hardly ever the same by chance.
const PASSAGE: usize = 8;
/// Shorter turns ("ok, thanks") are the same everywhere.
const LONG_TURN: usize = 6;
/// Cosine from which two turns say the same in nearly the same words.
const ALIKE: f32 = 0.92;
/// Share of alike turns from which two conversations are one.
const SAME: f64 = 0.25;

/// Two conversations and how much of the first is in the second.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Closest {
    pub first: String,
    pub second: String,
    pub share: f64,
}

/// Hashes of all passages of a text.
fn passages(text: &str) -> Vec<u64> {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '\u{2019}'))
        .filter(|w| !w.is_empty())
        .map(|w| w.replace('\u{2019}', "'").to_lowercase())
        .collect();
    let hash = |w: &[String]| {
        let mut hasher = DefaultHasher::new();
        w.hash(&mut hasher);
        hasher.finish()
    };
    words.windows(PASSAGE).map(hash).collect()
}

/// Passages in two conversations, and conversations whose turns are much alike.
pub(super) fn within(conversations: &[Conversation], vectors: &VectorStore, findings: &mut Findings) {
    let mut first_seen: HashMap<u64, usize> = HashMap::new();
    let mut shared: HashSet<(usize, usize)> = HashSet::new();
    for (i, c) in conversations.iter().enumerate() {
        for passage in c.turns.iter().flat_map(|t| passages(&t.text)) {
            let before = *first_seen.entry(passage).or_insert(i);
            if before != i {
                shared.insert((before, i));
            }
        }
    }
    let mut shared: Vec<_> = shared.into_iter().collect();
    shared.sort_unstable();
    for (a, b) in shared {
        let (a, b) = (&conversations[a].id, &conversations[b].id);
        findings.faults.push(format!("{a} and {b} share a passage of {PASSAGE} words"));
    }

    let turns: Vec<Vec<&[f32]>> = conversations
        .iter()
        .map(|c| {
            let long = c.turns.iter().filter(|t| words(&t.text) >= LONG_TURN);
            long.filter_map(|t| vectors.get(&t.text)).collect()
        })
        .collect();
    let alike = |a: &[&[f32]], b: &[&[f32]]| {
        let near = |x: &&&[f32]| b.iter().any(|y| x.iter().zip(*y).map(|(x, y)| x * y).sum::<f32>() > ALIKE);
        a.iter().filter(near).count() as f64 / a.len().max(1) as f64
    };
    let mut pairs: Vec<(f64, usize, usize)> = (0..turns.len())
        .into_par_iter()
        .filter_map(|i| {
            let others = (0..turns.len()).filter(|&j| j != i).map(|j| (alike(&turns[i], &turns[j]), i, j));
            others.max_by(|a, b| a.0.total_cmp(&b.0))
        })
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let name = |i: usize| conversations[i].id.clone();
    findings.closest = pairs.first().map(|&(share, a, b)| Closest { first: name(a), second: name(b), share });
    for (share, a, b) in pairs.into_iter().filter(|p| p.0 >= SAME) {
        findings.faults.push(format!("{} and {}: {:.0} % of turns alike", name(a), name(b), share * 100.0));
    }
}

/// Passages that stand in other texts too.
pub(super) fn against(
    conversations: &[Conversation],
    files: &[PathBuf],
    findings: &mut Findings,
) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let mut theirs = HashSet::new();
    for file in files {
        let bytes = read_unpacked(file)?;
        // A line is a text: passages do not run on from one into the next.
        String::from_utf8_lossy(&bytes).lines().for_each(|line| theirs.extend(passages(line)));
    }
    let mut count = 0;
    for c in conversations {
        for (at, turn) in c.turns.iter().enumerate() {
            if passages(&turn.text).iter().any(|p| theirs.contains(p)) {
                count += 1;
                findings.faults.push(format!(
                    "{}, turn {at}: a passage of {PASSAGE} words stands in another text",
                    c.id
                ));
            }
        }
    }
    findings.shared_passages = Some(count);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::{Speaker, Turn};

    use super::*;

    const LINE: &str = "We only ever open the warehouse on the second Tuesday, never before nine.";

    fn conversation(id: &str, text: &str) -> Conversation {
        Conversation::new(id, vec![Turn::new(Speaker::Customer, text)])
    }

    #[test]
    fn a_passage_is_found_whatever_its_case_and_marks() {
        let other = "so: we only ever open THE warehouse on the second tuesday - right?";
        assert!(passages(LINE).iter().any(|p| passages(other).contains(p)));
        assert!(passages("Too short to be a passage.").is_empty());
    }

    #[test]
    fn a_passage_of_another_text_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.csv");
        std::fs::write(&file, format!("1,\"Well. {LINE}\"\n")).unwrap();
        let mut findings = Findings::default();
        let corpus = [
            conversation("a", LINE),
            conversation("b", "Something else that nobody has said before us here."),
        ];
        against(&corpus, &[file], &mut findings).unwrap();
        assert_eq!(findings.shared_passages, Some(1));
        assert!(findings.faults[0].starts_with("a, turn 0"));
    }
}
