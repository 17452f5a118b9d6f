//! The body of the question whether a conversation converts: a history with `domain` and `finished` beside it, or
//! a list of such bodies under `conversations`.

use serde_json::{Map, Value};

use crate::history::{json, kind, whole_body};
use crate::{Conversation, HistoryError, Limits, history_from_value};

/// Conversations that one body may hold.
pub const CONVERSIONS: usize = 50;
/// Bytes of a domain's name.
const DOMAIN_BYTES: usize = 256;

/// A conversation, and what is known beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionRequest {
    /// What was said so far.
    pub conversation: Conversation,
    /// Company or data set whose own model is asked.
    pub domain: Option<String>,
    /// True when nothing more will be said.
    pub finished: bool,
}

/// One conversation of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionEntry {
    /// The name that came with it, where it has one that can be read.
    pub id: Option<String>,
    /// The conversation, or why it cannot be read; the field is named from the whole body on.
    pub request: Result<ConversionRequest, HistoryError>,
}

/// What a body asks.
#[derive(Debug, Clone, PartialEq)]
pub enum ConversionQuestion {
    /// About one conversation.
    One(ConversionRequest),
    /// About several, in the order of the body.
    Many(Vec<ConversionEntry>),
}

/// Reads a body within [`Limits::REQUEST`]: `{"history":[…],"domain"?,"finished"?}`, or
/// `{"conversations":[{"id"?,"history":[…],"domain"?,"finished"?},…]}` with at most [`CONVERSIONS`] of them. One
/// of a list that cannot be read is an error of its own and leaves the others alone.
///
/// # Errors
/// As [`crate::parse_history`]; [`HistoryError::WrongField`] also for a `domain`, `finished` or `conversations` of
/// another type, [`HistoryError::TooLarge`] also for a list that is too long.
pub fn parse_conversion(body: &[u8]) -> Result<ConversionQuestion, HistoryError> {
    let value = json(body, &Limits::REQUEST)?;
    let Value::Object(mut map) = value else { return request(value).map(ConversionQuestion::One) };
    let Some(conversations) = map.remove("conversations") else {
        return request(Value::Object(map)).map(ConversionQuestion::One);
    };
    if map.contains_key("history") {
        return Err(wrong(
            "history",
            "history_beside_list",
            "the body has both `history` and `conversations`; send one",
        ));
    }
    let conversations = match conversations {
        Value::Array(list) => list,
        other => {
            let message = format!("`conversations` is {}; give a list of {{\"history\":[…]}}", kind(&other));
            return Err(wrong("conversations", "conversations_not_list", message));
        }
    };
    if conversations.is_empty() {
        let message = "`conversations` is empty; give at least one";
        return Err(wrong("conversations", "conversations_empty", message));
    }
    if conversations.len() > CONVERSIONS {
        let (limit, actual) = (CONVERSIONS, conversations.len());
        return Err(HistoryError::TooLarge {
            field: "conversations".into(),
            pointer: "/conversations".into(),
            code: "too_many_conversations",
            limit,
            actual,
            message: format!(
                "`conversations` has {actual} entries, {limit} are accepted; send the rest in another"
            ),
        });
    }
    Ok(ConversionQuestion::Many(conversations.into_iter().enumerate().map(entry).collect()))
}

fn entry((index, value): (usize, Value)) -> ConversionEntry {
    let id = match value.get("id") {
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let within = format!("conversations[{index}]");
    ConversionEntry {
        id,
        request: request(value).map_err(|e| e.within(&within, &format!("/conversations/{index}"))),
    }
}

/// One conversation with its fields, which the parser of histories keeps as metadata.
fn request(body: Value) -> Result<ConversionRequest, HistoryError> {
    let mut conversation = history_from_value(body)?;
    let domain = domain(&mut conversation.meta)?;
    let finished = finished(&mut conversation.meta)?;
    Ok(ConversionRequest { conversation, domain, finished })
}

fn domain(fields: &mut Map<String, Value>) -> Result<Option<String>, HistoryError> {
    match fields.remove("domain") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(domain)) if !domain.is_empty() && domain.len() <= DOMAIN_BYTES => Ok(Some(domain)),
        Some(Value::String(_)) => {
            let message = format!("`domain` must have 1 to {DOMAIN_BYTES} bytes; mend it or leave it out");
            Err(wrong("domain", "domain_length", message))
        }
        Some(other) => {
            let message = format!("`domain` is {}; give a text or leave it out", kind(&other));
            Err(wrong("domain", "domain_not_text", message))
        }
    }
}

fn finished(fields: &mut Map<String, Value>) -> Result<bool, HistoryError> {
    match fields.remove("finished") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(finished)) => Ok(finished),
        Some(other) => {
            let message = format!("`finished` is {}; give true or false, or leave it out", kind(&other));
            Err(wrong("finished", "finished_not_boolean", message))
        }
    }
}

fn wrong(key: &str, code: &'static str, message: impl Into<String>) -> HistoryError {
    whole_body(key).wrong(code, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn parse(body: &Value) -> Result<ConversionQuestion, HistoryError> {
        parse_conversion(body.to_string().as_bytes())
    }

    fn turns() -> Value {
        json!([{"speaker": "Customer", "response": "What does it cost?"}])
    }

    #[test]
    fn reads_domain_and_end() {
        let read = |body: Value| match parse(&body).unwrap() {
            ConversionQuestion::One(request) => (request.domain, request.finished),
            ConversionQuestion::Many(_) => panic!("one conversation"),
        };
        assert_eq!(read(json!({"history": turns()})), (None, false));
        assert_eq!(read(json!({"history": turns(), "domain": null, "finished": null})), (None, false));
        assert_eq!(
            read(json!({"history": turns(), "domain": "northwind", "finished": true})),
            (Some("northwind".into()), true)
        );
    }

    #[test]
    fn names_the_field_and_the_code() {
        let cases = [
            (json!([]), "", "body_not_object"),
            (json!({}), "/history", "history_missing"),
            (json!({"history": turns(), "domain": 7}), "/domain", "domain_not_text"),
            (json!({"history": turns(), "domain": ""}), "/domain", "domain_length"),
            (json!({"history": turns(), "domain": "x".repeat(257)}), "/domain", "domain_length"),
            (json!({"history": turns(), "finished": "yes"}), "/finished", "finished_not_boolean"),
            (json!({"conversations": {}}), "/conversations", "conversations_not_list"),
            (json!({"conversations": []}), "/conversations", "conversations_empty"),
            (json!({"conversations": vec![json!({}); 51]}), "/conversations", "too_many_conversations"),
            (json!({"history": turns(), "conversations": []}), "/history", "history_beside_list"),
        ];
        for (body, pointer, code) in cases {
            let error = parse(&body).unwrap_err();
            assert_eq!((error.pointer(), error.code()), (pointer, code), "{body}");
        }
    }

    #[test]
    fn one_bad_entry_leaves_the_others_alone() {
        let body = json!({"conversations": [
            {"id": "a", "history": turns(), "domain": "northwind"},
            {"id": 2, "history": [{"speaker": "Robot", "response": "Beep"}]},
            {"history": turns(), "finished": 1},
            "a text",
            {"history": turns(), "finished": true},
        ]});
        let ConversionQuestion::Many(entries) = parse(&body).unwrap() else { panic!("a list") };
        let told: Vec<_> = entries
            .iter()
            .map(|ConversionEntry { id, request }| {
                let error = request.as_ref().err();
                (id.as_deref(), error.map(|e| (e.field().unwrap(), e.pointer(), e.code())))
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some("a"), None),
                (
                    Some("2"),
                    Some((
                        "conversations[1].history[0].speaker",
                        "/conversations/1/history/0/speaker",
                        "speaker_unknown"
                    ))
                ),
                (
                    None,
                    Some(("conversations[2].finished", "/conversations/2/finished", "finished_not_boolean"))
                ),
                (None, Some(("conversations[3]", "/conversations/3", "body_not_object"))),
                (None, None),
            ]
        );
    }
}
