//! The state of an isolate: the model in use, and how it is replaced while requests go on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rapport_registry::{Freshness, Timestamp, TrustState};
use serde::Serialize;
use worker::{Context, Env, console_error, console_log};

use crate::clock;
use crate::config::Config;
use crate::load::{self, LoadError};
use crate::model::Model;
use crate::problem::Refusal;
use crate::shelf::Shelf;

/// Bytes of small artifacts that stay beside the engine.
const SHELF_BYTES: usize = 2 << 20;
/// Milliseconds between two looks of a request that waits for a model.
const POLL: u64 = 5;
/// Milliseconds that a request waits for a model.
const PATIENCE: u64 = 25_000;
/// Milliseconds after which a load is given up on: the request that carried it has been cut off.
const LOAD_LIMIT: u64 = 30_000;
/// Milliseconds between two attempts while there is no model at all.
const COLD_RETRY: u64 = 5_000;

thread_local! {
    static EDGE: Rc<Edge> = Rc::new(Edge::new());
}

/// Everything that outlives a request.
#[derive(Debug)]
struct Edge {
    model: RefCell<Option<Rc<Model>>>,
    trust: RefCell<TrustState>,
    freshness: Cell<Option<Freshness>>,
    /// When the last check of the manifest ended.
    checked_at: Cell<Option<u64>>,
    /// When the check that runs now began.
    running_since: Cell<Option<u64>>,
    /// Checks that failed since the isolate started.
    failures: Cell<u64>,
    last_failure: RefCell<Option<Failure>>,
    shelf: Shelf,
}

/// A check that failed, until one succeeds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    /// When.
    pub(crate) at: Timestamp,
    /// A stable name for the reason.
    pub(crate) code: &'static str,
    /// The reason.
    pub(crate) reason: String,
}

/// What the registry part of `/health` says.
#[derive(Debug, Serialize)]
pub(crate) struct RegistryReport {
    /// Version of the last manifest that was trusted.
    pub(crate) version: u64,
    /// How that manifest stands to its expiry.
    pub(crate) freshness: Option<Freshness>,
    /// When the manifest was last looked at.
    pub(crate) checked_at: Option<Timestamp>,
    /// What went wrong at the last look, if anything.
    pub(crate) failure: Option<Failure>,
}

impl Edge {
    fn new() -> Self {
        Self {
            model: RefCell::default(),
            trust: RefCell::default(),
            freshness: Cell::default(),
            checked_at: Cell::default(),
            running_since: Cell::default(),
            failures: Cell::default(),
            last_failure: RefCell::default(),
            shelf: Shelf::new(SHELF_BYTES),
        }
    }

    fn model(&self) -> Option<Rc<Model>> {
        self.model.borrow().clone()
    }

    fn is_running(&self, now: u64) -> bool {
        self.running_since.get().is_some_and(|since| now.saturating_sub(since) < LOAD_LIMIT)
    }

    fn is_due(&self, now: u64, interval: u64) -> bool {
        !self.is_running(now)
            && self.checked_at.get().is_none_or(|checked| now.saturating_sub(checked) >= interval)
    }

    /// Looks at the manifest and loads what it names, if that is something else.
    async fn check(&self, env: &Env, config: &Config) -> Result<(), LoadError> {
        let mut floor = self.trust.borrow().clone();
        if floor.last_version < config.minimum_version {
            floor = TrustState::at(config.minimum_version);
        }
        let verified = load::manifest(env, &floor).await?;
        *self.trust.borrow_mut() = verified.trust_state();
        self.freshness.set(Some(verified.freshness));
        let current = self.model().map(|model| model.version().bundle);
        if let Some(model) = load::model(env, config, &verified, current, &self.shelf).await? {
            let version = model.version();
            console_log!(
                "{}",
                serde_json::json!({
                    "event": "model_loaded", "bundle": version.bundle, "registry_version": version.registry_version,
                    "memory_bytes": crate::health::memory_bytes(),
                })
            );
            // Requests that are under way keep the engine they began with; it goes when the last of them ends.
            *self.model.borrow_mut() = Some(model);
        }
        Ok(())
    }

    fn finish(&self, result: Result<(), LoadError>) {
        self.running_since.set(None);
        self.checked_at.set(Some(clock::now()));
        let Err(error) = result else {
            *self.last_failure.borrow_mut() = None;
            return;
        };
        let failure = Failure {
            at: Timestamp::from_unix(clock::unix_seconds()),
            code: error.code(),
            reason: error.to_string(),
        };
        console_error!(
            "{}",
            serde_json::json!({
                "event": "registry_check_failed", "code": failure.code, "reason": failure.reason,
                "answering": self.model.borrow().is_some(),
            })
        );
        self.failures.set(self.failures.get() + 1);
        *self.last_failure.borrow_mut() = Some(failure);
    }

    fn unavailable(&self, interval: u64) -> Refusal {
        let reason = self.last_failure.borrow().as_ref().map_or_else(
            || "it is still being loaded".to_owned(),
            |failure| format!("{} ({})", failure.reason, failure.code),
        );
        let retry_after = u32::try_from(interval.min(COLD_RETRY) / 1000).unwrap_or(1);
        Refusal::ModelUnavailable { reason, retry_after }
    }
}

/// Runs a check beside the request that noticed it is due, and beyond it.
fn begin_check(edge: &Rc<Edge>, env: &Env, context: &Context, config: &Config) {
    edge.running_since.set(Some(clock::now()));
    let (edge, env, config) = (Rc::clone(edge), env.clone(), config.clone());
    context.wait_until(async move {
        let result = edge.check(&env, &config).await;
        edge.finish(result);
    });
}

/// The model to answer with. The first request of an isolate loads it and others wait for the same load; later on
/// the manifest is looked at in the background and whoever asks meanwhile gets the last good model.
///
/// A request may not wait on another one's I/O in Workers, nor may a load die with the request that happened to
/// start it. So whoever waits looks at the shared state on a timer of its own, and begins the load again when the
/// one that ran was cut off.
///
/// # Errors
/// [`Refusal::ModelUnavailable`] when there is no good model.
pub(crate) async fn model(env: &Env, context: &Context, config: &Config) -> Result<Rc<Model>, Refusal> {
    let edge = EDGE.with(Rc::clone);
    let interval = u64::from(config.check_seconds) * 1000;
    let asked = clock::now();
    let failures = edge.failures.get();
    loop {
        let now = clock::now();
        if let Some(model) = edge.model() {
            if edge.is_due(now, interval) {
                begin_check(&edge, env, context, config);
            }
            return Ok(model);
        }
        if edge.failures.get() > failures || now.saturating_sub(asked) > PATIENCE {
            return Err(edge.unavailable(interval));
        }
        if edge.is_due(now, interval.min(COLD_RETRY)) {
            begin_check(&edge, env, context, config);
        } else if !edge.is_running(now) {
            // The last attempt failed a moment ago: asking the storage for each request would help nobody.
            return Err(edge.unavailable(interval));
        }
        clock::pause(POLL).await;
    }
}

/// What this isolate knows of the registry.
pub(crate) fn registry_report() -> RegistryReport {
    EDGE.with(|edge| RegistryReport {
        version: edge.trust.borrow().last_version,
        freshness: edge.freshness.get(),
        checked_at: edge.checked_at.get().map(|at| Timestamp::from_unix((at / 1000) as i64)),
        failure: edge.last_failure.borrow().clone(),
    })
}
