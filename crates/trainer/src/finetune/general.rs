//! General texts: those on which the tuned encoder is held to the base, and the check of what it still knows.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::clean;
use rapport_inference::dot;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tokens::Tokens;
use crate::files::read_unpacked;
use crate::metrics::{Bootstrap, Interval, roc_auc};

/// Resamples of the intervals.
const RESAMPLES: usize = 1000;
/// A fall of an accuracy or an area by more than this is said.
pub(super) const TOLERATED: f64 = 0.01;
/// One text in so many of each intent is asked, the rest answers.
const ASKED: usize = 5;

/// Texts with their word pieces.
#[derive(Debug, Clone, Default)]
pub(crate) struct GeneralTexts {
    pub tokens: Vec<Vec<u32>>,
}

fn order_of(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn is_table(path: &Path, ending: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.trim_end_matches(".gz").ends_with(ending)
}

/// Reads texts to hold the encoder to: the column `text` of a `.csv`, the first column of a `.tsv`, else the lines;
/// each may be gzipped. At most `most` are kept, the same ones on every machine.
///
/// # Errors
/// When a file cannot be read or holds no text.
pub(crate) fn read_texts(paths: &[std::path::PathBuf], most: usize, tokens: &Tokens) -> Result<GeneralTexts> {
    let mut texts = Vec::new();
    for path in paths {
        let before = texts.len();
        if is_table(path, ".csv") {
            texts.extend(rows(path)?.into_iter().map(|(text, _)| text));
        } else {
            let all = String::from_utf8(read_unpacked(path)?)
                .with_context(|| format!("{} is not UTF-8", path.display()))?;
            let table = is_table(path, ".tsv");
            let first = |line: &str| {
                if table { line.split('\t').next().unwrap_or_default().to_owned() } else { line.to_owned() }
            };
            texts.extend(all.lines().map(|l| clean(&first(l)).text).filter(|t| !t.is_empty()));
        }
        ensure!(texts.len() > before, "{} holds no text", path.display());
    }
    texts.sort_by_cached_key(|t| order_of(t));
    texts.dedup();
    texts.truncate(most);
    Ok(GeneralTexts { tokens: texts.iter().map(|t| tokens.of(t)).collect::<Result<_>>()? })
}

/// The columns `text` and, where there is one, `category` of a CSV file.
fn rows(path: &Path) -> Result<Vec<(String, Option<String>)>> {
    let bytes = read_unpacked(path)?;
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let header = reader.headers().with_context(|| format!("{} is not CSV", path.display()))?.clone();
    let column = |name: &str| header.iter().position(|h| h.trim() == name);
    let text = column("text").with_context(|| format!("{} has no column `text`", path.display()))?;
    let category = column("category");
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.with_context(|| format!("{} is not CSV", path.display()))?;
        let said = clean(row.get(text).unwrap_or_default()).text;
        if !said.is_empty() {
            rows.push((said, category.and_then(|c| row.get(c)).map(|c| c.trim().to_owned())));
        }
    }
    Ok(rows)
}

/// Texts with intents, divided into those asked and those that answer.
#[derive(Debug, Clone)]
pub(crate) struct IntentCheck {
    pub tokens: Vec<Vec<u32>>,
    intents: Vec<usize>,
    asked: Vec<usize>,
    answering: Vec<usize>,
    /// Two texts, and whether they have one intent.
    pairs: Vec<(usize, usize, bool)>,
}

/// What a set of vectors knows of general texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GeneralFigures {
    /// Texts asked and texts that answer.
    pub asked: usize,
    pub answering: usize,
    /// Share of the asked whose nearest neighbour has their intent.
    pub nearest_generic: f64,
    pub nearest_tuned: f64,
    pub nearest_change: Interval,
    /// Area under the curve of pairs with one intent against pairs with two, by similarity.
    pub pairs: usize,
    pub pairs_generic: f64,
    pub pairs_tuned: f64,
    pub pairs_change: Interval,
    /// Spearman's correlation of the pairs' similarities, tuned with generic.
    pub spearman: f64,
    /// True when neither figure fell by more than a point.
    pub kept: bool,
}

impl IntentCheck {
    /// Reads a CSV file with the columns `text` and `category` (`Banking77`). Of each category, in the order of the
    /// texts' SHA-256, the first fifth is asked.
    ///
    /// # Errors
    /// When a column is missing or there are not two categories of five texts.
    pub(crate) fn read(path: &Path, tokens: &Tokens) -> Result<Self> {
        let mut by_intent: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (text, intent) in rows(path)? {
            let intent = intent.with_context(|| format!("{} has no column `category`", path.display()))?;
            by_intent.entry(intent).or_default().push(text);
        }
        by_intent.retain(|_, texts| texts.len() >= ASKED);
        ensure!(
            by_intent.len() > 1,
            "{}: --check-intents needs two categories of {ASKED} texts at least",
            path.display()
        );
        let mut check =
            Self { tokens: vec![], intents: vec![], asked: vec![], answering: vec![], pairs: vec![] };
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (intent, mut texts) in by_intent.into_values().enumerate() {
            texts.sort_by_cached_key(|t| order_of(t));
            let first = check.tokens.len();
            for text in &texts {
                check.tokens.push(tokens.of(text)?);
                check.intents.push(intent);
            }
            let fifth = texts.len() / ASKED;
            check.asked.extend(first..first + fifth);
            check.answering.extend(first + fifth..first + texts.len());
            members.push((first..first + texts.len()).collect());
        }
        // Each asked text with one that answers of its own intent, and with one of another.
        for (k, &asked) in check.asked.iter().enumerate() {
            let own = &members[check.intents[asked]];
            let fifth = own.len() / ASKED;
            check.pairs.push((asked, own[fifth + k % (own.len() - fifth)], true));
            let step = 1 + k % (members.len() - 1);
            let other = &members[(check.intents[asked] + step) % members.len()];
            check.pairs.push((asked, other[k % other.len()], false));
        }
        Ok(check)
    }

    /// The check over every second of the asked texts, and over the others: one to choose by, one to tell.
    pub(crate) fn halves(&self) -> (Self, Self) {
        let half = |odd: usize| Self {
            asked: self.asked.iter().skip(odd).step_by(2).copied().collect(),
            pairs: self.pairs.chunks(2).skip(odd).step_by(2).flatten().copied().collect(),
            ..self.clone()
        };
        (half(0), half(1))
    }

    /// Compares the vectors of the base with those of the tuned encoder, both in the order of the texts.
    pub(crate) fn compare(&self, generic: &[Vec<f32>], tuned: &[Vec<f32>], seed: u64) -> GeneralFigures {
        let nearest = |vectors: &[Vec<f32>]| -> Vec<bool> {
            let right = |&asked: &usize| {
                let similarity = |&a: &usize| dot(&vectors[asked], &vectors[a]);
                let first = self.answering.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
                first.is_some_and(|&a| self.intents[a] == self.intents[asked])
            };
            self.asked.par_iter().map(right).collect()
        };
        let similarities = |vectors: &[Vec<f32>]| -> Vec<f64> {
            self.pairs.iter().map(|&(a, b, _)| f64::from(dot(&vectors[a], &vectors[b]))).collect()
        };
        let (right, right_tuned) = (nearest(generic), nearest(tuned));
        let (close, close_tuned) = (similarities(generic), similarities(tuned));
        let share = |right: &[bool], at: &[u32]| {
            at.iter().filter(|&&i| right[i as usize]).count() as f64 / at.len().max(1) as f64
        };
        // The two pairs of an asked text go together.
        let area = |close: &[f64], at: &[u32]| {
            let pairs = at.iter().flat_map(|&i| [2 * i as usize, 2 * i as usize + 1]);
            let (alike, scores): (Vec<bool>, Vec<f64>) = pairs.map(|p| (self.pairs[p].2, close[p])).unzip();
            roc_auc(&alike, &scores)
        };
        let every: Vec<u32> = (0..self.asked.len() as u32).collect();
        let groups: Vec<usize> = (0..self.asked.len()).collect();
        let bootstrap = Bootstrap::new(&groups, RESAMPLES, seed);
        let count = self.asked.len();
        let nearest_change = bootstrap.interval(count, |at| share(&right_tuned, at) - share(&right, at));
        let pairs_change = bootstrap.interval(count, |at| area(&close_tuned, at) - area(&close, at));
        GeneralFigures {
            asked: count,
            answering: self.answering.len(),
            nearest_generic: share(&right, &every),
            nearest_tuned: share(&right_tuned, &every),
            nearest_change,
            pairs: self.pairs.len(),
            pairs_generic: area(&close, &every),
            pairs_tuned: area(&close_tuned, &every),
            pairs_change,
            spearman: spearman(&close, &close_tuned),
            kept: nearest_change.value >= -TOLERATED && pairs_change.value >= -TOLERATED,
        }
    }
}

/// Spearman's rank correlation; ties share their mean rank.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |values: &[f64]| -> Vec<f64> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
        let mut ranks = vec![0.0; values.len()];
        let mut at = 0;
        while at < order.len() {
            let end = at + order[at..].iter().take_while(|&&i| values[i] == values[order[at]]).count();
            order[at..end].iter().for_each(|&i| ranks[i] = (at + end - 1) as f64 / 2.0);
            at = end;
        }
        ranks
    };
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spearman_is_of_the_ranks() {
        assert!((spearman(&[1.0, 2.0, 3.0], &[1.0, 8.0, 9.0]) - 1.0).abs() < 1e-12);
        assert!((spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4]) = 0.9486832980505138
        assert!(
            (spearman(&[1.0, 2.0, 2.0, 4.0], &[1.0, 3.0, 2.0, 4.0]) - 0.948_683_298_050_513_8).abs() < 1e-12
        );
    }

    #[test]
    fn a_lost_neighbour_is_seen() {
        // Two intents of five texts; vectors on a circle, each intent in its own corner.
        let check = IntentCheck {
            tokens: vec![],
            intents: vec![0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
            asked: vec![0, 5],
            answering: vec![1, 2, 3, 4, 6, 7, 8, 9],
            pairs: vec![(0, 1, true), (0, 6, false), (5, 6, true), (5, 1, false)],
        };
        let vector = |degrees: f32| vec![degrees.to_radians().cos(), degrees.to_radians().sin()];
        let good: Vec<Vec<f32>> =
            (0..10).map(|i| vector(i as f32 + if i < 5 { 0.0 } else { 80.0 })).collect();
        let mut bad = good.clone();
        bad[5] = vector(2.5);
        let same = check.compare(&good, &good, 1);
        assert_eq!((same.nearest_generic, same.pairs_generic, same.kept), (1.0, 1.0, true));
        let (first, second) = check.halves();
        assert_eq!((first.asked, first.pairs), (vec![0], check.pairs[..2].to_vec()));
        assert_eq!((second.asked, second.pairs), (vec![5], check.pairs[2..].to_vec()));
        let fallen = check.compare(&good, &bad, 1);
        assert_eq!((fallen.nearest_tuned, fallen.kept), (0.5, false));
    }
}
