//! `rapport data verify`: how well weak labels agree with the human ones that they were not shown.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rapport_conversation::{
    Conversation, Label, LabelSource, ResponseType, SellerAct, Sentiment, Speaker, Stage, TurnLabels,
};
use serde::Serialize;

use super::jsonl::read_conversations;
use super::label::{ActSource, label_all};
use super::split::share_of;
use super::weak::{human_only, without_labels};
use crate::files::StagedFolder;
use crate::metrics::{Bootstrap, ClassScore, ConfusionMatrix, Interval};
use crate::{Output, charts, write_file};

/// Resamples of the intervals.
const RESAMPLES: usize = 1000;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Canonical JSONL with human labels, of conversations that the act head was not trained on.
    file: PathBuf,
    #[command(flatten)]
    acts: ActSource,
    /// Folder for the figures, the confusion pictures and a sample to read; it must not exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Turns in the sample.
    #[arg(long, default_value_t = 100)]
    sample: usize,
    /// Seed of the intervals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One turn that a person and the weak labels both named.
struct Pair {
    conversation: usize,
    turn: usize,
    human: usize,
    weak: usize,
    source: LabelSource,
    confidence: f32,
}

#[derive(Debug, Serialize)]
struct SetFigures {
    /// Turns with a human label.
    labelled: usize,
    /// Those of them that got a weak label.
    covered: usize,
    accuracy: Interval,
    macro_f1: Interval,
    kappa: f64,
    classes: BTreeMap<&'static str, ClassScore>,
    /// Agreement by where the weak label comes from.
    by_source: BTreeMap<String, SourceFigures>,
    confusion: ConfusionMatrix,
}

#[derive(Debug, Default, Serialize)]
struct SourceFigures {
    turns: usize,
    agree: usize,
}

pub(super) fn run(args: &VerifyArgs, output: Output) -> Result<()> {
    let folder = args.out.as_deref().map(StagedFolder::new).transpose()?;
    let human = read_conversations(&args.file)?;
    let mut weak: Vec<Conversation> = human.iter().map(without_labels).collect();
    label_all(&mut weak, &args.acts, output)?;
    if args.acts.uses_models() {
        output.note("these figures say something only of conversations that the models were not trained on");
    }
    let mut figures = BTreeMap::new();
    let mut sample = Vec::new();
    for set in Set::ALL {
        let (labelled, pairs) = set.pairs(&human, &weak);
        if pairs.is_empty() {
            continue;
        }
        let of_set = measure(&pairs, labelled, set.names(), args.seed);
        if let Some(folder) = &folder {
            let title = format!("{}: human (rows) against weak labels", set.name().replace('_', " "));
            let svg = charts::confusion_chart(&title, set.names(), &of_set.confusion)?;
            write_file(&folder.path().join(format!("confusion-{}.svg", set.name())), svg.as_bytes())?;
            let classes: Vec<(String, usize)> =
                set.names().iter().map(|n| ((*n).to_owned(), of_set.classes[n].support)).collect();
            let title = format!("{}: human labels", set.name().replace('_', " "));
            let svg = charts::shares(&title, &classes)?;
            write_file(&folder.path().join(format!("balance-{}.svg", set.name())), svg.as_bytes())?;
        }
        sample.extend(pairs.into_iter().map(|pair| (set, pair)));
        figures.insert(set.name(), of_set);
    }
    ensure!(
        !figures.is_empty(),
        "{} holds no human label that the weak labels could be held to",
        args.file.display()
    );
    if let Some(folder) = folder {
        write_file(&folder.path().join("agreement.json"), &serde_json::to_vec_pretty(&figures)?)?;
        let sheet = sheet(&human, sample, args.sample)?;
        write_file(&folder.path().join("sample.csv"), &sheet)?;
        folder.finish()?;
    }
    output.result(&figures, || describe(&figures))
}

fn measure(pairs: &[Pair], labelled: usize, names: &[&'static str], seed: u64) -> SetFigures {
    let groups: Vec<usize> = pairs.iter().map(|p| p.conversation).collect();
    let bootstrap = Bootstrap::new(&groups, RESAMPLES, seed);
    let matrix = |indices: &[u32]| {
        let pairs = indices.iter().map(|&i| &pairs[i as usize]);
        ConfusionMatrix::from_pairs(names.len(), pairs.map(|p| (p.human, p.weak)))
    };
    let all: Vec<u32> = (0..pairs.len() as u32).collect();
    let confusion = matrix(&all);
    let mut by_source: BTreeMap<String, SourceFigures> = BTreeMap::new();
    for pair in pairs {
        let of = by_source.entry(format!("{:?}", pair.source).to_lowercase()).or_default();
        of.turns += 1;
        of.agree += usize::from(pair.human == pair.weak);
    }
    SetFigures {
        labelled,
        covered: pairs.len(),
        accuracy: bootstrap.interval(pairs.len(), |i| matrix(i).accuracy()),
        macro_f1: bootstrap.interval(pairs.len(), |i| matrix(i).macro_f1()),
        kappa: confusion.kappa(),
        classes: names.iter().copied().zip(confusion.classes()).collect(),
        by_source,
        confusion,
    }
}

/// A set of labels of turns.
#[derive(Debug, Clone, Copy)]
enum Set {
    ResponseType,
    SellerAct,
    Stage,
    Sentiment,
}

impl Set {
    const ALL: [Self; 4] = [Self::ResponseType, Self::SellerAct, Self::Stage, Self::Sentiment];

    fn name(self) -> &'static str {
        match self {
            Self::ResponseType => "response_type",
            Self::SellerAct => "seller_act",
            Self::Stage => "stage",
            Self::Sentiment => "sentiment",
        }
    }

    fn names(self) -> &'static [&'static str] {
        // The order is the class order, which the confusion matrix counts by.
        match self {
            Self::ResponseType => &["question", "agreement", "objection", "explanation", "reaction", "other"],
            Self::SellerAct => &["greeting", "inquiry", "pitch", "ask", "social", "closing"],
            Self::Stage => &["opening", "discovery", "pitch", "ask", "decision", "close"],
            Self::Sentiment => &["negative", "neutral", "positive"],
        }
    }

    fn class(self, labels: &TurnLabels) -> Option<usize> {
        match self {
            Self::ResponseType => labels.response_type.map(ResponseType::index),
            Self::SellerAct => labels.seller_act.map(SellerAct::index),
            Self::Stage => labels.stage.map(Stage::index),
            Self::Sentiment => labels.sentiment.map(Sentiment::index),
        }
    }

    /// How many turns have a human label, and the pairs of those that also have a weak one.
    fn pairs(self, human: &[Conversation], weak: &[Conversation]) -> (usize, Vec<Pair>) {
        let mut labelled = 0;
        let mut pairs = Vec::new();
        for (conversation, (h, w)) in human.iter().zip(weak).enumerate() {
            for (turn, (h, w)) in h.turns.iter().zip(&w.turns).enumerate() {
                let Some(truth) = self.class(&human_only(&h.labels)) else { continue };
                labelled += 1;
                let provenance = w.labels.provenance.get(self.name());
                if let (Some(weak), Some(p)) = (self.class(&w.labels), provenance) {
                    pairs.push(Pair {
                        conversation,
                        turn,
                        human: truth,
                        weak,
                        source: p.source,
                        confidence: p.confidence,
                    });
                }
            }
        }
        (labelled, pairs)
    }
}

/// A table for a person to read: half disagreements, half agreements, chosen by a stable hash.
fn sheet(conversations: &[Conversation], pairs: Vec<(Set, Pair)>, size: usize) -> Result<Vec<u8>> {
    let place = |set: Set, pair: &Pair| {
        share_of(&format!("{} {} {}", conversations[pair.conversation].id, pair.turn, set.name()), "sample")
    };
    let (mut differ, mut agree): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(_, p)| p.human != p.weak);
    for side in [&mut differ, &mut agree] {
        side.sort_by(|a, b| place(a.0, &a.1).total_cmp(&place(b.0, &b.1)));
        side.truncate(size.div_ceil(2));
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "conversation",
        "turn",
        "speaker",
        "before",
        "text",
        "set",
        "human",
        "weak",
        "source",
        "confidence",
        "right?",
    ])?;
    for (set, pair) in differ.into_iter().chain(agree) {
        let conversation = &conversations[pair.conversation];
        let turn = &conversation.turns[pair.turn];
        let speaker = match turn.speaker {
            Speaker::Customer => "customer",
            Speaker::Salesperson => "salesperson",
        };
        let before = pair.turn.checked_sub(1).map_or("", |i| conversation.turns[i].text.as_str());
        table.write_record([
            &conversation.id,
            &(pair.turn + 1).to_string(),
            speaker,
            before,
            &turn.text,
            set.name(),
            set.names()[pair.human],
            set.names()[pair.weak],
            &format!("{:?}", pair.source).to_lowercase(),
            &format!("{:.2}", pair.confidence),
            "",
        ])?;
    }
    table.into_inner().context("the sample cannot be written")
}

fn describe(figures: &BTreeMap<&'static str, SetFigures>) -> String {
    let mut text = String::new();
    for (set, f) in figures {
        let _ = writeln!(
            text,
            "{}: {} turns with a human label, {} with a weak one\n  accuracy {:.3} [{:.3}, {:.3}]   macro F1 {:.3} [{:.3}, {:.3}]   kappa {:.3}",
            set.replace('_', " "),
            f.labelled,
            f.covered,
            f.accuracy.value,
            f.accuracy.low,
            f.accuracy.high,
            f.macro_f1.value,
            f.macro_f1.low,
            f.macro_f1.high,
            f.kappa
        );
        for (name, c) in &f.classes {
            let _ = writeln!(
                text,
                "  {name:<14}{:>7}  precision {:.2}  recall {:.2}  F1 {:.2}",
                c.support, c.precision, c.recall, c.f1
            );
        }
        for (source, s) in &f.by_source {
            let share = s.agree as f64 / s.turns as f64;
            let _ = writeln!(text, "  from {source:<9}{:>7}  agree {share:.2}", s.turns);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_class_order() {
        fn names<L: Label>() -> Vec<&'static str> {
            L::ALL.iter().map(|l| l.name()).collect()
        }
        assert_eq!(Set::ResponseType.names(), names::<ResponseType>());
        assert_eq!(Set::SellerAct.names(), names::<SellerAct>());
        assert_eq!(Set::Stage.names(), names::<Stage>());
        assert_eq!(Set::Sentiment.names(), names::<Sentiment>());
    }
}
