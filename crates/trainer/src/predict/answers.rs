//! The engine's answers in full, for one history or a file of canonical JSONL.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use rapport_conversation::{Conversation, parse_history};
use rapport_engine::{
    ConversionOptions, ConversionPrediction, DirectionPrediction, Engine, ResponsePrediction,
    StagePrediction, Suggestion,
};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::json;

use crate::data::read_conversations;
use crate::files::read;
use crate::{Output, write_file};

/// The four answers over one conversation.
#[derive(Debug, Serialize)]
struct Answers {
    id: String,
    response: ResponsePrediction,
    stage: StagePrediction,
    suggestion: Suggestion,
    direction: DirectionPrediction,
    /// Where the bundle has a model of conversion.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversion: Option<ConversionPrediction>,
}

pub(super) fn one(engine: &Engine, path: &Path, output: Output) -> Result<()> {
    let conversation =
        parse_history(&read(path)?).with_context(|| format!("{} is not a history", path.display()))?;
    let answers = answer(engine, &conversation)?;
    output.result(&answers, || describe(&answers))
}

pub(super) fn many(engine: &Engine, path: &Path, out: &Path, output: Output) -> Result<()> {
    let conversations = read_conversations(path)?;
    let bar = output.steps(conversations.len() as u64, "predicting");
    let lines: Result<Vec<Vec<u8>>> = conversations
        .par_iter()
        .map(|conversation| {
            let answers =
                answer(engine, conversation).with_context(|| format!("conversation {}", conversation.id))?;
            let mut line = serde_json::to_vec(&answers)?;
            line.push(b'\n');
            bar.inc(1);
            Ok(line)
        })
        .collect();
    let lines = lines?.concat();
    bar.finish_and_clear();
    write_file(out, &lines)?;
    let result = json!({ "out": out, "conversations": conversations.len() });
    output.result(&result, || format!("{} answers in {}", conversations.len(), out.display()))
}

fn answer(engine: &Engine, conversation: &Conversation) -> Result<Answers> {
    let analysis = engine.analyze(conversation)?;
    Ok(Answers {
        id: conversation.id.clone(),
        response: engine.response_of(&analysis)?,
        stage: engine.stage_of(&analysis)?,
        suggestion: engine.suggestion_of(&analysis)?,
        direction: engine.direction_of(&analysis)?,
        conversion: engine
            .conversion_model()
            .map(|_| engine.conversion_of(conversation, &analysis, ConversionOptions::default()))
            .transpose()?,
    })
}

fn describe(answers: &Answers) -> String {
    let mut text = format!(
        "next response   {}\nnext stage      {} (now {})\nsay             {}\n                {}\ndirection       {}",
        answers.response.top_prediction,
        answers.stage.top_prediction,
        answers.stage.current_stage,
        answers.suggestion.suggested_sales_response,
        answers.suggestion.reason,
        cluster(&answers.direction)
    );
    if let Some(conversion) = &answers.conversion {
        let percent = |p: f32| format!("{:.0} %", 100.0 * p);
        let [low, high] = conversion.interval;
        let _ = write!(
            text,
            "\nconverts        {} ({} to {})",
            percent(conversion.conversion_probability),
            percent(low),
            percent(high)
        );
        for insight in &conversion.insights {
            let _ = write!(text, "\n                {:+.0} points: {}", 100.0 * insight.effect, insight.text);
        }
        for notice in &conversion.notices {
            let _ = write!(text, "\n                {notice}");
        }
    }
    text
}

/// The next turn's cluster, by name where it has one.
fn cluster(direction: &DirectionPrediction) -> String {
    let number = direction.predicted_next_cluster;
    match direction.cluster_names.get(number) {
        Some(name) => format!("{name} (cluster {number})"),
        None => format!("cluster {number}"),
    }
}
