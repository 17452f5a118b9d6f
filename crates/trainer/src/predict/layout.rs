//! How a table of conversations is laid out, told by its columns.

use anyhow::{Result, bail};

/// What a row of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// A conversation as the prediction API takes it, in this column.
    History(usize),
    /// A conversation with a tag before each turn, in this column.
    Transcript(usize),
    /// One line of a conversation.
    Line { speaker: usize, text: usize, at: Option<usize> },
}

/// Where the columns stand, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: Rows,
    pub(super) id: Option<usize>,
    pub(super) domain: Option<usize>,
    /// Number of columns.
    pub(super) columns: usize,
}

impl Layout {
    /// Tells the layout by the names of the columns, in any case.
    pub(super) fn of(headers: &[String]) -> Result<Self> {
        let find = |names: &[&str]| {
            let column = |name: &&str| headers.iter().position(|h| h.trim().eq_ignore_ascii_case(name));
            names.iter().find_map(column)
        };
        let id = find(&["conversation_id", "id"]);
        let speaker = find(&["speaker", "role"]);
        let text = find(&["text", "message"]);
        let transcript = find(&["transcript", "conversation", "call_transcript", "text"]);
        let rows = match (speaker, text, id, find(&["history"]), transcript) {
            (Some(speaker), Some(text), Some(_), None, _) => {
                Rows::Line { speaker, text, at: find(&["at", "timestamp", "time"]) }
            }
            (_, _, _, Some(history), _) => Rows::History(history),
            (None, _, _, None, Some(transcript)) => Rows::Transcript(transcript),
            _ => bail!(
                "the columns are {}; wanted are `id` and `history` (JSON), or `id` and `transcript` (Customer: … \
                 Salesman: …), or `conversation_id`, `speaker` and `text` with one line of a conversation a row",
                headers.iter().map(|h| format!("`{}`", h.trim())).collect::<Vec<_>>().join(", ")
            ),
        };
        Ok(Self { rows, id, domain: find(&["domain"]), columns: headers.len() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(headers: &str) -> Result<Layout> {
        Layout::of(&headers.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_columns_tell_the_layout() {
        assert_eq!(of("id,history").unwrap().rows, Rows::History(1));
        assert_eq!(of("ID, Text ,domain").unwrap().rows, Rows::Transcript(1));
        assert_eq!(
            of("transcript").unwrap(),
            Layout { rows: Rows::Transcript(0), id: None, domain: None, columns: 1 }
        );
        let lines = of("at,conversation_id,speaker,message,domain").unwrap();
        assert_eq!(lines.rows, Rows::Line { speaker: 2, text: 3, at: Some(0) });
        assert_eq!((lines.id, lines.domain), (Some(1), Some(4)));
    }

    #[test]
    fn other_columns_are_named_with_the_wanted_ones() {
        for headers in ["a,b", "id", "speaker,text", "id,speaker"] {
            let error = of(headers).unwrap_err().to_string();
            for part in ["`conversation_id`", "`history`", "`transcript`", "the columns are"] {
                assert!(error.contains(part), "{error}");
            }
            assert!(headers.split(',').all(|h| error.contains(&format!("`{h}`"))), "{error}");
        }
    }
}
