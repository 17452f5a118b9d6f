//! `rapport predict --batch` on the built binary: what it says when it cannot go on.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::Command;

/// The last words of a run over `table` that fails, with further arguments.
fn refused(table: &str, args: &[&str]) -> String {
    let place = tempfile::tempdir().unwrap();
    let (input, out) = (place.path().join("table.csv"), place.path().join("out.csv"));
    fs::write(&input, table).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_rapport"))
        .args(["predict", "--batch", input.to_str().unwrap(), "--out", out.to_str().unwrap()])
        .args(args)
        .output()
        .unwrap();
    assert!(!run.status.success() && run.stdout.is_empty());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left behind");
    String::from_utf8(run.stderr).unwrap()
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn predict_refuses_a_table_of_something_else() {
    let wanted = ["table.csv", "`name`, `city`", "`history`", "`conversation_id`, `speaker` and `text`"];
    says(&refused("name,city\nx,y\n", &[]), &wanted);
    says(&refused("", &[]), &["table.csv", "it is empty", "name the columns"]);
}

#[test]
fn predict_names_a_bundle_that_is_not_there() {
    says(&refused("id,text\na,Agent: Hi\n", &["--bundle", "no/such"]), &["no/such"]);
}
