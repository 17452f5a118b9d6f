//! `rapport data stats`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use rapport_conversation::{
    CallStage, Conversation, Label, Outcome, ResponseType, SellerAct, Speaker, Stage, TurnLabels,
};
use serde::Serialize;
use serde_json::Value;

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
    /// By label set: counts of a turn's label (rows) and the next turn's (columns), both in class order.
    transitions: BTreeMap<&'static str, Vec<Vec<usize>>>,
    /// Counts of the salesperson's act (rows) and the response type of the customer's turn right after it (columns).
    replies: Vec<Vec<usize>>,
    #[serde(skip)]
    by_outcome: BTreeMap<String, ByOutcome>,
    #[serde(skip)]
    lengths: Vec<usize>,
    #[serde(skip)]
    words: Vec<usize>,
}

/// Sizes of the conversations with one outcome.
#[derive(Debug, Default)]
struct ByOutcome {
    turns: Vec<usize>,
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
        // A finer outcome, where people recorded one, before the two that every set has.
        let outcome = match (conversation.labels.get("outcome").and_then(Value::as_str), conversation.outcome)
        {
            (Some(finer), _) => finer,
            (None, Some(Outcome::Won)) => "won",
            (None, Some(Outcome::Lost)) => "lost",
            (None, None) => "not recorded",
        };
        add(&mut self.outcomes, outcome);
        let own = self.by_outcome.entry(outcome.to_owned()).or_default();
        own.turns.push(conversation.turns.len());
        own.words.push(conversation.turns.iter().map(|t| t.text.split_whitespace().count()).sum());
        for pair in conversation.turns.windows(2) {
            let (a, b) = (&pair[0].labels, &pair[1].labels);
            self.follow("stage", Stage::ALL.len(), a.stage.map(Label::index), b.stage.map(Label::index));
            let calls = (a.call_stage.map(Label::index), b.call_stage.map(Label::index));
            self.follow("call_stage", CallStage::ALL.len(), calls.0, calls.1);
            if let (Some(act), Some(reply)) = (a.seller_act, b.response_type) {
                self.replies.resize(SellerAct::ALL.len(), vec![0; ResponseType::ALL.len()]);
                self.replies[act.index()][reply.index()] += 1;
            }
        }
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

    fn follow(&mut self, set: &'static str, classes: usize, from: Option<usize>, to: Option<usize>) {
        if let (Some(from), Some(to)) = (from, to) {
            let counts = self.transitions.entry(set).or_insert_with(|| vec![vec![0; classes]; classes]);
            counts[from][to] += 1;
        }
    }

    fn count_labels(&mut self, labels: &TurnLabels) {
        let names = [
            ("response_type", labels.response_type.map(Label::name)),
            ("seller_act", labels.seller_act.map(Label::name)),
            ("stage", labels.stage.map(Label::name)),
            ("call_stage", labels.call_stage.map(Label::name)),
            ("sentiment", labels.sentiment.map(Label::name)),
            ("objection", labels.objection.map(Label::name)),
            ("buying_signal", labels.buying_signal.map(Label::name)),
            ("urgency", labels.urgency.map(Label::name)),
            ("commitment", labels.commitment.map(Label::name)),
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
        for (set, counts) in &self.transitions {
            let (title, names) = match *set {
                "stage" => ("The funnel, from turn to turn", titles::<Stage>()),
                _ => ("Stages of the call, from turn to turn", titles::<CallStage>()),
            };
            pictures.push((format!("transitions-{set}"), charts::flow_chart(title, &names, counts)?));
        }
        if !self.replies.is_empty() {
            let (acts, types) = (titles::<SellerAct>(), titles::<ResponseType>());
            let title = "What customers reply";
            let svg = charts::counts_chart(
                title,
                ("after", &acts),
                ("the customer's turn", &types),
                &self.replies,
            )?;
            pictures.push(("replies".to_owned(), svg));
        }
        if self.by_outcome.len() > 1 {
            let groups = |of: fn(&ByOutcome) -> &Vec<usize>| -> Vec<(String, Vec<usize>)> {
                self.by_outcome.iter().map(|(name, own)| (name.replace('_', " "), of(own).clone())).collect()
            };
            let turns = charts::boxes("Turns by outcome", "turns of a conversation", &groups(|o| &o.turns))?;
            let words = charts::boxes("Words by outcome", "words of a conversation", &groups(|o| &o.words))?;
            pictures.push(("turns-by-outcome".to_owned(), turns));
            pictures.push(("words-by-outcome".to_owned(), words));
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

fn titles<L: Label>() -> Vec<&'static str> {
    L::ALL.iter().map(|l| l.title()).collect()
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
    use rapport_conversation::Turn;

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

        let mut finer = conversation.clone();
        finer.labels.insert("outcome".into(), "demo_booked".into());
        finer.turns[0].labels.stage = Some(Stage::Pitch);
        finer.turns[1].labels.stage = Some(Stage::Ask);
        stats.count(&finer);
        assert_eq!(stats.outcomes["demo_booked"], 1);
        assert_eq!(stats.transitions["stage"][Stage::Pitch.index()][Stage::Ask.index()], 1);
        let pictures = stats.pictures().unwrap();
        assert!(pictures.iter().any(|(name, _)| name == "transitions-stage"));
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
