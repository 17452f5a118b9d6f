//! Values in and out.

use js_sys::{JSON, Object, Uint8Array};
use rapport_conversation::{
    Conversation, ConversionQuestion, ConversionRequest, Outcome, parse_conversion, parse_history,
};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{to_js, wrong_argument};

/// Reads `{history:[{speaker,response}]}` exactly as the prediction API does.
pub(crate) fn conversation(history: &JsValue) -> Result<Conversation, JsValue> {
    parse_history(text(history)?.as_bytes()).map_err(|e| to_js(&e))
}

/// Reads a history with the options `{domain?, finished?}` beside it, exactly as the prediction API does.
pub(crate) fn conversion_request(
    history: &JsValue,
    options: Option<&Object>,
) -> Result<ConversionRequest, JsValue> {
    let body = match (history.dyn_ref::<Object>(), options) {
        // What the history says stands above an option of the same name, so that no option replaces the turns.
        (Some(history), Some(options)) => {
            let body: Object = Object::assign_many(&Object::new(), &[options.clone(), history.clone()])?;
            text(&body)?
        }
        _ => text(history)?,
    };
    match parse_conversion(body.as_bytes()).map_err(|e| to_js(&e))? {
        ConversionQuestion::One(request) => Ok(request),
        ConversionQuestion::Many(_) => {
            Err(wrong_argument("one conversation is asked about at a time; give {history:[…]}"))
        }
    }
}

/// Through text, so that one reader decides what a history is and how its errors name the field.
fn text(value: &JsValue) -> Result<String, JsValue> {
    JSON::stringify(value)
        .ok()
        .and_then(|text| text.as_string())
        .ok_or_else(|| wrong_argument("the history cannot be written as JSON; give {history:[…]}"))
}

/// `won` or `lost`.
pub(crate) fn outcome(word: &str) -> Result<Outcome, JsValue> {
    match word {
        "won" => Ok(Outcome::Won),
        "lost" => Ok(Outcome::Lost),
        other => Err(wrong_argument(&format!("the outcome {other:?} is not known; use \"won\" or \"lost\""))),
    }
}

/// A plain object with the value's field names.
pub(crate) fn object(value: &impl Serialize) -> Result<JsValue, JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|e| wrong_argument(&e.to_string()))
}

/// The `(name, bytes)` of a `Map` or of a plain object of `Uint8Array`s.
pub(crate) fn files(files: &JsValue) -> Result<Vec<(String, Vec<u8>)>, JsValue> {
    let entries = match files.dyn_ref::<js_sys::Map>() {
        Some(map) => js_sys::Array::from(&map.entries()),
        None => match files.dyn_ref::<js_sys::Object>() {
            Some(object) => js_sys::Object::entries(object),
            None => return Err(wrong_argument("the files are neither a Map nor an object")),
        },
    };
    entries
        .iter()
        .map(|entry| {
            let entry = js_sys::Array::from(&entry);
            let name =
                entry.get(0).as_string().ok_or_else(|| wrong_argument("a file's name is not a text"))?;
            match entry.get(1).dyn_ref::<Uint8Array>() {
                Some(bytes) => Ok((name, bytes.to_vec())),
                None => Err(wrong_argument(&format!("{name} is not a Uint8Array"))),
            }
        })
        .collect()
}
