//! The folder of a run: the bundle, what was measured, and how it was made.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_engine::bundle::artifact;
use rapport_engine::{Bundle, BundleConfig, Classes, EncoderConfig, Engine, FEATURE_VERSION};
use serde::Serialize;

use super::TrainArgs;
use super::card;
use super::crossfit::average;
use super::figures;
use super::heads_onnx::{self, Storage};
use super::run::{Settings, Sources, Trained};
use super::sequences::inputs;
use crate::bundle::BUNDLE_CARD;
use crate::{Output, evaluate, write_file};

/// Largest difference of a probability between the trained networks and the f32 graphs in tract, from the sentence to the
/// last head. Each graph alone is held to 1e-4 by its test; here heads follow each other, and networks that a few dozen
/// conversations have made steep magnify the last bits of a float (2e-4 was seen with 50; the champion's is 9e-6).
const F32_TOLERANCE: f32 = 1e-3;
/// Conversations that every export is checked over.
const CHECKED: usize = 20;

/// What a run says at its end.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    bundle: String,
    /// Largest difference of a probability between the networks and the f32 graphs in tract.
    export_difference_f32: f32,
    /// The same for the int8 act head that ships.
    export_difference_int8: f32,
    artifacts: Vec<(String, usize)>,
    cross_validation: BTreeMap<&'static str, figures::TaskFigures>,
    #[serde(skip)]
    text: String,
}

impl Summary {
    /// For people.
    pub(super) fn text(&self, folder: &Path) -> String {
        let mut out = format!("{}\n{}", self.text, figures::text(&self.cross_validation));
        out.push_str("\nArtifacts\n");
        for (name, bytes) in &self.artifacts {
            out.push_str(&format!("  {name:20} {bytes:>10} bytes\n"));
        }
        out.push_str(&format!(
            "\nNetworks and graphs agree within {:.1e} (f32) and {:.1e} (int8 act head).\nThe run is in {}.\n",
            self.export_difference_f32,
            self.export_difference_int8,
            folder.display()
        ));
        out
    }
}

/// The artifacts of the bundle, `(name, bytes)`.
fn artifacts(
    args: &TrainArgs,
    sources: &Sources,
    settings: &Settings,
    trained: &Trained,
    storage: Storage,
) -> Result<Vec<(String, Vec<u8>)>> {
    let config = BundleConfig {
        format: rapport_engine::bundle::BUNDLE_FORMAT,
        name: args.name.clone(),
        features: FEATURE_VERSION,
        encoder: EncoderConfig { dimensions: trained.dimensions, max_tokens: settings.max_tokens },
        temperatures: trained.temperatures,
        classes: Classes::current(),
    };
    let sequences = &trained.sequences;
    let standard = &sequences.standard;
    let tone = &trained.sentiment.model;
    let files = [
        (artifact::CONFIG, serde_json::to_vec_pretty(&config)?),
        (artifact::TOKENIZER, sources.tokenizer.clone()),
        (artifact::ENCODER, sources.encoder.clone()),
        (artifact::ACTS, heads_onnx::acts(&trained.acts.full, &trained.acts.scaling, storage)),
        (artifact::SENTIMENT, heads_onnx::sentiment(&tone.weights, &tone.bias)),
        (
            artifact::RESPONSE_TYPE,
            heads_onnx::sequence("response_type", &sequences.response_type, standard, &["logits"]),
        ),
        (artifact::STAGE, heads_onnx::sequence("stage", &sequences.stage, standard, &["now", "next"])),
        (artifact::DIRECTION, serde_json::to_vec(&trained.direction)?),
        (artifact::PLAYBOOK, serde_json::to_vec(&sources.playbook)?),
        (artifact::PLAYBOOK_VECTORS, trained.playbook_vectors.clone()),
        (artifact::SIGNALS, trained.signals.graph.clone()),
        (artifact::SIGNALS_CONFIG, serde_json::to_vec_pretty(&trained.signals.config)?),
    ];
    Ok(files.into_iter().map(|(n, b)| (n.to_owned(), b)).collect())
}

fn load(files: &[(String, Vec<u8>)]) -> Result<Engine> {
    Engine::load(Bundle::new(files.to_vec())).context("the bundle that was just written")
}

/// Largest difference of any probability between the trained networks and the engine with this bundle.
fn difference(engine: &Engine, sources: &Sources, trained: &Trained) -> Result<f32> {
    let mut worst = 0.0f32;
    let step = (trained.examples.len() / CHECKED).max(1);
    for (conversation, example) in sources.conversations.iter().zip(&trained.examples).step_by(step) {
        let analysis = engine.analyze(conversation)?;
        let rows = average(&trained.acts.full, example, &trained.acts.scaling);
        let acts = super::sequences::acts(example, &rows, &trained.temperatures);
        let outlook = trained.sequences.raw_outlook(&inputs(example, &acts)).outlook(&trained.temperatures);
        let pairs = |a: &[Vec<f32>], b: &[Vec<f32>]| -> f32 {
            a.iter().flatten().zip(b.iter().flatten()).fold(0.0, |m, (x, y)| m.max((x - y).abs()))
        };
        for (ours, theirs) in acts.iter().zip(&analysis.acts) {
            let both = ours.response_type.iter().chain(&ours.seller_act);
            let found = theirs.response_type.iter().chain(&theirs.seller_act);
            worst = both.zip(found).fold(worst, |m, (x, y)| m.max((x - y).abs()));
        }
        worst = worst
            .max(pairs(&outlook.response_type_next, &analysis.outlook.response_type_next))
            .max(pairs(&outlook.stage_now, &analysis.outlook.stage_now))
            .max(pairs(&outlook.stage_next, &analysis.outlook.stage_next));
    }
    Ok(worst)
}

/// The playbook keeps its licence, the heads have theirs; encoder and tokenizer come from the base.
fn bundle_card(args: &TrainArgs, report: &BTreeMap<&'static str, figures::TaskFigures>) -> serde_json::Value {
    let base =
        serde_json::json!({ "licence": "Apache-2.0", "data": ["sentence-transformers/all-MiniLM-L6-v2"] });
    let playbook = serde_json::json!({ "licence": "CC-BY-4.0", "data": ["models/playbook.json"] });
    serde_json::json!({
        "licence": args.licence,
        "data": args.data_sources,
        "note": format!("{}, trained with rapport {}", args.name, env!("CARGO_PKG_VERSION")),
        "metrics": report,
        "artifacts": {
            artifact::ENCODER: base,
            artifact::TOKENIZER: base,
            artifact::PLAYBOOK: playbook,
            artifact::PLAYBOOK_VECTORS: playbook,
        }
    })
}

/// Writes everything and checks it by loading it back.
pub(super) fn write(
    folder: &Path,
    args: &TrainArgs,
    sources: &Sources,
    settings: &Settings,
    record: &serde_json::Value,
    trained: &Trained,
    output: Output,
) -> Result<Summary> {
    output.note("check the exported graphs against the networks");
    let exact = artifacts(args, sources, settings, trained, Storage::F32)?;
    let export_difference_f32 = difference(&load(&exact)?, sources, trained)?;
    ensure!(
        export_difference_f32 <= F32_TOLERANCE,
        "the exported graphs differ from the networks by {export_difference_f32}, {F32_TOLERANCE} is allowed"
    );
    let files = artifacts(args, sources, settings, trained, Storage::Int8)?;
    let engine = load(&files)?;
    let export_difference_int8 = difference(&engine, sources, trained)?;

    let pairs: Vec<_> =
        trained.held_out.iter().map(|(at, analysis)| (&trained.examples[*at], analysis)).collect();
    let report = figures::of(&pairs);
    let judged: Vec<evaluate::Example> = trained
        .held_out
        .iter()
        .map(|(at, analysis)| {
            evaluate::Example::new(&sources.conversations[*at], analysis, &trained.direction)
        })
        .collect::<Result<_>>()?;
    let full = cross_validation(args, settings, trained, &judged);
    let put = |name: &str, bytes: &[u8]| write_file(&folder.join(name), bytes);
    for (name, bytes) in &files {
        put(&format!("bundle/{name}"), bytes)?;
    }
    let card = bundle_card(args, &report);
    put(&format!("bundle/{BUNDLE_CARD}"), &serde_json::to_vec_pretty(&card)?)?;
    put("run.json", &serde_json::to_vec_pretty(record)?)?;
    put("settings.json", &serde_json::to_vec_pretty(settings)?)?;
    put("cross-validation.json", &serde_json::to_vec_pretty(&full)?)?;
    // Beside the models, so that `rapport evaluate --bundle` judges new data with baselines from the
    // training data; the engine does not read it.
    put(&format!("bundle/{}", evaluate::BASELINES_FILE), &evaluate::Baselines::fit(&judged).to_json()?)?;
    put("direction-figures.json", &serde_json::to_vec_pretty(&trained.direction_figures)?)?;
    put("signals-figures.json", &serde_json::to_vec_pretty(&trained.signals.figures)?)?;
    for (name, text) in card::cards(args, sources, settings, trained) {
        put(&format!("cards/{name}"), text.as_bytes())?;
    }
    Ok(Summary {
        bundle: args.name.clone(),
        export_difference_f32,
        export_difference_int8,
        artifacts: files.iter().map(|(n, b)| (n.clone(), b.len())).collect(),
        cross_validation: report,
        text: evaluate::describe_report(&full),
    })
}

/// The full figures of the recipe, beside baselines fitted on other conversations. The direction is left
/// out: its clusters saw every conversation, its own figures are in `direction-figures.json`.
fn cross_validation(
    args: &TrainArgs,
    settings: &Settings,
    trained: &Trained,
    judged: &[evaluate::Example],
) -> evaluate::Report {
    use evaluate::Task;
    let options = evaluate::ReportOptions {
        tasks: Task::ALL.iter().copied().filter(|t| *t != Task::Direction).collect(),
        clusters: trained.direction.names.clone(),
        baselines: evaluate::BaselineSource::CrossValidated,
        resamples: 1000,
        seed: 1,
    };
    evaluate::report(&args.name, &evaluate::cross_fit(judged, settings.folds), &options)
}
