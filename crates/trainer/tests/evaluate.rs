//! `rapport evaluate` on the built binary: what it says when it cannot go on.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::Command;

/// The last words of a run that fails.
fn refused(args: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_rapport")).arg("evaluate").args(args).output().unwrap();
    assert!(!run.status.success(), "{args:?} went through");
    assert!(run.stdout.is_empty(), "nothing is a result of a run that fails");
    String::from_utf8(run.stderr).unwrap()
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

const UNLABELLED: &str = "{\"id\":\"a\",\"turns\":[{\"speaker\":\"customer\",\"text\":\"Hi\"},{\"speaker\":\"salesperson\",\"text\":\"Hello\"}]}\n";
const LABELLED: &str = "{\"id\":\"a\",\"turns\":[{\"speaker\":\"customer\",\"text\":\"Hi\",\"labels\":{\"stage\":\"opening\"}}]}\n";

#[test]
fn evaluate_names_a_file_that_cannot_be_read() {
    says(&refused(&["--data", "no/such.jsonl"]), &["no/such.jsonl"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.jsonl");
    fs::write(&file, "{\"id\":\"a\"\n").unwrap();
    says(
        &refused(&["--data", file.to_str().unwrap()]),
        &["not canonical JSONL", "rapport data import", "line 1"],
    );
}

#[test]
fn evaluate_names_the_tasks_there_are() {
    says(
        &refused(&["--data", "x", "--task", "mood"]),
        &["mood", "response-type-next", "stage-now", "direction"],
    );
}

#[test]
fn evaluate_says_how_to_label() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain.jsonl");
    fs::write(&file, UNLABELLED).unwrap();
    let file = file.to_str().unwrap();
    says(
        &refused(&["--data", file]),
        &["`response_type` or `stage`", "\"response_type\":\"question\"", "--task direction"],
    );
    says(&refused(&["--data", file, "--task", "stage-next"]), &["has a label `stage`"]);
}

#[test]
fn evaluate_needs_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("labelled.jsonl");
    fs::write(&file, LABELLED).unwrap();
    let (file, bundle) = (file.to_str().unwrap(), folder.path().join("none"));
    says(&refused(&["--data", file, "--bundle", bundle.to_str().unwrap()]), &["none"]);
    says(&refused(&["--data", file, "--bundle", folder.path().to_str().unwrap()]), &["bundle.json"]);
}

#[test]
fn evaluate_never_writes_over_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    says(&refused(&["--data", "x", "--out", folder.path().to_str().unwrap()]), &["is there already"]);
}
