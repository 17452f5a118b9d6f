//! Every parser on random bytes and on random assemblies of what its format is made of.
#![cfg(feature = "import")]

mod checks;

use proptest::prelude::*;
use proptest::sample::select;
use rapport_conversation::Format;

/// Pieces that a format is made of.
#[allow(clippy::too_many_lines)] // A table.
fn pieces(format: Format) -> &'static [&'static str] {
    match format {
        Format::Rapport => &[
            "{\"id\":\"a\",\"turns\":[",
            "{\"speaker\":\"customer\",\"text\":\"hi there\"}",
            ",",
            "{\"speaker\":\"salesperson\",\"text\":\" x &amp; y \"}",
            "],\"outcome\":\"won\"}",
            "],\"outcome\":null}",
            "\n",
            "{\"id\":\"b\",\"turns\":[{\"speaker\":\"customer\",\"text\":\"ok\",\"labels\":{\"stage\":\"ask\",\"x\":1}}]}\n",
        ],
        Format::History => &[
            "{\"history\":[",
            "{\"speaker\":\"Customer\",\"response\":\"hi\"}",
            ",",
            "{\"speaker\":\"Agent\",\"response\":\"ok :-)))\"}",
            "]}",
            "\n",
            "{\"history\":[{\"speaker\":\"User\",\"response\":\"x\"}]}\n",
            "],\"id\":3}",
        ],
        Format::Inline => &[
            "Customer:",
            "Sales Rep:",
            "Agent (Al):",
            " hi ",
            "\n",
            "\n\n\n",
            "---\n",
            "[00:01:02]",
            "**",
            ":",
        ],
        Format::Columns => {
            &["0,1,2,outcome\n", "Customer: hi", ",", "Salesman: ok", "\n", "yes", "\"", "won", "plain"]
        }
        Format::TranscriptCsv => &[
            "call_transcript,conversion_label,region\n",
            "Customer: hi Agent: hello",
            ",",
            "1",
            "0",
            "\n",
            "north",
            "\"",
        ],
        Format::SpeakerText => &[
            "conversation_id,speaker,text,stage,at\n",
            "speaker\ttext\n",
            "a,",
            "b,",
            "Agent,",
            "Buyer,",
            "hello,",
            "ask,",
            "1718222936.05",
            "\n",
            "provenance,",
            "speaker,text,provenance,stage\n",
        ],
        Format::Vtt => &[
            "WEBVTT\n\n",
            "00:01.000 --> 00:02.000\n",
            "<v Agent>",
            "<v Customer>",
            "hello",
            "</v>",
            "\n",
            "\n\n",
            "NOTE x\n",
            "<i>",
        ],
        Format::Srt => &[
            "1\n",
            "00:00:01,000 --> 00:00:02,000\n",
            "Agent: hi",
            "Customer: ok",
            "\n",
            "\n\n",
            "{\\an8}",
            "99:99,1 --> x\n",
            "- ",
        ],
        Format::PersuasionForGood => &[
            "Unnamed: 0,B2,B4,Turn,Unit,er_label_1,ee_label_1\n",
            "B2,B4,Unit\n",
            "0,d1,",
            "d1,",
            "d2,",
            "0,",
            "1,",
            "Hello,",
            "greeting,",
            "ask-org-info",
            "\n",
            "proposition-of-donation,",
            "agree-donation",
        ],
        Format::Craigslist => &[
            "{\"uuid\":\"u\",\"scenario\":{\"kbs\":[",
            "{\"personal\":{\"Role\":\"buyer\"},\"item\":{}}",
            ",",
            "{\"personal\":{\"Role\":\"seller\"},\"item\":{\"Title\":\"x\"}}",
            "]},\"events\":[",
            "{\"agent\":0,\"action\":\"message\",\"data\":\"hi\",\"time\":\"1.5\"}",
            "{\"agent\":1,\"action\":\"accept\"}",
            "]}",
            "\n",
        ],
        Format::DealOrNoDeal => &[
            "1 0 4 2 1 2 ",
            "YOU: ",
            "THEM: ",
            "deal ",
            "<eos> ",
            "<selection> item0=0 ",
            "reward=8 ",
            "agree ",
            "disagree ",
            "\n",
            "no agreement ",
        ],
        Format::Swda => &["2005|", "2006|", "A|", "B|", "Okay.|", "sd", "qy", "\n", "x"],
        Format::Sales450 => &[
            "conversation_id,text,outcome,satisfaction\n",
            "0,",
            "1,",
            "Customer: hi Salesman: ok,",
            "success,",
            "failure,",
            "5\n",
            "?",
        ],
        Format::Gemini => &[
            "Speaker,Dialogue,Timestamp\n",
            "Salesman,",
            "User,",
            "Hello,",
            "1718222936.05\n",
            "soon\n",
            "\"a\nb\",",
        ],
    }
}

fn assembled(format: Format) -> impl Strategy<Value = String> {
    let part = prop_oneof![8 => select(pieces(format)).prop_map(str::to_owned), 1 => ".{0,6}"];
    // A table is mostly tried with its header.
    (any::<bool>(), proptest::collection::vec(part, 0..24)).prop_map(move |(header, parts)| {
        let head = if header { pieces(format)[0] } else { "" };
        format!("{head}{}", parts.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn imports_hold_on_bytes(format in select(Format::ALL), bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        checks::import_of(format, &bytes);
    }

    #[test]
    fn imports_hold_on_pieces((format, text) in select(Format::ALL).prop_flat_map(|f| (Just(f), assembled(f)))) {
        checks::import_of(format, text.as_bytes());
    }

    #[test]
    fn histories_hold(text in assembled(Format::History), bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        checks::history(text.as_bytes());
        checks::history(&bytes);
    }

    #[test]
    fn canonical_lines_hold(text in assembled(Format::Rapport), bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        checks::jsonl(text.as_bytes());
        checks::jsonl(&bytes);
    }

    #[test]
    fn cleaning_holds(text in "([:;=)(DPp^'\\-] ?|&amp;|&lt;|&#33;|<br/?>|\u{200d}|\u{301}|e|!{1,6}|\u{0}|\r\n|.){0,40}") {
        checks::cleaning(&text);
    }

    #[test]
    fn redaction_holds(text in "(\\+?[0-9(]{1,5}[ .)/-]|@|a@b.co|https://u:p@h|my name is |Hi |Ada|, |Street|DE89|.| ){0,30}") {
        checks::redaction(&text);
    }

    #[test]
    fn rules_hold(text in "(too |expensive|I |don't |need |it|think|about |[.?!] ?|\u{130}|send me |.){0,40}") {
        checks::rules(&text);
    }
}
