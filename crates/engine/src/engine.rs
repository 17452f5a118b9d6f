//! The engine: a bundle in, answers out.

use rapport_conversation::{ApiStage, Conversation, Label, ResponseType, Speaker, Stage, api_stages};
use rapport_inference::{EncoderLimits, MemoryBudget, argmax, normalize};

use crate::answer::{BundleInfo, ResponsePrediction, StagePrediction};
use crate::bundle::{Bundle, BundleConfig, artifact};
use crate::conversion::{self, ConversionModel, ConversionOptions, ConversionPrediction};
use crate::direction::{DirectionModel, DirectionPrediction};
use crate::heads::{Acts, Heads};
use crate::open_conversations::OpenConversations;
use crate::outlook::Outlook;
use crate::reading::{Reader, TurnReading, merge_turns};
use crate::signals::{SignalModel, SignalReport};
use crate::similarity::Similarity;
use crate::suggestion::{Adviser, Alternative, Moment, Suggestion};
use crate::{EngineError, Probabilities};

/// How much the salesperson's last words count beside the customer's when advice is looked up.
const SELLER_CONTEXT: f32 = 0.5;
/// Alternatives that come with a suggestion.
const ALTERNATIVES: usize = 3;

/// Loaded models; answers are pure functions of the conversation.
#[derive(Debug)]
pub struct Engine {
    config: BundleConfig,
    reader: Reader,
    heads: Heads,
    open: OpenConversations,
    direction: DirectionModel,
    adviser: Adviser,
    conversion: Option<ConversionModel>,
    signals: Option<SignalModel>,
    pub(crate) similarity: Similarity,
}

/// A conversation after one pass through the models; every answer is read off it.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The turns, merged and embedded.
    pub readings: Vec<TurnReading>,
    /// What each turn does.
    pub acts: Vec<Acts>,
    /// Predictions after each turn.
    pub outlook: Outlook,
}

impl Analysis {
    /// The latest customer turn at or before `t`.
    fn last_customer(&self, t: usize) -> Option<usize> {
        (0..=t).rev().find(|&i| self.readings[i].speaker == Speaker::Customer)
    }

    fn last(&self) -> Result<usize, EngineError> {
        self.readings.len().checked_sub(1).ok_or(EngineError::EmptyConversation)
    }
}

fn six(p: &[f32]) -> [f32; 6] {
    let mut out = [0.0; 6];
    out.iter_mut().zip(p).for_each(|(o, p)| *o = *p);
    out
}

impl Engine {
    /// Loads every model of a bundle; the bundle's bytes are freed as they are read.
    ///
    /// # Errors
    /// [`EngineError`] naming the artifact that is missing or unreadable.
    pub fn load(bundle: Bundle) -> Result<Self, EngineError> {
        Self::load_within(bundle, &MemoryBudget::default())
    }

    /// As [`Engine::load`], with another budget than [`MemoryBudget::SERVING`].
    ///
    /// # Errors
    /// As [`Engine::load`]; [`EngineError`] naming what is larger than the budget.
    pub fn load_within(mut bundle: Bundle, budget: &MemoryBudget) -> Result<Self, EngineError> {
        bundle.check(budget)?;
        let config: BundleConfig = bundle.take_json(artifact::CONFIG)?;
        config.check()?;
        let dimensions = config.encoder.dimensions;
        let limits = EncoderLimits { max_tokens: config.encoder.max_tokens, dimensions };
        let reader = {
            let encoder = bundle.take(artifact::ENCODER)?;
            let tokenizer = bundle.take(artifact::TOKENIZER)?;
            let sentiment = bundle.take(artifact::SENTIMENT)?;
            Reader::load(encoder, &tokenizer, &sentiment, limits, config.temperatures.sentiment, budget)?
        };
        let heads = Heads::load(&mut bundle, config.temperatures, budget)?;
        let direction: DirectionModel = bundle.take_json(artifact::DIRECTION)?;
        direction.check(dimensions)?;
        let vectors = bundle.take(artifact::PLAYBOOK_VECTORS)?;
        let adviser = Adviser::new(bundle.take_json(artifact::PLAYBOOK)?, &vectors, dimensions)?;
        let conversion: Option<ConversionModel> = bundle.take_optional_json(artifact::CONVERSION)?;
        if let Some(model) = &conversion {
            model.check(dimensions)?;
        }
        let signals = SignalModel::take(&mut bundle, dimensions)?;
        let open = OpenConversations::new(budget.sequences);
        let similarity = Similarity::load(&mut bundle, dimensions)?;
        Ok(Self { config, reader, heads, open, direction, adviser, conversion, signals, similarity })
    }

    /// What is loaded.
    pub fn info(&self) -> BundleInfo {
        BundleInfo {
            model_version: self.config.name.clone(),
            features: self.config.features,
            dimensions: self.config.encoder.dimensions,
            max_tokens: self.config.encoder.max_tokens,
            suggestions: self.adviser.entries().len(),
            clusters: self.direction.names.clone(),
            unfused: self.unfused(),
        }
    }

    fn unfused(&self) -> Vec<String> {
        let models = self.reader.unfused().into_iter().chain(self.heads.unfused());
        models.flat_map(|(name, parts)| parts.iter().map(move |part| format!("{name}: {part}"))).collect()
    }

    /// The part that reads text, for callers that want vectors only.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The direction model.
    pub fn direction_model(&self) -> &DirectionModel {
        &self.direction
    }

    /// Runs every model over a conversation once. Of a conversation that was answered lately, only what has come
    /// since is read.
    ///
    /// # Errors
    /// [`EngineError::EmptyConversation`], or [`EngineError::Inference`] when a model fails.
    pub fn analyze(&self, conversation: &Conversation) -> Result<Analysis, EngineError> {
        let turns = merge_turns(conversation);
        if turns.is_empty() {
            return Err(EngineError::EmptyConversation);
        }
        let known = self.open.follow(&self.heads, &turns, |turn, i| self.reader.read_turn(turn, i))?;
        Ok(Analysis {
            readings: known.iter().map(|k| k.reading.clone()).collect(),
            acts: known.iter().map(|k| k.acts).collect(),
            outlook: Outlook::of_turns(known.iter().map(|k| &k.outlook)),
        })
    }

    /// How the customer will respond next.
    ///
    /// # Errors
    /// As [`Engine::analyze`].
    pub fn respond_next(&self, conversation: &Conversation) -> Result<ResponsePrediction, EngineError> {
        self.response_of(&self.analyze(conversation)?)
    }

    /// Where the conversation will stand next.
    ///
    /// # Errors
    /// As [`Engine::analyze`].
    pub fn stage_next(&self, conversation: &Conversation) -> Result<StagePrediction, EngineError> {
        self.stage_of(&self.analyze(conversation)?)
    }

    /// What to say next.
    ///
    /// # Errors
    /// As [`Engine::analyze`].
    pub fn suggest(&self, conversation: &Conversation) -> Result<Suggestion, EngineError> {
        self.suggestion_of(&self.analyze(conversation)?)
    }

    /// Where the conversation is heading.
    ///
    /// # Errors
    /// As [`Engine::analyze`].
    pub fn direction(&self, conversation: &Conversation) -> Result<DirectionPrediction, EngineError> {
        self.direction_of(&self.analyze(conversation)?)
    }

    /// Whether the conversation will convert.
    ///
    /// # Errors
    /// As [`Engine::analyze`]; [`EngineError::MissingArtifact`] when the bundle has no model of conversion.
    pub fn conversion(
        &self,
        conversation: &Conversation,
        options: ConversionOptions<'_>,
    ) -> Result<ConversionPrediction, EngineError> {
        self.conversion_of(conversation, &self.analyze(conversation)?, options)
    }

    /// The bundle's model of conversion, where it has one.
    pub fn conversion_model(&self) -> Option<&ConversionModel> {
        self.conversion.as_ref()
    }

    /// [`Engine::conversion`] of a conversation that was analyzed already.
    ///
    /// # Errors
    /// As [`Engine::conversion`].
    pub fn conversion_of(
        &self,
        conversation: &Conversation,
        analysis: &Analysis,
        options: ConversionOptions<'_>,
    ) -> Result<ConversionPrediction, EngineError> {
        let model = self
            .conversion
            .as_ref()
            .ok_or_else(|| EngineError::MissingArtifact(artifact::CONVERSION.into()))?;
        conversion::predict(model, conversation, analysis, options)
    }

    /// Tone, emotions, intents, objections, buying signals, urgency, hedging and commitments of each turn.
    ///
    /// # Errors
    /// As [`Engine::analyze`], and as [`Engine::signals_of`].
    pub fn signals(&self, conversation: &Conversation) -> Result<SignalReport, EngineError> {
        let model = self.signal_model()?;
        let turns = merge_turns(conversation);
        model.report(&self.reader.read(&turns)?)
    }

    /// The heads and rules of the signals.
    ///
    /// # Errors
    /// [`EngineError::MissingArtifact`] when the bundle has none.
    pub fn signal_model(&self) -> Result<&SignalModel, EngineError> {
        self.signals.as_ref().ok_or_else(|| EngineError::MissingArtifact(artifact::SIGNALS.into()))
    }

    /// [`Engine::respond_next`] of a conversation that was analyzed already.
    ///
    /// # Errors
    /// [`EngineError::EmptyConversation`].
    pub fn response_of(&self, analysis: &Analysis) -> Result<ResponsePrediction, EngineError> {
        let last = analysis.last()?;
        let p = Probabilities::<ResponseType>::new(analysis.outlook.response_type_next[last].clone());
        Ok(ResponsePrediction {
            top_prediction: p.top().title().into(),
            response_type_probabilities: p,
            last_response_type: analysis
                .last_customer(last)
                .map(|i| ResponseType::ALL[argmax(&analysis.acts[i].response_type)].title().into()),
        })
    }

    /// [`Engine::stage_next`] of a conversation that was analyzed already.
    ///
    /// # Errors
    /// [`EngineError::EmptyConversation`].
    pub fn stage_of(&self, analysis: &Analysis) -> Result<StagePrediction, EngineError> {
        let last = analysis.last()?;
        let outlook = &analysis.outlook;
        let objection = ResponseType::Objection.index();
        let p_objection_now =
            analysis.last_customer(last).map_or(0.0, |i| analysis.acts[i].response_type[objection]);
        // The models have no label for talk outside the funnel, so `Other` gets no mass.
        let now = api_stages(six(&outlook.stage_now[last]), p_objection_now, 0.0);
        let next =
            api_stages(six(&outlook.stage_next[last]), outlook.response_type_next[last][objection], 0.0);
        let next = Probabilities::<ApiStage>::new(next.to_vec());
        Ok(StagePrediction {
            top_prediction: next.top().title().into(),
            conversation_stage_probabilities: next,
            current_stage: ApiStage::ALL[argmax(&now)].title().into(),
            funnel_probabilities: Probabilities::<Stage>::new(outlook.stage_next[last].clone()),
        })
    }

    /// [`Engine::direction`] of a conversation that was analyzed already.
    ///
    /// # Errors
    /// [`EngineError::EmptyConversation`].
    pub fn direction_of(&self, analysis: &Analysis) -> Result<DirectionPrediction, EngineError> {
        let clusters: Vec<usize> =
            analysis.readings.iter().map(|r| self.direction.cluster(&r.embedding)).collect();
        self.direction.answer(&clusters)
    }

    /// [`Engine::signals`] of a conversation that was analyzed already.
    ///
    /// # Errors
    /// [`EngineError::MissingArtifact`] when the bundle has no signals, [`EngineError::EmptyConversation`], or
    /// [`EngineError::Inference`] when the heads fail.
    pub fn signals_of(&self, analysis: &Analysis) -> Result<SignalReport, EngineError> {
        self.signal_model()?.report(&analysis.readings)
    }

    /// [`Engine::suggest`] of a conversation that was analyzed already.
    ///
    /// # Errors
    /// [`EngineError::EmptyConversation`].
    pub fn suggestion_of(&self, analysis: &Analysis) -> Result<Suggestion, EngineError> {
        let last = analysis.last()?;
        let response = self.response_of(analysis)?;
        let stage = self.stage_of(analysis)?;
        // The rep speaks after each customer turn, and is asking now.
        let moments: Vec<Moment> = (0..=last)
            .filter(|&t| t == last || analysis.readings[t].speaker == Speaker::Customer)
            .map(|t| Self::moment(analysis, t))
            .collect();
        let ranking = self.adviser.advise(&moments);
        let entry = |rank: usize| ranking.get(rank).map(|(i, _)| &self.adviser.entries()[*i]);
        let best =
            entry(0).ok_or_else(|| EngineError::artifact(artifact::PLAYBOOK, "it has no entry to give"))?;
        Ok(Suggestion {
            suggested_sales_response: best.text.clone(),
            top_response_type: response.top_prediction,
            top_conversation_stage: stage.top_prediction,
            response_type_probabilities: response.response_type_probabilities,
            conversation_stage_probabilities: stage.conversation_stage_probabilities,
            reason: best.reason.clone(),
            suggestion_id: best.id.clone(),
            category: best.category.clone(),
            alternatives: (1..=ALTERNATIVES)
                .filter_map(entry)
                .map(|e| Alternative {
                    suggestion_id: e.id.clone(),
                    suggested_sales_response: e.text.clone(),
                    reason: e.reason.clone(),
                })
                .collect(),
        })
    }

    fn moment(analysis: &Analysis, t: usize) -> Moment {
        let customer = analysis.last_customer(t);
        let seller = (0..=t).rev().find(|&i| analysis.readings[i].speaker == Speaker::Salesperson);
        let width = analysis.readings[t].embedding.len();
        let mut context = vec![0.0; width];
        for (turn, weight) in [(customer, 1.0), (seller, SELLER_CONTEXT)] {
            if let Some(i) = turn {
                context.iter_mut().zip(&*analysis.readings[i].embedding).for_each(|(c, e)| *c += weight * e);
            }
        }
        normalize(&mut context);
        Moment {
            context,
            response_type: customer.map_or_else(
                || analysis.outlook.response_type_next[t].clone(),
                |i| analysis.acts[i].response_type.to_vec(),
            ),
            stage: analysis.outlook.stage_now[t].clone(),
        }
    }
}
