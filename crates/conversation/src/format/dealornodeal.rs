//! DealOrNoDeal (Lewis et al. 2017): two sides divide books, hats and balls; one line for each side's view.
//!
//! Both sides want the same, so customer and salesperson are only names here: the side that speaks first is
//! the customer. The two views of a dialogue give one conversation. Won means reward = number and agree.

use std::collections::HashSet;

use serde_json::json;

use super::intake::{Draft, Intake};
use super::{ImportError, Text};
use crate::{Outcome, Refusal, Repair, Speaker};

pub(super) fn read(texts: &[Text], intake: &mut Intake) -> Result<(), ImportError> {
    let mut seen = HashSet::new();
    for text in texts {
        for (number, line) in text.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = text.place(number + 1, 0);
            let Some(view) = View::parse(line) else {
                intake.report.refuse(Refusal::MalformedRow, &place);
                continue;
            };
            let key = view.key();
            if !seen.insert(key.clone()) {
                intake.report.repair(Repair::SecondRecord, &place);
                continue;
            }
            let mut draft = Draft::new(format!("dealornodeal-{:016x}", fnv1a(key.as_bytes())), place.clone());
            draft.conversation.outcome = Some(if view.deal { Outcome::Won } else { Outcome::Lost });
            draft.meta("status", view.status);
            draft.meta("result", view.result);
            draft.meta("selection", view.selection);
            draft.meta("customer_items", json!(view.first));
            draft.meta("salesperson_items", json!(view.second));
            for (first_speaks, said) in &view.said {
                let speaker = if *first_speaks { Speaker::Customer } else { Speaker::Salesperson };
                intake.say(&mut draft, speaker, said, &place);
            }
            intake.take(draft)?;
        }
    }
    Ok(())
}

/// One line, told from the side that speaks first.
struct View<'l> {
    /// Count and own value of each item, of the side that speaks first.
    first: [u32; 6],
    /// The same of the other side.
    second: [u32; 6],
    /// Whether the first side speaks, and what is said.
    said: Vec<(bool, &'l str)>,
    selection: &'l str,
    /// The reward, `no agreement` or `disconnect`.
    result: &'l str,
    /// `agree` or `disagree`.
    status: &'l str,
    deal: bool,
}

impl<'l> View<'l> {
    fn parse(line: &'l str) -> Option<Self> {
        let line = line.trim();
        let start = line.find("YOU:").into_iter().chain(line.find("THEM:")).min()?;
        let own = six(&line[..start])?;
        let end = line.rfind("reward=")?;
        let (result, rest) = tail(line.get(end + "reward=".len()..)?)?;
        let (status, partner) = rest.split_once(' ')?;
        let partner = six(partner)?;
        let mut said = Vec::new();
        let mut selection = "";
        for part in line.get(start..end)?.split("<eos>").map(str::trim).filter(|part| !part.is_empty()) {
            let (side, text) = part.split_once(':')?;
            let you = match side {
                "YOU" => true,
                "THEM" => false,
                _ => return None,
            };
            match text.trim().strip_prefix("<selection>") {
                Some(split) => selection = split.trim(),
                None => said.push((you, text.trim())),
            }
        }
        let you_first = said.first().is_none_or(|&(you, _)| you);
        let (first, second) = if you_first { (own, partner) } else { (partner, own) };
        let said = said.into_iter().map(|(you, text)| (you == you_first, text)).collect();
        let deal = result.bytes().all(|b| b.is_ascii_digit()) && status == "agree";
        Some(Self { first, second, said, selection, result, status, deal })
    }

    /// The same for both views of a dialogue, and for no other dialogue.
    fn key(&self) -> String {
        let said: Vec<String> = self.said.iter().map(|(first, text)| format!("{first} {text}")).collect();
        format!("{:?}|{:?}|{}", self.first, self.second, said.join("|"))
    }
}

/// The result and what follows it; two results are two words long.
fn tail(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix("no agreement ") {
        Some(rest) => Some(("no agreement", rest)),
        None => text.split_once(' '),
    }
}

fn six(text: &str) -> Option<[u32; 6]> {
    let numbers: Vec<u32> = text.split_whitespace().map(|n| n.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// FNV-1a with 64 bits: a short, stable name for a dialogue, not a protection.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
