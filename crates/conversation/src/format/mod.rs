//! Transcripts and data sets in other formats, one file for each.

mod intake;
mod persuasionforgood;
mod source;
mod table;

use crate::{Conversation, Limits, Report};

use intake::Intake;
use source::Text;

pub use source::SourceFile;

/// The formats that [`import`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// PersuasionForGood: `full_dialog`, `full_info`, `annotated_dialog`, `annotated_info` as CSV.
    PersuasionForGood,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::PersuasionForGood];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PersuasionForGood => "persuasionforgood",
        }
    }

    /// Finds a format by its name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// What an import gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The conversations, in the order of the files.
    pub conversations: Vec<Conversation>,
    /// What was repaired or refused.
    pub report: Report,
}

/// Why an import failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No file was given.
    #[error("no file was given; name at least one")]
    NoFile,
    /// The input goes over a limit.
    #[error("{file}: {what} over {limit}; split the input or raise the limit")]
    TooLarge {
        /// The file that went over.
        file: String,
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The gzip data are broken.
    #[error("{file}: broken gzip data ({source}); fetch the file again")]
    Gzip {
        /// The file.
        file: String,
        /// What the decompressor says.
        source: std::io::Error,
    },
    /// A table lacks a column.
    #[error("{file}: no column {column}; the columns are {found}")]
    MissingColumn {
        /// The file.
        file: String,
        /// The column, or the names that would do.
        column: String,
        /// The columns that stand there.
        found: String,
    },
    /// None of the files has the layout of the format.
    #[error("{files}: not the layout of {format}: {expected}")]
    UnknownLayout {
        /// The files.
        files: String,
        /// Name of the format.
        format: &'static str,
        /// What the format looks like.
        expected: &'static str,
    },
    /// A place in a file cannot be read.
    #[error("{file}, line {line}, column {column}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
}

/// Reads files of one format. Files may be gzipped and in any common encoding.
///
/// # Errors
/// [`ImportError`] when the input as a whole cannot be read; what concerns single rows, turns or
/// conversations is counted in the report instead.
pub fn import(format: Format, files: &[SourceFile], limits: &Limits) -> Result<Import, ImportError> {
    if files.is_empty() {
        return Err(ImportError::NoFile);
    }
    let mut intake = Intake::new(*limits);
    let texts = source::decode_all(files, limits, &mut intake.report)?;
    match format {
        Format::PersuasionForGood => persuasionforgood::read(&texts, &mut intake)?,
    }
    Ok(intake.finish())
}
