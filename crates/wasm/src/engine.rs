//! The engine for JavaScript.

use rapport_conversation::Conversation;
use rapport_engine::{
    Bundle, DirectionPrediction, EngineError, ResponsePrediction, StagePrediction, Suggestion,
};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::to_js;
use crate::value::{conversation, files, object};

/// The engine over one bundle. Every question takes `{history:[{speaker,response}]}`.
#[wasm_bindgen]
pub struct Engine {
    inner: rapport_engine::Engine,
}

/// All four answers to one history.
#[derive(Serialize)]
struct Answers {
    response: ResponsePrediction,
    stage: StagePrediction,
    suggestion: Suggestion,
    direction: DirectionPrediction,
}

#[wasm_bindgen]
impl Engine {
    /// Reads a bundle: a `Map` or an object of artifact names to `Uint8Array`s.
    #[wasm_bindgen(constructor)]
    pub fn new(bundle: &JsValue) -> Result<Engine, JsValue> {
        let inner = rapport_engine::Engine::load(Bundle::new(files(bundle)?)).map_err(|e| to_js(&e))?;
        Ok(Self { inner })
    }

    /// The customer's next response type.
    #[wasm_bindgen(js_name = respondNext)]
    pub fn respond_next(&self, history: &JsValue) -> Result<JsValue, JsValue> {
        answer(history, |c| self.inner.respond_next(c))
    }

    /// The stage that the conversation goes to.
    #[wasm_bindgen(js_name = stageNext)]
    pub fn stage_next(&self, history: &JsValue) -> Result<JsValue, JsValue> {
        answer(history, |c| self.inner.stage_next(c))
    }

    /// What the salesperson could say now.
    pub fn suggest(&self, history: &JsValue) -> Result<JsValue, JsValue> {
        answer(history, |c| self.inner.suggest(c))
    }

    /// Where the conversation is heading.
    pub fn direction(&self, history: &JsValue) -> Result<JsValue, JsValue> {
        answer(history, |c| self.inner.direction(c))
    }

    /// What each turn signals, and a summary; the error `missing_artifact` when the bundle has no signals.
    pub fn signals(&self, history: &JsValue) -> Result<JsValue, JsValue> {
        answer(history, |c| self.inner.signals(c))
    }

    /// All four answers of one pass through the models: `{response, stage, suggestion, direction}`.
    pub fn analyze(&self, history: &JsValue) -> Result<JsValue, JsValue> {
        answer(history, |c| {
            let analysis = self.inner.analyze(c)?;
            Ok(Answers {
                response: self.inner.response_of(&analysis)?,
                stage: self.inner.stage_of(&analysis)?,
                suggestion: self.inner.suggestion_of(&analysis)?,
                direction: self.inner.direction_of(&analysis)?,
            })
        })
    }

    /// Unit vector of a text, as long as `info().dimensions`; texts seen lately cost nothing.
    pub fn embed(&self, text: &str) -> Result<Vec<f32>, JsValue> {
        Ok(self.inner.reader().embed(text).map_err(|e| to_js(&e))?.to_vec())
    }

    /// What is loaded.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        object(&self.inner.info())
    }
}

fn answer<T: Serialize>(
    history: &JsValue,
    ask: impl FnOnce(&Conversation) -> Result<T, EngineError>,
) -> Result<JsValue, JsValue> {
    object(&ask(&conversation(history)?).map_err(|e| to_js(&e))?)
}
