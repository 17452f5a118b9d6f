//! Tables: CSV with a header line, separated by comma, semicolon or tab.

use csv::{Position, ReaderBuilder, StringRecord, Trim};
use serde_json::Value;

use super::{ImportError, Text};
use crate::{Place, Refusal, Report};

/// A table in memory.
pub(super) struct Table {
    pub(super) file: String,
    pub(super) headers: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// One record and the line where it begins.
pub(super) struct Row {
    pub(super) line: usize,
    fields: StringRecord,
}

impl Row {
    /// A field's text; empty when the row is too short.
    pub(super) fn get(&self, column: usize) -> &str {
        self.fields.get(column).unwrap_or("")
    }

    /// A field that is not empty.
    pub(super) fn some(&self, column: Option<usize>) -> Option<&str> {
        column.map(|c| self.get(c).trim()).filter(|text| !text.is_empty())
    }
}

impl Table {
    /// Reads a table whose first record names the columns.
    pub(super) fn read(text: &Text, report: &mut Report) -> Self {
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter(&text.text))
            .flexible(true)
            .trim(Trim::Headers)
            .from_reader(text.text.as_bytes());
        let headers: Vec<String> =
            reader.headers().map(|h| h.iter().map(str::to_owned).collect()).unwrap_or_default();
        let mut rows = Vec::new();
        for record in reader.into_records() {
            match record {
                Ok(fields) => {
                    let line = fields.position().map_or(0, |p| first_line(&text.text, p));
                    if fields.len() > headers.len() {
                        report.refuse(Refusal::MalformedRow, &text.place(line, headers.len() + 1));
                    } else {
                        rows.push(Row { line, fields });
                    }
                }
                Err(error) => {
                    let line = error.position().map_or(0, |p| first_line(&text.text, p));
                    report.refuse(Refusal::MalformedRow, &text.place(line, 0));
                }
            }
        }
        Self { file: text.file.clone(), headers, rows }
    }

    /// The number of a column, by name in any case.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.headers.iter().position(|h| h.eq_ignore_ascii_case(name))
    }

    /// The number of the first of several columns that stands there.
    pub(super) fn require(&self, names: &[&str]) -> Result<usize, ImportError> {
        names.iter().find_map(|name| self.column(name)).ok_or_else(|| ImportError::MissingColumn {
            file: self.file.clone(),
            column: names.join(" or "),
            found: if self.headers.is_empty() { "none".to_owned() } else { self.headers.join(", ") },
        })
    }

    /// The place of a field.
    pub(super) fn place(&self, row: &Row, column: usize) -> Place {
        Place::new(self.file.clone(), row.line, column + 1)
    }

    /// The fields that are not empty and whose column is not in `used`, as metadata.
    pub(super) fn rest<'t>(
        &'t self,
        row: &'t Row,
        used: &'t [usize],
    ) -> impl Iterator<Item = (&'t str, Value)> {
        self.headers
            .iter()
            .enumerate()
            .filter(|(column, name)| !used.contains(column) && !name.is_empty())
            .filter_map(|(column, name)| row.some(Some(column)).map(|text| (name.as_str(), value(text))))
    }
}

/// The line where a record begins: its position may stand on the line feed of the record before, or on blank lines.
fn first_line(text: &str, position: &Position) -> usize {
    let rest = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    let breaks = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|&&b| b == b'\n').count();
    position.line() as usize + breaks
}

/// A number where the field is one that JSON writes the same way, else text.
pub(super) fn value(text: &str) -> Value {
    let number = serde_json::from_str::<serde_json::Number>(text).ok();
    number.filter(|n| n.to_string() == text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// The separator that the first line holds most of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or("");
    let count = |mark: u8| first.bytes().filter(|&b| b == mark).count();
    // `max_by_key` takes the last of equals, so the comma stands last.
    [b'\t', b';', b','].into_iter().max_by_key(|&mark| count(mark)).unwrap_or(b',')
}
