//! Reads files of one format, prints the report to standard error and canonical JSONL to standard output.
//!
//! `cargo run -p rapport-conversation --example import -- persuasionforgood data/*.csv.gz > out.jsonl`

use std::error::Error;
use std::io::{BufWriter, stdout};

use rapport_conversation::{Format, JsonlWriter, Limits, SourceFile, import};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let format = Format::from_name(&name).ok_or_else(|| {
        let known: Vec<_> = Format::ALL.iter().map(|f| f.name()).collect();
        format!("no format {name:?}; the formats are {}", known.join(", "))
    })?;
    let mut files = Vec::new();
    for path in arguments {
        files.push(SourceFile::new(path.clone(), std::fs::read(&path).map_err(|e| format!("{path}: {e}"))?));
    }
    let import = import(format, &files, &Limits::IMPORT)?;
    let mut writer = JsonlWriter::new(BufWriter::new(stdout().lock()));
    for conversation in &import.conversations {
        writer.write(conversation)?;
    }
    writer.finish()?;
    eprint!("{}", import.report);
    Ok(())
}
