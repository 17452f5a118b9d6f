//! The figures for people.

use std::fmt::Write as _;

use super::SignalFigures;
use super::figures::{Choice, HeadFigures};
use super::tone::{ToneFigures, ToneScores};
use crate::metrics::Interval;

fn interval(i: &Interval) -> String {
    format!("{:.3} [{:.3}, {:.3}]", i.value, i.low, i.high)
}

fn ships(choice: Choice) -> &'static str {
    match choice {
        Choice::Model => "model",
        Choice::Rule => "rule",
        Choice::None => "neither",
    }
}

fn table(title: &str, heads: &[HeadFigures]) -> String {
    if heads.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "### {title}\n\n| signal | cases | base rate | average precision | words alone | AUC | F1 | precision | recall | \
         ECE | rule F1 | ships |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"
    );
    for f in heads {
        let words = f.words_alone.map_or_else(String::new, |w| format!("{w:.3}"));
        let rule = f.rule.as_ref().map_or_else(String::new, |r| format!("{:.3}", r.f1.value));
        let _ = writeln!(
            out,
            "| {} | {} of {} | {:.3} | {} | {words} | {:.3} | {} | {:.2} | {:.2} | {:.3} | {rule} | {} |",
            f.signal.key(),
            f.positives,
            f.cases,
            f.base_rate,
            interval(&f.average_precision),
            f.auc.value,
            interval(&f.f1),
            f.precision,
            f.recall,
            f.calibration_error,
            ships(f.ships)
        );
    }
    out.push('\n');
    out
}

fn tone(figures: &ToneFigures) -> String {
    let row = |name: &str, s: &ToneScores| {
        format!(
            "| {name} | {} | {} | {} |\n",
            interval(&s.accuracy),
            interval(&s.macro_f1),
            interval(&s.log_loss)
        )
    };
    format!(
        "### Tone of turns\n\n{} turns; the most frequent tone has {:.3}.\n\n| head | accuracy | macro F1 | log loss |\n\
         |---|---|---|---|\n{}{}| difference (paired) | {} | {} | {} less |\n\nThe head with context {}.\n\n",
        figures.turns,
        figures.majority,
        row("sentence vector alone", &figures.vector_alone),
        row("turn and the one before", &figures.with_context),
        interval(&figures.gain_accuracy),
        interval(&figures.gain_macro_f1),
        interval(&figures.gain_log_loss),
        if figures.ships { "ships" } else { "does not ship" }
    )
}

/// Tables in Markdown, for the card and for the terminal.
pub(crate) fn tables(figures: &SignalFigures) -> String {
    let mut out = table("Customers' turns", &figures.turns);
    out.push_str(&table("Emotions", &figures.emotions));
    out.push_str(&table("Service intents", &figures.intents));
    if let Some(share) = figures.service_alarms {
        let _ = writeln!(
            out,
            "Some service intent is named in {:.1} % of the sales turns, which show none.\n",
            100.0 * share
        );
    }
    if let Some(figures) = &figures.tone {
        out.push_str(&tone(figures));
    }
    out
}

/// The model card.
pub(crate) fn card(figures: &SignalFigures) -> String {
    format!(
        "# Signals\n\nSmall linear heads over what the engine has of each turn: its sentence vector, 4,096 buckets of hashed words \
         and word pairs, and for a customer's turn also the sentence vector of the turn before, plain surface features and what \
         the written rules found. One logistic regression for each signal, calibrated (Platt) and with a threshold chosen for F1, \
         at least .3. A head ships where it ranks better than its written rule and names no worse; else the rule answers where \
         three of ten of its matches are right; else nothing does. Which it is stands beside each signal in every answer.\n\n\
         ## Trained on\n\n\
         - Customers' turns of the Rapport sales corpus (objection, buying signal, urgency, commitment; CC BY 4.0). \"Asks how it \
         works\", \"wants to buy\", \"postpones\" and \"declines\" follow from these labels as `train/signals/targets.rs` says.\n\
         - The example lines of models/playbook.json, for the categories of objections (CC BY 4.0).\n\
         - GoEmotions (Demszky et al., ACL 2020; Apache-2.0), in the groups of `conversation/src/emotion.rs`.\n\
         - Banking77 (Casanueva et al., 2020; CC BY 4.0), in the families of `conversation/src/intent.rs`, where it was given; other \
         texts and sales turns stand beside it as cases without a service intent.\n\n\
         Hedging, \"asks for references\" and \"negotiates\" have no labels by people: written rules answer them, their confidence is \
         stated, not measured.\n\n## Figures\n\nOn conversations and texts that the scored heads and their calibration never saw \
         (cross-validation by whole conversation, by text outside conversations); what ships is trained on all. Intervals are 95 %, \
         by bootstrap over conversations. A guess has the base rate as its average precision and saying no to every case an F1 of 0. \
         The threshold is part of what is scored.\n\n{}\
         Eight-bit weights change a probability by {:.3} at most.\n\n## Not for\n\n\
         Emotions were learned from short comments on a public site, service intents from questions to one bank: on sales talk \
         neither has been measured against people's labels. The sales corpus was written, not recorded. It reads English. \
         It must not be used to judge people, to set what somebody pays, or to decide without a person.\n",
        tables(figures),
        figures.export_difference
    )
}
