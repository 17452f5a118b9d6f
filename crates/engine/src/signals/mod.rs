//! What a turn says besides what it does: tone, emotions, intents, objections by category, buying signals, urgency,
//! hedging, commitments.
//!
//! Each signal comes from a head of `signals.onnx`, where people's labels could train and measure one, or from a written
//! rule; [`Catalogue`](crate::SignalReport::catalogue) says which.

mod language;
mod model;
mod names;
mod report;
mod rows;
mod ruled;
mod summary;

pub use model::{SIGNALS_FORMAT, SignalHead, SignalModel, SignalRule, SignalsConfig, Tone};
pub use names::{Signal, SignalFamily};
pub use report::{SignalEntry, SignalNote, SignalReport, SignalSource, TurnSignals, TurnTone};
pub use rows::{SignalRow, own_text_len, signal_row_len};
pub use ruled::ruled;
pub use summary::{SignalHighlight, SignalSummary, ToneTrend};
