//! One small file of each format, and what comes of it.
#![cfg(feature = "import")]
#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use rapport_conversation::{
    Conversation, Format, Import, ImportError, Limits, Outcome, Refusal, Repair, ResponseType, SellerAct,
    SourceFile, Speaker, SpeakerNames, Stage, import, import_named,
};

fn read(format: Format, files: &[(&str, &str)]) -> Import {
    let files: Vec<SourceFile> =
        files.iter().map(|(name, text)| SourceFile::new(*name, text.as_bytes())).collect();
    import(format, &files, &Limits::IMPORT).unwrap()
}

/// `C hi | S hello`: a conversation at a glance.
fn glance(conversation: &Conversation) -> String {
    let side = |speaker| if speaker == Speaker::Customer { "C" } else { "S" };
    conversation
        .turns
        .iter()
        .map(|t| format!("{} {}", side(t.speaker), t.text))
        .collect::<Vec<_>>()
        .join(" | ")
}

fn glances(import: &Import) -> Vec<String> {
    import.conversations.iter().map(glance).collect()
}

#[test]
fn formats_have_names() {
    for &format in Format::ALL {
        assert_eq!(Format::from_name(&format.name().to_uppercase()), Some(format));
    }
    assert_eq!(Format::from_name("word"), None);
    let page = include_str!("../FORMATS.md");
    for format in Format::ALL {
        assert!(page.contains(&format!("| `{}` |", format.name())), "{} is missing", format.name());
    }
}

#[test]
fn canonical_lines_are_cleaned_and_bad_ones_counted() {
    let good = r#"{"id":"a","turns":[{"speaker":"customer","text":" Hi  there ","labels":{"response_type":"question"}}],"outcome":"lost"}"#;
    let import = read(Format::Rapport, &[("x.jsonl", &format!("\u{feff}{good}\n\n{{\"id\":1}}\n{good}\n"))]);
    assert_eq!(glances(&import), ["C Hi there"]);
    assert_eq!(import.conversations[0].turns[0].labels.response_type, Some(ResponseType::Question));
    let malformed = &import.report.refused[&Refusal::MalformedRow];
    assert_eq!((malformed.places[0].line, malformed.places[0].column), (3, 7));
    assert_eq!(import.report.refusals(Refusal::RepeatedId), 1);
}

#[test]
fn histories_may_stand_one_a_line() {
    let line =
        r#"{"history":[{"speaker":"Prospect","response":"Price?"},{"speaker":"Agent","response":"Ten."}]}"#;
    let import = read(Format::History, &[("h.jsonl", &format!("{line}\n{{}}\n{line}"))]);
    assert_eq!(glances(&import), ["C Price? | S Ten."; 2]);
    assert_eq!(import.conversations[1].id, "h-3");
    assert!(import.report.refused[&Refusal::MalformedRow].places[0].note.contains("history"));
    let pretty = line.replace(',', ",\n");
    assert_eq!(read(Format::History, &[("h.json", &pretty)]).conversations[0].id, "h");
}

#[test]
fn inline_tags_on_one_line_or_many() {
    let one = "Customer: Hi. Salesman: Hello! Sales Rep: Yes?\n\nhm\nAgent: A Customer: B\n";
    let import = read(Format::Inline, &[("one.txt", one)]);
    assert_eq!(glances(&import), ["C Hi. | S Hello! | S Yes?", "S A | C B"]);
    assert_eq!(import.report.refusals(Refusal::TextWithoutSpeaker), 1);

    let many = "[00:00:01] Agent: Hello\nand welcome\n\n[00:00:04] customer: hi\n\n\nAgent: second\n---\nClient: third\n";
    let import = read(Format::Inline, &[("many.txt", many)]);
    assert_eq!(glances(&import), ["S Hello and welcome | C hi", "S second", "C third"]);
    assert_eq!(import.report.repairs(Repair::TimeMark), 2);
    assert_eq!(import.conversations[2].id, "many-9");

    let quoting = "Agent: Hello\nCustomer: He said Agent: no\nAgent: Sorry\nCustomer: Fine\n";
    assert_eq!(read(Format::Inline, &[("q", quoting)]).conversations.len(), 1);
}

#[test]
fn columns_hold_one_turn_each() {
    let table = "0,1,2,3,outcome,region\nCustomer: Hi,Salesman: Hello,ok,,won,north\n,Customer: a,,,maybe,\nno tag,,,,,\n";
    let import = read(Format::Columns, &[("t.csv", table)]);
    assert_eq!(glances(&import), ["C Hi | S Hello | C ok", "C a"]);
    assert_eq!(import.conversations[0].outcome, Some(Outcome::Won));
    assert_eq!(import.conversations[0].meta["region"], "north");
    assert_eq!(import.report.repairs(Repair::GuessedSpeaker), 1);
    assert_eq!(import.report.repairs(Repair::UnknownOutcome), 1);
    assert_eq!(import.report.refusals(Refusal::UnknownSpeaker), 2);
    assert_eq!(import.report.refusals(Refusal::EmptyConversation), 1);
}

#[test]
fn transcripts_keep_further_columns() {
    let table = "call_transcript;conversion_label;length;rep\r\n\"Agent: Hi.\r\nCustomer: Bye, no!\";0;12;Eve\r\nx;1;;\r\n";
    let import = read(Format::TranscriptCsv, &[("calls.csv", table)]);
    assert_eq!(glances(&import), ["S Hi. | C Bye, no!"]);
    let call = &import.conversations[0];
    assert_eq!((call.id.as_str(), call.outcome), ("calls-0", Some(Outcome::Lost)));
    assert_eq!((&call.meta["length"], &call.meta["rep"]), (&12.into(), &"Eve".into()));
    assert_eq!(import.report.refused[&Refusal::TextWithoutSpeaker].places[0].line, 4);
    let missing = [SourceFile::new("x.csv", "a,b\n1,2\n")];
    let error = import_error(Format::TranscriptCsv, &missing);
    assert!(error.contains("call_transcript") && error.contains("a, b"), "{error}");
}

fn import_error(format: Format, files: &[SourceFile]) -> String {
    import(format, files, &Limits::IMPORT).unwrap_err().to_string()
}

#[test]
fn speaker_and_text_columns() {
    let table = "id,role,message,timestamp,stage,team,mood\n\
        1,Agent,Hello,1718222936.05,Opening,x,a\n2,Buyer,Hm,,,y,\n1,Buyer,Hi,never,odd,x,b\n1,Robot,beep,,,x,\n";
    let import = read(Format::SpeakerText, &[("t.csv", table)]);
    assert_eq!(glances(&import), ["S Hello | C Hi", "C Hm"]);
    let first = &import.conversations[0];
    assert_eq!(first.meta["team"], "x");
    assert_eq!(first.turns[0].at.as_deref(), Some("2024-06-12T20:08:56.05Z"));
    assert_eq!(first.turns[0].labels.stage, Some(Stage::Opening));
    assert_eq!(first.turns[1].labels.other["source_stage"], "odd");
    assert_eq!(first.turns[1].labels.other["mood"], "b");
    for (repair, count) in [(Repair::UnreadableTime, 1), (Repair::UnknownLabel, 1)] {
        assert_eq!(import.report.repairs(repair), count, "{repair:?}");
    }
    assert_eq!(import.report.refused[&Refusal::UnknownSpeaker].places[0].to_string(), "t.csv:5:2: Robot");
}

#[test]
fn captions_with_voices() {
    let vtt = "WEBVTT\n\nNOTE nothing\n\nc1\n00:01.000 --> 00:02.500\n<v Agent (Ann)>Hello <i>there</i>\n\n\
        00:03.000 --> 00:04.000 align:left\n<v.loud Agent>again</v>\n\n00:05.000 --> 00:06.000\n<v Customer>5 < 6 &amp; 7\n\n\
        wrong --> 00:07.000\nx\n\n00:08.000 --> 00:09.000\n<v Zoe>who</v>\n";
    let import = read(Format::Vtt, &[("call.vtt", vtt)]);
    assert_eq!(glances(&import), ["S Hello there again | C 5 < 6 & 7"]);
    let turn = &import.conversations[0].turns[0];
    assert_eq!(
        (&turn.labels.other["start_seconds"], &turn.labels.other["end_seconds"]),
        (&1.0.into(), &4.0.into())
    );
    assert_eq!(import.report.refused[&Refusal::MalformedRow].places[0].line, 15);
    assert_eq!(import.report.refused[&Refusal::UnknownSpeaker].places[0].note, "Zoe");
    assert!(import_error(Format::Vtt, &[SourceFile::new("x", "no")]).contains("WEBVTT"));

    let srt = "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}Sales Rep: Hi\n\n2\n00:00:02,000 --> 00:00:03,000\nthere\n\n\
        3\n00:00:04,000 --> 00:00:05,000\n- Customer: Yes?\n- Agent: Good.\n";
    assert_eq!(glances(&read(Format::Srt, &[("call.srt", srt)])), ["S Hi there | C Yes? | S Good."]);
}

const DIALOG: &str = "Unnamed: 0,B2,B4,Turn,Unit,er_label_1,ee_label_1,er_label_2,ee_label_2,neg,neu,pos\n\
    0,d1,0,0,Hello.,greeting,,,,,,\n1,d1,0,0,Do you give?,task-related-inquiry,,,,,,\n\
    2,d1,1,0,Yes.,,positive-to-inquiry,,,,,\n3,d1,0,1,They help children.,credibility-appeal,,,,,,\n\
    4,d1,0,1,Will you donate?,proposition-of-donation,,praise-user,,,,\n5,d1,1,1,Sure.,,agree-donation,,,,,\n\
    6,d1,0,2,Thanks!,thank,,,,,,\n";
const INFO: &str = "B2,B3,B4,B6,age.x\nd1,u1,0,1.0,30\nd1,u2,1,0.50,40\nd2,u3,0,2,30\nd2,u4,1,0.0,\n";
const FULL: &str =
    "Unnamed: 0,Unit,Turn,B4,B2\n0,Hello.,0,0,d1\n1,Hi,0,0,d2\n2,No,0,1,d2\n3,No,0,1,d2\n4,huh,0,7,d2\n";

#[test]
fn persuasion_with_labels_and_outcome() {
    let files = [("full.csv", FULL), ("info.csv", INFO), ("ann.csv", DIALOG), ("notes.csv", "a,b\n")];
    let import = read(Format::PersuasionForGood, &files);
    let ann = "S Hello. Do you give? | C Yes. | S They help children. Will you donate? | C Sure. | S Thanks!";
    assert_eq!(glances(&import), [ann, "S Hi | C No No"]);
    let [first, second] = import.conversations.as_slice() else { panic!("two dialogues") };
    assert_eq!((first.outcome, second.outcome), (Some(Outcome::Won), Some(Outcome::Lost)));
    assert_eq!((&first.meta["annotated"], &second.meta["annotated"]), (&true.into(), &false.into()));
    assert_eq!(first.meta["persuadee"]["age.x"], 40);
    let stages: Vec<_> = first.turns.iter().map(|t| t.labels.stage.unwrap()).collect();
    assert_eq!(stages, [Stage::Discovery, Stage::Discovery, Stage::Ask, Stage::Decision, Stage::Close]);
    assert_eq!(first.turns[0].labels.seller_act, Some(SellerAct::Inquiry));
    assert_eq!(first.turns[1].labels.response_type, Some(ResponseType::Explanation));
    assert_eq!(first.turns[2].labels.other["second_acts"][0], "praise-user");
    assert!(second.turns.iter().all(|turn| turn.labels.is_empty()));
    assert_eq!(import.report.repairs(Repair::SecondRecord), 1);
    assert_eq!(import.report.refusals(Refusal::UnusedFile), 1);
    assert_eq!(import.report.refusals(Refusal::UnknownSpeaker), 1);
}

#[test]
fn persuasion_from_any_of_its_files() {
    let annotated = read(Format::PersuasionForGood, &[("a.csv", DIALOG)]);
    assert_eq!(annotated.conversations[0].outcome, None);
    assert!(annotated.conversations[0].turns[0].labels.stage.is_some());
    assert_eq!(read(Format::PersuasionForGood, &[("f.csv", FULL)]).conversations.len(), 2);
    let error = import_error(Format::PersuasionForGood, &[SourceFile::new("info.csv", INFO)]);
    assert!(error.contains("info.csv") && error.contains("Unit"), "{error}");
}

#[test]
fn craigslist_keeps_actions_out_of_the_turns() {
    let line = r#"{"uuid":"u1","scenario":{"category":"bike","kbs":[{"personal":{"Role":"buyer","Target":80},"item":{"Title":"Bike","Price":100}},{"personal":{"Role":"seller","Target":100},"item":{"Title":"Bike","Price":100}}]},"outcome":{"reward":1,"offer":{"price":90.0}},"events":[{"agent":1,"action":"message","data":"Hi","time":"1496341531.17","metadata":{"intent":"intro"}},{"agent":0,"action":"message","data":"90?","time":null},{"agent":0,"action":"offer","data":{"price":90}},{"agent":1,"action":"accept","data":null},{"agent":5,"action":"message","data":"x"}]}"#;
    let import = read(Format::Craigslist, &[("c.jsonl", &format!("{line}\n{{\"uuid\":3}}\n"))]);
    assert_eq!(glances(&import), ["S Hi | C 90?"]);
    let deal = &import.conversations[0];
    assert_eq!(deal.outcome, Some(Outcome::Won));
    assert_eq!(deal.turns[0].at.as_deref(), Some("2017-06-01T18:25:31.17Z"));
    assert_eq!((&deal.meta["list_price"], &deal.meta["buyer_target"]), (&100.into(), &80.into()));
    assert_eq!(deal.meta["actions"][0]["after_turns"], 2);
    assert_eq!(import.report.refusals(Refusal::UnknownSpeaker), 1);
    assert_eq!(import.report.refused[&Refusal::MalformedRow].places[0].line, 2);
}

#[test]
fn dealornodeal_joins_the_two_views() {
    let a = "1 0 4 2 1 2 YOU: i want hats <eos> THEM: deal <eos> YOU: <selection> item0=0 item1=4 item2=0 <eos> reward=8 agree 1 4 4 1 1 2";
    let b = "1 4 4 1 1 2 THEM: i want hats <eos> YOU: deal <eos> THEM: <selection> item0=1 item1=0 item2=1 <eos> reward=6 agree 1 0 4 2 1 2";
    let none = "3 1 1 1 1 1 THEM: no <eos> YOU: <selection> no agreement <eos> reward=no agreement agree 3 2 1 1 1 1";
    let split = "3 1 1 1 1 1 YOU: ok <eos> THEM: <selection> item0=1 <eos> reward=4 disagree 3 2 1 1 1 1";
    let import = read(Format::DealOrNoDeal, &[("t.txt", &[a, b, none, split, "YOU: x"].join("\n"))]);
    assert_eq!(glances(&import), ["C i want hats | S deal", "C no", "C ok"]);
    let outcomes: Vec<_> = import.conversations.iter().map(|c| c.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Won, Outcome::Lost, Outcome::Lost]);
    assert_eq!(import.report.repairs(Repair::SecondRecord), 1);
    assert_eq!(import.report.refusals(Refusal::MalformedRow), 1);
}

#[test]
fn switchboard_joins_utterances() {
    let lines = "1|A|Hi.|fp\n1|B|Uh-huh.|b\n1|B|How are you?|qw\n1|A|Fine.|sd\n2|B|Yes.|aa\n2|C|x|sd\nbad\n";
    let import = read(Format::Swda, &[("train.txt", lines), ("labels.txt", "sd\nb\n")]);
    assert_eq!(glances(&import), ["S Hi. | C Uh-huh. How are you? | S Fine.", "C Yes."]);
    let labels = &import.conversations[0].turns[1].labels;
    assert_eq!(labels.response_type, Some(ResponseType::Question));
    assert_eq!(labels.other["sentence_acts"], serde_json::json!(["b", "qw"]));
    assert_eq!(import.report.refusals(Refusal::UnusedFile), 1);
    assert!(import_error(Format::Swda, &[SourceFile::new("x", "no")]).contains("2005|A|"));
}

#[test]
fn people_may_be_named() {
    let names = SpeakerNames::NONE.with("Ann  Lee", Speaker::Salesperson).with("zoe", Speaker::Customer);
    let cases = [
        (Format::Vtt, "WEBVTT\n\n00:01.000 --> 00:02.000\n<v ann lee>Hi</v>\n<v Zoe>Hello</v>\n"),
        (Format::Srt, "1\n00:00:01,000 --> 00:00:02,000\nAnn Lee: Hi\nZoe: Hello\n"),
        (Format::Inline, "Ann Lee (host): Hi Zoe: Hello"),
        (Format::SpeakerText, "speaker,text\nANN LEE,Hi\nZoe,Hello\n"),
    ];
    for (format, text) in cases {
        let read = import_named(format, &[SourceFile::new("x", text)], &Limits::IMPORT, &names).unwrap();
        assert_eq!(glances(&read), ["S Hi | C Hello"], "{format:?}");
    }
}

#[test]
fn sales450_and_gemini() {
    let table = "conversation_id,text,label,outcome,satisfaction,source\n7,Customer: Hi Sales Rep: Yes Children Customer: no,,success,4,p4g\n8,nobody,,failure,1,p4g\n";
    let import = read(Format::Sales450, &[("t.csv", table)]);
    assert_eq!(glances(&import), ["C Hi | S Yes Children | C no"]);
    let call = &import.conversations[0];
    assert_eq!(
        (call.id.as_str(), call.outcome, &call.meta["satisfaction"]),
        ("sales450-7", Some(Outcome::Won), &4.into())
    );
    assert_eq!(import.report.refusals(Refusal::EmptyConversation), 1);

    let row = |side: &str| format!("{side},\"Hi {side},\n\nmore\",1718222936.0540826\n");
    let rows: String = ["Salesman", "User", "Salesman", "User", "Salesman"].map(row).concat();
    let import = read(Format::Gemini, &[("t.csv", &format!("Speaker,Dialogue,Timestamp\n{rows}{rows}"))]);
    assert_eq!(import.conversations.len(), 2);
    assert_eq!(import.conversations[1].turns[1].text, "Hi User, more");
    assert_eq!(import.conversations[1].turns[1].at.as_deref(), Some("2024-06-12T20:08:56.054Z"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn decompresses_within_the_limit() {
    let text = "Agent: Hello Customer: Hi\n";
    let two_members = [gzip(text.as_bytes()), gzip(text.as_bytes())].concat();
    let file = SourceFile::new("x.txt.gz", two_members);
    let both = import(Format::Inline, std::slice::from_ref(&file), &Limits::IMPORT).unwrap();
    assert_eq!(both.conversations.len(), 2);
    assert_eq!(both.conversations[0].id, "x-1");

    let bomb = SourceFile::new("bomb.gz", gzip(&vec![b' '; 10_000_000]));
    assert!(bomb.bytes.len() < 20_000);
    let limits = Limits { total_bytes: 1_000_000, ..Limits::IMPORT };
    let error = import(Format::Inline, &[bomb], &limits).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { what: "bytes", limit: 1_000_000, .. }), "{error}");

    let broken = SourceFile::new("b.gz", file.bytes[..30].to_vec());
    assert!(matches!(import(Format::Inline, &[broken], &Limits::IMPORT), Err(ImportError::Gzip { .. })));
    assert!(matches!(import(Format::Inline, &[], &Limits::IMPORT), Err(ImportError::NoFile)));
}

#[test]
fn reads_common_encodings() {
    let text = "Customer: Größe für das Café? Agent: Ja, natürlich. Schöne Grüße!\n";
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for bytes in
        [text.as_bytes().to_vec(), [b"\xEF\xBB\xBF", text.as_bytes()].concat(), utf16.clone(), latin1.clone()]
    {
        let converted = usize::from(bytes == utf16 || bytes == latin1);
        let import = import(Format::Inline, &[SourceFile::new("x", bytes)], &Limits::IMPORT).unwrap();
        assert_eq!(glances(&import), ["C Größe für das Café? | S Ja, natürlich. Schöne Grüße!"]);
        assert_eq!(import.report.repairs(Repair::Encoding), converted);
    }
}

#[test]
fn limits_refuse_conversations_with_their_place() {
    let lines = format!(
        "Agent: ok Customer: {}\nAgent: a Customer: b Agent: c\nAgent: d Customer: e\n",
        "x".repeat(60)
    );
    let limits = Limits { turn_bytes: 50, turns: 2, conversations: 1, ..Limits::IMPORT };
    let import_with =
        |limits: &Limits| import(Format::Inline, &[SourceFile::new("x", lines.as_bytes())], limits);
    let import = import_with(&limits).unwrap();
    assert_eq!(glances(&import), ["S d | C e"]);
    assert_eq!(import.report.refused[&Refusal::TurnTooLarge].places[0].to_string(), "x:1:11");
    assert_eq!(import.report.refused[&Refusal::TooManyTurns].places[0].line, 2);
    let none = import_with(&Limits { conversations: 0, ..limits }).unwrap_err();
    assert!(matches!(none, ImportError::TooLarge { what: "conversations", .. }));
}

#[test]
fn repeated_turns_are_taken_once() {
    let import = read(Format::Inline, &[("x", "Agent: Hi Agent: Hi Customer: Hi Agent:  ")]);
    assert_eq!(glances(&import), ["S Hi | C Hi"]);
    assert_eq!(import.report.repairs(Repair::RepeatedTurn), 1);
    assert_eq!(import.report.refusals(Refusal::EmptyTurn), 1);
    assert!(import.report.to_string().contains("repeated turn"));
}
