//! Canonical JSONL: one conversation a line, read and written as a stream.

use std::io::{BufRead, Read, Write};

use crate::history::without_place;
use crate::rfc3339::is_rfc3339;
use crate::{Conversation, Limits};

/// Why canonical JSONL could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JsonlError {
    /// The reader or the writer failed.
    #[error("line {line}: {source}")]
    Io {
        /// The line that was being read or written, from 1.
        line: usize,
        /// What failed.
        source: std::io::Error,
    },
    /// The line is not a conversation.
    #[error("line {line}, column {column}: {message}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// The line goes over a limit.
    #[error(
        "line {line}: {what} is {actual}, {limit} are accepted; split the conversation or raise the limit"
    )]
    TooLarge {
        /// The line, from 1.
        line: usize,
        /// What was counted: `bytes`, `turns`, `bytes of a turn` or `conversations`.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// What came, or the first count over the bound.
        actual: usize,
    },
}

/// Reads conversations from canonical JSONL, one for each line that is not blank.
///
/// After a line that is no conversation the reader goes on with the next one; after an I/O error it ends.
///
/// ```
/// use rapport_conversation::{JsonlReader, Limits, Speaker};
/// let lines = "{\"id\":\"a\",\"turns\":[{\"speaker\":\"customer\",\"text\":\"Hi\"}],\"outcome\":\"won\"}\n";
/// let read: Result<Vec<_>, _> = JsonlReader::new(lines.as_bytes(), Limits::IMPORT).collect();
/// assert_eq!(read?[0].turns[0].speaker, Speaker::Customer);
/// # Ok::<(), rapport_conversation::JsonlError>(())
/// ```
#[derive(Debug)]
pub struct JsonlReader<R> {
    input: R,
    limits: Limits,
    line: usize,
    conversations: usize,
    ended: bool,
}

impl<R: BufRead> JsonlReader<R> {
    /// A reader that holds one line, at most `limits.total_bytes`, in memory.
    pub fn new(input: R, limits: Limits) -> Self {
        Self { input, limits, line: 0, conversations: 0, ended: false }
    }

    /// The number of the line read last, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, JsonlError> {
        self.line += 1;
        let (line, limit) = (self.line, self.limits.total_bytes);
        let io = |source| JsonlError::Io { line, source };
        let mut bytes = Vec::new();
        // One byte over the limit is enough to know; a line feed does not count.
        let room = limit as u64 + 1;
        self.input.by_ref().take(room).read_until(b'\n', &mut bytes).map_err(io)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > limit {
            self.skip_line().map_err(io)?;
            return Err(JsonlError::TooLarge { line, what: "bytes", limit, actual: bytes.len() });
        }
        Ok(Some(bytes))
    }

    /// Reads on to the next line without keeping anything.
    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|&b| b == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Conversation, JsonlError> {
        let line = self.line;
        let conversation: Conversation = serde_json::from_slice(bytes).map_err(|e| JsonlError::Line {
            line,
            column: e.column(),
            message: without_place(&e.to_string()),
        })?;
        let over = |what, limit, actual| Err(JsonlError::TooLarge { line, what, limit, actual });
        if conversation.turns.len() > self.limits.turns {
            return over("turns", self.limits.turns, conversation.turns.len());
        }
        if let Some(turn) = conversation.turns.iter().find(|t| t.text.len() > self.limits.turn_bytes) {
            return over("bytes of a turn", self.limits.turn_bytes, turn.text.len());
        }
        if let Some(at) = conversation.turns.iter().filter_map(|t| t.at.as_deref()).find(|at| !is_rfc3339(at))
        {
            let message = format!("`at` is {at:?}; give an RFC 3339 time or leave it out");
            return Err(JsonlError::Line { line, column: 1, message });
        }
        Ok(conversation)
    }
}

impl<R: BufRead> Iterator for JsonlReader<R> {
    type Item = Result<Conversation, JsonlError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let bytes = match self.next_line() {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(error) => {
                    self.ended = matches!(error, JsonlError::Io { .. });
                    return Some(Err(error));
                }
            };
            let mut text = bytes.as_slice();
            if self.line == 1 {
                text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            let (line, limit) = (self.line, self.limits.conversations);
            self.conversations += 1;
            if self.conversations > limit {
                self.ended = true;
                let actual = self.conversations;
                return Some(Err(JsonlError::TooLarge { line, what: "conversations", limit, actual }));
            }
            return Some(self.parse(text));
        }
        self.ended = true;
        None
    }
}

/// Writes conversations as canonical JSONL. The same conversation always gives the same bytes.
#[derive(Debug)]
pub struct JsonlWriter<W> {
    output: W,
    lines: usize,
}

impl<W: Write> JsonlWriter<W> {
    /// A writer on `output`, which it does not buffer.
    pub fn new(output: W) -> Self {
        Self { output, lines: 0 }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// [`JsonlError::Io`] when `output` fails.
    pub fn write(&mut self, conversation: &Conversation) -> Result<(), JsonlError> {
        self.lines += 1;
        let line = self.lines;
        let mut bytes =
            serde_json::to_vec(conversation).map_err(|e| JsonlError::Io { line, source: e.into() })?;
        bytes.push(b'\n');
        self.output.write_all(&bytes).map_err(|source| JsonlError::Io { line, source })
    }

    /// Flushes and gives the output back.
    ///
    /// # Errors
    /// [`JsonlError::Io`] when `output` fails.
    pub fn finish(mut self) -> Result<W, JsonlError> {
        let line = self.lines;
        self.output.flush().map_err(|source| JsonlError::Io { line, source })?;
        Ok(self.output)
    }
}
