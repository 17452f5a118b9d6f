//! `rapport evaluate --task conversion`: a bundle's model of conversion on conversations that it never saw.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_conversation::Conversation;
use rapport_engine::Engine;
use rapport_engine::conversion::{ConversionInputs, ConversionModel};

use super::hide::Hide;
use super::rows::read_cases;
use crate::Output;
use crate::evaluate::conversion::{
    ConversionFigures, Forecast, JudgeOptions, describe, figures, html, pictures,
};
use crate::files::StagedFolder;

/// How a bundle is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'a> {
    /// Name of the set.
    pub set: &'a str,
    /// Domain whose model answers; the global one without it.
    pub domain: Option<&'a str>,
    /// What is left out of the second judgement of the whole.
    pub hide: Hide,
    /// Resamples of the intervals.
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
}

fn probability(
    model: &ConversionModel,
    inputs: &ConversionInputs,
    domain: Option<&str>,
    finished: bool,
) -> Result<(f64, (f64, f64))> {
    let forecast = model.forecast(inputs, domain, finished)?;
    let (low, high) = forecast.interval;
    Ok((f64::from(forecast.probability), (f64::from(low), f64::from(high))))
}

/// Judges the engine's model of conversion; writes figures, forecasts, pictures and a page into `folder`.
///
/// # Errors
/// When the bundle has no such model, the conversations have no outcomes, or the engine fails.
pub(crate) fn judge(
    engine: &Engine,
    conversations: Vec<Conversation>,
    judged: &Judged<'_>,
    folder: Option<StagedFolder>,
    output: Output,
) -> Result<()> {
    let model = engine
        .conversion_model()
        .context("the bundle has no conversion.json; `rapport conversion train` makes one")?;
    let known = judged.domain.is_none_or(|name| model.domains.contains_key(name));
    ensure!(
        known,
        "the bundle has no domain `{}`; it has {}",
        judged.domain.unwrap_or_default(),
        model.domains.keys().cloned().collect::<Vec<_>>().join(", ")
    );
    ensure!(
        conversations.iter().any(|c| c.outcome.is_some()),
        "no conversation has an outcome; write \"outcome\":\"won\" or \"lost\" into them"
    );
    let named: Vec<(String, Conversation)> =
        conversations.into_iter().map(|c| (judged.set.to_owned(), c)).collect();
    let cases = read_cases(engine, &named, Hide::Nothing, true, output)?;
    let hidden: BTreeMap<String, f64> = read_cases(engine, &named, judged.hide, false, output)?
        .into_iter()
        .map(|case| Ok((case.id, probability(model, &case.whole, judged.domain, true)?.0)))
        .collect::<Result<_>>()?;
    let forecasts = cases
        .iter()
        .map(|case| {
            let at = |inputs: &ConversionInputs| -> Result<(usize, f64, Option<(f64, f64)>)> {
                let (p, interval) = probability(model, inputs, judged.domain, false)?;
                Ok((inputs.lines, p, Some(interval)))
            };
            Ok(Forecast {
                id: case.id.clone(),
                set: case.set.clone(),
                won: case.won,
                lines: case.whole.lines,
                whole: Some(probability(model, &case.whole, judged.domain, true)?.0),
                whole_without_outcome: hidden.get(&case.id).copied(),
                by_turns: case.running.iter().map(at).collect::<Result<_>>()?,
                baselines: BTreeMap::from([("lines".to_owned(), case.whole.lines as f64)]),
            })
        })
        .collect::<Result<Vec<Forecast>>>()?;
    let domain = judged.domain.and_then(|name| model.domains.get(name));
    let domain = domain.or_else(|| model.domains.get(rapport_engine::conversion::GLOBAL));
    let threshold = domain.map_or(0.5, |d| f64::from(d.finished.threshold));
    let options =
        JudgeOptions { resamples: judged.resamples, seed: judged.seed, ..JudgeOptions::new(threshold) };
    let figures = figures(&forecasts, &options)?;
    if let Some(folder) = folder {
        let source = format!(
            "Bundle `{}` on {} conversations of `{}`; hidden from the second judgement: {}.",
            engine.info().model_version,
            forecasts.len(),
            judged.set,
            judged.hide.name()
        );
        write(folder.path(), &source, &forecasts, &figures)?;
        folder.finish()?;
    }
    output.result(&serde_json::json!({ "conversion": figures }), || describe(&figures))
}

/// Writes figures, forecasts, pictures and the page.
pub(super) fn write(
    folder: &Path,
    source: &str,
    forecasts: &[Forecast],
    of: &ConversionFigures,
) -> Result<()> {
    let pictures = pictures(forecasts, of)?;
    for picture in &pictures {
        crate::write_file(&folder.join(format!("{}.svg", picture.name)), picture.svg.as_bytes())?;
    }
    crate::write_file(&folder.join("report.html"), html(source, of, &pictures).as_bytes())?;
    crate::write_file(&folder.join("figures.json"), &serde_json::to_vec_pretty(of)?)?;
    crate::write_file(&folder.join("forecasts.json"), &serde_json::to_vec(forecasts)?)
}
