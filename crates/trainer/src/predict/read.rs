//! From an entry of the table to a conversation. What is said of a bad one holds none of its text.

use rapport_conversation::{
    Conversation, HistoryError, JsonlError, JsonlReader, Limits, Refusal, history_from_value_within,
    parse_history_within, read_time, read_transcript,
};
use serde_json::json;

use super::entries::{Body, Entry, LIMITS, Line};

/// The conversation of an entry, or why it is none.
pub(super) fn conversation(entry: &Entry) -> Result<Conversation, String> {
    let (id, body) = (&entry.id, &entry.body);
    match body {
        Body::Wrong(reason) => Err(reason.clone()),
        Body::Canonical(bytes) => canonical(bytes),
        Body::Transcript(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| NOT_UTF8.to_owned())?;
            read_transcript(id, text, &LIMITS).map_err(|refusal| transcript(refusal).to_owned())
        }
        Body::History(bytes) => {
            let read = history(bytes.trim_ascii()).map_err(|error| wrong_history(&error))?;
            Ok(Conversation { id: id.clone(), ..read })
        }
        Body::Lines(rows) => lines(rows).map(|c| Conversation { id: id.clone(), ..c }),
    }
}

const NOT_UTF8: &str = "the text is not UTF-8";

fn canonical(bytes: &[u8]) -> Result<Conversation, String> {
    let limits = Limits { total_bytes: LIMITS.total_bytes + 1, ..LIMITS };
    match JsonlReader::new(bytes, limits).next() {
        Some(Ok(conversation)) if conversation.turns.is_empty() => Err(EMPTY.to_owned()),
        Some(Ok(conversation)) => Ok(conversation),
        // What the JSON reader says may repeat a piece of the line.
        Some(Err(JsonlError::Line { column, .. })) => {
            Err(format!("the line is not canonical JSONL (column {column})"))
        }
        Some(Err(JsonlError::TooLarge { what, limit, .. })) => Err(format!("more than {limit} {what}")),
        Some(Err(JsonlError::Io { .. })) | None => Err(EMPTY.to_owned()),
    }
}

const EMPTY: &str = "the conversation is empty";

fn transcript(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::TextWithoutSpeaker => "no speaker is named; put `Customer:` or `Salesman:` before each turn",
        Refusal::TurnTooLarge => "a turn is over 256 KiB",
        Refusal::TooManyTurns => "more than 10000 turns",
        _ => EMPTY,
    }
}

/// A body of the prediction API, or its list of turns alone.
fn history(bytes: &[u8]) -> Result<Conversation, HistoryError> {
    if !bytes.starts_with(b"[") {
        return parse_history_within(bytes, &LIMITS);
    }
    let body = [b"{\"history\":", bytes, b"}"].concat();
    parse_history_within(&body, &LIMITS)
}

/// What is wrong with a history, by field and code: the message would repeat what stands there.
fn wrong_history(error: &HistoryError) -> String {
    match error {
        HistoryError::NotJson { line, column, .. } => {
            format!("not_json: `history` is not JSON (line {line}, column {column})")
        }
        _ => match error.field() {
            Some(field) => format!("{}: {field}", error.code()),
            None => error.code().to_owned(),
        },
    }
}

/// The rules for lines are those of a history.
fn lines(rows: &[Line]) -> Result<Conversation, String> {
    let mut turns = Vec::with_capacity(rows.len());
    for line in rows {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| format!("row {}: {NOT_UTF8}", line.row));
        // As in an import, a time that cannot be read is left out.
        let at = read_time(text(&line.at)?);
        turns.push(json!({ "speaker": text(&line.speaker)?, "response": text(&line.text)?, "at": at }));
    }
    let body = json!({ "history": turns });
    history_from_value_within(body, &LIMITS).map_err(|error| {
        // `/history/3/speaker`: the fourth row.
        let turn = error.pointer().split('/').nth(2).and_then(|n| n.parse::<usize>().ok());
        match turn.and_then(|turn| rows.get(turn)) {
            Some(line) => format!("{}: row {}", error.code(), line.row),
            None => error.code().to_owned(),
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn entry(body: Body) -> Entry {
        Entry { id: "a".to_owned(), domain: None, body }
    }

    fn line(row: u64, speaker: &str, text: &str, at: &str) -> Line {
        Line { row, speaker: speaker.into(), text: text.into(), at: at.into() }
    }

    #[test]
    fn every_kind_of_entry_is_the_same_conversation() {
        let history = r#"{"id":"other","history":[{"speaker":"Agent","response":"Hello!"},{"speaker":"Client","response":"Hi."}]}"#;
        let list = r#"[{"speaker":"Agent","response":"Hello!"},{"speaker":"Client","response":"Hi."}]"#;
        let canonical = r#"{"id":"a","turns":[{"speaker":"salesperson","text":"Hello!"},{"speaker":"customer","text":"Hi."}]}"#;
        let bodies = [
            Body::History(history.into()),
            Body::History(list.into()),
            Body::Transcript("Agent: Hello!\nCustomer: Hi.".into()),
            Body::Canonical(canonical.into()),
            Body::Lines(vec![line(1, "agent", "Hello!", ""), line(2, "Customer", " Hi. ", "soon")]),
        ];
        let read: Vec<_> = bodies.into_iter().map(|body| conversation(&entry(body)).unwrap()).collect();
        assert_eq!(read[0].turns.len(), 2);
        assert!(read.iter().all(|c| *c == read[0]), "{read:?}");
    }

    #[test]
    fn times_of_lines_are_read() {
        let body = Body::Lines(vec![line(1, "Customer", "Hi", "2026-01-31 09:30:00")]);
        assert_eq!(conversation(&entry(body)).unwrap().turns[0].at.as_deref(), Some("2026-01-31T09:30:00Z"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_text() {
        let secret = "Zanzibar";
        let cases = [
            (Body::History(b"{Zanzibar".to_vec()), "not_json"),
            (
                Body::History(br#"[{"speaker":"Zanzibar","response":"x"}]"#.to_vec()),
                "speaker_unknown: history[0].speaker",
            ),
            (Body::History(b"[]".to_vec()), "history_empty"),
            (Body::Transcript(b"Zanzibar is nice".to_vec()), "no speaker is named"),
            (Body::Transcript(b"  ".to_vec()), EMPTY),
            (Body::Transcript(b"Customer: \xff\xfe".to_vec()), NOT_UTF8),
            (
                Body::Lines(vec![line(7, "User", "x", ""), line(8, "Zanzibar", "x", "")]),
                "speaker_unknown: row 8",
            ),
            (Body::Lines(vec![line(7, "User", " ", "")]), "response_empty: row 7"),
            (Body::Canonical(br#"{"id":"a","turns":"Zanzibar"}"#.to_vec()), "not canonical JSONL"),
            (Body::Canonical(br#"{"id":"a","turns":[]}"#.to_vec()), EMPTY),
        ];
        for (body, reason) in cases {
            let error = conversation(&entry(body)).unwrap_err();
            assert!(error.contains(reason) && !error.contains(secret), "{error}");
        }
    }
}
