//! The funnel: the stage of every turn from what both sides do. It never goes back.

use crate::{ResponseType, SellerAct, Speaker, Stage, TurnLabels};

/// What one turn does, as far as the funnel cares. A turn of several sentences may do several things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Independent facts about a turn, not a state.
pub struct Signals {
    /// The seller asks about the customer.
    pub inquiry: bool,
    /// The seller presents or persuades.
    pub pitch: bool,
    /// The seller asks for the commitment.
    pub ask: bool,
    /// The customer asks about the offer or who makes it.
    pub asks_about_offer: bool,
    /// The customer agrees or refuses.
    pub answers_ask: bool,
    /// Either side thanks, is welcome, or says good-bye.
    pub farewell: bool,
}

impl Signals {
    /// The signals that a turn's single labels give, where the finer ones are not known.
    pub fn from_labels(speaker: Speaker, labels: &TurnLabels) -> Self {
        let mut signals = Self::default();
        match speaker {
            Speaker::Salesperson => match labels.seller_act {
                Some(SellerAct::Inquiry) => signals.inquiry = true,
                Some(SellerAct::Pitch) => signals.pitch = true,
                Some(SellerAct::Ask) => signals.ask = true,
                Some(SellerAct::Closing) => signals.farewell = true,
                Some(SellerAct::Greeting | SellerAct::Social) | None => {}
            },
            Speaker::Customer => match labels.response_type {
                Some(ResponseType::Question) => signals.asks_about_offer = true,
                Some(ResponseType::Agreement | ResponseType::Objection) => signals.answers_ask = true,
                Some(ResponseType::Explanation | ResponseType::Reaction | ResponseType::Other) | None => {}
            },
        }
        signals
    }
}

/// The stage once a turn is said, from the stage before it and what the turn does.
///
/// | signal | from | to at least |
/// |---|---|---|
/// | seller inquires | any | Discovery |
/// | seller pitches | any | Pitch |
/// | customer asks about the offer | Discovery or later | Pitch |
/// | seller asks for the commitment | any | Ask |
/// | customer agrees or refuses | Ask | Decision |
/// | thanks, welcome, good-bye | Decision | Close |
///
/// A conversation begins in Opening. The answer that decides is not also the farewell: a turn that
/// says "yes, thank you" moves to Decision.
pub fn funnel(before: Stage, signals: Signals) -> Stage {
    let mut now = before;
    if signals.inquiry {
        now = now.max(Stage::Discovery);
    }
    if signals.pitch || (signals.asks_about_offer && before >= Stage::Discovery) {
        now = now.max(Stage::Pitch);
    }
    if signals.ask {
        now = now.max(Stage::Ask);
    }
    match before {
        Stage::Ask if signals.answers_ask => Stage::Decision,
        Stage::Decision if signals.farewell => Stage::Close,
        _ => now,
    }
}

/// The stages of a whole conversation, one for each turn, oldest first.
pub fn funnel_stages(turns: impl IntoIterator<Item = Signals>) -> Vec<Stage> {
    turns
        .into_iter()
        .scan(Stage::Opening, |stage, signals| {
            *stage = funnel(*stage, signals);
            Some(*stage)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn walks_the_whole_funnel() {
        use Stage::{Ask, Close, Decision, Discovery, Opening, Pitch};
        let none = Signals::default();
        let turns = [
            none,
            Signals { asks_about_offer: true, ..none },
            Signals { inquiry: true, ..none },
            Signals { answers_ask: true, ..none },
            Signals { asks_about_offer: true, ..none },
            Signals { ask: true, pitch: true, ..none },
            Signals { answers_ask: true, farewell: true, ..none },
            Signals { inquiry: true, ..none },
            Signals { farewell: true, ..none },
            Signals { ask: true, ..none },
        ];
        let expected = [Opening, Opening, Discovery, Discovery, Pitch, Ask, Decision, Decision, Close, Close];
        assert_eq!(funnel_stages(turns), expected);
    }

    proptest! {
        #[test]
        fn never_goes_back(bits in proptest::collection::vec(0u8..64, 0..60)) {
            let stages = funnel_stages(bits.iter().map(|b| Signals {
                inquiry: b & 1 != 0, pitch: b & 2 != 0, ask: b & 4 != 0,
                asks_about_offer: b & 8 != 0, answers_ask: b & 16 != 0, farewell: b & 32 != 0,
            }));
            prop_assert_eq!(stages.len(), bits.len());
            prop_assert!(stages.is_sorted());
        }
    }
}
