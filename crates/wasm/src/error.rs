//! Rust errors as JavaScript `Error` objects.

use js_sys::Reflect;
use rapport_conversation::HistoryError;
use rapport_engine::EngineError;
use rapport_registry::RegistryError;
use wasm_bindgen::JsValue;

/// An error that says of itself what a program has to know.
pub(crate) trait Coded: std::fmt::Display {
    /// A stable word for what went wrong.
    fn code(&self) -> &'static str;
    /// The part of the input that is wrong.
    fn field(&self) -> Option<&str> {
        None
    }
}

impl Coded for RegistryError {
    fn code(&self) -> &'static str {
        self.code()
    }
}

impl Coded for HistoryError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn field(&self) -> Option<&str> {
        self.field()
    }
}

impl Coded for EngineError {
    fn code(&self) -> &'static str {
        match self {
            Self::MissingArtifact(_) => "missing_artifact",
            Self::Artifact { .. } => "unreadable_artifact",
            Self::EmptyConversation => "history_empty",
            Self::Inference(_) => "inference",
            Self::Past(past) => past.code(),
        }
    }
}

/// An `Error` with `code` and, where there is one, `field`.
pub(crate) fn to_js(error: &impl Coded) -> JsValue {
    new_error(error.code(), error.field(), &error.to_string())
}

/// A value that is not of the kind that a function takes.
pub(crate) fn wrong_argument(message: &str) -> JsValue {
    new_error("wrong_argument", None, message)
}

fn new_error(code: &str, field: Option<&str>, message: &str) -> JsValue {
    let error = js_sys::Error::new(message);
    // Setting a property of an object made here cannot fail.
    let _ = Reflect::set(&error, &"code".into(), &code.into());
    if let Some(field) = field {
        let _ = Reflect::set(&error, &"field".into(), &field.into());
    }
    error.into()
}
