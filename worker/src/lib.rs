//! The edge API: predictions about a sales conversation, answered in a Cloudflare Worker.
//!
//! The manifest comes from KV, the artifacts from R2; what may be trusted is decided by `rapport-registry`, what
//! is answered by `rapport-engine`. Here are only routes, storage and manners.

mod asked;
mod body;
mod client;
mod clock;
mod config;
mod cors;
mod docs;
mod edge;
mod health;
mod load;
mod model;
mod panic;
mod problem;
mod reply;
mod route;
mod shelf;
mod transfer;

use rapport_conversation::HistoryError;
use rapport_engine::EngineError;
use worker::{Context, Env, Request, Response, ResponseBuilder, console_error, event};

use crate::asked::Asked;
use crate::config::Config;
use crate::health::Health;
use crate::problem::Refusal;
use crate::route::Route;

/// Why a request ends without an answer.
enum Stop {
    /// Something that the client is told.
    Refused(Refusal),
    /// A failure of the runtime.
    Failed(worker::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<worker::Error> for Stop {
    fn from(error: worker::Error) -> Self {
        Self::Failed(error)
    }
}

/// Answers one HTTP request.
#[event(fetch)]
async fn fetch(mut request: Request, env: Env, context: Context) -> worker::Result<Response> {
    panic::keep_messages_private();
    let config = Config::from_env(&env);
    let origin = request.headers().get("origin")?;
    // The runtime's own word for the method: the `worker` crate reads unknown ones as GET.
    let method = request.inner().method();
    let response = match respond(&mut request, &method, &env, &context, &config).await {
        Ok(response) => response,
        Err(Stop::Refused(refusal)) => reply::problem(&refusal)?,
        Err(Stop::Failed(error)) => return Err(error),
    };
    cors::apply(response.headers(), &config.allowed_origins, origin.as_deref())?;
    if method == "HEAD" {
        let (builder, _) = response.into_parts();
        return Ok(builder.empty());
    }
    Ok(response)
}

async fn respond(
    request: &mut Request,
    method: &str,
    env: &Env,
    context: &Context,
    config: &Config,
) -> Result<Response, Stop> {
    let route = Route::find(&request.path()).ok_or(Refusal::NotFound)?;
    if method == "OPTIONS" {
        return Ok(options(route)?);
    }
    if !route.takes(method) {
        return Err(Refusal::MethodNotAllowed { allow: route.allow() }.into());
    }
    let known = request.headers().get("if-none-match")?;
    Ok(match route {
        Route::Predict(question) => {
            return predict(|body| Asked::about(question, body), request, env, context, config).await;
        }
        Route::Conversion => return predict(Asked::conversion, request, env, context, config).await,
        Route::Health => {
            let (status, health) = Health::of(&edge::model(env, context, config).await);
            reply::json(status, &health)?
        }
        Route::Docs => docs::docs(known.as_deref())?,
        Route::OpenApi => docs::openapi(known.as_deref())?,
        Route::Home => ResponseBuilder::new().with_status(302).with_header("location", "/docs")?.empty(),
    })
}

fn options(route: Route) -> worker::Result<Response> {
    let response = ResponseBuilder::new().with_status(204).with_header("allow", route.allow())?.empty();
    cors::preflight(response.headers(), route.allow())?;
    Ok(response)
}

/// Limits, reads, answers: in the order in which a refusal costs least.
async fn predict(
    read: impl FnOnce(&[u8]) -> Result<Asked, HistoryError>,
    request: &mut Request,
    env: &Env,
    context: &Context,
    config: &Config,
) -> Result<Response, Stop> {
    limit(request, env, config).await?;
    // The whole body is read before anything waits for a model, so that a slow client holds up only itself.
    let body = body::read(request).await?;
    let asked = read(&body).map_err(Refusal::from)?;
    let waiting = clock::now();
    let model = edge::model(env, context, config).await?;
    let begun = clock::now();
    let answer = model.answer(&asked).map_err(|error| match error {
        EngineError::MissingArtifact(artifact) => Refusal::NotInModel { artifact },
        error => {
            log_failure(&error);
            Refusal::Internal
        }
    })?;
    let inference = clock::since(begun).await;
    let waited = begun.saturating_sub(waiting);
    Ok(reply::answer(answer, &model.version().bundle.to_string(), waited, inference)?)
}

/// The error speaks of models and shapes; the conversation is in none of its fields.
fn log_failure(error: &EngineError) {
    console_error!("{}", serde_json::json!({ "event": "answer_failed", "reason": error.to_string() }));
}

/// Counts the request against its client's share. Without the binding, or when it fails, nobody is refused.
async fn limit(request: &Request, env: &Env, config: &Config) -> Result<(), Refusal> {
    let Ok(limiter) = env.rate_limiter("RATE_LIMIT") else { return Ok(()) };
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let token = client::token(header("authorization").as_deref(), header("x-api-key").as_deref());
    let address = header("cf-connecting-ip");
    let key = client::rate_limit_key(token.as_deref(), address.as_deref(), &config.token_hashes);
    match limiter.limit(key).await {
        Ok(outcome) if !outcome.success => {
            Err(Refusal::RateLimited { retry_after: config.rate_limit_period })
        }
        Ok(_) => Ok(()),
        Err(error) => {
            console_error!(
                "{}",
                serde_json::json!({ "event": "rate_limit_failed", "reason": error.to_string() })
            );
            Ok(())
        }
    }
}
