//! Canonical JSONL: what is written is read again, and errors name line and column.
#![allow(clippy::unwrap_used)]

use std::io::{BufReader, Error, Read};

use proptest::prelude::*;
use rapport_conversation::{
    Conversation, JsonlError, JsonlReader, JsonlWriter, Label, LabelSource, Limits, Outcome, Provenance,
    ResponseType, Speaker, Stage, Turn,
};

fn read(lines: &str, limits: Limits) -> Vec<Result<Conversation, JsonlError>> {
    JsonlReader::new(lines.as_bytes(), limits).collect()
}

const GOOD: &str = r#"{"id":"a","turns":[{"speaker":"customer","text":"Hi"}],"outcome":null}"#;

#[test]
fn goes_on_after_a_bad_line() {
    let bad = r#"{"id":"b","turns":[{"speaker":"Buyer"}]}"#;
    let lines = format!("\u{feff}{GOOD}\n\n{bad}\nnonsense\r\n{GOOD}");
    let read = read(&lines, Limits::IMPORT);
    assert_eq!(read.iter().filter(|r| r.is_ok()).count(), 2);
    let messages: Vec<String> =
        read.iter().filter_map(|r| r.as_ref().err()).map(ToString::to_string).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].starts_with("line 3, column 37: unknown variant `Buyer`"), "{}", messages[0]);
    assert!(messages[1].starts_with("line 4, column 2: "), "{}", messages[1]);
}

#[test]
fn holds_the_limits() {
    let two = r#"{"id":"b","turns":[{"speaker":"customer","text":"Hi"},{"speaker":"customer","text":"Hello there"}]}"#;
    let lines = format!("{two}\n{GOOD}\n{two}\n");
    let what = |limits: Limits| -> Vec<String> {
        read(&lines, limits).into_iter().map(|r| r.map_or_else(|e| e.to_string(), |c| c.id)).collect()
    };
    assert_eq!(what(Limits::IMPORT), ["b", "a", "b"]);
    let turns = what(Limits { turns: 1, ..Limits::IMPORT });
    assert!(
        turns[0].starts_with("line 1: turns is 2") && turns[1] == "a" && turns[2].starts_with("line 3"),
        "{turns:?}"
    );
    assert!(
        what(Limits { turn_bytes: 5, ..Limits::IMPORT })[0].contains("bytes of a turn is 11, 5 are accepted")
    );
    let bytes = what(Limits { total_bytes: GOOD.len(), ..Limits::IMPORT });
    assert!(bytes[0].starts_with("line 1: bytes") && bytes[1] == "a" && bytes.len() == 3, "{bytes:?}");
    let some = what(Limits { conversations: 1, ..Limits::IMPORT });
    assert!(some.len() == 2 && some[1].starts_with("line 2: conversations is 2"), "{some:?}");
}

/// A reader whose cable is out.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(Error::other("unplugged"))
    }
}

#[test]
fn an_input_that_fails_ends_the_reading() {
    let read: Vec<_> = JsonlReader::new(BufReader::new(Broken), Limits::IMPORT).collect();
    assert!(matches!(read.as_slice(), [Err(JsonlError::Io { line: 1, .. })]));
}

#[test]
fn the_shape_is_the_documented_one() {
    let mut turn = Turn::new(Speaker::Salesperson, "Shall we?");
    turn.at = Some("2026-01-31T09:30:00Z".to_owned());
    turn.labels.stage = Some(Stage::Ask);
    turn.labels
        .provenance
        .insert("stage".to_owned(), Provenance { source: LabelSource::Rule, confidence: 0.5 });
    let mut conversation = Conversation::new("c", vec![turn, Turn::new(Speaker::Customer, "No.")]);
    conversation.outcome = Some(Outcome::Lost);
    let mut writer = JsonlWriter::new(Vec::new());
    writer.write(&conversation).unwrap();
    let expected = concat!(
        r#"{"id":"c","turns":[{"speaker":"salesperson","text":"Shall we?","at":"2026-01-31T09:30:00Z","#,
        r#""labels":{"stage":"ask","provenance":{"stage":{"source":"rule","confidence":0.5}}}},"#,
        r#"{"speaker":"customer","text":"No."}],"outcome":"lost"}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(writer.finish().unwrap()).unwrap(), expected);
}

fn turns() -> impl Strategy<Value = Turn> {
    let label = proptest::sample::select(ResponseType::ALL);
    (any::<bool>(), "\\PC{1,20}", proptest::option::of(label), any::<i32>()).prop_map(
        |(customer, text, label, other)| {
            let mut turn = Turn::new(if customer { Speaker::Customer } else { Speaker::Salesperson }, text);
            turn.labels.response_type = label;
            turn.labels.other.insert("other".to_owned(), other.into());
            turn
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(conversations in proptest::collection::vec(
        (".{1,8}", proptest::collection::vec(turns(), 0..6), any::<bool>()), 0..6,
    )) {
        let conversations: Vec<Conversation> = conversations.into_iter().map(|(id, turns, won)| {
            let outcome = Some(if won { Outcome::Won } else { Outcome::Lost });
            Conversation { outcome, ..Conversation::new(id, turns) }
        }).collect();
        let mut writer = JsonlWriter::new(Vec::new());
        for conversation in &conversations {
            writer.write(conversation).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let read: Vec<Conversation> =
            JsonlReader::new(bytes.as_slice(), Limits::IMPORT).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read, conversations);
    }
}
