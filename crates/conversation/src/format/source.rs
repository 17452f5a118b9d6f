//! Bytes of a file to text: gzip, encoding, byte order mark.

use std::io::Read;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use flate2::read::MultiGzDecoder;

use super::ImportError;
use crate::{Limits, Place, Repair, Report};

/// A file as the caller read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name, for messages and where a format keeps something in names.
    pub name: String,
    /// Its bytes, gzipped or not.
    pub bytes: Vec<u8>,
}

impl SourceFile {
    /// A file.
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

/// A decoded file.
pub(super) struct Text {
    pub(super) file: String,
    pub(super) text: String,
}

impl Text {
    pub(super) fn place(&self, line: usize, column: usize) -> Place {
        Place::new(self.file.clone(), line, column)
    }

    /// The name without folder, `.gz` and extension, for identifiers.
    pub(super) fn stem(&self) -> &str {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        let name = name.strip_suffix(".gz").unwrap_or(name);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// Decodes all files within the byte limit, which they share.
pub(super) fn decode_all(
    files: &[SourceFile],
    limits: &Limits,
    report: &mut Report,
) -> Result<Vec<Text>, ImportError> {
    let mut left = limits.total_bytes;
    files
        .iter()
        .map(|file| {
            let over = || ImportError::TooLarge {
                file: file.name.clone(),
                what: "bytes",
                limit: limits.total_bytes,
            };
            let bytes = unzip(file, left).map_err(|e| e.unwrap_or_else(over))?;
            left = left.checked_sub(bytes.len()).ok_or_else(over)?;
            Ok(Text { file: file.name.clone(), text: decode(&bytes, &file.name, report) })
        })
        .collect()
}

/// The bytes of a file, decompressed up to one byte over `room`. An error of `None` means over the limit.
fn unzip(file: &SourceFile, room: usize) -> Result<Vec<u8>, Option<ImportError>> {
    if !file.bytes.starts_with(&[0x1f, 0x8b]) {
        return if file.bytes.len() > room { Err(None) } else { Ok(file.bytes.clone()) };
    }
    let mut bytes = Vec::new();
    MultiGzDecoder::new(file.bytes.as_slice())
        .take(room as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Some(ImportError::Gzip { file: file.name.clone(), source }))?;
    if bytes.len() > room { Err(None) } else { Ok(bytes) }
}

/// Text from bytes: by byte order mark, else UTF-8 when valid, else the most likely legacy encoding.
fn decode(bytes: &[u8], name: &str, report: &mut Report) -> String {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
            detector.feed(bytes, true);
            detector.guess(None, Utf8Detection::Allow)
        }
    };
    let (text, _, broken) = encoding.decode(bytes);
    let place = Place::new(name, 0, 0);
    if encoding != UTF_8 {
        report.repair(Repair::Encoding, &place);
    }
    if broken {
        report.repair(Repair::UndecodableBytes, &place);
    }
    text.into_owned()
}
