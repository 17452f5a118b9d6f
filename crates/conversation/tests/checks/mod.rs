//! What must hold for any input whatever. The property tests and the fuzz targets share this module.

use rapport_conversation::{
    Format, HistoryError, Import, JsonlError, JsonlReader, JsonlWriter, Limits, SourceFile, buying_signals,
    clean, import, objections, parse_history_within, redact, response_by_rule, seller_act_by_rule,
};

/// Small enough that random input goes over them.
const TIGHT: Limits = Limits { total_bytes: 4096, turn_bytes: 120, turns: 8, conversations: 4 };
/// Large enough that nothing random goes over them.
const WIDE: Limits =
    Limits { total_bytes: 1 << 24, turn_bytes: 1 << 20, turns: 1 << 16, conversations: 1 << 16 };

/// A request body is refused with a field, a code and a message, or gives turns within the limits.
pub(crate) fn history(body: &[u8]) {
    match parse_history_within(body, &TIGHT) {
        Ok(conversation) => {
            assert!((1..=TIGHT.turns).contains(&conversation.turns.len()));
            assert!(conversation.turns.iter().all(|turn| !turn.text.is_empty()));
        }
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.code().is_empty());
            assert!(error.pointer().is_empty() || error.pointer().starts_with('/'));
            if let HistoryError::TooLarge { limit, actual, .. } = error {
                assert!(actual > limit);
            }
        }
    }
}

/// What the JSONL reader takes, the writer writes so that it reads the same again.
pub(crate) fn jsonl(lines: &[u8]) {
    let mut errors = 0;
    let mut writer = JsonlWriter::new(Vec::new());
    let mut read = Vec::new();
    for item in JsonlReader::new(lines, TIGHT) {
        match item {
            Ok(conversation) => {
                assert!(conversation.turns.len() <= TIGHT.turns);
                writer.write(&conversation).expect("a vector takes all bytes");
                read.push(conversation);
            }
            Err(JsonlError::Io { source, .. }) => panic!("reading from memory failed: {source}"),
            Err(JsonlError::Line { line, .. } | JsonlError::TooLarge { line, .. }) => {
                assert!(line > 0);
                errors += 1;
            }
        }
    }
    assert!(errors <= lines.split(|&b| b == b'\n').count());
    assert!(read.len() <= TIGHT.conversations);
    let first = writer.finish().expect("a vector takes all bytes");
    let again: Result<Vec<_>, _> = JsonlReader::new(first.as_slice(), WIDE).collect();
    assert_eq!(write(&again.expect("what was written is canonical")), first);
}

/// An import keeps its limits, counts what it takes, cleans, and survives canonical JSONL.
pub(crate) fn import_of(format: Format, bytes: &[u8]) {
    for limits in [TIGHT, WIDE] {
        match import(format, &[SourceFile::new("sample.txt", bytes)], &limits) {
            Ok(read) => check_import(&read, &limits),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

fn check_import(read: &Import, limits: &Limits) {
    let Import { conversations, report } = read;
    assert_eq!(report.conversations, conversations.len());
    assert_eq!(report.turns, conversations.iter().map(|c| c.turns.len()).sum::<usize>());
    assert!(conversations.len() <= limits.conversations);
    let ids: std::collections::BTreeSet<_> = conversations.iter().map(|c| &c.id).collect();
    assert_eq!(ids.len(), conversations.len());
    for conversation in conversations {
        assert!((1..=limits.turns).contains(&conversation.turns.len()));
        for turn in &conversation.turns {
            assert!((1..=limits.turn_bytes).contains(&turn.text.len()));
            cleaning(&turn.text);
        }
    }
    let lines = write(conversations);
    let file = SourceFile::new("again.jsonl", lines.clone());
    let again = import(Format::Rapport, &[file], &WIDE).expect("canonical JSONL is read");
    // Deeply escaped text is decoded further each time it is cleaned.
    if !conversations.iter().any(|c| c.turns.iter().any(|t| t.text.contains('&'))) {
        assert!(again.report.refused.is_empty(), "{}", again.report);
        assert_eq!(write(&again.conversations), lines);
    }
}

fn write(conversations: &[rapport_conversation::Conversation]) -> Vec<u8> {
    let mut writer = JsonlWriter::new(Vec::new());
    for conversation in conversations {
        writer.write(conversation).expect("a vector takes all bytes");
    }
    writer.finish().expect("a vector takes all bytes")
}

/// A clean text is one line without control characters, and cleaning it again changes nothing.
pub(crate) fn cleaning(text: &str) {
    let once = clean(text);
    assert!(!once.text.chars().any(char::is_control));
    assert_eq!(once.text.trim(), once.text);
    assert!(!once.text.contains("  "));
    assert_eq!(once.repairs.is_empty(), once.text == text);
    if !once.text.contains(['&', '<']) {
        assert_eq!(clean(&once.text).text, once.text);
    }
}

/// Redaction replaces just the spans that it names, and finds nothing in its own result but known names.
pub(crate) fn redaction(text: &str) {
    let redacted = redact(text);
    let mut expected = String::new();
    let mut copied = 0;
    for found in &redacted.found {
        assert!(copied <= found.start && found.start < found.end);
        expected.push_str(&text[copied..found.start]);
        expected.push_str(&found.placeholder);
        copied = found.end;
    }
    expected.push_str(&text[copied..]);
    assert_eq!(redacted.text, expected);
}

/// Rules point into the text and state a confidence.
pub(crate) fn rules(text: &str) {
    let check = |range: &std::ops::Range<usize>, confidence: f32| {
        assert!(text.get(range.clone()).is_some(), "{range:?} is no part of the text");
        assert!(confidence > 0.0 && confidence <= 1.0);
    };
    for found in objections(text) {
        check(&found.range, found.confidence);
    }
    for found in buying_signals(text) {
        check(&found.range, found.confidence);
    }
    if let Some(found) = response_by_rule(text) {
        check(&found.range, found.confidence);
    }
    if let Some(found) = seller_act_by_rule(text) {
        check(&found.range, found.confidence);
    }
}
