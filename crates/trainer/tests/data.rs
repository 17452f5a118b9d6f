//! The data commands on the built binary.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn rapport(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rapport")).args(args).output().unwrap()
}

fn json(args: &[&str]) -> Value {
    let run = rapport(&[&["--json"], args].concat());
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_transcript_becomes_jsonl_without_personal_data() {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (folder.path().join("call.txt"), folder.path().join("call.jsonl"));
    fs::write(&source, "Agent: Hello! Customer: Mail me at dana@example.com please.").unwrap();
    let report =
        json(&["data", "import", "--format", "inline", text(&source), "--out", text(&out), "--redact"]);
    assert_eq!(report["report"]["turns"], 2);
    assert_eq!(report["redacted"]["email"], 1);
    let written = fs::read_to_string(&out).unwrap();
    assert!(written.contains("[EMAIL_1]") && !written.contains("dana@"), "{written}");

    let stats = json(&["data", "stats", text(&out), "--charts", text(&folder.path().join("charts"))]);
    assert_eq!(stats["turns_by_speaker"]["customer"], 1);
    assert!(fs::read_to_string(folder.path().join("charts/turns.svg")).unwrap().starts_with("<svg"));
}

#[test]
fn a_split_keeps_conversations_whole_and_every_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (all, out) = (folder.path().join("all.jsonl"), folder.path().join("split"));
    let line = |i: usize| {
        format!(
            "{{\"id\":\"c{i}\",\"turns\":[{{\"speaker\":\"customer\",\"text\":\"Hi {i}\"}}],\"outcome\":null}}\n"
        )
    };
    fs::write(&all, (0..200).map(line).collect::<String>()).unwrap();
    let args = ["data", "split", text(&all), "--out", text(&out), "--shares", "60,20,20"];
    let record = json(&args);
    let lines: Vec<String> = ["train", "validation", "test"]
        .iter()
        .map(|part| fs::read_to_string(out.join(format!("{part}.jsonl"))).unwrap())
        .collect();
    let mut ids: Vec<String> = lines
        .iter()
        .flat_map(|part| part.lines())
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200);
    assert_eq!(record["parts"]["train"]["conversations"], lines[0].lines().count());

    // What is finished is not written over.
    let again = rapport(&args);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
}

#[test]
fn a_bad_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.jsonl");
    fs::write(&file, "{\"id\":\"a\",\"turns\":[]}\n{\"id\":\"b\",\"turns\":[{\"speaker\":\"cat\"}]}\n")
        .unwrap();
    let run = rapport(&["data", "stats", text(&file)]);
    assert!(!run.status.success());
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("bad.jsonl") && said.contains("line 2"), "{said}");
}

#[test]
fn base_weights_with_other_contents_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (folder.path().join("source"), folder.path().join("out"));
    fs::create_dir(&source).unwrap();
    // The right length and the wrong bytes.
    fs::write(source.join("config.json"), vec![b' '; 612]).unwrap();
    let run = rapport(&["base", "fetch", "--source", text(&source), "--out", text(&out)]);
    assert!(!run.status.success());
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("config.json has other contents than the pinned SHA-256"), "{said}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn rules_label_what_they_match_and_are_held_to_people() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("in.jsonl"), folder.path().join("out.jsonl"));
    let turn = |text: &str, label: &str| {
        format!("{{\"speaker\":\"customer\",\"text\":\"{text}\",\"labels\":{{{label}}}}}")
    };
    let turns = [
        turn("That is too expensive for us.", ""),
        turn("How much does it cost?", "\"response_type\":\"question\""),
        turn("Sounds good, let's do it.", "\"response_type\":\"objection\""),
    ];
    fs::write(&file, format!("{{\"id\":\"a\",\"turns\":[{}],\"outcome\":null}}\n", turns.join(","))).unwrap();
    let counts = json(&["data", "label", text(&file), "--out", text(&out), "--rules-only"]);
    assert_eq!(counts["turns_by_source"], serde_json::json!({ "human": 2, "rule": 1 }));
    let written: Value = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(written["turns"][0]["labels"]["response_type"], "objection");
    // What a person said stands, right or wrong.
    assert_eq!(written["turns"][2]["labels"]["response_type"], "objection");

    let report = folder.path().join("report");
    let figures = json(&["data", "verify", text(&file), "--rules-only", "--out", text(&report)]);
    assert_eq!(figures["response_type"]["covered"], 2);
    assert_eq!(figures["response_type"]["accuracy"]["value"], 0.5);
    let sheet = fs::read_to_string(report.join("sample.csv")).unwrap();
    assert!(sheet.contains("objection,agreement,rule"), "{sheet}");
    assert!(fs::read_to_string(report.join("confusion-response_type.svg")).unwrap().contains("</svg>"));
}

#[test]
fn what_is_lacking_is_said_with_its_mend() {
    let folder = tempfile::tempdir().unwrap();
    let run = rapport(&["export", "encoder", "--base", text(folder.path())]);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success() && said.contains("model.safetensors"), "{said}");
    assert!(said.contains("rapport base fetch"), "{said}");

    // A port of this machine that nobody serves stands for a hub that cannot be reached.
    let run = Command::new(env!("CARGO_BIN_EXE_rapport"))
        .args(["base", "fetch", "--source", "hub", "--out", text(&folder.path().join("base"))])
        .env("HF_ENDPOINT", "http://127.0.0.1:9")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success(), "{said}");
    assert!(said.contains("cannot fetch http://127.0.0.1:9/") && said.contains("because:"), "{said}");
}
