//! Why a request body is refused.

/// Why a request body was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The bytes are not JSON (HTTP 400).
    #[error(
        "the body is not JSON: {message} (line {line}, column {column}); send {{\"history\":[…]}} as UTF-8 JSON"
    )]
    NotJson {
        /// Line of the first wrong byte, from 1.
        line: usize,
        /// Column of the first wrong byte, from 1.
        column: usize,
        /// What the JSON reader expected.
        message: String,
    },
    /// A field is missing or has the wrong type or value (HTTP 422).
    #[error("{message}")]
    WrongField {
        /// The field as people write it: `history[3].speaker`; empty for the body itself.
        field: String,
        /// The same as a JSON pointer (RFC 6901): `/history/3/speaker`.
        pointer: String,
        /// Stable machine code, for example `speaker_unknown`.
        code: &'static str,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// The body goes over a limit (HTTP 413).
    #[error("{message}")]
    TooLarge {
        /// The field as people write it; empty for the body itself.
        field: String,
        /// The same as a JSON pointer (RFC 6901).
        pointer: String,
        /// Stable machine code: `body_too_large`, `too_many_turns`, `turn_too_large` or `too_many_conversations`.
        code: &'static str,
        /// The bound, in bytes, turns or conversations.
        limit: usize,
        /// What came, in bytes, turns or conversations.
        actual: usize,
        /// What is too large and how to mend it.
        message: String,
    },
}

impl HistoryError {
    /// Stable machine code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not_json",
            Self::WrongField { code, .. } | Self::TooLarge { code, .. } => code,
        }
    }

    /// The field as people write it (`history[3].speaker`); `None` when the body as a whole is meant.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NotJson { .. } => None,
            Self::WrongField { field, .. } | Self::TooLarge { field, .. } => {
                Some(field.as_str()).filter(|f| !f.is_empty())
            }
        }
    }

    /// The same of a body that is a part of another one: its field and pointer from the outer body on.
    #[must_use]
    pub(crate) fn within(mut self, outer_field: &str, outer_pointer: &str) -> Self {
        if let Self::WrongField { field, pointer, message, .. }
        | Self::TooLarge { field, pointer, message, .. } = &mut self
        {
            let dot = if field.is_empty() { "" } else { "." };
            *field = format!("{outer_field}{dot}{field}");
            *pointer = format!("{outer_pointer}{pointer}");
            *message = format!("{outer_field}: {message}");
        }
        self
    }

    /// The field as a JSON pointer (RFC 6901); the empty pointer is the whole body.
    pub fn pointer(&self) -> &str {
        match self {
            Self::NotJson { .. } => "",
            Self::WrongField { pointer, .. } | Self::TooLarge { pointer, .. } => pointer,
        }
    }
}
