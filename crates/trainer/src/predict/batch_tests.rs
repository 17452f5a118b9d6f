//! Runs over small tables, with a function of the words in place of the models.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;

use super::*;

/// Answers that depend on everything that is given to the models.
#[allow(clippy::unnecessary_wraps)] // It stands for the engine, which may fail.
fn score(conversation: &Conversation, domain: Option<&str>) -> Result<Scores, String> {
    let words: usize = conversation.turns.iter().map(|t| t.text.len()).sum();
    Ok(Scores {
        conversion: domain.map(|domain| [domain.len() as f32 / 7.0, 0.1, 0.9]),
        next_response: conversation.turns[0].text.clone(),
        next_response_probability: 1.0 / words as f32,
        next_stage: "Closing".to_owned(),
        current_stage: "Opening".to_owned(),
        suggestion_id: "none".to_owned(),
        cluster: words,
        lines: conversation.turns.len(),
    })
}

type Score = fn(&Conversation, Option<&str>) -> Result<Scores, String>;

struct Place(tempfile::TempDir);

impl Place {
    fn new(rows: usize) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.fill(rows, "Do you have it in blue?");
        place
    }

    /// A table of conversations of two lines; every fifth is bad.
    fn fill(&self, rows: usize, said: &str) {
        let mut table = "conversation_id,speaker,text,domain\n".to_owned();
        for n in 0..rows {
            let speaker = if n % 5 == 4 { "Nobody" } else { "Customer" };
            let _ = writeln!(table, "c{n},{speaker},\"{said}, {n}\",\nc{n},Agent,\"Yes, \"\"{n}\"\"\",x");
        }
        fs::write(self.table(), table).unwrap();
    }

    fn table(&self) -> PathBuf {
        self.0.path().join("table.csv")
    }

    fn out(&self, ending: &str) -> PathBuf {
        self.0.path().join(format!("out.csv{ending}"))
    }

    fn task(&self) -> Task {
        let input_bytes = fs::metadata(self.table()).unwrap().len();
        Task { version: "1".into(), input_bytes, bundle: "b".into(), finished: false }
    }

    fn begin(&self, task: Task, restart: bool) -> Result<Batch<Score>> {
        let entries = Entries::open(&self.table(), &ProgressBar::hidden())?;
        Batch::begin(entries, Part::open(&self.out(""), task, &header()?, restart)?, score as Score)
    }

    /// Goes on to the end.
    fn finish(&self, size: usize) -> String {
        let mut batch = self.begin(self.task(), false).unwrap();
        while batch.step(size).unwrap() {}
        batch.part.rename(&self.out("")).unwrap();
        assert!(!self.out(".part").exists() && !self.out(".part.json").exists());
        fs::read_to_string(self.out("")).unwrap()
    }

    fn refused(&self, task: Task) -> String {
        format!("{:#}", self.begin(task, false).err().unwrap())
    }
}

#[test]
fn every_conversation_has_its_row_in_order() {
    let place = Place::new(11);
    let text = place.finish(4);
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows[0], COLUMNS.join(","));
    assert_eq!(rows.len(), 12);
    assert_eq!(rows[1], "c0,,,,\"Do you have it in blue?, 0\",0.029411765,Closing,Opening,none,34,2,");
    assert_eq!(rows[5], "c4,,,,,,,,,,,speaker_unknown: row 9");
    assert_eq!(place.finish(3), text, "the size of the steps does not matter");
}

#[test]
fn a_run_that_was_stopped_goes_on_to_the_same_bytes() {
    let place = Place::new(40);
    let whole = place.finish(512);
    for written in ["", "c14,,,", "c14,,,,\"Do\nc15,,,,,,,,,,,\n"] {
        let mut batch = place.begin(place.task(), false).unwrap();
        assert!(batch.step(7).unwrap() && batch.step(7).unwrap());
        drop(batch);
        // What the machine wrote before it stopped, and the note does not speak of.
        OpenOptions::new()
            .append(true)
            .open(place.out(".part"))
            .unwrap()
            .write_all(written.as_bytes())
            .unwrap();
        let batch = place.begin(place.task(), false).unwrap();
        assert_eq!((batch.part.state.rows, batch.part.state.errors), (14, 2));
        drop(batch);
        assert_eq!(place.finish(9), whole);
    }
    // Stopped before the first note, and after the last.
    fs::write(place.out(".part"), "id,conv").unwrap();
    assert_eq!(place.finish(9), whole);
    let mut batch = place.begin(place.task(), false).unwrap();
    while batch.step(100).unwrap() {}
    drop(batch);
    assert_eq!(place.finish(9), whole);
}

#[test]
fn what_was_begun_otherwise_is_not_gone_on_with() {
    let place = Place::new(20);
    let mut batch = place.begin(place.task(), false).unwrap();
    batch.step(8).unwrap();
    let running = place.refused(place.task());
    assert!(running.contains("another run"), "{running}");
    drop(batch);
    let cases = [
        (Task { bundle: "other".into(), ..place.task() }, "another bundle"),
        (Task { finished: true, ..place.task() }, "--finished"),
        (Task { version: "2".into(), ..place.task() }, "another version"),
        (Task { input_bytes: 1, ..place.task() }, "the input has changed"),
    ];
    for (task, reason) in cases {
        let error = place.refused(task);
        assert!(error.contains(reason) && error.contains("--restart"), "{error}");
    }
    // As long as before, and other words in a conversation that was answered.
    place.fill(20, "Do you have it in pink?");
    let error = place.refused(place.task());
    assert!(error.contains("the input has changed") && error.contains("--restart"), "{error}");
    // A result that has lost what its note speaks of.
    place.fill(20, "Do you have it in blue?");
    OpenOptions::new().write(true).open(place.out(".part")).unwrap().set_len(200).unwrap();
    let error = place.refused(place.task());
    assert!(error.contains("shorter") && error.contains("--restart"), "{error}");
    let batch = place.begin(place.task(), true).unwrap();
    assert_eq!(batch.part.state.rows, 0);
}

#[test]
fn a_header_alone_gives_a_header() {
    let place = Place::new(0);
    assert_eq!(place.finish(512), COLUMNS.join(",") + "\n");
}

#[test]
fn every_layout_gives_the_same_rows_packed_or_not() {
    let place = Place::new(0);
    let history = r#"{"history":[{"speaker":"Agent","response":"It takes ten minutes."},{"speaker":"Customer","response":"Nice, and the cost?"}]}"#;
    let history = history.replace('"', "\"\"");
    let tables = [
        format!("id,history\na,\"{history}\"\nb,\"{{Zanzibar\"\nc,[]\n"),
        "id,text\na,\"Agent: It takes ten minutes. Customer: Nice, and the cost?\"\nb,Zanzibar\nc,\n".to_owned(),
        "conversation_id,speaker,text\na,Agent,It takes ten minutes.\na,Customer,\"Nice, and the cost?\"\nb,Nobody,Zanzibar\nc,Agent,\n".to_owned(),
    ];
    for table in tables {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(table.as_bytes()).unwrap();
        for bytes in [table.into_bytes(), packed.finish().unwrap()] {
            fs::write(place.table(), bytes).unwrap();
            let text = place.finish(2);
            let rows: Vec<&str> = text.lines().collect();
            assert_eq!(rows[1], "a,,,,It takes ten minutes.,0.025,Closing,Opening,none,40,2,");
            for (row, id) in [(rows[2], 'b'), (rows[3], 'c')] {
                let reason = row.strip_prefix(&format!("{id},,,,,,,,,,,")).unwrap();
                assert!(!reason.is_empty() && !reason.contains("Zanzibar"), "{row}");
            }
            assert_eq!(rows.len(), 4);
        }
    }
}
