//! The card of a model of conversion: what it was trained on, how good it is, what it is not for.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::command::DomainSummary;
use crate::evaluate::conversion::{ConversionFigures, WholeFigures};
use crate::metrics::Interval;

const NOT_FOR: &str = "It knows the talk named above and no other. A probability near the share of won conversations says that the \
     model does not know. Early in a conversation it hardly does: see the figures by turns. It reads English. It must not be used to judge \
     people, to decide whom to serve, to set what somebody pays, or to decide without a person.\n";

fn show(interval: &Interval) -> String {
    format!("{:.3} [{:.3}, {:.3}]", interval.value, interval.low, interval.high)
}

/// The card as Markdown; `sources` are what the models were trained on, a line each.
pub(super) fn card(sources: &[String], domains: &BTreeMap<String, DomainSummary>) -> String {
    let mut text = String::from(
        "# Conversion\n\nSays how likely a conversation is to convert, after each turn and when it is over. A logistic regression weighs four \
         models by the length of the conversation: logistic regressions over pooled sentence vectors, hashed words and plain features, and boosted \
         trees over the same features. The interval is Wilson's 90 % interval of the share won among past conversations that were scored alike, \
         unseen.\n\n## Trained on\n\n",
    );
    for source in sources {
        let _ = writeln!(text, "- {source}");
    }
    text.push_str(
        "\n## Figures\n\nOn conversations that the scored models never saw (cross-validation by whole conversation), 95 % intervals by \
         bootstrap over conversations. \"Outcome hidden\" leaves out every line that names a number, and is scored by models that were fitted on \
         such conversations. \"Words\" is a logistic regression over hashed words of the whole, \"length\" one over its length.\n\n",
    );
    text.push_str(
        "| domain | conversations | won | AUC | outcome hidden | words | length | accuracy | majority | Brier skill | calibration error |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, domain) in domains {
        whole_row(&mut text, name, &domain.figures);
        for (set, figures) in &domain.figures.sets {
            whole_row(&mut text, &format!("{name}, on {set} alone"), figures);
        }
    }
    text.push_str(
        "\nWhile conversations were still running, after exactly so many lines:\n\n\
         | domain | lines | still running | won | AUC | Brier skill | calibration error |\n|---|---|---|---|---|---|---|\n",
    );
    for (name, domain) in domains {
        for (lines, figures) in &domain.figures.by_turns {
            let _ = writeln!(
                text,
                "| {name} | {lines} | {} | {:.0} % | {} | {} | {:.3} |",
                figures.n,
                100.0 * figures.base_rate,
                show(&figures.auc),
                show(&figures.brier_skill),
                figures.calibration_error.value
            );
        }
    }
    let _ = write!(text, "\n## Not for\n\n{NOT_FOR}");
    text
}

fn whole_row(text: &mut String, name: &str, figures: &ConversionFigures) {
    let Some(WholeFigures { majority, scores, baselines, .. }) = &figures.whole else { return };
    let hidden = figures.whole_without_outcome.as_ref().map_or_else(String::new, |h| show(&h.scores.auc));
    let of = |name: &str| baselines.get(name).map_or_else(String::new, |b| show(&b.auc));
    let _ = writeln!(
        text,
        "| {name} | {} | {:.0} % | {} | {hidden} | {} | {} | {} | {majority:.3} | {} | {:.3} |",
        figures.n,
        100.0 * figures.base_rate,
        show(&scores.auc),
        of("words"),
        of("length"),
        show(&scores.accuracy),
        show(&scores.brier_skill),
        scores.calibration_error.value
    );
}
