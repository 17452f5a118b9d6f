//! The body of the prediction API: `{"history":[{"speaker":"Customer","response":"…"}]}`.
//!
//! Every refusal names the field, as a person writes it (`history[3].speaker`) and as a JSON pointer
//! (`/history/3/speaker`), carries a stable code for programs, and says how to mend the body.

use serde_json::{Map, Value};

use crate::rfc3339::is_rfc3339;
use crate::{Conversation, HistoryError, Limits, Speaker, Turn, clean};

/// The identifier of a conversation that came without one.
pub(crate) const NO_ID: &str = "request";

/// A place in the body: a turn's number and a key in it, either of which may be missing.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a>(Option<usize>, Option<&'a str>);

/// The place of a key of the body itself.
pub(crate) fn whole_body(key: &str) -> Place<'_> {
    Place(None, Some(key))
}

impl Place<'_> {
    fn field(self) -> String {
        match self {
            Place(None, None) => String::new(),
            Place(None, Some(key)) => key.to_owned(),
            Place(Some(turn), None) => format!("history[{turn}]"),
            Place(Some(turn), Some(key)) => format!("history[{turn}].{key}"),
        }
    }

    fn pointer(self) -> String {
        match self {
            Place(None, None) => String::new(),
            Place(None, Some(key)) => format!("/{key}"),
            Place(Some(turn), None) => format!("/history/{turn}"),
            Place(Some(turn), Some(key)) => format!("/history/{turn}/{key}"),
        }
    }

    pub(crate) fn wrong(self, code: &'static str, message: impl Into<String>) -> HistoryError {
        HistoryError::WrongField {
            field: self.field(),
            pointer: self.pointer(),
            code,
            message: message.into(),
        }
    }

    fn too_large(self, code: &'static str, limit: usize, actual: usize, message: String) -> HistoryError {
        HistoryError::TooLarge { field: self.field(), pointer: self.pointer(), code, limit, actual, message }
    }
}

/// Reads a request body within [`Limits::REQUEST`].
///
/// ```
/// use rapport_conversation::{Speaker, parse_history};
/// let body = br#"{"history":[{"speaker":"Sales Rep","response":"Hello!"},{"speaker":"Prospect","response":"Hi."}]}"#;
/// let conversation = parse_history(body)?;
/// assert_eq!(conversation.turns[1].speaker, Speaker::Customer);
///
/// let error = parse_history(br#"{"history":[{"speaker":"Robot","response":"Hi"}]}"#).unwrap_err();
/// assert_eq!((error.code(), error.field()), ("speaker_unknown", Some("history[0].speaker")));
/// # Ok::<(), rapport_conversation::HistoryError>(())
/// ```
///
/// # Errors
/// [`HistoryError`] when the body is not JSON, has a wrong field, or is too large.
pub fn parse_history(body: &[u8]) -> Result<Conversation, HistoryError> {
    parse_history_within(body, &Limits::REQUEST)
}

/// Reads a request body within `limits`.
///
/// # Errors
/// As [`parse_history`].
pub fn parse_history_within(body: &[u8], limits: &Limits) -> Result<Conversation, HistoryError> {
    history_from_value_within(json(body, limits)?, limits)
}

/// The JSON of a body within the bytes of `limits`.
pub(crate) fn json(body: &[u8], limits: &Limits) -> Result<Value, HistoryError> {
    check_total(body.len(), limits)?;
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    serde_json::from_slice(body).map_err(|e| HistoryError::NotJson {
        line: e.line(),
        column: e.column(),
        message: without_place(&e.to_string()),
    })
}

/// Reads a body that is parsed already, within [`Limits::REQUEST`].
///
/// # Errors
/// As [`parse_history`], but never [`HistoryError::NotJson`].
pub fn history_from_value(body: Value) -> Result<Conversation, HistoryError> {
    history_from_value_within(body, &Limits::REQUEST)
}

/// Reads a body that is parsed already, within `limits`.
///
/// `history` is required. A turn has `speaker` (any word of [`Speaker::from_word`]), `response`, and may have
/// `at` (RFC 3339). A top-level `id` names the conversation; other top-level fields become metadata; other
/// fields of a turn are ignored. Texts go through [`clean`]; one that is empty then is refused.
///
/// # Errors
/// As [`parse_history`], but never [`HistoryError::NotJson`].
pub fn history_from_value_within(body: Value, limits: &Limits) -> Result<Conversation, HistoryError> {
    let whole = Place(None, None);
    let mut body = match body {
        Value::Object(map) => map,
        Value::Array(_) => {
            return Err(whole.wrong("body_not_object", "the body is a list; wrap it: {\"history\":[…]}"));
        }
        other => {
            let kind = kind(&other);
            return Err(whole.wrong(
                "body_not_object",
                format!("the body is {kind}; send an object {{\"history\":[…]}}"),
            ));
        }
    };
    let place = Place(None, Some("history"));
    let history = match body.remove("history") {
        None => {
            return Err(
                place.wrong("history_missing", "the field `history` is missing; give the list of turns")
            );
        }
        Some(Value::Array(list)) => list,
        Some(other) => {
            let kind = kind(&other);
            return Err(place.wrong("history_not_list", format!("`history` is {kind}; give a list of turns")));
        }
    };
    if history.is_empty() {
        return Err(place.wrong("history_empty", "`history` has no turn; give at least one"));
    }
    if history.len() > limits.turns {
        let (limit, actual) = (limits.turns, history.len());
        let message = format!("`history` has {actual} turns, {limit} are accepted; send the last {limit}");
        return Err(place.too_large("too_many_turns", limit, actual, message));
    }
    let mut total = 0;
    let mut turns = Vec::with_capacity(history.len());
    for (index, value) in history.into_iter().enumerate() {
        let turn = turn(index, value, limits)?;
        total += turn.text.len();
        check_total(total, limits)?;
        turns.push(turn);
    }
    let id = identifier(&mut body)?;
    Ok(Conversation { meta: body, ..Conversation::new(id, turns) })
}

fn turn(index: usize, value: Value, limits: &Limits) -> Result<Turn, HistoryError> {
    let place = Place(Some(index), None);
    let Value::Object(mut turn) = value else {
        let message = format!(
            "{} is {}; give {{\"speaker\":\"Customer\",\"response\":\"…\"}}",
            place.field(),
            kind(&value)
        );
        return Err(place.wrong("turn_not_object", message));
    };
    let speaker = speaker(index, turn.remove("speaker"))?;
    let text = response(index, &mut turn, limits)?;
    let at = time(index, turn.remove("at"))?;
    Ok(Turn { at, ..Turn::new(speaker, text) })
}

fn speaker(index: usize, value: Option<Value>) -> Result<Speaker, HistoryError> {
    let place = Place(Some(index), Some("speaker"));
    let field = place.field();
    match value {
        None => Err(place.wrong("speaker_missing", format!("{field} is missing; give \"Customer\" or \"Salesman\""))),
        Some(Value::String(word)) => Speaker::from_word(&word).ok_or_else(|| {
            let word = shorten(&word);
            let known = "\"Customer\" (Prospect, Client, Buyer, User, Lead) or \"Salesman\" (Agent, Sales Rep, Seller, Salesperson)";
            place.wrong("speaker_unknown", format!("{field} is {word:?}; give {known}"))
        }),
        Some(other) => {
            let kind = kind(&other);
            Err(place.wrong(
                "speaker_not_text",
                format!("{field} is {kind}; give the text \"Customer\" or \"Salesman\""),
            ))
        }
    }
}

fn response(index: usize, turn: &mut Map<String, Value>, limits: &Limits) -> Result<String, HistoryError> {
    let place = Place(Some(index), Some("response"));
    let field = place.field();
    match turn.remove("response") {
        None if turn.contains_key("text") => {
            Err(place.wrong("response_missing", format!("{field} is missing; rename `text` to `response`")))
        }
        None => Err(place.wrong("response_missing", format!("{field} is missing; give what was said"))),
        Some(Value::String(text)) if text.len() > limits.turn_bytes => {
            let (limit, actual) = (limits.turn_bytes, text.len());
            let message =
                format!("{field} has {actual} bytes, {limit} are accepted; split or shorten the turn");
            Err(place.too_large("turn_too_large", limit, actual, message))
        }
        Some(Value::String(text)) => {
            let text = clean(&text).text;
            if text.is_empty() {
                return Err(place.wrong(
                    "response_empty",
                    format!("{field} is empty; give what was said or leave the turn out"),
                ));
            }
            Ok(text)
        }
        Some(other) => Err(place
            .wrong("response_not_text", format!("{field} is {}; give what was said as text", kind(&other)))),
    }
}

fn time(index: usize, value: Option<Value>) -> Result<Option<String>, HistoryError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(at)) if is_rfc3339(&at) => Ok(Some(at)),
        Some(_) => {
            let place = Place(Some(index), Some("at"));
            let message = format!(
                "{} is not an RFC 3339 time; give one like \"2026-01-31T09:30:00Z\" or leave it out",
                place.field()
            );
            Err(place.wrong("at_not_time", message))
        }
    }
}

fn identifier(body: &mut Map<String, Value>) -> Result<String, HistoryError> {
    match body.remove("id") {
        None | Some(Value::Null) => Ok(NO_ID.to_owned()),
        Some(Value::String(id)) if !id.is_empty() && id.len() <= 256 => Ok(id),
        Some(Value::Number(id)) => Ok(id.to_string()),
        Some(_) => Err(Place(None, Some("id")).wrong(
            "id_not_text",
            "`id` must be a text of 1 to 256 bytes or a number; mend it or leave it out",
        )),
    }
}

fn check_total(actual: usize, limits: &Limits) -> Result<(), HistoryError> {
    let limit = limits.total_bytes;
    if actual <= limit {
        return Ok(());
    }
    let message = format!("the body has {actual} bytes, {limit} are accepted; send the last turns only");
    Err(Place(None, None).too_large("body_too_large", limit, actual, message))
}

/// The JSON type of a value, with its article.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The first 40 characters, so that a message never repeats a whole body.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A `serde_json` message without its own "at line 1 column 2", which the error carries as numbers.
pub(crate) fn without_place(message: &str) -> String {
    message.rfind(" at line ").map_or(message, |at| &message[..at]).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refusal(body: Value) -> HistoryError {
        history_from_value(body).unwrap_err()
    }

    #[test]
    fn reads_every_speaker_word() {
        let words =
            ["Customer", "Salesman", "Agent", "Sales Rep", "Prospect", "Client", "Buyer", "Seller", "User"];
        let turns: Vec<Value> = words.iter().map(|w| json!({"speaker": w, "response": "hello"})).collect();
        let conversation = history_from_value(json!({ "history": turns })).unwrap();
        let customers: Vec<bool> =
            conversation.turns.iter().map(|t| t.speaker == Speaker::Customer).collect();
        assert_eq!(customers, [true, false, false, false, true, true, true, false, true]);
    }

    #[test]
    fn keeps_id_time_and_metadata() {
        let body = json!({"id": 7, "crm": "x", "history":
            [{"speaker": "client", "response": "  hi   there ", "at": "2026-01-31T09:30:00.5+01:00"}]});
        let conversation = history_from_value(body).unwrap();
        assert_eq!(conversation.id, "7");
        assert_eq!(conversation.turns[0].text, "hi there");
        assert_eq!(conversation.turns[0].at.as_deref(), Some("2026-01-31T09:30:00.5+01:00"));
        assert_eq!(conversation.meta["crm"], "x");
    }

    #[test]
    fn names_the_field_and_the_code() {
        let good = json!({"speaker": "Customer", "response": "hi"});
        let cases = [
            (json!([]), "", "body_not_object"),
            (json!(3), "", "body_not_object"),
            (json!({}), "history", "history_missing"),
            (json!({"history": "x"}), "history", "history_not_list"),
            (json!({"history": []}), "history", "history_empty"),
            (json!({"history": [good, 4]}), "history[1]", "turn_not_object"),
            (json!({"history": [good, {"response": "x"}]}), "history[1].speaker", "speaker_missing"),
            (json!({"history": [{"speaker": 1, "response": "x"}]}), "history[0].speaker", "speaker_not_text"),
            (
                json!({"history": [{"speaker": "Robot", "response": "x"}]}),
                "history[0].speaker",
                "speaker_unknown",
            ),
            (json!({"history": [{"speaker": "User"}]}), "history[0].response", "response_missing"),
            (
                json!({"history": [{"speaker": "User", "response": null}]}),
                "history[0].response",
                "response_not_text",
            ),
            (
                json!({"history": [{"speaker": "User", "response": " \u{200b}"}]}),
                "history[0].response",
                "response_empty",
            ),
            (
                json!({"history": [{"speaker": "User", "response": "x", "at": "now"}]}),
                "history[0].at",
                "at_not_time",
            ),
            (json!({"id": [], "history": [good]}), "id", "id_not_text"),
        ];
        for (body, field, code) in cases {
            let error = refusal(body.clone());
            assert_eq!((error.field().unwrap_or(""), error.code()), (field, code), "{body}");
            assert!(matches!(error, HistoryError::WrongField { .. }));
            let value = body.pointer(error.pointer());
            assert!(value.is_some() || code.ends_with("_missing"), "{} points nowhere", error.pointer());
        }
    }

    #[test]
    fn says_where_the_json_breaks() {
        let error = parse_history(b"{\"history\":\n[1,}").unwrap_err();
        assert!(matches!(error, HistoryError::NotJson { line: 2, column: 4, .. }), "{error:?}");
        assert!(matches!(parse_history(b"\xff\xfe").unwrap_err(), HistoryError::NotJson { .. }));
        let deep = "[".repeat(100_000);
        assert!(matches!(parse_history(deep.as_bytes()).unwrap_err(), HistoryError::NotJson { .. }));
    }

    #[test]
    fn holds_the_limits() {
        let limits = Limits { total_bytes: 200, turn_bytes: 20, turns: 2, conversations: 1 };
        let read = |turns: usize, text: &str| {
            let turns: Vec<Value> =
                (0..turns).map(|_| json!({"speaker": "User", "response": text})).collect();
            parse_history_within(json!({ "history": turns }).to_string().as_bytes(), &limits)
        };
        assert!(read(2, "hello").is_ok());
        assert_eq!(read(3, "hello").unwrap_err().code(), "too_many_turns");
        assert_eq!(read(1, &"x".repeat(21)).unwrap_err().code(), "turn_too_large");
        assert_eq!(read(9, "hello").unwrap_err().code(), "body_too_large");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_history(&bytes);
        }

        #[test]
        fn keeps_order_and_sides(turns in proptest::collection::vec((any::<bool>(), "[a-z]{1,8}( [a-z]{1,8}){0,5}"), 1..20)) {
            let list: Vec<Value> = turns.iter()
                .map(|(customer, text)| json!({"speaker": if *customer { "Customer" } else { "Salesman" }, "response": text}))
                .collect();
            let read = parse_history(json!({ "history": list }).to_string().as_bytes()).unwrap();
            let back: Vec<(bool, String)> =
                read.turns.into_iter().map(|t| (t.speaker == Speaker::Customer, t.text)).collect();
            prop_assert_eq!(back, turns);
        }
    }
}
