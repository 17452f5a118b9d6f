//! Predictions after each turn of a conversation.

use crate::heads::TurnOutlook;
use crate::monotone::{never_back, never_behind};

/// Predictions after each turn of a conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outlook {
    /// The customer's next response type, `[turns][6]`.
    pub response_type_next: Vec<Vec<f32>>,
    /// The funnel stage after the turn, `[turns][6]`.
    pub stage_now: Vec<Vec<f32>>,
    /// The funnel stage after the next turn, `[turns][6]`.
    pub stage_next: Vec<Vec<f32>>,
}

impl Outlook {
    /// What the models say after each turn, of a funnel that never goes back.
    pub(crate) fn of_turns<'a>(turns: impl Iterator<Item = &'a TurnOutlook>) -> Self {
        let mut outlook = Self::default();
        for turn in turns {
            outlook.response_type_next.push(turn.response_type_next.to_vec());
            outlook.stage_now.push(turn.stage_now.to_vec());
            outlook.stage_next.push(turn.stage_next.to_vec());
        }
        never_back(&mut outlook.stage_now);
        never_behind(&mut outlook.stage_next, &outlook.stage_now);
        outlook
    }
}
