//! The one place that touches the engine: a bundle in, answers as JSON out.

use rapport_conversation::{ConversionEntry, ConversionRequest};
use rapport_engine::{Bundle, ConversionOptions, ConversionPrediction, Engine, EngineError};
use rapport_registry::{ContentHash, Manifest, Timestamp, Verified};
use serde::Serialize;

use crate::asked::Asked;
use crate::log_failure;
use crate::problem::{FieldProblem, Refusal};
use crate::route::Question;

/// An engine and where it came from.
#[derive(Debug)]
pub(crate) struct Model {
    engine: Engine,
    version: ModelVersion,
}

/// Which model answered; part of every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ModelVersion {
    /// Id of the bundle: the SHA-256 over the names and hashes of its artifacts.
    pub(crate) bundle: ContentHash,
    /// Name of the bundle, as its configuration gives it.
    pub(crate) name: String,
    /// Version of the manifest that named the bundle when it was loaded.
    pub(crate) registry_version: u64,
    /// When the bundle was published.
    pub(crate) created_at: Timestamp,
}

/// An answer of the engine with the version of the model beside it.
#[derive(Serialize)]
struct Answer<'a, T> {
    #[serde(flatten)]
    answer: T,
    model: &'a ModelVersion,
}

/// Answers to several conversations, in their order.
#[derive(Serialize)]
struct Conversions<'a> {
    conversations: Vec<Conversion<'a>>,
}

/// One of them, by the name that came with it.
#[derive(Serialize)]
struct Conversion<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(flatten)]
    answer: Entry,
}

/// What became of one of them.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Prediction(Box<ConversionPrediction>),
    Error(FieldProblem),
}

impl Model {
    /// Loads the verified artifacts of `bundle`: `(name, bytes)`.
    ///
    /// # Errors
    /// When an artifact is missing or cannot be read.
    pub(crate) fn load(
        verified: &Verified,
        bundle: ContentHash,
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, EngineError> {
        let engine = Engine::load(Bundle::new(files))?;
        let Manifest { version, bundles, .. } = &verified.manifest;
        let version = ModelVersion {
            bundle,
            name: engine.info().model_version,
            registry_version: *version,
            created_at: bundles.get(&bundle).map_or(Timestamp::MIN, |entry| entry.created_at),
        };
        Ok(Self { engine, version })
    }

    /// Which model this is.
    pub(crate) fn version(&self) -> &ModelVersion {
        &self.version
    }

    /// Answers what is asked, as the JSON of the API.
    ///
    /// # Errors
    /// When the engine fails on the conversation.
    pub(crate) fn answer(&self, asked: &Asked) -> Result<Vec<u8>, EngineError> {
        match asked {
            Asked::About(question, conversation) => match question {
                Question::ResponseType => self.json(self.engine.respond_next(conversation)?),
                Question::Stage => self.json(self.engine.stage_next(conversation)?),
                Question::Suggestion => self.json(self.engine.suggest(conversation)?),
                Question::Direction => self.json(self.engine.direction(conversation)?),
                Question::Signals => self.json(self.engine.signals(conversation)?),
            },
            Asked::Conversion(request) => self.json(self.conversion(request)?),
            Asked::Conversions(entries) => {
                let conversations = entries
                    .iter()
                    .enumerate()
                    .map(|(i, entry)| self.entry(i, entry))
                    .collect::<Result<_, _>>()?;
                self.json(Conversions { conversations })
            }
        }
    }

    fn conversion(&self, request: &ConversionRequest) -> Result<ConversionPrediction, EngineError> {
        let options = ConversionOptions { domain: request.domain.as_deref(), finished: request.finished };
        self.engine.conversion(&request.conversation, options)
    }

    /// One of several. Only a model that answers none of them fails them all.
    fn entry<'a>(&self, index: usize, entry: &'a ConversionEntry) -> Result<Conversion<'a>, EngineError> {
        let id = entry.id.as_deref();
        let answer = match entry.request.as_ref().map(|request| self.conversion(request)) {
            Ok(Ok(prediction)) => Entry::Prediction(Box::new(prediction)),
            Ok(Err(error @ EngineError::MissingArtifact(_))) => return Err(error),
            Ok(Err(error)) => {
                log_failure(&error);
                Entry::Error(FieldProblem {
                    field: format!("conversations[{index}]"),
                    pointer: format!("/conversations/{index}"),
                    code: Refusal::Internal.details().code,
                    detail: Refusal::Internal.to_string(),
                })
            }
            Err(error) => Entry::Error(error.into()),
        };
        Ok(Conversion { id, answer })
    }

    fn json(&self, answer: impl Serialize) -> Result<Vec<u8>, EngineError> {
        let answer = Answer { answer, model: &self.version };
        serde_json::to_vec(&answer)
            .map_err(|e| EngineError::Artifact { artifact: "the answer".to_owned(), reason: e.to_string() })
    }
}
