//! `rapport data stats`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use rapport_conversation::{Conversation, Label, Outcome, Speaker, TurnLabels};
use serde::Serialize;

use super::jsonl::read_conversations;
use crate::{Output, charts, write_file};

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Canonical JSONL files, counted together.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Draw the counts as SVG pictures into this folder.
    #[arg(long, value_name = "DIR")]
    charts: Option<PathBuf>,
}

/// Smallest, quartiles, largest and mean of a count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Spread {
    min: usize,
    quarter: usize,
    median: usize,
    three_quarters: usize,
    max: usize,
    mean: f64,
}

impl Spread {
    fn of(values: &[usize]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let mean = sorted.iter().sum::<usize>() as f64 / sorted.len() as f64;
        Some(Self { min, quarter: at(0.25), median: at(0.5), three_quarters: at(0.75), max, mean })
    }
}

type Counts = BTreeMap<String, usize>;

#[derive(Debug, Default, Serialize)]
struct Stats {
    conversations: usize,
    turns: usize,
    turns_by_speaker: Counts,
    outcomes: Counts,
    turns_per_conversation: Option<Spread>,
    words_per_turn: Option<Spread>,
    /// By label set, then by label.
    labels: BTreeMap<&'static str, Counts>,
    /// By label set, then by where the label comes from.
    label_sources: BTreeMap<String, Counts>,
    #[serde(skip)]
    lengths: Vec<usize>,
    #[serde(skip)]
    words: Vec<usize>,
}

pub(super) fn run(args: &StatsArgs, output: Output) -> Result<()> {
    let mut stats = Stats::default();
    for file in &args.files {
        read_conversations(file)?.iter().for_each(|c| stats.count(c));
    }
    stats.turns_per_conversation = Spread::of(&stats.lengths);
    stats.words_per_turn = Spread::of(&stats.words);
    if let Some(folder) = &args.charts {
        for (name, svg) in stats.pictures()? {
            write_file(&folder.join(format!("{name}.svg")), svg.as_bytes())?;
        }
    }
    output.result(&stats, || stats.table())
}

impl Stats {
    fn count(&mut self, conversation: &Conversation) {
        self.conversations += 1;
        self.turns += conversation.turns.len();
        self.lengths.push(conversation.turns.len());
        let outcome = match conversation.outcome {
            Some(Outcome::Won) => "won",
            Some(Outcome::Lost) => "lost",
            None => "not recorded",
        };
        add(&mut self.outcomes, outcome);
        for turn in &conversation.turns {
            let speaker = match turn.speaker {
                Speaker::Customer => "customer",
                Speaker::Salesperson => "salesperson",
            };
            add(&mut self.turns_by_speaker, speaker);
            self.words.push(turn.text.split_whitespace().count());
            self.count_labels(&turn.labels);
        }
    }

    fn count_labels(&mut self, labels: &TurnLabels) {
        let names = [
            ("response_type", labels.response_type.map(Label::name)),
            ("seller_act", labels.seller_act.map(Label::name)),
            ("stage", labels.stage.map(Label::name)),
            ("sentiment", labels.sentiment.map(Label::name)),
        ];
        for (set, name) in names {
            if let Some(name) = name {
                add(self.labels.entry(set).or_default(), name);
                let source = labels.provenance.get(set);
                let source =
                    source.map_or("not stated".to_owned(), |p| format!("{:?}", p.source).to_lowercase());
                add(self.label_sources.entry(set.to_owned()).or_default(), &source);
            }
        }
    }

    fn pictures(&self) -> Result<Vec<(String, String)>> {
        let turns = charts::histogram("Turns of a conversation", "turns", &self.lengths, 80)?;
        let words = charts::histogram("Words of a turn", "words", &self.words, 120)?;
        let outcomes = charts::shares("Outcomes", &largest_first(&self.outcomes))?;
        let mut pictures =
            vec![("turns".to_owned(), turns), ("words".to_owned(), words), ("outcomes".to_owned(), outcomes)];
        for (set, counts) in &self.labels {
            let title = format!("Labels: {}", set.replace('_', " "));
            pictures.push((format!("labels-{set}"), charts::shares(&title, &largest_first(counts))?));
        }
        Ok(pictures)
    }

    fn table(&self) -> String {
        let mut text =
            format!("{:<28}{:>10}\n{:<28}{:>10}\n", "conversations", self.conversations, "turns", self.turns);
        for (name, spread) in [
            ("turns of a conversation", self.turns_per_conversation),
            ("words of a turn", self.words_per_turn),
        ] {
            if let Some(s) = spread {
                let _ = writeln!(
                    text,
                    "{name:<28}{:>10.1}  (min {}, quartiles {} {} {}, max {})",
                    s.mean, s.min, s.quarter, s.median, s.three_quarters, s.max
                );
            }
        }
        section(&mut text, "turns by speaker", &self.turns_by_speaker);
        section(&mut text, "outcome", &self.outcomes);
        for (set, counts) in &self.labels {
            section(&mut text, &set.replace('_', " "), counts);
            if let Some(sources) = self.label_sources.get(*set) {
                let sources: Vec<String> = sources.iter().map(|(s, n)| format!("{s} {n}")).collect();
                let _ = writeln!(text, "  from: {}", sources.join(", "));
            }
        }
        text
    }
}

fn add(counts: &mut Counts, name: &str) {
    *counts.entry(name.to_owned()).or_insert(0) += 1;
}

fn largest_first(counts: &Counts) -> Vec<(String, usize)> {
    let mut sorted: Vec<_> = counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sorted
}

fn section(text: &mut String, title: &str, counts: &Counts) {
    let total: usize = counts.values().sum();
    let _ = writeln!(text, "{title}");
    for (name, count) in largest_first(counts) {
        let _ =
            writeln!(text, "  {name:<26}{count:>10}  {:>5.1} %", count as f64 / total.max(1) as f64 * 100.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::{ResponseType, Turn};

    use super::*;

    #[test]
    fn everything_is_counted_once() {
        let mut turn = Turn::new(Speaker::Customer, "What does it cost?");
        turn.labels.response_type = Some(ResponseType::Question);
        let mut conversation =
            Conversation::new("a", vec![turn, Turn::new(Speaker::Salesperson, "Ten a month.")]);
        conversation.outcome = Some(Outcome::Won);
        let mut stats = Stats::default();
        stats.count(&conversation);
        assert_eq!((stats.conversations, stats.turns), (1, 2));
        assert_eq!(stats.labels["response_type"]["question"], 1);
        assert_eq!(stats.label_sources["response_type"]["not stated"], 1);
        assert_eq!(stats.outcomes["won"], 1);
        assert_eq!(stats.words, [4, 3]);
        assert!(stats.table().contains("question"));
    }

    #[test]
    fn quartiles_are_members() {
        let spread = Spread::of(&[5, 1, 3, 2, 4]).unwrap();
        assert_eq!(
            (spread.min, spread.quarter, spread.median, spread.three_quarters, spread.max),
            (1, 2, 3, 4, 5)
        );
        assert!(Spread::of(&[]).is_none());
    }
}
