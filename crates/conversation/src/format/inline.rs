//! Text with speaker tags: one conversation a line, or one turn a line.

use super::intake::{Draft, Intake};
use super::tags::{say_tagged, tags};
use super::{ImportError, SpeakerNames, Text};
use crate::{Conversation, Limits, Place, Refusal};

/// Reads one conversation from text with a tag before each turn, however many lines it has.
///
/// ```
/// use rapport_conversation::{Limits, read_transcript};
/// let conversation = read_transcript("call 7", "Agent: Hello! Customer: Is it still for sale?", &Limits::REQUEST)?;
/// assert_eq!(conversation.turns.len(), 2);
/// # Ok::<(), rapport_conversation::Refusal>(())
/// ```
///
/// # Errors
/// The [`Refusal`] when no turn is tagged, or turns or their number go over a limit.
pub fn read_transcript(id: impl Into<String>, text: &str, limits: &Limits) -> Result<Conversation, Refusal> {
    let mut intake = Intake::new(*limits, SpeakerNames::NONE);
    let mut draft = Draft::new(id, Place::new("", 1, 0));
    if !text.trim().is_empty() && tags(text, &intake.speakers).is_empty() {
        return Err(Refusal::TextWithoutSpeaker);
    }
    say_tagged(text, 1, &mut draft, &mut intake, "");
    draft.finish().map_err(|(refusal, _)| refusal)
}

/// Reads each file in one of two ways. Where at least half of the lines with tags hold two or more, every line
/// is a conversation. Else a line begins a turn or goes on with it, and two blank lines, or a line of dashes, equals signs or stars,
/// end a conversation.
pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let lines: Vec<&str> = text.text.lines().collect();
        let counts: Vec<usize> =
            lines.iter().map(|line| tags(line, &intake.speakers).len()).filter(|&count| count > 0).collect();
        let several = counts.iter().filter(|&&count| count > 1).count();
        if several > 0 && several * 2 >= counts.len() {
            for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                read_one(line, number + 1, text, intake)?;
            }
        } else {
            for (number, block) in blocks(&lines) {
                read_one(&block, number, text, intake)?;
            }
        }
    }
    Ok(())
}

fn read_one(said: &str, line: usize, text: &Text, intake: &mut Intake) -> Result<(), ImportError> {
    let mut draft = Draft::new(format!("{}-{line}", text.stem()), text.place(line, 0));
    if tags(said, &intake.speakers).is_empty() {
        intake.report.refuse(Refusal::TextWithoutSpeaker, &text.place(line, 0));
        return Ok(());
    }
    say_tagged(said, line, &mut draft, intake, &text.file);
    intake.take(draft)
}

/// The conversations of a file with a turn a line, each with the number of its first line.
fn blocks(lines: &[&str]) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut current = String::new();
    let (mut first, mut blank) = (1, 0);
    for (number, line) in lines.iter().enumerate() {
        blank = if line.trim().is_empty() { blank + 1 } else { 0 };
        if blank == 2 || is_rule(line) {
            if !current.trim().is_empty() {
                blocks.push((first, std::mem::take(&mut current)));
            }
            current.clear();
        } else if !(current.is_empty() && blank > 0) {
            if current.is_empty() {
                first = number + 1;
            }
            current.push_str(line);
            current.push('\n');
        }
    }
    if !current.trim().is_empty() {
        blocks.push((first, current));
    }
    blocks
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && ['-', '=', '*', '_'].iter().any(|&mark| line.chars().all(|c| c == mark))
}
