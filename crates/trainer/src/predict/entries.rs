//! The conversations of a table, one after the other, with no more than one of them in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use csv::ByteRecord;
use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;
use rapport_conversation::Limits;
use sha2::{Digest, Sha256};

use super::layout::{Layout, Rows};

/// What one conversation may have.
pub(super) const LIMITS: Limits = Limits { total_bytes: 16 << 20, conversations: 1, ..Limits::IMPORT };

/// A conversation as it stands in the table.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) domain: Option<String>,
    pub(super) body: Body,
}

/// What stands there, not yet read as a conversation.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    History(Vec<u8>),
    Transcript(Vec<u8>),
    Lines(Vec<Line>),
    Canonical(Vec<u8>),
    /// The row is no conversation, for this reason.
    Wrong(String),
}

/// A row that is one line of a conversation.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Line {
    /// Number of the row, from 1, the header not counted.
    pub(super) row: u64,
    pub(super) speaker: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) at: Vec<u8>,
}

impl Entry {
    /// Bytes of text that the entry holds.
    pub(super) fn bytes(&self) -> usize {
        self.id.len()
            + match &self.body {
                Body::History(bytes) | Body::Transcript(bytes) | Body::Canonical(bytes) => bytes.len(),
                Body::Lines(lines) => lines.iter().map(Line::bytes).sum(),
                Body::Wrong(reason) => reason.len(),
            }
    }

    /// Adds everything that the entry says to a hash.
    pub(super) fn hash(&self, hash: &mut Sha256) {
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(self.id.as_bytes());
        add(self.domain.as_deref().unwrap_or("").as_bytes());
        match &self.body {
            Body::History(bytes) | Body::Transcript(bytes) | Body::Canonical(bytes) => add(bytes),
            Body::Wrong(reason) => add(reason.as_bytes()),
            Body::Lines(lines) => {
                for line in lines {
                    for field in [&line.speaker, &line.text, &line.at] {
                        add(field);
                    }
                }
            }
        }
    }
}

impl Line {
    fn bytes(&self) -> usize {
        self.speaker.len() + self.text.len() + self.at.len()
    }
}

/// Lets no row grow beyond the limit: a quote that is never closed would take in the rest of the file.
struct Bounded<R> {
    input: R,
    room: Arc<AtomicUsize>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.room.load(Ordering::Relaxed);
        if room == 0 {
            let limit = LIMITS.total_bytes >> 20;
            return Err(io::Error::other(format!(
                "the row is longer than {limit} MiB; is a quotation mark not closed?"
            )));
        }
        let read = self.input.read(buffer)?;
        self.room.store(room.saturating_sub(read), Ordering::Relaxed);
        Ok(read)
    }
}

type Input = Box<dyn BufRead>;

enum Source {
    Csv(Box<Table>),
    Jsonl(Input),
}

struct Table {
    reader: csv::Reader<Bounded<Input>>,
    room: Arc<AtomicUsize>,
    layout: Layout,
    /// A row that was read and belongs to the next conversation.
    ahead: Option<ByteRecord>,
}

/// The conversations of a file in their order.
pub(super) struct Entries {
    name: String,
    source: Source,
    /// Rows read so far.
    row: u64,
}

impl Entries {
    /// Opens CSV or canonical JSONL, gzipped or not; `progress` moves by the bytes of the file.
    pub(super) fn open(path: &Path, progress: &ProgressBar) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
        let mut packed = BufReader::with_capacity(1 << 16, progress.wrap_read(file));
        let cannot = || format!("cannot read {name}");
        let mut input: Input = if packed.fill_buf().with_context(cannot)?.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(packed)))
        } else {
            Box::new(packed)
        };
        let beginning = input.fill_buf().with_context(cannot)?;
        let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
        let source = if beginning.trim_ascii_start().starts_with(b"{") {
            Source::Jsonl(input)
        } else {
            let delimiter = delimiter(beginning);
            let table = Table::open(input, delimiter);
            Source::Csv(Box::new(table.with_context(|| format!("{name} is no table of conversations"))?))
        };
        Ok(Self { name, source, row: 0 })
    }

    /// The next conversation; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>> {
        let next = match &mut self.source {
            Source::Csv(table) => table.next(&mut self.row),
            Source::Jsonl(input) => next_line(input, &mut self.row),
        };
        next.with_context(|| format!("{} cannot be read on after row {}", self.name, self.row))
    }
}

/// The separator that the first line holds most of.
fn delimiter(beginning: &[u8]) -> u8 {
    let first = beginning.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |mark: u8| first.split(|&b| b == mark).count();
    // `max_by_key` takes the last of equals, so the comma stands last.
    [b'\t', b';', b','].into_iter().max_by_key(|&mark| count(mark)).unwrap_or(b',')
}

fn next_line(input: &mut Input, row: &mut u64) -> Result<Option<Entry>> {
    loop {
        let mut bytes = Vec::new();
        input.by_ref().take(LIMITS.total_bytes as u64 + 2).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        *row += 1;
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let body = if bytes.len() > LIMITS.total_bytes + 1 {
            input.skip_until(b'\n')?;
            too_large()
        } else {
            Body::Canonical(bytes)
        };
        return Ok(Some(Entry { id: format!("row-{row}"), domain: None, body }));
    }
}

fn too_large() -> Body {
    Body::Wrong(format!("more than {} MiB of text", LIMITS.total_bytes >> 20))
}

impl Table {
    fn open(input: Input, delimiter: u8) -> Result<Self> {
        let room = Arc::new(AtomicUsize::new(LIMITS.total_bytes));
        let bounded = Bounded { input, room: Arc::clone(&room) };
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bounded);
        let headers: Vec<String> =
            reader.byte_headers()?.iter().map(|h| String::from_utf8_lossy(h).into_owned()).collect();
        ensure!(
            headers.iter().any(|h| !h.trim().is_empty()),
            "it is empty; its first line must name the columns, such as `id,transcript`"
        );
        Ok(Self { reader, room, layout: Layout::of(&headers)?, ahead: None })
    }

    fn next_row(&mut self, row: &mut u64) -> Result<Option<ByteRecord>> {
        if let Some(record) = self.ahead.take() {
            return Ok(Some(record));
        }
        self.room.store(LIMITS.total_bytes, Ordering::Relaxed);
        let mut record = ByteRecord::new();
        let more = self.reader.read_byte_record(&mut record)?;
        *row += u64::from(more);
        Ok(more.then_some(record))
    }

    fn next(&mut self, row: &mut u64) -> Result<Option<Entry>> {
        let Some(record) = self.next_row(row)? else { return Ok(None) };
        let column = match self.layout.rows {
            Rows::Line { .. } => return self.lines(&record, row).map(Some),
            Rows::History(column) | Rows::Transcript(column) => column,
        };
        let bytes = record.get(column).unwrap_or_default().to_vec();
        let body = match self.fault(&record) {
            Some(fault) => Body::Wrong(fault),
            None if matches!(self.layout.rows, Rows::History(_)) => Body::History(bytes),
            None => Body::Transcript(bytes),
        };
        Ok(Some(self.entry(&record, *row, body)))
    }

    /// A conversation of several rows: this one and those after it with the same identifier.
    fn lines(&mut self, record: &ByteRecord, row: &mut u64) -> Result<Entry> {
        let first = *row;
        if self.id(record).is_empty() {
            return Ok(self.entry(record, first, Body::Wrong("the row has no conversation_id".to_owned())));
        }
        let mut lines = Vec::new();
        let (mut wrong, mut bytes) = (None, 0);
        let mut next = Some(record.clone());
        while let Some(this) = next {
            if self.id(&this) != self.id(record) {
                self.ahead = Some(this);
                break;
            }
            let line = self.line(&this, *row);
            bytes += line.bytes();
            if wrong.is_none() {
                wrong = self.fault(&this).map(|fault| Body::Wrong(format!("row {row}: {fault}")));
                if bytes > LIMITS.total_bytes {
                    wrong = Some(too_large());
                } else if lines.len() == LIMITS.turns {
                    wrong = Some(Body::Wrong(format!("more than {} lines", LIMITS.turns)));
                }
                lines.push(line);
            }
            next = self.next_row(row)?;
        }
        Ok(self.entry(record, first, wrong.unwrap_or(Body::Lines(lines))))
    }

    fn line(&self, record: &ByteRecord, row: u64) -> Line {
        let Rows::Line { speaker, text, at } = self.layout.rows else { return Line::default() };
        let get = |column: usize| record.get(column).unwrap_or_default().to_vec();
        Line { row, speaker: get(speaker), text: get(text), at: at.map(get).unwrap_or_default() }
    }

    /// What makes a row unreadable whatever stands in it.
    fn fault(&self, record: &ByteRecord) -> Option<String> {
        let (fields, columns) = (record.len(), self.layout.columns);
        (fields != columns).then(|| {
            format!("{fields} fields, the header has {columns}; is a comma or a line break not quoted?")
        })
    }

    fn id<'r>(&self, record: &'r ByteRecord) -> &'r [u8] {
        self.layout.id.and_then(|column| record.get(column)).unwrap_or_default().trim_ascii()
    }

    fn entry(&self, record: &ByteRecord, row: u64, body: Body) -> Entry {
        let id = self.id(record);
        let id = if id.is_empty() { format!("row-{row}") } else { String::from_utf8_lossy(id).into_owned() };
        let domain = self.layout.domain.and_then(|column| record.get(column)).unwrap_or_default();
        let domain = String::from_utf8_lossy(domain.trim_ascii()).into_owned();
        Entry { id, domain: Some(domain).filter(|d| !d.is_empty()), body }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn entries(text: &[u8]) -> Result<Vec<Entry>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        let mut entries = Entries::open(&path, &ProgressBar::hidden())?;
        std::iter::from_fn(|| entries.next().transpose()).collect()
    }

    fn ids(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|e| e.id.as_str()).collect()
    }

    fn wrong(entry: &Entry) -> &str {
        if let Body::Wrong(reason) = &entry.body { reason } else { "" }
    }

    #[test]
    fn one_conversation_a_row() {
        let table = "\u{feff}id;transcript;domain\n7;\"Agent: Hi; Customer: Hello\";cars\n;Agent: Hi;\n";
        let read = entries(table.as_bytes()).unwrap();
        assert_eq!(ids(&read), ["7", "row-2"]);
        assert_eq!(read[0].body, Body::Transcript(b"Agent: Hi; Customer: Hello".to_vec()));
        assert_eq!((read[0].domain.as_deref(), read[1].domain.as_deref()), (Some("cars"), None));
    }

    #[test]
    fn rows_of_a_conversation_that_stand_together_are_one() {
        let table =
            "conversation_id,speaker,text\na,Agent,Hi\na,Customer,Hello\n,Agent,Hi\nb,Agent,Hi\na,Agent,Hi\n";
        let read = entries(table.as_bytes()).unwrap();
        assert_eq!(ids(&read), ["a", "row-3", "b", "a"]);
        let rows = |entry: &Entry| match &entry.body {
            Body::Lines(lines) => lines.iter().map(|l| l.row).collect(),
            _ => Vec::new(),
        };
        assert_eq!(read.iter().map(rows).collect::<Vec<_>>(), [vec![1, 2], vec![], vec![4], vec![5]]);
        assert_eq!(wrong(&read[1]), "the row has no conversation_id");
    }

    #[test]
    fn a_row_with_other_fields_than_the_header_is_wrong_and_the_next_is_read() {
        let read = entries(b"id,transcript\na,Agent: Hi, there\nb\nc,Agent: Hi\n").unwrap();
        assert_eq!(ids(&read), ["a", "b", "c"]);
        assert!(wrong(&read[0]).contains("3 fields, the header has 2"));
        assert!(wrong(&read[1]).contains("1 fields") && wrong(&read[2]).is_empty());
        let read = entries(b"id,role,message\na,Agent,Hi\na,Agent,Hi,there\nb,Agent,Hi\n").unwrap();
        assert_eq!(ids(&read), ["a", "b"]);
        assert!(wrong(&read[0]).starts_with("row 2: 4 fields"));
    }

    #[test]
    fn packed_tables_and_canonical_lines_are_read() {
        let lines = b"{\"id\":\"x\"}\n\n{\"id\":\"y\"}";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(lines).unwrap();
        let read = entries(lines).unwrap();
        assert_eq!(ids(&read), ["row-1", "row-3"]);
        assert_eq!(entries(&packed.finish().unwrap()).unwrap(), read);
    }

    #[test]
    fn an_empty_table_is_refused_and_a_header_alone_holds_nothing() {
        for empty in ["", "\n\n", "\u{feff}"] {
            let error = format!("{:#}", entries(empty.as_bytes()).unwrap_err());
            assert!(error.contains("table.csv") && error.contains("name the columns"), "{error}");
        }
        assert_eq!(entries(b"id,history\n").unwrap(), []);
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
        let mut table = b"id,transcript\na,Agent: Hi\nb,\"Agent: ".to_vec();
        table.resize(LIMITS.total_bytes + 100_000, b'x');
        let error = format!("{:#}", entries(&table).unwrap_err());
        assert!(error.contains("after row 1") && error.contains("quotation mark"), "{error}");
    }
}
