//! What is judged.

use clap::ValueEnum;
use rapport_conversation::{Label, ResponseType, Stage};
use serde::{Deserialize, Serialize};

/// A question about a conversation that has a right answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// What a customer's turn does, once it is said.
    ResponseTypeNow,
    /// What the customer's next turn will do, before it is said.
    ResponseTypeNext,
    /// The stage once a turn is said.
    StageNow,
    /// The stage once the next turn will be said.
    StageNext,
    /// The cluster of the next turn, by the bundle's own direction model.
    Direction,
}

impl Task {
    /// Every task, in the order of reports.
    pub const ALL: [Self; 5] =
        [Self::ResponseTypeNow, Self::ResponseTypeNext, Self::StageNow, Self::StageNext, Self::Direction];

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResponseTypeNow => "response-type-now",
            Self::ResponseTypeNext => "response-type-next",
            Self::StageNow => "stage-now",
            Self::StageNext => "stage-next",
            Self::Direction => "direction",
        }
    }

    /// The turn label that holds the right answer; `None` when the bundle itself gives it.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Self::ResponseTypeNow | Self::ResponseTypeNext => Some("response_type"),
            Self::StageNow | Self::StageNext => Some("stage"),
            Self::Direction => None,
        }
    }

    /// Names of the classes, in class order; `clusters` names those of [`Task::Direction`].
    pub fn classes(self, clusters: &[String]) -> Vec<String> {
        fn names<L: Label>() -> Vec<String> {
            L::ALL.iter().map(|l| l.name().to_owned()).collect()
        }
        match self {
            Self::ResponseTypeNow | Self::ResponseTypeNext => names::<ResponseType>(),
            Self::StageNow | Self::StageNext => names::<Stage>(),
            Self::Direction => clusters.to_vec(),
        }
    }

    /// States that the Markov baseline can come from, beside the beginning of the conversation.
    pub(super) fn states(self, classes: usize) -> usize {
        match self {
            // What the customer's turn did, or what the salesperson's did.
            Self::ResponseTypeNow | Self::ResponseTypeNext => super::example::ACT_STATES,
            Self::StageNow | Self::StageNext | Self::Direction => classes,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_one_name_everywhere() {
        for task in Task::ALL {
            assert_eq!(serde_json::to_value(task).unwrap(), task.name());
            assert_eq!(task.to_possible_value().unwrap().get_name(), task.name());
        }
        assert!(Task::ALL.is_sorted());
    }
}
