//! WebVTT and SRT captions. A cue names its speaker by a voice tag (`<v Agent>`) or a speaker word and a colon;
//! one that names none goes on with the speaker before it. Cues of one speaker are joined to a turn.

use serde_json::json;

use super::intake::{Draft, Intake};
use super::tags::tags;
use super::{ImportError, SpeakerNames, Text};
use crate::{Place, Refusal, Repair, Speaker};

pub(super) fn read_vtt(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    if texts.iter().all(|text| !text.text.starts_with("WEBVTT")) {
        return Err(ImportError::layout(texts, "vtt", "captions whose first line is WEBVTT"));
    }
    read(texts, intake)
}

pub(super) fn read_srt(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    if texts.iter().all(|text| !text.text.contains("-->")) {
        return Err(ImportError::layout(texts, "srt", "cues with a line like 00:00:01,000 --> 00:00:04,000"));
    }
    read(texts, intake)
}

/// What one speaker says in successive cues.
struct Run {
    speaker: Speaker,
    text: String,
    start: f64,
    end: f64,
    place: Place,
}

fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    for text in texts {
        let mut draft = Draft::new(text.stem(), text.place(0, 0));
        let mut runs: Vec<Run> = Vec::new();
        for (line, block) in blocks(&text.text) {
            read_block(text, line, &block, &mut runs, intake);
        }
        for run in runs {
            if let Some(turn) = intake.say(&mut draft, run.speaker, &run.text, &run.place) {
                turn.labels.other.insert("start_seconds".to_owned(), json!(run.start));
                turn.labels.other.insert("end_seconds".to_owned(), json!(run.end));
            }
        }
        intake.take(draft)?;
    }
    Ok(())
}

/// Blocks between blank lines, each with the number of its first line.
fn blocks(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut blocks: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            open = false;
        } else if open {
            if let Some((_, lines)) = blocks.last_mut() {
                lines.push(line);
            }
        } else {
            blocks.push((number + 1, vec![line]));
            open = true;
        }
    }
    blocks
}

fn read_block(text: &Text, line: usize, block: &[&str], runs: &mut Vec<Run>, intake: &mut Intake) {
    // A cue's timing stands in its first line, or in the second under its name.
    let Some(timing) = block.iter().take(2).position(|l| l.contains("-->")) else {
        let header = ["WEBVTT", "NOTE", "STYLE", "REGION"].iter().any(|word| block[0].starts_with(word));
        if !header {
            intake.report.refuse(Refusal::MalformedRow, &text.place(line, 1).with_note("no timing"));
        }
        return;
    };
    let (start, end) = block[timing].split_once("-->").unwrap_or_default();
    let (Some(start), Some(end)) = (seconds(start), end.split_whitespace().next().and_then(seconds)) else {
        let column = 1 + block[timing].len() - block[timing].trim_start().len();
        intake
            .report
            .refuse(Refusal::MalformedRow, &text.place(line + timing, column).with_note("wrong timing"));
        return;
    };
    let place = text.place(line + timing + 1, 1);
    let said = block[timing + 1..].join("\n");
    for (voice, part) in voices(&said) {
        let spoken = match voice {
            Some(name) => vec![(speaker_of(name, &intake.speakers), without_tags(part))],
            None => by_words(&without_tags(part), &intake.speakers),
        };
        for (speaker, part) in spoken {
            add(runs, speaker, voice, &part, (start, end), &place, intake);
        }
    }
}

/// The speakers of a cue without voice tags; `None` goes on with the speaker before.
fn by_words(said: &str, speakers: &SpeakerNames) -> Vec<(Option<Speaker>, String)> {
    let tags = tags(said, speakers);
    let mut parts = Vec::new();
    let lead = &said[..tags.first().map_or(said.len(), |tag| tag.start)];
    if !lead.trim().trim_start_matches('-').is_empty() {
        parts.push((None, lead.to_owned()));
    }
    for (index, tag) in tags.iter().enumerate() {
        let until = tags.get(index + 1).map_or(said.len(), |next| next.start);
        parts.push((Some(tag.speaker), said[tag.end..until].trim_end_matches(['-', ' ', '\n']).to_owned()));
    }
    parts
}

fn add(
    runs: &mut Vec<Run>,
    speaker: Option<Speaker>,
    voice: Option<&str>,
    said: &str,
    (start, end): (f64, f64),
    place: &Place,
    intake: &mut Intake,
) {
    let last = runs.last().map(|run| run.speaker);
    let Some(speaker) = speaker.or(if voice.is_none() { last } else { None }) else {
        let note = voice.unwrap_or("no voice").chars().take(40).collect::<String>();
        intake.report.refuse(Refusal::UnknownSpeaker, &place.clone().with_note(note));
        return;
    };
    match runs.last_mut() {
        Some(run) if run.speaker == speaker => {
            intake.report.repair(Repair::JoinedRows, place);
            run.text.push(' ');
            run.text.push_str(said);
            run.end = end;
        }
        _ => runs.push(Run { speaker, text: said.to_owned(), start, end, place: place.clone() }),
    }
}

/// `Agent`, `Sales Rep`, `Agent 2` or `Agent (Sarah)`.
fn speaker_of(voice: &str, speakers: &SpeakerNames) -> Option<Speaker> {
    let name = voice.split('(').next().unwrap_or(voice).trim();
    speakers
        .find(voice)
        .or_else(|| speakers.find(name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '#')))
}

/// A cue's text by voice tag: the voice's name, if any, and what is said.
fn voices(text: &str) -> Vec<(Option<&str>, &str)> {
    let mut parts = Vec::new();
    let (mut voice, mut from) = (None, 0);
    for (at, _) in text.match_indices("<v") {
        let tag = &text[at + 2..];
        let Some(close) = near(tag, '>') else { continue };
        let inner = &tag[..close];
        if at < from || !inner.starts_with([' ', '.', '\t']) {
            continue;
        }
        if !text[from..at].trim().is_empty() {
            parts.push((voice, &text[from..at]));
        }
        // `<v.loud Agent>`: classes stand before the name.
        voice = Some(inner.split_once(char::is_whitespace).map_or("", |(_, name)| name.trim()));
        from = at + 2 + close + 1;
    }
    if !text[from..].trim().is_empty() {
        parts.push((voice, &text[from..]));
    }
    parts
}

/// Text without `<i>`, `</v>`, `<00:00:01.000>` and `{\an8}`.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['<', '{']) {
        plain.push_str(&rest[..open]);
        let tail = &rest[open..];
        let length = if tail.starts_with('<') { caption_tag(tail) } else { style_override(tail) };
        if length == 0 {
            let mark = tail.chars().next().map_or(0, char::len_utf8);
            plain.push_str(&tail[..mark]);
            rest = &tail[mark..];
        } else {
            rest = &tail[length..];
        }
    }
    plain.push_str(rest);
    plain
}

/// Where a mark stands in the first hundred characters: a tag is not longer.
fn near(text: &str, mark: char) -> Option<usize> {
    text.char_indices().take(100).find(|(_, c)| *c == mark).map(|(at, _)| at)
}

/// The length of the caption tag that `text` begins with, or 0: `5 < 6` is no tag.
fn caption_tag(text: &str) -> usize {
    let Some(close) = near(text, '>') else { return 0 };
    let inner = text[1..close].trim_start_matches('/');
    let name = inner.split([' ', '.', '\t', '\n']).next().unwrap_or("");
    let known = ["v", "i", "b", "u", "c", "ruby", "rt", "lang", "font"]
        .iter()
        .any(|tag| name.eq_ignore_ascii_case(tag));
    if known || seconds(inner).is_some() { close + 1 } else { 0 }
}

fn style_override(text: &str) -> usize {
    if text.starts_with("{\\") { near(text, '}').map_or(0, |close| close + 1) } else { 0 }
}

/// Seconds of `01:02:03.456`, `02:03.456` or `01:02:03,456`.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |part: &str, most: usize| -> Option<f64> {
        let fits = (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|_| fits)
    };
    let parts: Vec<f64> = clock.split(':').map(|part| digits(part, 4)).collect::<Option<_>>()?;
    if !(2..=3).contains(&parts.len()) || parts[1..].iter().any(|&part| part > 59.0) {
        return None;
    }
    let whole = parts.iter().fold(0.0, |sum, part| sum * 60.0 + part);
    let exact = whole + digits(fraction, 9)? / 10f64.powi(fraction.len() as i32);
    // Milliseconds are what captions hold; more digits would not survive being written and read.
    Some((exact * 1000.0).round() / 1000.0)
}
