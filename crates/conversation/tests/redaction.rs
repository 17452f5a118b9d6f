//! Redaction of whole conversations and of single texts.

use rapport_conversation::{Conversation, PersonalData, Speaker, Turn, redact, redact_conversation};

#[test]
fn replaces_each_kind() {
    let cases = [
        ("mail Ada.Byron+x@mail.example.co.uk!", "mail [EMAIL_1]!"),
        (
            "see https://ada:secret@host.example/x?token=abc&y=1",
            "see https://[CREDENTIALS_1]@host.example/x?token=[CREDENTIALS_2]&y=1",
        ),
        ("card 4111-1111-1111-1111", "card [CARD_1]"),
        ("IBAN GB82 WEST 1234 5698 7654 32, thanks", "IBAN [IBAN_1], thanks"),
        ("ring (415) 555-0132 or +1 415 555 0132", "ring [PHONE_1] or [PHONE_2]"),
        ("I live at 221B Baker Street, NW1 6XE", "I live at [ADDRESS_1], [ADDRESS_2]"),
        (
            "ship to 12 Oak Tree Lane Apt 4B, Springfield, IL 62704",
            "ship to [ADDRESS_1] [ADDRESS_2], Springfield, [ADDRESS_3]",
        ),
        ("Ich wohne Hauptstraße 12 in Bonn", "Ich wohne [ADDRESS_1] in Bonn"),
        ("P.O. Box 123", "[ADDRESS_1]"),
        ("Hi Sarah, my name's john.", "Hi [NAME_1], my name's [NAME_2]."),
        ("Hello, this is Mary-Ann O'Neil from Acme", "Hello, this is [NAME_1] from Acme"),
        ("Thanks Mr. Smith!", "Thanks Mr. [NAME_1]!"),
    ];
    for (text, expected) in cases {
        assert_eq!(redact(text).text, expected);
    }
}

#[test]
fn leaves_ordinary_talk_alone() {
    for text in [
        "Hi there, how are you?",
        "Good morning! I'm great, thanks.",
        "This is Great!",
        "It costs $1,299.00 for 12 months.",
        "Version 2.0.1 came on 2026-01-31 at 10:30.",
        "I need 250 chairs by 3 Way delivery",
        "a @ b",
        "Thanks, Save the Children is nice.",
        "I am interested in 1000000 units",
        "The 2010 Honda Civic drives well.",
        "Hello, how much is it?",
        "I'm American.",
    ] {
        let redacted = redact(text);
        assert_eq!(redacted.text, text, "{:?}", redacted.found);
    }
}

/// Text that is made to be slow: the time must grow about as the text does.
#[test]
fn long_texts_take_no_long_time() {
    for piece in ["://a?", "1 ", "4111 1111 ", "a@b.", "Hi Ada, ", "Ada ", "DE89 3704 ", "1 Ada ", "(1)"] {
        let began = std::time::Instant::now();
        redact(&piece.repeat(16_384 / piece.len()));
        assert!(began.elapsed().as_secs() < 10, "{piece:?} takes {:?}", began.elapsed());
    }
}

#[test]
fn numbers_are_stable_across_a_conversation() {
    let turns = vec![
        Turn::new(Speaker::Salesperson, "Hello, who is speaking? Write to us at sales@shop.example"),
        Turn::new(Speaker::Customer, "Hi, my name is Ada Byron, ada@mail.example, 415-555-0132"),
        Turn::new(
            Speaker::Salesperson,
            "Ada, is it ADA@mail.example and (415) 555-0132? Ada's order is ready.",
        ),
    ];
    let mut conversation = Conversation::new("c1", turns);
    conversation.meta.insert("crm".to_owned(), serde_json::json!({"owner": ["ada@mail.example", 3]}));
    let (redacted, found) = redact_conversation(&conversation);
    let texts: Vec<&str> = redacted.turns.iter().map(|t| t.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Hello, who is speaking? Write to us at [EMAIL_1]",
            "Hi, my name is [NAME_1], [EMAIL_2], [PHONE_1]",
            "[NAME_2], is it [EMAIL_2] and [PHONE_1]? [NAME_2]'s order is ready.",
        ]
    );
    assert_eq!(redacted.meta["crm"]["owner"][0], "[EMAIL_2]");
    assert_eq!(
        found[1].iter().map(|f| f.kind).collect::<Vec<_>>(),
        [PersonalData::Name, PersonalData::Email, PersonalData::Phone]
    );
    let (again, found) = redact_conversation(&redacted);
    assert_eq!(again, redacted);
    assert!(found.iter().all(Vec::is_empty));
}
