//! Forecasts of a bundle's model.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use rapport_conversation::{Conversation, Outcome};
use rapport_engine::conversion::{ConversionOptions, GLOBAL};
use rapport_engine::{Engine, EngineError};
use rayon::prelude::*;

use super::by_turns::TURNS;
use super::{Forecast, JudgeOptions, TurnForecast};
use crate::Output;
use crate::conversion::{Hide, cross_fit_baselines};

/// Parts of the conversations that the simple models are fitted on in turn.
const FOLDS: usize = 5;

/// What a bundle is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Company or data set whose own model answers; the global one when there is none.
    pub domain: Option<&'a str>,
    /// The set that the conversations come from, as reports name it.
    pub set: &'a str,
    /// What states the outcome.
    pub hide: Hide,
}

/// Forecasts of every conversation with an outcome, and how the model wants them judged. The simple models beside
/// it are fitted on the judged conversations themselves, by cross-fitting, which favours them.
///
/// # Errors
/// When the bundle has no model of conversion, no conversation has an outcome, or the engine fails on one, which is
/// named.
pub(crate) fn forecasts(
    engine: &Engine,
    conversations: &[Conversation],
    asked: Asked<'_>,
    output: Output,
) -> Result<(Vec<Forecast>, JudgeOptions)> {
    let model = engine
        .conversion_model()
        .context("the bundle has no conversion.json; `rapport conversion train` makes a bundle with one")?;
    let own = asked
        .domain
        .and_then(|name| model.domains.get(name))
        .filter(|d| d.outcomes >= model.minimum_outcomes);
    let domain =
        own.or_else(|| model.domains.get(GLOBAL)).context("the model of conversion has no global domain")?;
    let threshold = |finished| f64::from(domain.scorer(finished).threshold);
    let options = JudgeOptions { alarm_below: threshold(false), ..JudgeOptions::new(threshold(true)) };
    let judged: Vec<(String, Conversation)> = conversations
        .iter()
        .filter(|c| c.outcome.is_some() && !c.turns.is_empty())
        .map(|c| (asked.set.to_owned(), c.clone()))
        .collect();
    ensure!(
        !judged.is_empty(),
        "no conversation has an outcome; write \"outcome\":\"won\" or \"outcome\":\"lost\" into them"
    );
    let baselines = cross_fit_baselines(engine, &judged, FOLDS, output)?.unwrap_or_default();
    let bar = output.steps(judged.len() as u64, "forecasts");
    let forecasts: Result<Vec<Forecast>> = judged
        .par_iter()
        .map(|(_, conversation)| {
            let baselines = baselines.get(&conversation.id).cloned().unwrap_or_default();
            let forecast = forecast(engine, conversation, asked, baselines)
                .with_context(|| format!("conversation {}", conversation.id));
            bar.inc(1);
            forecast
        })
        .collect();
    bar.finish_and_clear();
    Ok((forecasts?, options))
}

fn forecast(
    engine: &Engine,
    conversation: &Conversation,
    asked: Asked<'_>,
    baselines: BTreeMap<String, f64>,
) -> Result<Forecast, EngineError> {
    let ask = |shown: &Conversation, finished: bool| {
        engine.conversion(shown, ConversionOptions { domain: asked.domain, finished })
    };
    let lines = conversation.turns.len();
    let by_turns = TURNS.into_iter().take_while(|&turns| turns < lines).map(|turns| {
        let read = Conversation::new(conversation.id.clone(), conversation.turns[..turns].to_vec());
        let said = ask(&read, false)?;
        let [low, high] = said.interval.map(f64::from);
        Ok((turns, f64::from(said.conversion_probability), Some((low, high))))
    });
    let by_turns: Vec<TurnForecast> = by_turns.collect::<Result<_, EngineError>>()?;
    let hidden = asked.hide.apply(conversation);
    let whole_without_outcome = if hidden.turns.is_empty() {
        None
    } else {
        Some(f64::from(ask(&hidden, true)?.conversion_probability))
    };
    Ok(Forecast {
        id: conversation.id.clone(),
        set: asked.set.to_owned(),
        won: conversation.outcome == Some(Outcome::Won),
        lines,
        whole: Some(f64::from(ask(conversation, true)?.conversion_probability)),
        whole_without_outcome,
        by_turns,
        baselines,
    })
}
