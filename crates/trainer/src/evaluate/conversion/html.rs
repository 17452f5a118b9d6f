//! Figures of forecasts as one page, with what they mean and what they do not.

use super::{AlarmFigures, ConversionFigures, WholeFigures};
use crate::evaluate::describe::{difference, figure};
use crate::html::{Block, Page, Picture, Section, Table, render};
use crate::metrics::Interval;

/// The page of a model's figures; `source` says in a sentence which model and which conversations.
pub fn html(source: &str, figures: &ConversionFigures, pictures: &[Picture]) -> String {
    let mut sections = vec![summary(figures)];
    let show = |names: &[&str]| -> Vec<Picture> {
        pictures.iter().filter(|p| names.contains(&p.name.as_str())).cloned().collect()
    };
    sections.push(whole(
        figures,
        show(&["roc", "precision-recall", "reliability", "reliability-without-outcome"]),
    ));
    sections.extend(by_turns(figures, show(&["auc-by-turns"])));
    sections.extend(figures.alarms.as_ref().map(|of| alarms(of, show(&["horizon"]))));
    sections.extend(sets(figures));
    sections.push(reading());
    let page =
        Page { title: "Will it convert? How good the forecasts are".into(), lead: source.into(), sections };
    render(&page)
}

fn summary(figures: &ConversionFigures) -> Section {
    let interval = |of: &Interval| format!("95 % interval {:.2} to {:.2}", of.low, of.high);
    let mut facts = vec![(
        "Conversations".to_owned(),
        figures.n.to_string(),
        format!("{} won, {:.0} %", figures.won, figures.base_rate * 100.0),
    )];
    for (name, of) in
        [("AUC, whole", &figures.whole), ("AUC, outcome not stated", &figures.whole_without_outcome)]
    {
        if let Some(of) = of {
            facts.push((name.to_owned(), format!("{:.3}", of.scores.auc.value), interval(&of.scores.auc)));
        }
    }
    if let Some(of) = &figures.whole {
        let error = &of.scores.calibration_error;
        facts.push(("Calibration error, whole".to_owned(), format!("{:.3}", error.value), interval(error)));
    }
    if let Some((turns, of)) = figures.by_turns.first_key_value() {
        facts.push((format!("AUC after {turns} turns"), format!("{:.3}", of.auc.value), interval(&of.auc)));
    }
    if let Some(horizon) = figures.alarms.as_ref().and_then(|a| a.mean_horizon.as_ref()) {
        let beside = format!("turns before the end; {:.1} to {:.1}", horizon.low, horizon.high);
        facts.push(("First alarm of a loss".to_owned(), format!("{:.1}", horizon.value), beside));
    }
    let mut blocks = vec![Block::Facts(facts)];
    blocks.extend(figures.notes.iter().map(|note| Block::Caution(capitalised(note))));
    Section { title: "In short".into(), blocks }
}

fn whole(figures: &ConversionFigures, pictures: Vec<Picture>) -> Section {
    let mut blocks = vec![Block::Text(
        "The model has read the whole conversation and knows that it is over. In the second version the turns that \
         state the outcome are taken out: with them a model can read the answer off, which helps nobody while a \
         conversation runs."
            .into(),
    )];
    let kinds = [
        ("the whole conversation", &figures.whole),
        ("without the turns that state the outcome", &figures.whole_without_outcome),
    ];
    let present: Vec<(&str, &WholeFigures)> =
        kinds.into_iter().filter_map(|(name, of)| of.as_ref().map(|of| (name, of))).collect();
    if !present.is_empty() {
        blocks.push(Block::Table(scores(&present, figures.threshold)));
    }
    for (name, of) in &present {
        if !of.baselines.is_empty() {
            blocks.push(Block::Table(rivals(name, of)));
        }
    }
    if let Some(leak) = &figures.auc_from_stated_outcome {
        blocks.push(Block::Text(format!(
            "The turns that state the outcome account for {} of the AUC (paired difference on the same conversations).",
            difference(leak)
        )));
    }
    blocks.push(Block::Pictures(pictures));
    Section { title: "On the whole conversation".into(), blocks }
}

fn scores(present: &[(&str, &WholeFigures)], threshold: f64) -> Table {
    type Cell = fn(&WholeFigures) -> String;
    let rows: [(&str, Cell); 14] = [
        ("AUC", |f| figure(&f.scores.auc)),
        ("average precision", |f| figure(&f.scores.average_precision)),
        ("precision at 10", |f| f.scores.precision_at_10.as_ref().map_or("-".into(), figure)),
        ("precision at 50", |f| f.scores.precision_at_50.as_ref().map_or("-".into(), figure)),
        ("precision at 10 %", |f| figure(&f.scores.precision_at_10_percent)),
        ("accuracy", |f| figure(&f.scores.accuracy)),
        ("accuracy of the majority", |f| format!("{:.3}", f.majority)),
        ("F1 of won", |f| figure(&f.scores.f1)),
        ("precision of won", |f| figure(&f.scores.precision)),
        ("recall of won", |f| figure(&f.scores.recall)),
        ("macro F1", |f| figure(&f.scores.macro_f1)),
        ("Brier score", |f| figure(&f.scores.brier)),
        ("Brier skill", |f| figure(&f.scores.brier_skill)),
        ("calibration error", |f| figure(&f.scores.calibration_error)),
    ];
    let row = |(name, cell): (&str, Cell)| {
        std::iter::once(name.to_owned()).chain(present.iter().map(|(_, f)| cell(f))).collect()
    };
    Table {
        caption: format!(
            "Figures with 95 % intervals; a conversation is called won from a probability of {threshold:.2} on."
        ),
        head: std::iter::once(String::new())
            .chain(present.iter().map(|(name, f)| format!("{name} (n = {})", f.n)))
            .collect(),
        rows: rows.into_iter().map(row).collect(),
    }
}

fn rivals(name: &str, of: &WholeFigures) -> Table {
    let mut rows = vec![vec![
        "model".to_owned(),
        figure(&of.scores.auc),
        figure(&of.scores.average_precision),
        figure(&of.scores.brier),
    ]];
    for (rival, figures) in &of.baselines {
        let brier = figures.brier.as_ref().map_or("-".into(), figure);
        rows.push(vec![rival.clone(), figure(&figures.auc), figure(&figures.average_precision), brier]);
    }
    for (rival, less) in &of.differences {
        let brier = less.brier.as_ref().map_or("-".into(), difference);
        let title = format!("model less {rival}");
        rows.push(vec![title, difference(&less.auc), difference(&less.average_precision), brier]);
    }
    Table {
        caption: format!(
            "Beside simple models, {name}. A star: the interval of the paired difference excludes 0. The simple models \
             read the whole conversation."
        ),
        head: ["", "AUC", "average precision", "Brier score"].map(str::to_owned).into(),
        rows,
    }
}

fn by_turns(figures: &ConversionFigures, pictures: Vec<Picture>) -> Option<Section> {
    if figures.by_turns.is_empty() {
        return None;
    }
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let rows = figures.by_turns.iter().map(|(turns, of)| {
        vec![
            turns.to_string(),
            of.n.to_string(),
            percent(of.base_rate),
            figure(&of.auc),
            format!("{:.3}", of.brier.value),
            format!("{:.3}", of.base_rate_brier),
            format!("{:.3}", of.calibration_error.value),
            of.coverage.map_or("-".into(), |c| percent(c.covered)),
            of.coverage.map_or("-".into(), |c| percent(c.compatible)),
        ]
    });
    let head = [
        "turns",
        "running",
        "won",
        "AUC",
        "Brier",
        "… of the share",
        "calibration error",
        "covered",
        "compatible",
    ];
    let table = Table {
        caption: "After exactly so many turns, among conversations that were still running.".into(),
        head: head.map(str::to_owned).into(),
        rows: rows.collect(),
    };
    let blocks = vec![
        Block::Text(
            "What counts while a conversation runs: after a fixed number of turns, and only of conversations that went \
             on. How long a conversation will be is not known then, and is not used."
                .into(),
        ),
        Block::Table(table),
        Block::Text(
            "Covered: conversations are cut into groups of alike probability; the share of groups whose share of won \
             lies in their mean stated interval. Compatible: the same, or missed by no more than the noise of a share \
             of so many conversations."
                .into(),
        ),
        Block::Pictures(pictures),
    ];
    Some(Section { title: "Turn by turn".into(), blocks })
}

fn alarms(of: &AlarmFigures, pictures: Vec<Picture>) -> Section {
    let mut rows = vec![
        vec!["lost conversations with an alarm".to_owned(), figure(&of.true_positive_rate)],
        vec!["won conversations with an alarm".to_owned(), figure(&of.false_positive_rate)],
        vec!["alarms that were right".to_owned(), figure(&of.precision)],
        vec!["F1".to_owned(), figure(&of.f1)],
    ];
    if let Some(h) = &of.mean_horizon {
        let interval = format!("{:.1} [{:.1}, {:.1}] turns", h.value, h.low, h.high);
        rows.push(vec!["mean horizon".to_owned(), interval]);
    }
    if let Some(withdrawn) = &of.false_alarms_withdrawn {
        rows.push(vec![format!("false alarms withdrawn, of {}", of.false_alarms), figure(withdrawn)]);
    }
    rows.push(vec!["correct adjustments".to_owned(), figure(&of.correct_adjustments)]);
    rows.push(vec!["incorrect adjustments".to_owned(), figure(&of.incorrect_adjustments)]);
    rows.push(vec!["recovery".to_owned(), difference(&of.recovery)]);
    let table = Table {
        caption: format!("At the model's threshold, {} conversations, {} of them lost.", of.n, of.lost),
        head: ["", "figure"].map(str::to_owned).into(),
        rows,
    };
    let trade = |t: &super::AlarmTrade| {
        vec![
            format!("{:.1}", t.loss_threshold),
            format!("{:.2}", t.true_positive_rate),
            format!("{:.2}", t.false_positive_rate),
            t.mean_horizon.map_or("-".into(), |h| format!("{h:.1}")),
            format!("{:+.3}", t.recovery),
        ]
    };
    let trades = Table {
        caption: "Other thresholds: more losses are seen, and earlier, at the price of more false alarms."
            .into(),
        head: ["loss above", "found", "false alarms", "mean horizon", "recovery"].map(str::to_owned).into(),
        rows: of.trades.iter().map(trade).collect(),
    };
    let blocks = vec![
        Block::Text(format!(
            "An alarm goes off when the probability of a loss is above {:.2} after any turn while the conversation \
             runs, and counts from then on. The horizon is the number of turns from the first alarm to the end. An \
             adjustment is an alarm that the last forecast had withdrawn: correct if the conversation was won, incorrect \
             if it was lost, both as a share of all conversations; recovery is the difference.",
            of.loss_threshold
        )),
        Block::Table(table),
        Block::Table(trades),
        Block::Pictures(pictures),
    ];
    Section { title: "Warnings of a loss".into(), blocks }
}

fn sets(figures: &ConversionFigures) -> Option<Section> {
    if figures.sets.is_empty() {
        return None;
    }
    let auc = |of: &Option<WholeFigures>| of.as_ref().map_or("-".into(), |of| figure(&of.scores.auc));
    let error =
        |of: &Option<WholeFigures>| of.as_ref().map_or("-".into(), |of| figure(&of.scores.calibration_error));
    let rows = figures.sets.iter().map(|(set, of)| {
        vec![
            set.clone(),
            of.n.to_string(),
            format!("{:.0} %", of.base_rate * 100.0),
            auc(&of.whole),
            auc(&of.whole_without_outcome),
            error(&of.whole),
        ]
    });
    let head = ["set", "n", "won", "AUC, whole", "AUC, outcome not stated", "calibration error, whole"];
    let table = Table {
        caption: "Each set alone.".into(),
        head: head.map(str::to_owned).into(),
        rows: rows.collect(),
    };
    let text = "Sets differ in their share of won, so telling sets apart looks like telling outcomes apart. These are the \
                figures without that.";
    let blocks = vec![Block::Text(text.into()), Block::Table(table)];
    Some(Section { title: "Set by set".into(), blocks })
}

fn reading() -> Section {
    let texts = [
        "AUC is the chance that a won conversation gets a higher probability than a lost one: 0.5 is chance, 1 is \
         perfect. It says nothing about whether the probabilities are right, only about their order.",
        "Calibration says whether they are right: of the conversations with 70 %, about 70 of 100 should be won. The \
         Brier score joins both; its skill compares it with always saying the share of won.",
        "F1 of won is high on sets where most are won, even for a model that calls everything won. Look at the accuracy \
         beside the majority's and at the macro F1.",
        "Every interval draws whole conversations with replacement. It covers the luck of which conversations were kept \
         back, not what another trade, another language or another time would bring.",
        "A probability describes conversations like these. It is no reason to treat one customer otherwise than \
         another, and what moves it is not what would change the outcome.",
    ];
    let blocks = texts.map(|text| Block::Text(text.into())).into();
    Section { title: "How to read this".into(), blocks }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
