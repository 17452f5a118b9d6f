//! Refusals as problem details (RFC 9457): one JSON object that a person can read and a program can act on.

use rapport_conversation::HistoryError;
use serde::Serialize;

/// The media type of every refusal.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// No route has this path.
    #[error("there is nothing at this path; see /docs for the endpoints")]
    NotFound,
    /// The route exists, the method does not fit it.
    #[error("use {allow} here")]
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: &'static str,
    },
    /// The body is of another media type, or compressed.
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    /// The body could not be read as a conversation.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The client broke the connection or the body's framing.
    #[error("the body ended before it was complete; send it again")]
    BodyBroken,
    /// The client sends more than its share.
    #[error("too many requests from this client; wait {retry_after} s")]
    RateLimited {
        /// Seconds until the next request is worth its while.
        retry_after: u32,
    },
    /// No verified model is loaded.
    #[error("no verified model is loaded yet: {reason}")]
    ModelUnavailable {
        /// What stands in the way.
        reason: String,
        /// Seconds until the next attempt.
        retry_after: u32,
    },
    /// The model that is loaded lacks what the question asks for.
    #[error(
        "the model that is loaded has no {artifact}, which answers this; the other endpoints are not concerned"
    )]
    NotInModel {
        /// Name of the artifact.
        artifact: String,
    },
    /// The engine failed on a conversation that is well formed.
    #[error("the model could not answer this conversation")]
    Internal,
}

/// One wrong field.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    /// As people write it: `history[3].speaker`.
    pub(crate) field: String,
    /// As a JSON pointer: `/history/3/speaker`.
    pub(crate) pointer: String,
    /// Stable machine code.
    pub(crate) code: String,
    /// What is wrong and how to mend it.
    pub(crate) detail: String,
}

/// The body of a refusal.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct ProblemDetails {
    /// A page about this kind of problem, relative to the API.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The kind of problem in a few words.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// This occurrence.
    pub(crate) detail: String,
    /// Stable machine code of this occurrence.
    pub(crate) code: String,
    /// The wrong fields, when a field is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    /// Line of the first wrong byte, from 1, when the body is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Column of the first wrong byte, from 1, when the body is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    /// The bound that was passed, in bytes, turns or conversations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

impl From<&HistoryError> for FieldProblem {
    fn from(error: &HistoryError) -> Self {
        Self {
            field: error.field().unwrap_or_default().to_owned(),
            pointer: error.pointer().to_owned(),
            code: error.code().to_owned(),
            detail: error.to_string(),
        }
    }
}

impl Refusal {
    /// The slug of the kind (its anchor in `/docs`), its title and its HTTP status.
    pub(crate) fn kind(&self) -> (&'static str, &'static str, u16) {
        match self {
            Self::NotFound => ("not-found", "Nothing at this path", 404),
            Self::MethodNotAllowed { .. } => ("method-not-allowed", "Method not allowed", 405),
            Self::UnsupportedMediaType(_) => ("unsupported-media-type", "Unsupported media type", 415),
            Self::History(HistoryError::NotJson { .. }) => ("not-json", "The body is not JSON", 400),
            Self::History(HistoryError::WrongField { .. }) => ("wrong-field", "A field is wrong", 422),
            Self::History(HistoryError::TooLarge { .. }) => {
                ("too-large", "The conversation is too large", 413)
            }
            Self::BodyBroken => ("body-broken", "The body is incomplete", 400),
            Self::RateLimited { .. } => ("rate-limited", "Too many requests", 429),
            Self::ModelUnavailable { .. } => ("model-unavailable", "No model is loaded", 503),
            Self::NotInModel { .. } => ("not-in-model", "The model does not offer this", 501),
            Self::Internal => ("internal", "The model failed", 500),
        }
    }

    /// Seconds for `Retry-After`, where waiting helps.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        match self {
            Self::RateLimited { retry_after } | Self::ModelUnavailable { retry_after, .. } => {
                Some((*retry_after).max(1))
            }
            _ => None,
        }
    }

    /// The value of `Allow`, for a wrong method.
    pub(crate) fn allow(&self) -> Option<&'static str> {
        match self {
            Self::MethodNotAllowed { allow } => Some(allow),
            _ => None,
        }
    }

    /// The body to send.
    pub(crate) fn details(&self) -> ProblemDetails {
        let (slug, title, status) = self.kind();
        let mut details = ProblemDetails {
            kind: format!("/docs#{slug}"),
            title,
            status,
            detail: self.to_string(),
            code: slug.replace('-', "_"),
            errors: Vec::new(),
            line: None,
            column: None,
            limit: None,
        };
        let Self::History(error) = self else { return details };
        error.code().clone_into(&mut details.code);
        match error {
            HistoryError::NotJson { line, column, .. } => {
                details.line = Some(*line);
                details.column = Some(*column);
            }
            HistoryError::TooLarge { limit, .. } => details.limit = Some(*limit),
            HistoryError::WrongField { .. } => {}
        }
        if !matches!(error, HistoryError::NotJson { .. }) {
            details.errors.push(error.into());
        }
        details
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rapport_conversation::parse_history;

    use super::*;

    fn details(body: &[u8]) -> ProblemDetails {
        Refusal::from(parse_history(body).unwrap_err()).details()
    }

    #[test]
    fn a_wrong_field_is_named_twice() {
        let problem = details(br#"{"history":[{"speaker":"Robot","response":"x"}]}"#);
        assert_eq!((problem.status, problem.kind.as_str()), (422, "/docs#wrong-field"));
        let [error] = problem.errors.as_slice() else { panic!("one error") };
        assert_eq!(
            (error.field.as_str(), error.pointer.as_str()),
            ("history[0].speaker", "/history/0/speaker")
        );
        assert_eq!(problem.code, "speaker_unknown");
    }

    #[test]
    fn broken_json_has_its_place() {
        let problem = details(b"{\n  nope");
        assert_eq!((problem.status, problem.line), (400, Some(2)));
        assert!(problem.errors.is_empty());
        let json = serde_json::to_value(&problem).unwrap();
        assert!(json.get("errors").is_none() && json.get("limit").is_none());
    }

    #[test]
    fn a_large_body_tells_the_limit() {
        let problem = details(&vec![b' '; 300 * 1024]);
        assert_eq!((problem.status, problem.limit), (413, Some(256 * 1024)));
    }

    #[test]
    fn waiting_is_never_zero_seconds() {
        let refusal = Refusal::ModelUnavailable { reason: "x".into(), retry_after: 0 };
        assert_eq!(refusal.retry_after(), Some(1));
        assert_eq!(Refusal::NotFound.retry_after(), None);
    }
}
