//! No personal data: what the redactor sees must be invented first names and nothing else.

use rapport_conversation::{Conversation, PersonalData, Redactor};

use super::Findings;

pub(super) fn check(conversations: &[Conversation], findings: &mut Findings) {
    for c in conversations {
        let mut redactor = Redactor::new();
        for (at, turn) in c.turns.iter().enumerate() {
            for found in redactor.redact(&turn.text).found {
                let kind = format!("{:?}", found.kind).to_lowercase();
                if found.kind != PersonalData::Name {
                    findings.faults.push(format!("{}, turn {at}: the redactor sees {kind}", c.id));
                }
                *findings.personal_data.entry(kind).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rapport_conversation::{Speaker, Turn};

    use super::*;

    #[test]
    fn an_address_is_a_fault_and_a_name_is_not() {
        let c = |text: &str| Conversation::new("a", vec![Turn::new(Speaker::Customer, text)]);
        let mut findings = Findings::default();
        check(&[c("Hi, my name is Orla.")], &mut findings);
        assert!(findings.faults.is_empty() && findings.personal_data["name"] == 1);
        check(&[c("Write to orla@example.com")], &mut findings);
        assert_eq!(findings.faults, ["a, turn 0: the redactor sees email"]);
    }
}
