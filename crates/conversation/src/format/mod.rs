//! Transcripts and data sets in other formats, one file for each.

mod canonical;
mod columns;
mod craigslist;
mod cues;
mod dealornodeal;
mod error;
mod gemini;
mod inline;
mod intake;
mod outcome;
mod persuasionforgood;
mod sales450;
mod source;
mod speaker_text;
mod speakers;
mod swda;
mod table;
mod tags;
mod time;
mod transcript_csv;

use crate::{Conversation, Limits, Report};

use intake::Intake;
use source::Text;

pub use error::ImportError;
pub use inline::read_transcript;
pub use source::SourceFile;
pub use speakers::SpeakerNames;
pub use time::read_time;

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $read:path;)+) => {
        /// The formats that [`import`] reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$doc])* $variant,)+
        }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            fn read(self, texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
                match self { $(Self::$variant => $read(texts, intake),)+ }
            }
        }
    };
}

formats! {
    /// Canonical JSONL, one conversation a line.
    Rapport = "rapport", canonical::read_jsonl;
    /// Bodies of the prediction API, `{"history":[…]}`: one in a file, or one a line.
    History = "history", canonical::read_histories;
    /// Text with `Customer:`, `Salesman:`, `Sales Rep:`, `Agent:` before each turn.
    Inline = "inline", inline::read;
    /// A table with one turn a column, the columns being named 0, 1, 2, …
    Columns = "columns", columns::read;
    /// A table with `call_transcript` (inline speaker tags) and `conversion_label`.
    TranscriptCsv = "transcript-csv", transcript_csv::read;
    /// A table with a column for the speaker and one for the text.
    SpeakerText = "speaker-text", speaker_text::read;
    /// WebVTT captions with voice tags.
    Vtt = "vtt", cues::read_vtt;
    /// SRT captions with voice tags or speaker words.
    Srt = "srt", cues::read_srt;
    /// PersuasionForGood: persuasion to donate, with the real donation and human labels.
    PersuasionForGood = "persuasionforgood", persuasionforgood::read;
    /// CraigslistBargain: a buyer and a seller haggle.
    Craigslist = "craigslist", craigslist::read;
    /// DealOrNoDeal: two sides divide items.
    DealOrNoDeal = "dealornodeal", dealornodeal::read;
    /// Switchboard telephone talk with dialogue acts.
    Swda = "swda", swda::read;
    /// 450 labelled sales conversations with inline tags.
    Sales450 = "sales450", sales450::read;
    /// Synthetic conversations of five rows each.
    Gemini = "gemini", gemini::read;
}

impl Format {
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

/// Reads files of one format. Files may be gzipped and in any common encoding.
///
/// ```
/// use rapport_conversation::{Format, Limits, SourceFile, import};
/// let file = SourceFile::new("call.txt", "Agent: Hello! Customer: Is it still for sale?");
/// let read = import(Format::Inline, &[file], &Limits::IMPORT)?;
/// assert_eq!(read.conversations[0].turns.len(), 2);
/// # Ok::<(), rapport_conversation::ImportError>(())
/// ```
///
/// # Errors
/// [`ImportError`] when the input as a whole cannot be read; what concerns single rows, turns or
/// conversations is counted in the report instead.
pub fn import(format: Format, files: &[SourceFile], limits: &Limits) -> Result<Import, ImportError> {
    import_named(format, files, limits, &SpeakerNames::NONE)
}

/// Reads files of one format whose speakers may be named by person.
///
/// ```
/// use rapport_conversation::{Format, Limits, SourceFile, Speaker, SpeakerNames, import_named};
/// let file = SourceFile::new("call.txt", "Ann Lee: Hello! Zoe: Is it still for sale?");
/// let names = SpeakerNames::NONE.with("Ann Lee", Speaker::Salesperson).with("Zoe", Speaker::Customer);
/// let read = import_named(Format::Inline, &[file], &Limits::IMPORT, &names)?;
/// assert_eq!(read.conversations[0].turns[1].speaker, Speaker::Customer);
/// # Ok::<(), rapport_conversation::ImportError>(())
/// ```
///
/// # Errors
/// As [`import`].
pub fn import_named(
    format: Format,
    files: &[SourceFile],
    limits: &Limits,
    speakers: &SpeakerNames,
) -> Result<Import, ImportError> {
    if files.is_empty() {
        return Err(ImportError::NoFile);
    }
    let mut intake = Intake::new(*limits, speakers.clone());
    let texts = source::decode_all(files, limits, &mut intake.report)?;
    format.read(&texts, &mut intake)?;
    Ok(intake.finish())
}
