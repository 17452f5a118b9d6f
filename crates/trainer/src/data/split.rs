//! `rapport data split`: whole conversations into training, validation and test.
//!
//! By hash, a conversation's part depends on its identifier and the salt alone, so it stays where
//! it is when others come or go. Stratified, every value of a label is divided in the same shares, by the order of
//! the hashes: still the same on every machine, but others may move one across the cut. By time, the newest conversations are kept for the test.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use rapport_conversation::Conversation;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::jsonl::{read_conversations, write_conversations};
use crate::Output;
use crate::files::{StagedFolder, read};
use crate::sha256_hex;

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What models are fitted on.
    Train,
    /// What decides when to stop and which model to take.
    Validation,
    /// What figures are reported on.
    Test,
}

impl Part {
    /// All parts, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name of its file, without extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The part at a place between 0 and 1.
    fn at(place: f64, shares: &Shares) -> Self {
        if place < shares.0[0] {
            Self::Train
        } else if place < shares.0[0] + shares.0[1] {
            Self::Validation
        } else {
            Self::Test
        }
    }
}

/// Shares of training, validation and test; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Shares([f64; 3]);

impl Shares {
    /// A training and a test part.
    pub(crate) const fn train_and_test(test: f64) -> Self {
        Self([1.0 - test, 0.0, test])
    }
}

impl std::str::FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<f64>, _> = text.split(',').map(|p| p.trim().parse::<f64>()).collect();
        let parts = parts.map_err(|_| "give three numbers, as in 80,10,10".to_owned())?;
        let [train, validation, test] = parts[..] else {
            return Err("give three numbers, as in 80,10,10".to_owned());
        };
        let sum = train + validation + test;
        if !(sum > 0.0 && sum.is_finite() && train >= 0.0 && validation >= 0.0 && test >= 0.0) {
            return Err("the shares must be zero or more, and not all zero".to_owned());
        }
        Ok(Self([train / sum, validation / sum, test / sum]))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum By {
    /// By a stable hash of the identifier.
    Hash,
    /// By the time of the first turn: oldest for training, newest for the test.
    Time,
}

#[derive(Debug, Args)]
pub(crate) struct SplitArgs {
    /// Canonical JSONL, divided together.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Folder to write `train.jsonl`, `validation.jsonl`, `test.jsonl` and `split.json` to; it must not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Shares of training, validation and test.
    #[arg(long, default_value = "80,10,10", value_name = "A,B,C")]
    shares: Shares,
    /// How conversations are divided.
    #[arg(long, value_enum, default_value_t = By::Hash)]
    by: By,
    /// Changes which conversations go where, by hash.
    #[arg(long, default_value = "")]
    salt: String,
    /// Divide every value of this label or column in the same shares (`outcome`, or a name in `labels` or `meta`).
    #[arg(long, value_name = "NAME", conflicts_with = "by")]
    stratify: Option<String>,
}

/// Where a conversation lies between 0 and 1, by its identifier and the salt.
pub fn share_of(id: &str, salt: &str) -> f64 {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update([0]);
    hash.update(id.as_bytes());
    let digest = hash.finalize();
    let (first, _) = digest.as_slice().split_at(8);
    let number = first.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    // 53 bits fit a float exactly and keep it below 1.
    (number >> 11) as f64 / (1u64 << 53) as f64
}

/// The part of `folds` that a conversation belongs to, by its identifier and the salt.
pub fn fold_of(id: &str, salt: &str, folds: usize) -> usize {
    // A share just below 1 times the number of folds may round up to it.
    ((share_of(id, salt) * folds as f64) as usize).min(folds.saturating_sub(1))
}

#[derive(Debug, Serialize)]
struct PartFile {
    conversations: usize,
    turns: usize,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct SplitRecord<'a> {
    sources: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stratify: Option<&'a str>,
    by: By,
    salt: &'a str,
    shares: Shares,
    parts: BTreeMap<&'static str, PartFile>,
}

pub(super) fn run(args: &SplitArgs, output: Output) -> Result<()> {
    let mut conversations = Vec::new();
    let mut sources = BTreeMap::new();
    for file in &args.files {
        conversations.extend(read_conversations(file)?);
        sources.insert(file.display().to_string(), sha256_hex(&read(file)?));
    }
    let parts = match (args.by, &args.stratify) {
        (By::Hash, Some(name)) => stratified(&conversations, &args.shares, &args.salt, name),
        (By::Hash, None) => by_hash(&conversations, &args.shares, &args.salt),
        (By::Time, _) => by_time(&conversations, &args.shares)?,
    };
    let folder = StagedFolder::new(&args.out)?;
    let mut record = SplitRecord {
        sources,
        stratify: args.stratify.as_deref(),
        by: args.by,
        salt: &args.salt,
        shares: args.shares,
        parts: BTreeMap::new(),
    };
    for part in Part::ALL {
        let own: Vec<&Conversation> =
            conversations.iter().zip(&parts).filter(|(_, p)| **p == part).map(|(c, _)| c).collect();
        let path = folder.path().join(format!("{}.jsonl", part.name()));
        let file = PartFile {
            conversations: own.len(),
            turns: own.iter().map(|c| c.turns.len()).sum(),
            sha256: write_conversations(&path, own)?,
        };
        record.parts.insert(part.name(), file);
    }
    crate::write_file(&folder.path().join("split.json"), &serde_json::to_vec_pretty(&record)?)?;
    folder.finish()?;
    output.result(&record, || describe(args, &record))
}

fn by_hash(conversations: &[Conversation], shares: &Shares, salt: &str) -> Vec<Part> {
    conversations.iter().map(|c| Part::at(share_of(&c.id, salt), shares)).collect()
}

/// The value that a conversation is counted under.
fn stratum(conversation: &Conversation, name: &str) -> String {
    let value = conversation.labels.get(name).or_else(|| conversation.meta.get(name));
    value.map_or_else(
        || format!("{:?}", conversation.outcome.filter(|_| name == "outcome")),
        ToString::to_string,
    )
}

/// Divides each stratum by the order of the hashes, test first.
pub(super) fn stratified(
    conversations: &[Conversation],
    shares: &Shares,
    salt: &str,
    name: &str,
) -> Vec<Part> {
    let mut strata: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, c) in conversations.iter().enumerate() {
        strata.entry(stratum(c, name)).or_default().push(i);
    }
    let mut parts = vec![Part::Train; conversations.len()];
    for mut own in strata.into_values() {
        own.sort_by(|&a, &b| {
            share_of(&conversations[a].id, salt).total_cmp(&share_of(&conversations[b].id, salt))
        });
        let count = |share: f64| (own.len() as f64 * share).round() as usize;
        let (test, validation) = (count(shares.0[2]), count(shares.0[1]));
        own.iter().take(test).for_each(|&i| parts[i] = Part::Test);
        own.iter().skip(test).take(validation).for_each(|&i| parts[i] = Part::Validation);
    }
    parts
}

fn by_time(conversations: &[Conversation], shares: &Shares) -> Result<Vec<Part>> {
    let start = |c: &Conversation| {
        c.turns.iter().find_map(|t| t.at.as_deref()).and_then(|at| at.parse::<Timestamp>().ok())
    };
    let mut timed = Vec::with_capacity(conversations.len());
    for (index, conversation) in conversations.iter().enumerate() {
        let at = start(conversation);
        timed.push((at, conversation.id.as_str(), index));
    }
    let without = timed.iter().filter(|(at, ..)| at.is_none()).count();
    ensure!(
        without == 0,
        "{without} of {} conversations have no time (`at`) on any turn; split them by hash",
        conversations.len()
    );
    timed.sort();
    let mut parts = vec![Part::Test; conversations.len()];
    for (rank, (_, _, index)) in timed.into_iter().enumerate() {
        parts[index] = Part::at(rank as f64 / conversations.len() as f64, shares);
    }
    Ok(parts)
}

fn describe(args: &SplitArgs, record: &SplitRecord<'_>) -> String {
    let mut text = format!("{}\n", args.out.display());
    for part in Part::ALL {
        let Some(file) = record.parts.get(part.name()) else { continue };
        let _ = writeln!(
            text,
            "{:>12}  {:>7} conversations  {:>8} turns",
            part.name(),
            file.conversations,
            file.turns
        );
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::{Speaker, Turn};

    use super::*;

    fn conversation(id: &str, at: Option<&str>) -> Conversation {
        let mut turn = Turn::new(Speaker::Customer, "Hi");
        turn.at = at.map(str::to_owned);
        Conversation::new(id, vec![turn])
    }

    #[test]
    fn a_conversation_stays_in_its_part() {
        // Figures that must never change: data sets have been split by them.
        assert_eq!(share_of("a", ""), 0.008_459_656_010_795_014);
        assert_ne!(share_of("a", ""), share_of("a", "other"));
    }

    #[test]
    fn shares_are_kept_on_many_conversations() {
        let all: Vec<_> = (0..4000).map(|i| conversation(&format!("c{i}"), None)).collect();
        let parts = by_hash(&all, &"80,10,10".parse().unwrap(), "");
        let count = |part| parts.iter().filter(|p| **p == part).count();
        assert!((3120..3280).contains(&count(Part::Train)), "{}", count(Part::Train));
        assert!((340..460).contains(&count(Part::Test)), "{}", count(Part::Test));
    }

    #[test]
    fn every_stratum_is_divided_alike() {
        let mut all: Vec<_> = (0..100).map(|i| conversation(&format!("c{i}"), None)).collect();
        for (i, c) in all.iter_mut().enumerate() {
            c.labels.insert("kind".into(), if i < 20 { "rare".into() } else { "common".into() });
        }
        let parts = stratified(&all, &"80,0,20".parse().unwrap(), "", "kind");
        let tests = |range: std::ops::Range<usize>| range.filter(|&i| parts[i] == Part::Test).count();
        assert_eq!((tests(0..20), tests(20..100)), (4, 16));
        assert_eq!(parts, stratified(&all, &"80,0,20".parse().unwrap(), "", "kind"));
    }

    #[test]
    fn the_newest_are_tested_whatever_their_zone() {
        let all = [
            conversation("new", Some("2024-03-01T10:00:00+02:00")),
            conversation("old", Some("2024-01-01T00:00:00Z")),
            conversation("newest", Some("2024-03-01T09:30:00Z")),
            conversation("middle", Some("2024-02-01T00:00:00Z")),
        ];
        let parts = by_time(&all, &"50,25,25".parse().unwrap()).unwrap();
        assert_eq!(parts, [Part::Validation, Part::Train, Part::Test, Part::Train]);
        let error = by_time(&[conversation("a", None)], &"1,1,1".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("1 of 1 conversations have no time"), "{error}");
    }

    #[test]
    fn shares_are_checked() {
        for bad in ["80,20", "a,b,c", "0,0,0", "-1,1,1", "inf,1,1"] {
            assert!(bad.parse::<Shares>().is_err(), "{bad}");
        }
    }
}
