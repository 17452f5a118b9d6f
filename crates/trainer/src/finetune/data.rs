//! What a run reads: windows of conversations or of triplets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rapport_conversation::Conversation;

use super::FinetuneArgs;
use super::tokens::Tokens;
use super::triplets::{self, Pairs};
use super::windows::{self, Pool};
use crate::Output;
use crate::data::{read_conversations, share_of};

/// Salt of the conversations that are kept back.
const SALT: &str = "finetune";

/// Windows to train on and to choose by, and those of each test file.
pub(super) struct Data {
    pub train: Pool,
    pub val: Pool,
    pub tests: Vec<(String, Pool)>,
    /// Pairs of the training windows and of those kept back, when they come from files.
    pub given: Option<(Pairs, Pairs)>,
}

/// Conversations of several files; of two with one identifier the first is taken.
fn read_all(paths: &[PathBuf], seen: &mut BTreeSet<String>, output: Output) -> Result<Vec<Conversation>> {
    let (mut all, mut twice) = (Vec::new(), 0);
    for path in paths {
        for conversation in read_conversations(path)? {
            if seen.insert(conversation.id.clone()) {
                all.push(conversation);
            } else {
                twice += 1;
            }
        }
    }
    if twice > 0 {
        output.note(format!("{twice} conversations are there twice; the first of each is taken"));
    }
    Ok(all)
}

impl Data {
    pub(super) fn read(args: &FinetuneArgs, tokens: &Tokens, output: Output) -> Result<Self> {
        let mut data = match &args.triplets {
            Some(folder) => Self::of_triplets(folder, tokens)?,
            None => Self::of_conversations(args, tokens, output)?,
        };
        data.train.check("the training part", args.labels)?;
        data.val.check("the part kept back", args.labels).context(
            "what is kept back chooses the epoch; give more with --val-share or other conversations with --val",
        )?;
        let own: BTreeSet<&String> = data.train.conversations.iter().chain(&data.val.conversations).collect();
        let mut tests = Vec::new();
        for path in &args.test {
            let conversations = read_conversations(path)?;
            if let Some(both) = conversations.iter().find(|c| own.contains(&c.id)) {
                bail!("{} is trained on and in --test {}", both.id, path.display());
            }
            let mut pool = Pool::with_labels(&data.val.labels);
            windows::add(&mut pool, &conversations, args.labels, args.window, tokens)?;
            ensure!(!pool.items.is_empty(), "--test {}: no turn has a label", path.display());
            tests.push((path.display().to_string(), pool));
        }
        data.tests = tests;
        Ok(data)
    }

    fn of_conversations(args: &FinetuneArgs, tokens: &Tokens, output: Output) -> Result<Self> {
        let mut seen = BTreeSet::new();
        let held = read_all(&args.val, &mut seen, output)?;
        let all = read_all(&args.data, &mut seen, output)?;
        let aside = |c: &Conversation| held.is_empty() && share_of(&c.id, SALT) < args.val_share;
        let (shared, train): (Vec<Conversation>, Vec<Conversation>) = all.into_iter().partition(aside);
        let mut pool = Pool::default();
        windows::add(&mut pool, &train, args.labels, args.window, tokens)?;
        let mut val = Pool::with_labels(&pool.labels);
        windows::add(
            &mut val,
            if held.is_empty() { &shared } else { &held },
            args.labels,
            args.window,
            tokens,
        )?;
        Ok(Self { train: pool, val, tests: Vec::new(), given: None })
    }

    fn of_triplets(folder: &Path, tokens: &Tokens) -> Result<Self> {
        let (train, train_pairs) = triplets::read(&folder.join(triplets::TRAIN), &[], tokens)?;
        let (val, val_pairs) = triplets::read(&folder.join(triplets::VAL), &train.labels, tokens)?;
        let own: BTreeSet<&String> = train.conversations.iter().collect();
        if let Some(both) = val.conversations.iter().find(|c| own.contains(c)) {
            bail!("{}: conversation {both:?} has triplets of both files", folder.display());
        }
        Ok(Self { train, val, tests: Vec::new(), given: Some((train_pairs, val_pairs)) })
    }
}
