//! Switchboard dialogue acts: telephone talk between strangers, `conversation|speaker|text|act` a line.
//!
//! Nobody sells anything: caller A, who opens, is named salesperson, caller B customer. Consecutive utterances
//! of one speaker are a turn. The acts of B's turns give a response type; all acts stay as `sentence_acts`.

use serde_json::json;

use super::intake::{Draft, Intake};
use super::{ImportError, Text};
use crate::{LabelSource, Provenance, RESPONSE_PRECEDENCE, Refusal, Repair, ResponseType, Speaker};

struct Utterance<'t> {
    conversation: &'t str,
    speaker: Speaker,
    text: &'t str,
    act: &'t str,
    line: usize,
}

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    let mut used = 0;
    for text in texts {
        // The lists of labels have one or two fields a line.
        if text.text.lines().next().is_none_or(|line| line.split('|').count() < 4) {
            intake.report.refuse(Refusal::UnusedFile, &text.place(0, 0));
            continue;
        }
        used += 1;
        let mut utterances = Vec::new();
        for (number, line) in text.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match utterance(line, number + 1) {
                Ok(utterance) => utterances.push(utterance),
                Err(refusal) => intake.report.refuse(refusal, &text.place(number + 1, 0)),
            }
        }
        for conversation in utterances.chunk_by(|a, b| a.conversation == b.conversation) {
            read_conversation(conversation, text, intake)?;
        }
    }
    if used == 0 {
        return Err(ImportError::layout(texts, "swda", "lines like 2005|A|Okay.|aa"));
    }
    Ok(())
}

fn utterance(line: &str, number: usize) -> Result<Utterance<'_>, Refusal> {
    let mut fields = line.splitn(4, '|');
    let mut next = || fields.next().ok_or(Refusal::MalformedRow);
    let (conversation, speaker, text, act) = (next()?, next()?, next()?, next()?);
    let speaker = match speaker {
        "A" => Speaker::Salesperson,
        "B" => Speaker::Customer,
        _ => return Err(Refusal::UnknownSpeaker),
    };
    Ok(Utterance { conversation, speaker, text, act: act.trim(), line: number })
}

fn read_conversation(said: &[Utterance<'_>], text: &Text, intake: &mut Intake) -> Result<(), ImportError> {
    let mut draft = Draft::new(format!("swda-{}", said[0].conversation), text.place(said[0].line, 0));
    draft.meta("file", text.stem());
    for run in said.chunk_by(|a, b| a.speaker == b.speaker) {
        for joined in &run[1..] {
            intake.report.repair(Repair::JoinedRows, &text.place(joined.line, 0));
        }
        let whole = run.iter().map(|u| u.text).collect::<Vec<_>>().join(" ");
        let Some(turn) = intake.say(&mut draft, run[0].speaker, &whole, &text.place(run[0].line, 0)) else {
            continue;
        };
        let acts: Vec<&str> = run.iter().map(|u| u.act).collect();
        if run[0].speaker == Speaker::Customer {
            let present: Vec<ResponseType> = acts.iter().map(|act| response(act)).collect();
            turn.labels.response_type = RESPONSE_PRECEDENCE.into_iter().find(|r| present.contains(r));
            let human = Provenance { source: LabelSource::Human, confidence: 1.0 };
            turn.labels.provenance.insert("response_type".to_owned(), human);
        }
        turn.labels.other.insert("sentence_acts".to_owned(), json!(acts));
    }
    intake.take(draft)
}

/// The response type of a Switchboard act (`LABELS.md` prints the table).
fn response(act: &str) -> ResponseType {
    match act {
        "qy" | "qw" | "qo" | "qrr" | "qh" | "qy^d" | "qw^d" | "^g" | "br" => ResponseType::Question,
        "aa" | "aap_am" | "oo_co_cc" => ResponseType::Agreement,
        "ar" | "arp_nd" => ResponseType::Objection,
        "sd" | "sv" | "na" | "ng" | "no" | "ny" | "nn" | "^q" | "bf" | "h" => ResponseType::Explanation,
        "b" | "bk" | "ba" | "bh" | "b^m" | "^2" | "bd" | "^h" => ResponseType::Reaction,
        _ => ResponseType::Other,
    }
}
