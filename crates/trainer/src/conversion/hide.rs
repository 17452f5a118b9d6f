//! Leaving out the turns that state the outcome: whoever reads them need not forecast.

use rapport_conversation::Conversation;

/// What is left out of a conversation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hide {
    /// Nothing.
    #[default]
    Nothing,
    /// The last two lines, in which a deal is struck or refused.
    LastTwo,
    /// Every line that names a number: a donor who says the amount, an offer and its answer.
    Amounts,
}

impl Hide {
    /// What judging looks at beside the whole.
    pub(crate) const HIDING: [Self; 2] = [Self::LastTwo, Self::Amounts];

    /// The conversation without what is hidden.
    pub(crate) fn apply(self, conversation: &Conversation) -> Conversation {
        let mut shown = Conversation::new(conversation.id.clone(), conversation.turns.clone());
        match self {
            Self::Nothing => {}
            Self::LastTwo => shown.turns.truncate(conversation.turns.len().saturating_sub(2)),
            Self::Amounts => shown.turns.retain(|turn| !names_amount(&turn.text)),
        }
        shown
    }

    /// The name on the command line and in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::LastTwo => "last-two",
            Self::Amounts => "amounts",
        }
    }
}

/// Words that name an amount without a digit.
const AMOUNT_WORDS: [&str; 22] = [
    "cent", "cents", "dollar", "dollars", "buck", "bucks", "half", "quarter", "one", "two", "three", "four",
    "five", "ten", "twenty", "fifty", "hundred", "full", "entire", "whole", "penny", "percent",
];

fn names_amount(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        || text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| AMOUNT_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use rapport_conversation::{Speaker, Turn};

    use super::*;

    #[test]
    fn lines_that_state_the_outcome_go() {
        let texts = ["Hello", "Would you give 50 cents?", "I will give half a dollar", "Thanks", "Bye"];
        let turns = texts.iter().map(|t| Turn::new(Speaker::Customer, *t)).collect();
        let conversation = Conversation::new("c", turns);
        let left = |hide: Hide| -> Vec<String> {
            hide.apply(&conversation).turns.iter().map(|t| t.text.clone()).collect()
        };
        assert_eq!(left(Hide::Nothing).len(), 5);
        assert_eq!(left(Hide::LastTwo), texts[..3]);
        assert_eq!(left(Hide::Amounts), ["Hello", "Thanks", "Bye"]);
        assert!(Hide::LastTwo.apply(&Conversation::new("e", Vec::new())).turns.is_empty());
    }
}
