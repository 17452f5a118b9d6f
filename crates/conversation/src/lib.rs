//! What people say to each other in a sale: conversations, turns, speakers, outcomes and the label sets.
//!
//! This is the lowest floor of Rapport: bytes in, values out. It knows no tensors and no models.
//!
//! - Request bodies: [`parse_history`], [`parse_conversion`]. Canonical JSONL: [`JsonlReader`], [`JsonlWriter`].
//! - Transcripts and data sets in other formats (feature `import`): `import`.
//! - [`clean`] is the one cleaning that training and serving share.
//! - [`redact`] and [`redact_conversation`] replace personal data by stable placeholders.
//! - Labels: the sets themselves, the mapping of human labels (`LABELS.md`), [`funnel`], [`api_stages`], the rules
//!   ([`objections`], [`buying_signals`], [`hedges`], [`sales_intents`], [`urgencies`], [`response_by_rule`],
//!   [`seller_act_by_rule`]) and [`combine`].

mod clean;
mod conversation;
mod conversion_request;
mod emotion;
#[cfg(feature = "import")]
mod format;
mod funnel;
mod history;
mod history_error;
mod intent;
mod jsonl;
mod label;
mod limits;
mod persuasion;
mod redact;
mod report;
mod rfc3339;
mod rules;
mod stages;
mod weak;

pub use clean::{Cleaned, TextRepair, clean};
pub use conversation::{Conversation, Outcome, Speaker, Turn};
pub use conversion_request::{
    CONVERSIONS, ConversionEntry, ConversionQuestion, ConversionRequest, parse_conversion,
};
pub use emotion::Emotion;
#[cfg(feature = "import")]
pub use format::{
    Format, Import, ImportError, SourceFile, SpeakerNames, import, import_named, read_time, read_transcript,
};
pub use funnel::{Signals, funnel, funnel_stages};
pub use history::{history_from_value, history_from_value_within, parse_history, parse_history_within};
pub use history_error::HistoryError;
pub use intent::{SalesIntent, ServiceIntent};
pub use jsonl::{JsonlError, JsonlReader, JsonlWriter};
pub use label::{
    ApiStage, Commitment, Label, LabelSource, Provenance, ResponseType, SellerAct, Sentiment, Stage,
    TurnLabels, Urgency,
};
pub use limits::Limits;
pub use persuasion::{
    PERSUADEE, PERSUADER, RESPONSE_PRECEDENCE, SELLER_PRECEDENCE, persuadee_response, persuadee_signals,
    persuader_act, persuader_signals,
};
pub use redact::{Found, PersonalData, Redacted, Redactor, redact, redact_conversation};
pub use report::{Place, Refusal, Repair, Report, Tally};
pub use rfc3339::seconds;
pub use rules::{
    BuyingSignal, Hedge, ObjectionCategory, RuleMatch, buying_signals, hedges, objections, response_by_rule,
    sales_intents, seller_act_by_rule, urgencies,
};
pub use stages::{CallStage, api_stages, needs_share, seven_stages};
pub use weak::{HIGH_CONFIDENCE, Vote, combine};
