//! Why an import fails as a whole.

use super::Text;

/// Why an import failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No file was given.
    #[error("no file was given; name at least one")]
    NoFile,
    /// The input goes over a limit.
    #[error("{file}: more than {limit} {what}; split the input or raise the limit")]
    TooLarge {
        /// The file that went over.
        file: String,
        /// What was counted: `bytes` or `conversations`.
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
    #[error("{files}: not the layout of `{format}`; give {expected}")]
    UnknownLayout {
        /// The files.
        files: String,
        /// Name of the format.
        format: &'static str,
        /// What the format looks like.
        expected: &'static str,
    },
}

impl ImportError {
    /// None of `texts` has the layout of `format`.
    pub(super) fn layout(texts: &[Text], format: &'static str, expected: &'static str) -> Self {
        let files = texts.iter().map(|t| t.file.as_str()).collect::<Vec<_>>().join(", ");
        Self::UnknownLayout { files, format, expected }
    }
}
