//! Triplets as files, so that they can be looked at, changed and trained on: `train_triplets.jsonl` and
//! `val_triplets.jsonl`, a triplet a line:
//! `{"anchor":"…","positive":"…","negative":"…","label":"customer question","negative_label":"customer objection",
//! "conversations":["a","b","c"]}`.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::mining::Candidates;
use super::tokens::Tokens;
use super::windows::Pool;
use crate::files::read_text;
use crate::write_file;

/// Name of the training triplets.
pub(crate) const TRAIN: &str = "train_triplets.jsonl";
/// Name of the triplets kept back.
pub(crate) const VAL: &str = "val_triplets.jsonl";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    anchor: String,
    positive: String,
    negative: String,
    /// Of the anchor and the positive; the speaker stands before it.
    label: String,
    negative_label: String,
    /// Of the three texts; without them every text is one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversations: Option<[String; 3]>,
}

/// Positives and negatives of each item.
pub(crate) type Pairs = Vec<Candidates>;

/// Writes every pair of every anchor. The number of triplets.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(path: &Path, pool: &Pool, pairs: &Pairs) -> Result<usize> {
    let (mut text, mut count) = (String::new(), 0);
    for (anchor, own) in pairs.iter().enumerate() {
        for &(positive, negative) in own {
            let [a, p, n] = [anchor, positive, negative].map(|i| &pool.items[i]);
            let line = Line {
                anchor: a.text.clone(),
                positive: p.text.clone(),
                negative: n.text.clone(),
                label: pool.labels[a.label].clone(),
                negative_label: pool.labels[n.label].clone(),
                conversations: Some([a, p, n].map(|i| pool.conversations[i.conversation].clone())),
            };
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
            count += 1;
        }
    }
    write_file(path, text.as_bytes())?;
    Ok(count)
}

/// Reads triplets: the texts as items of a pool, and the pairs of each anchor.
///
/// # Errors
/// When the file is empty, a line is no triplet, or a label has no speaker before it. Line and mend are named.
pub(crate) fn read(path: &Path, labels: &[String], tokens: &Tokens) -> Result<(Pool, Pairs)> {
    let mut pool = Pool::with_labels(labels);
    let mut pairs: Pairs = Vec::new();
    let mut seen: HashMap<(String, String, String), usize> = HashMap::new();
    let text = read_text(path)?;
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let place = || format!("{} line {}", path.display(), number + 1);
        let line: Line = serde_json::from_str(line).with_context(|| {
            format!("{}: a triplet has the texts anchor, positive and negative, and their labels", place())
        })?;
        let sided = |label: &str| label.starts_with("customer ") || label.starts_with("salesperson ");
        for label in [&line.label, &line.negative_label] {
            ensure!(
                sided(label),
                "{}: the label {label:?} does not begin with customer or salesperson",
                place()
            );
        }
        ensure!(line.label != line.negative_label, "{}: the negative has the anchor's label", place());
        let side = |label: &str| label.split(' ').next().map(str::to_owned);
        ensure!(
            side(&line.label) == side(&line.negative_label),
            "{}: the negative is of the other speaker",
            place()
        );
        let texts =
            [(line.anchor, &line.label), (line.positive, &line.label), (line.negative, &line.negative_label)];
        let mut at = [0; 3];
        for (k, (said, label)) in texts.into_iter().enumerate() {
            ensure!(!said.trim().is_empty(), "{}: a text is empty", place());
            let conversation = line.conversations.as_ref().map_or_else(|| said.clone(), |c| c[k].clone());
            let key = (said, label.clone(), conversation);
            at[k] = if let Some(&known) = seen.get(&key) {
                known
            } else {
                let number = pool.conversation(&key.2);
                let pieces = tokens.of(&key.0).with_context(place)?;
                let new = pool.push(key.0.clone(), pieces, (label, Vec::new()), number, None);
                seen.insert(key, new);
                pairs.push(Vec::new());
                new
            };
        }
        pairs[at[0]].push((at[1], at[2]));
    }
    ensure!(!pool.items.is_empty(), "{} holds no triplet", path.display());
    Ok((pool, pairs))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::example::{pool, tokens};
    use super::super::mining::{Mining, mine};
    use super::*;

    fn refused(text: &str, part: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TRAIN);
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", read(&path, &[], &tokens()).unwrap_err());
        assert!(error.contains(part) && error.contains(TRAIN), "{error}");
    }

    #[test]
    fn triplets_come_back_from_their_file() {
        let pool = pool("c");
        let vectors: Vec<Vec<f32>> =
            (0..pool.items.len()).map(|i| vec![(i as f32).cos(), (i as f32).sin()]).collect();
        let options = Mining { hard: 2, near: 0, margin: 2.0 };
        let (pairs, _) = mine(&pool, &vectors, false, &options, (1, 0));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TRAIN);
        let count = write(&path, &pool, &pairs).unwrap();
        assert_eq!(count, pairs.iter().map(Vec::len).sum::<usize>());
        let (again, back) = read(&path, &[], &tokens()).unwrap();
        let spell = |pool: &Pool, pairs: &Pairs| {
            let item = |i: usize| {
                let item = &pool.items[i];
                let conversation = pool.conversations[item.conversation].clone();
                (item.text.clone(), pool.labels[item.label].clone(), conversation, item.tokens.clone())
            };
            let own = pairs.iter().enumerate();
            let mut all: Vec<_> =
                own.flat_map(|(a, own)| own.iter().map(move |&(p, n)| [item(a), item(p), item(n)])).collect();
            all.sort();
            all
        };
        assert_eq!(spell(&again, &back), spell(&pool, &pairs));
    }

    #[test]
    fn lines_that_are_no_triplet_are_named() {
        let line = r#"{"anchor":"yes","positive":"fine","label":"customer agreement","negative_label":"customer question"}"#;
        refused(line, "line 1");
        refused(line, "negative");
        refused("\n", "holds no triplet");
        let full = |negative: &str, label: &str| {
            format!(
                r#"{{"anchor":"yes","positive":"fine","negative":"{negative}","label":"customer agreement","negative_label":"{label}"}}"#
            )
        };
        refused(&full("what ?", "customer agreement"), "has the anchor's label");
        refused(&full("what ?", "salesperson pitch"), "of the other speaker");
        refused(&full("what ?", "pitch"), "does not begin with customer or salesperson");
        refused(&full(" ", "customer question"), "a text is empty");
    }
}
