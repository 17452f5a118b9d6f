//! The engine for JavaScript.

use rapport_conversation::Conversation;
use rapport_engine::{
    Bundle, ConversionOptions, ConversionPrediction, DirectionPrediction, EngineError, ResponsePrediction,
    SimilarOptions, StagePrediction, Suggestion,
};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::to_js;
use crate::value::{conversation, conversion_request, files, object, outcome};

/// The engine over one bundle. Every question takes `{history:[{speaker,response}]}`.
#[wasm_bindgen]
pub struct Engine {
    inner: rapport_engine::Engine,
}

/// All answers to one history.
#[derive(Serialize)]
struct Answers {
    response: ResponsePrediction,
    stage: StagePrediction,
    suggestion: Suggestion,
    direction: DirectionPrediction,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversion: Option<ConversionPrediction>,
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

    /// Whether the conversation converts, with the options `{domain?, finished?}`; the error `missing_artifact` when
    /// the bundle has no model of conversion.
    #[allow(clippy::needless_pass_by_value)] // wasm-bindgen hands an optional object over by value.
    pub fn conversion(&self, history: &JsValue, options: Option<js_sys::Object>) -> Result<JsValue, JsValue> {
        let request = conversion_request(history, options.as_ref())?;
        let options = ConversionOptions { domain: request.domain.as_deref(), finished: request.finished };
        object(&self.inner.conversion(&request.conversation, options).map_err(|e| to_js(&e))?)
    }

    /// All answers of one pass through the models: `{response, stage, suggestion, direction}`, and `conversion` where
    /// the bundle has a model of it.
    pub fn analyze(&self, history: &JsValue) -> Result<JsValue, JsValue> {
        answer(history, |c| {
            let analysis = self.inner.analyze(c)?;
            let conversion = self
                .inner
                .conversion_model()
                .map(|_| self.inner.conversion_of(c, &analysis, ConversionOptions::default()))
                .transpose()?;
            Ok(Answers {
                response: self.inner.response_of(&analysis)?,
                stage: self.inner.stage_of(&analysis)?,
                suggestion: self.inner.suggestion_of(&analysis)?,
                direction: self.inner.direction_of(&analysis)?,
                conversion,
            })
        })
    }

    /// Past conversations like this one, at most `k` of each outcome, and how near it is to won and to lost ones.
    /// `lambda`, 0 to 1, asks for different ones: 1 goes by similarity alone.
    pub fn similar(&self, history: &JsValue, k: u32, lambda: Option<f32>) -> Result<JsValue, JsValue> {
        answer(history, |c| self.inner.similar(c, &SimilarOptions { k: k as usize, lambda }))
    }

    /// Adds a past conversation of the user's own, which ended `won` or `lost`; one of the same name is replaced.
    #[wasm_bindgen(js_name = addPast)]
    pub fn add_past(&mut self, id: &str, history: &JsValue, ended: &str) -> Result<(), JsValue> {
        let (past, ended) = (conversation(history)?, outcome(ended)?);
        self.inner.add_past(id, &past, ended).map_err(|e| to_js(&e))
    }

    /// Forgets a past conversation of the user's own. False when there is none of that name.
    #[wasm_bindgen(js_name = removePast)]
    pub fn remove_past(&mut self, id: &str) -> bool {
        self.inner.remove_past(id)
    }

    /// The user's own past conversations as bytes, without their texts.
    #[wasm_bindgen(js_name = exportPast)]
    pub fn export_past(&self) -> Result<Vec<u8>, JsValue> {
        self.inner.export_past().map_err(|e| to_js(&e))
    }

    /// Replaces the user's own past conversations by exported ones; how many they are.
    #[wasm_bindgen(js_name = importPast)]
    pub fn import_past(&mut self, bytes: &[u8]) -> Result<usize, JsValue> {
        self.inner.import_past(bytes).map_err(|e| to_js(&e))
    }

    /// Number of the user's own past conversations.
    #[wasm_bindgen(getter, js_name = pastCount)]
    pub fn past_count(&self) -> usize {
        self.inner.past_count()
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
