//! `GET /health`: whether this isolate can answer, and with what.

use std::rc::Rc;

use serde::Serialize;

use crate::edge::{RegistryReport, registry_report};
use crate::model::{Model, ModelVersion};
use crate::problem::Refusal;

/// How well the edge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// The model is loaded and the last look at the registry succeeded.
    Ok,
    /// The last good model answers, but the registry could not be followed.
    Degraded,
    /// There is no model.
    Unavailable,
}

/// The answer of `/health`.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: Status,
    /// Version of the API.
    version: &'static str,
    /// Version of the model that answers.
    model: Option<ModelVersion>,
    registry: RegistryReport,
    /// Bytes of WebAssembly memory that this isolate has taken so far; it never shrinks.
    memory_bytes: usize,
    /// Why there is no model.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Health {
    /// The report on `model`, and its HTTP status.
    pub(crate) fn of(model: &Result<Rc<Model>, Refusal>) -> (u16, Self) {
        let registry = registry_report();
        let expired =
            matches!(registry.freshness, Some(rapport_registry::Freshness::ExpiredWithinGrace { .. }));
        let status = match model {
            Err(_) => Status::Unavailable,
            Ok(_) if registry.failure.is_some() || expired => Status::Degraded,
            Ok(_) => Status::Ok,
        };
        let health = Self {
            status,
            version: env!("CARGO_PKG_VERSION"),
            model: model.as_ref().ok().map(|model| model.version().clone()),
            registry,
            memory_bytes: memory_bytes(),
            reason: model.as_ref().err().map(ToString::to_string),
        };
        (if status == Status::Unavailable { 503 } else { 200 }, health)
    }
}

/// Bytes of linear memory, of which Cloudflare gives an isolate 128 MB together with the JavaScript heap.
pub(crate) fn memory_bytes() -> usize {
    #[cfg(target_arch = "wasm32")]
    return core::arch::wasm32::memory_size(0) * 65_536;
    #[cfg(not(target_arch = "wasm32"))]
    return 0;
}
