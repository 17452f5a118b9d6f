//! From an analyzed conversation to the answer.

use rapport_conversation::{Conversation, Speaker};

use super::answer::{Alike, ConversionOptions, ConversionPrediction, TurnForecast};
use super::explain::{Seen, insights, turn_influences};
use super::facts::{TurnFacts, turn_facts};
use super::features::{ConversionInputs, Progress};
use super::model::ConversionModel;
use crate::EngineError;
use crate::engine::Analysis;
use crate::reading::merge_turns;

/// Turns whose forecasts are listed; of a longer conversation, the latest.
const TURNS_LISTED: usize = 500;
/// Words from which the language can be told.
const WORDS_TO_TELL: usize = 25;
/// English has more of its commonest words than this share, other languages less.
const ENGLISH_SHARE: f32 = 0.08;

/// What the model reads after the last turn of an analyzed conversation.
///
/// # Errors
/// [`EngineError::EmptyConversation`].
pub fn conversion_inputs(
    conversation: &Conversation,
    analysis: &Analysis,
) -> Result<ConversionInputs, EngineError> {
    let facts = turn_facts(conversation, &merge_turns(conversation));
    let mut progress = Progress::new(analysis.readings.first().map_or(0, |r| r.embedding.len()));
    for ((facts, reading), acts) in facts.iter().zip(&analysis.readings).zip(&analysis.acts) {
        progress.push(facts, reading, acts);
    }
    let (stage, next) = outlook(analysis, analysis.readings.len())?;
    Ok(progress.inputs(stage, next))
}

/// Stage and next response after the first `turns` turns.
fn outlook(analysis: &Analysis, turns: usize) -> Result<(&[f32], &[f32]), EngineError> {
    let t = turns.checked_sub(1).ok_or(EngineError::EmptyConversation)?;
    let stage = analysis.outlook.stage_now.get(t).ok_or(EngineError::EmptyConversation)?;
    let next = analysis.outlook.response_type_next.get(t).ok_or(EngineError::EmptyConversation)?;
    Ok((stage, next))
}

pub(crate) fn predict(
    model: &ConversionModel,
    conversation: &Conversation,
    analysis: &Analysis,
    options: ConversionOptions<'_>,
) -> Result<ConversionPrediction, EngineError> {
    let chosen = model.choose(options.domain)?;
    let facts = turn_facts(conversation, &merge_turns(conversation));
    let turns = facts.len().min(analysis.readings.len()).min(analysis.acts.len());
    let (stage_now, response_next) = outlook(analysis, turns)?;
    let mut progress = Progress::new(analysis.readings[0].embedding.len());
    let mut by_turn = Vec::new();
    for (t, facts) in facts.iter().enumerate().take(turns) {
        progress.push(facts, &analysis.readings[t], &analysis.acts[t]);
        if t + TURNS_LISTED < turns {
            continue;
        }
        let (stage, next) = outlook(analysis, t + 1)?;
        let forecast = chosen.forecast(&progress.inputs(stage, next), false);
        by_turn.push(TurnForecast {
            line: facts.last_line,
            probability: forecast.probability,
            interval: forecast.interval.into(),
        });
    }
    let inputs = progress.inputs(stage_now, response_next);
    let forecast = chosen.forecast(&inputs, options.finished);
    let seen = Seen {
        facts: &facts[..turns],
        readings: &analysis.readings[..turns],
        acts: &analysis.acts[..turns],
        stage_now,
        response_next,
    };
    Ok(ConversionPrediction {
        conversion_probability: forecast.probability,
        interval: forecast.interval.into(),
        alike: Alike { conversations: forecast.alike.0, won: forecast.alike.1 },
        domain: chosen.name.to_owned(),
        domain_weight: chosen.own.map_or(0.0, |(_, share)| share),
        finished: options.finished,
        insights: insights(seen, &inputs, chosen, options.finished),
        by_turn,
        turns: turn_influences(seen, &inputs, &progress.word_weights(), chosen, options.finished),
        notices: notices(&facts, &progress, options, chosen.name),
    })
}

/// What makes an answer doubtful.
fn notices(
    facts: &[TurnFacts],
    progress: &Progress,
    options: ConversionOptions<'_>,
    answered: &str,
) -> Vec<String> {
    let mut notices = Vec::new();
    let (customer, seller) = progress.turns();
    for (turns, who) in [(customer, "customer"), (seller, "salesperson")] {
        if turns == 0 {
            notices.push(format!("The {who} has not spoken: the answer rests on one side."));
        }
    }
    let words: usize = facts.iter().map(|f| f.words).sum();
    let english: usize = facts.iter().map(|f| f.english_words).sum();
    if words >= WORDS_TO_TELL && (english as f32) < ENGLISH_SHARE * words as f32 {
        notices.push("The text does not look like English, which the models were trained on.".into());
    }
    if let Some(asked) = options.domain.filter(|asked| *asked != answered) {
        notices.push(format!(
            "Nothing was learned of the domain `{asked}`, or too little: `{answered}` answered."
        ));
    }
    let silent = facts.iter().filter(|f| f.speaker == Speaker::Customer).all(|f| f.words == 0);
    if customer > 0 && silent {
        notices.push("The customer's turns are empty.".into());
    }
    notices
}
