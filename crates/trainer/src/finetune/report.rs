//! What a run says of itself: `figures.json`, and the same for a person.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::general::GeneralFigures;
use super::measure::{Compared, SetFigures};
use super::session::EpochFigures;

/// `figures.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Windows and conversations trained on and kept back, by label.
    pub data: DataFigures,
    /// The epoch that was kept; 0 is the base: nothing was gained.
    pub best_epoch: usize,
    pub history: Vec<EpochFigures>,
    /// How much of what was trained is added to the base; nothing for full fine-tuning.
    #[serde(default)]
    pub share: Option<f64>,
    /// Numbers that were trained.
    pub trained_parameters: usize,
    /// By test file; without `--test` those kept back, which also chose the epoch.
    pub sets: BTreeMap<String, SetFigures>,
    /// The check on general texts.
    pub general: Option<GeneralFigures>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DataFigures {
    pub train_conversations: usize,
    pub train: BTreeMap<String, usize>,
    pub val_conversations: usize,
    pub val: BTreeMap<String, usize>,
}

fn interval(compared: &Compared) -> String {
    let Compared { generic, tuned, change } = compared;
    format!(
        "{:.3} [{:.3}, {:.3}]   {:.3} [{:.3}, {:.3}]   {:+.3} [{:+.3}, {:+.3}]",
        generic.value,
        generic.low,
        generic.high,
        tuned.value,
        tuned.low,
        tuned.high,
        change.value,
        change.low,
        change.high
    )
}

impl Figures {
    /// The figures for a person.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let count = |labels: &BTreeMap<String, usize>| labels.values().sum::<usize>();
        let _ = writeln!(
            out,
            "trained {} numbers on {} windows of {} conversations; {} of {} kept back",
            self.trained_parameters,
            count(&self.data.train),
            self.data.train_conversations,
            count(&self.data.val),
            self.data.val_conversations
        );
        let _ = writeln!(
            out,
            "{:>5} {:>10} {:>12} {:>10} {:>11}",
            "epoch", "training", "distillation", "held-out", "neighbours"
        );
        let number = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
        for e in &self.history {
            let mark = if e.epoch == self.best_epoch { "  kept" } else { "" };
            let _ = writeln!(
                out,
                "{:>5} {:>10} {:>12} {:>10.4} {:>11.4}{mark}",
                e.epoch,
                number(e.train_loss),
                number(e.distillation),
                e.val_loss,
                e.val_neighbours
            );
        }
        if let Some(share) = self.share.filter(|s| *s < 1.0) {
            let _ = writeln!(out, "{share:.2} of what was trained is added to the base");
        }
        if self.best_epoch == 0 && !self.history.is_empty() {
            let _ = writeln!(
                out,
                "no epoch was better than the base on what is kept back: what is written changes nothing"
            );
        }
        for (name, set) in &self.sets {
            for (side, f) in &set.sides {
                let _ = writeln!(
                    out,
                    "\n{name}, {side}: {} windows of {} conversations, majority {:.3}\n{:34} {:22} {:22} change",
                    f.windows, f.conversations, f.majority, "", "generic", "fine-tuned"
                );
                let mut rows = vec![
                    ("10 nearest neighbours, accuracy", &f.neighbours.accuracy),
                    ("10 nearest neighbours, macro F1", &f.neighbours.macro_f1),
                    ("silhouette", &f.silhouette),
                ];
                if let Some(probe) = &f.probe_vector {
                    rows.push(("probe of the vector, accuracy", &probe.accuracy));
                    rows.push(("probe of the vector, macro F1", &probe.macro_f1));
                }
                if let Some(probe) = &f.probe_row {
                    rows.push(("probe of the row, accuracy", &probe.accuracy));
                    rows.push(("probe of the row, macro F1", &probe.macro_f1));
                }
                for (what, compared) in rows {
                    let _ = writeln!(out, "{what:34} {}", interval(compared));
                }
            }
            if let Some(auc) = &set.outcome_auc {
                let _ = writeln!(out, "{:34} {}", "outcome by mean vector, AUC", interval(auc));
            }
        }
        if let Some(g) = &self.general {
            let _ = writeln!(
                out,
                "\ngeneral texts: nearest neighbour's intent {:.4} to {:.4} ({:+.4} [{:+.4}, {:+.4}]) of {} texts; \
                 pairs AUC {:.4} to {:.4} ({:+.4} [{:+.4}, {:+.4}]); Spearman of pairs {:.4}",
                g.nearest_generic,
                g.nearest_tuned,
                g.nearest_change.value,
                g.nearest_change.low,
                g.nearest_change.high,
                g.asked,
                g.pairs_generic,
                g.pairs_tuned,
                g.pairs_change.value,
                g.pairs_change.low,
                g.pairs_change.high,
                g.spearman
            );
            if !g.kept {
                let _ = writeln!(
                    out,
                    "WARNING: general similarity fell by more than 1 point; lower --share, or raise --general-weight"
                );
            }
        }
        out
    }
}
