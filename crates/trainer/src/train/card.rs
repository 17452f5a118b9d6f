//! Model cards: what each artifact is, what it learned from, how well it does, what it is not for.

use std::fmt::Write as _;

use rapport_engine::bundle::artifact;

use super::TrainArgs;
use super::figures;
use super::run::{Settings, Sources, Trained};

const CONVERSATION_LIMITS: &str = "It knows the talk named above and no other: elsewhere it is less sure and less often \
right, so look at the probabilities, not only at the top class. It reads English. It must not be used to judge people, \
to set what somebody pays, or to decide without a person.";

fn card(title: &str, what: &str, data: &[String], figures: &str, limits: &str) -> String {
    let mut out = format!("# {title}\n\n{what}\n\n## Trained on\n\n");
    for line in data {
        let _ = writeln!(out, "- {line}");
    }
    let _ = write!(out, "\n## Figures\n\n{figures}\n## Not for\n\n{limits}\n");
    out
}

fn table(sets: &[String], trained: &Trained, tasks: &[&str]) -> String {
    let mut out = String::from(
        "On conversations that the scored models never saw (cross-validation by whole conversation; the shipped \
         model is trained on all of them by the same recipe), by data file. The majority column is the share of the \
         most frequent class.\n\n| task | data | n | accuracy | macro F1 | log loss | calibration error | majority |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let mut names: Vec<&String> = sets.iter().collect();
    names.dedup();
    for task in tasks {
        for name in &names {
            let own = trained.held_out.iter().filter(|(at, _)| sets[*at] == **name);
            let pairs: Vec<_> = own.map(|(at, a)| (&trained.examples[*at], a)).collect();
            if let Some(f) = figures::of(&pairs).get(task) {
                let _ = writeln!(
                    out,
                    "| {task} | {name} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
                    f.n, f.accuracy, f.macro_f1, f.log_loss, f.calibration_error, f.majority
                );
            }
        }
    }
    out
}

/// The cards by file name.
pub(super) fn cards(
    args: &TrainArgs,
    sources_read: &Sources,
    settings: &Settings,
    trained: &Trained,
) -> Vec<(String, String)> {
    let table = |tasks: &[&str]| table(&sources_read.sets, trained, tasks);
    let name =
        |artifact: &str| format!("{}.md", artifact.trim_end_matches(".onnx").trim_end_matches(".json"));
    let sources = &args.data_sources;
    let with_playbook: Vec<String> = sources
        .iter()
        .cloned()
        .chain(
            ["The example lines of models/playbook.json, as single customer turns (CC BY 4.0).".to_owned()],
        )
        .collect();
    let mut sentiment_data = vec![
        "GoEmotions (Demszky et al., ACL 2020), Apache-2.0, grouped as its authors group the emotions; texts with \
         both a positive and a negative emotion are left out."
            .to_owned(),
    ];
    let mut sentiment = String::from(
        "| kept back | n | accuracy | macro F1 | majority | trained on |\n|---|---|---|---|---|---|\n",
    );
    for (what, f) in [("texts", trained.sentiment.texts), ("turns", trained.sentiment.turns)] {
        if f.held > 0 {
            let _ = writeln!(
                sentiment,
                "| {what} | {} | {:.3} | {:.3} | {:.3} | {} |",
                f.held, f.accuracy, f.macro_f1, f.majority, f.trained
            );
        }
    }
    if trained.sentiment.turns.held > 0 {
        sentiment_data
            .push("The turns with a tone of the conversations that the other heads learned from.".into());
    }
    let signals = super::signals::report::card(&trained.signals.figures);
    let d = &trained.direction_figures;
    let mut clusters = String::from(
        "| clusters | inertia | silhouette | stability (adjusted Rand of two halves) |\n|---|---|---|---|\n",
    );
    for f in &d.clusters {
        let _ =
            writeln!(clusters, "| {} | {:.4} | {:.3} | {:.3} |", f.k, f.inertia, f.silhouette, f.stability);
    }
    let interval = |i: &crate::metrics::Interval| format!("{:.3} [{:.3}, {:.3}]", i.value, i.low, i.high);
    let direction = format!(
        "{} axes hold {:.0} % of the variance. {} clusters were chosen: the most whose stability is at least 0.75.\n\n{clusters}\n\
         Log loss of the next cluster on conversations kept back ({} transitions): marginal {}, first order {}, second \
         order {}. First under marginal by {}; second under first by {}. The chain that ships has order {}.\n\n",
        settings.direction.axes,
        100.0 * d.explained_variance,
        d.chosen,
        d.chain.n,
        interval(&d.chain.log_loss[0]),
        interval(&d.chain.log_loss[1]),
        interval(&d.chain.log_loss[2]),
        interval(&d.chain.first_under_marginal),
        interval(&d.chain.second_under_first),
        trained.direction.chain.order
    );
    vec![
        (
            name(artifact::ACTS),
            card(
                "Act head",
                "Says what each turn does: six response types of a customer's turn, six acts of a salesperson's. \
                 Reads the turn and the two before it: sentence vector, 4,096 buckets of hashed words and word pairs, \
                 17 surface features.",
                &with_playbook,
                &table(&["response-type-now", "seller-act-now"]),
                CONVERSATION_LIMITS,
            ),
        ),
        (
            name(artifact::RESPONSE_TYPE),
            card(
                "Next response type",
                "An LSTM over act probabilities and surface features that gives the type of the customer's next response. \
                 Conversations without human labels take part in training with the act head's probabilities as targets.",
                sources,
                &table(&["response-type-next"]),
                CONVERSATION_LIMITS,
            ),
        ),
        (
            name(artifact::STAGE),
            card(
                "Stage now and next",
                "An LSTM over act probabilities and surface features that gives the funnel stage after this turn and after \
                 the next. The engine lets neither go back.",
                sources,
                &table(&["stage-now", "stage-next"]),
                CONVERSATION_LIMITS,
            ),
        ),
        (
            name(artifact::SENTIMENT),
            card(
                "Sentiment head",
                "A linear head over the sentence vector: negative, neutral, positive.",
                &sentiment_data,
                &sentiment,
                "It says how words sound, not what a person feels.",
            ),
        ),
        (name(artifact::SIGNALS), signals),
        (
            name(artifact::DIRECTION),
            card(
                "Direction",
                "Principal axes of sentence vectors, k-means clusters of turns on them, and a Markov chain over the \
                 clusters with back-off from the second to the first order to the marginal.",
                sources,
                &direction,
                CONVERSATION_LIMITS,
            ),
        ),
    ]
}
