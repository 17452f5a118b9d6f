//! The human labels of PersuasionForGood, mapped to Rapport's sets. `LABELS.md` prints the same tables.

use crate::{Label, ResponseType, SellerAct, Signals};

/// What a persuadee's sentence does (`ee_label_1`). Labels that are not listed are [`ResponseType::Other`].
pub const PERSUADEE: &[(&str, ResponseType)] = &[
    ("ask-org-info", ResponseType::Question),
    ("ask-donation-procedure", ResponseType::Question),
    ("ask-persuader-donation-intention", ResponseType::Question),
    ("task-related-inquiry", ResponseType::Question),
    ("personal-related-inquiry", ResponseType::Question),
    ("agree-donation", ResponseType::Agreement),
    ("provide-donation-amount", ResponseType::Agreement),
    ("confirm-donation", ResponseType::Agreement),
    ("negative-reaction-to-donation", ResponseType::Objection),
    ("disagree-donation", ResponseType::Objection),
    ("disagree-donation-more", ResponseType::Objection),
    ("positive-reaction-to-donation", ResponseType::Reaction),
    ("neutral-reaction-to-donation", ResponseType::Reaction),
    ("acknowledgement", ResponseType::Reaction),
    ("positive-to-inquiry", ResponseType::Explanation),
    ("negative-to-inquiry", ResponseType::Explanation),
    ("neutral-to-inquiry", ResponseType::Explanation),
    ("greeting", ResponseType::Other),
    ("thank", ResponseType::Other),
    ("you-are-welcome", ResponseType::Other),
    ("closing", ResponseType::Other),
    ("off-task", ResponseType::Other),
    ("other", ResponseType::Other),
];

/// What a persuader's sentence does (`er_label_1`). Labels that are not listed are [`SellerAct::Social`].
pub const PERSUADER: &[(&str, SellerAct)] = &[
    ("greeting", SellerAct::Greeting),
    ("task-related-inquiry", SellerAct::Inquiry),
    ("source-related-inquiry", SellerAct::Inquiry),
    ("personal-related-inquiry", SellerAct::Inquiry),
    ("ask-not-donate-reason", SellerAct::Inquiry),
    ("credibility-appeal", SellerAct::Pitch),
    ("logical-appeal", SellerAct::Pitch),
    ("emotion-appeal", SellerAct::Pitch),
    ("donation-information", SellerAct::Pitch),
    ("foot-in-the-door", SellerAct::Pitch),
    ("personal-story", SellerAct::Pitch),
    ("self-modeling", SellerAct::Pitch),
    ("proposition-of-donation", SellerAct::Ask),
    ("ask-donation-amount", SellerAct::Ask),
    ("ask-donate-more", SellerAct::Ask),
    ("confirm-donation", SellerAct::Ask),
    ("closing", SellerAct::Closing),
    ("acknowledgement", SellerAct::Social),
    ("praise-user", SellerAct::Social),
    ("comment-partner", SellerAct::Social),
    ("thank", SellerAct::Social),
    ("you-are-welcome", SellerAct::Social),
    ("positive-to-inquiry", SellerAct::Social),
    ("neutral-to-inquiry", SellerAct::Social),
    ("negative-to-inquiry", SellerAct::Social),
    ("off-task", SellerAct::Social),
    ("other", SellerAct::Social),
];

/// Which response type names a customer's turn of several sentences: the first that is present.
pub const RESPONSE_PRECEDENCE: [ResponseType; 6] = [
    ResponseType::Agreement,
    ResponseType::Objection,
    ResponseType::Question,
    ResponseType::Explanation,
    ResponseType::Reaction,
    ResponseType::Other,
];

/// Which act names a seller's turn of several sentences: the first that is present.
///
/// Inquiry stands before Pitch: a pitch that ends in a question about the customer is answered like a
/// question. On the 240 annotated dialogues this order tells .431 nats about the next response type,
/// Ask > Pitch > Inquiry > Closing > Greeting > Social only .384.
pub const SELLER_PRECEDENCE: [SellerAct; 6] = [
    SellerAct::Ask,
    SellerAct::Inquiry,
    SellerAct::Pitch,
    SellerAct::Closing,
    SellerAct::Greeting,
    SellerAct::Social,
];

/// Persuadee labels that ask about the organisation or the donation.
const ABOUT_OFFER: [&str; 2] = ["ask-org-info", "ask-donation-procedure"];
/// Labels of both sides that end a conversation.
const FAREWELL: [&str; 3] = ["thank", "you-are-welcome", "closing"];

/// The response type of a persuadee's turn from the labels of its sentences; `None` without labels.
pub fn persuadee_response<'a>(labels: impl IntoIterator<Item = &'a str>) -> Option<ResponseType> {
    first_present(
        labels.into_iter().map(|l| find(PERSUADEE, l).unwrap_or(ResponseType::Other)),
        RESPONSE_PRECEDENCE,
    )
}

/// The act of a persuader's turn from the labels of its sentences; `None` without labels.
pub fn persuader_act<'a>(labels: impl IntoIterator<Item = &'a str>) -> Option<SellerAct> {
    first_present(
        labels.into_iter().map(|l| find(PERSUADER, l).unwrap_or(SellerAct::Social)),
        SELLER_PRECEDENCE,
    )
}

/// What a persuader's turn does in the funnel.
pub fn persuader_signals<'a>(labels: impl IntoIterator<Item = &'a str>) -> Signals {
    let mut signals = Signals::default();
    for label in labels {
        match find(PERSUADER, label) {
            Some(SellerAct::Inquiry) => signals.inquiry = true,
            Some(SellerAct::Pitch) => signals.pitch = true,
            Some(SellerAct::Ask) => signals.ask = true,
            _ => {}
        }
        signals.farewell |= FAREWELL.contains(&label);
    }
    signals
}

/// What a persuadee's turn does in the funnel.
pub fn persuadee_signals<'a>(labels: impl IntoIterator<Item = &'a str>) -> Signals {
    let mut signals = Signals::default();
    for label in labels {
        let response = find(PERSUADEE, label);
        signals.answers_ask |= matches!(response, Some(ResponseType::Agreement | ResponseType::Objection));
        signals.asks_about_offer |= ABOUT_OFFER.contains(&label);
        signals.farewell |= FAREWELL.contains(&label);
    }
    signals
}

fn find<L: Label>(table: &[(&str, L)], label: &str) -> Option<L> {
    table.iter().find(|(name, _)| *name == label).map(|&(_, l)| l)
}

fn first_present<L: Label>(labels: impl Iterator<Item = L>, precedence: [L; 6]) -> Option<L> {
    labels.min_by_key(|label| precedence.iter().position(|p| p == label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_present() {
        assert_eq!(persuadee_response(["acknowledgement", "ask-org-info"]), Some(ResponseType::Question));
        assert_eq!(persuadee_response(["thank", "positive-to-inquiry"]), Some(ResponseType::Explanation));
        assert_eq!(persuadee_response(["ask-org-info", "agree-donation"]), Some(ResponseType::Agreement));
        assert_eq!(persuadee_response(["never-seen"]), Some(ResponseType::Other));
        assert_eq!(persuadee_response([]), None);
        assert_eq!(persuader_act(["credibility-appeal", "task-related-inquiry"]), Some(SellerAct::Inquiry));
        assert_eq!(persuader_act(["thank", "closing"]), Some(SellerAct::Closing));
    }

    #[test]
    fn tables_name_each_label_once() {
        for names in [
            PERSUADEE.iter().map(|(n, _)| *n).collect::<Vec<_>>(),
            PERSUADER.iter().map(|(n, _)| *n).collect::<Vec<_>>(),
        ] {
            let unique: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(unique.len(), names.len());
        }
    }

    #[test]
    fn the_documentation_prints_the_tables() {
        let page = include_str!("../LABELS.md");
        for (name, response) in PERSUADEE {
            assert!(page.contains(&format!("| `{name}` | {} |", response.title())), "{name} is missing");
        }
        for (name, act) in PERSUADER {
            assert!(page.contains(&format!("| `{name}` | {} |", act.title())), "{name} is missing");
        }
    }
}
