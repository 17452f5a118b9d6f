//! Buying signals: what customers say when they move towards a deal.

use super::table::Row;
use crate::Label;
use crate::label::labels;
use serde::{Deserialize, Serialize};

labels! {
    /// What a buying signal is about.
    BuyingSignal {
        /// Commits to buy.
        Commitment = "commitment", "Commitment";
        /// Asks what it costs.
        Price = "price", "Price";
        /// Asks to see it work.
        Demo = "demo", "Demo";
        /// Asks to try it.
        Trial = "trial", "Trial";
        /// Asks for or about a contract, invoice or order.
        Contract = "contract", "Contract";
        /// Asks when it comes or how long it takes.
        Timeline = "timeline", "Timeline";
        /// Asks what happens next, or for a meeting.
        NextStep = "next_step", "Next Step";
        /// Asks whether it works with what is there.
        Fit = "fit", "Fit";
    }
}

use BuyingSignal::{Commitment, Contract, Demo, Fit, NextStep, Price, Timeline, Trial};

const fn row(
    name: &'static str,
    label: BuyingSignal,
    confidence: f32,
    patterns: &'static [&'static str],
) -> Row<BuyingSignal> {
    Row { name, label, confidence, patterns, unless: &["not|dont|wont|cant|never|isnt|without"] }
}

pub(super) const SIGNALS: &[Row<BuyingSignal>] = &[
    row(
        "commits",
        Commitment,
        0.8,
        &[
            "lets|let do it|this|that",
            "lets|let us go|move ahead|forward|with",
            "ill|we|i ?will take it|that|one|two|them|this|both",
            "sign me|us up",
            "count me|us in",
            "where do i|we sign|pay",
            "im|were|we ?are in $",
            "im|were|we|i ?are|am ready to buy|order|sign|proceed|start|commit|move|go|purchase|book",
            "id|i|we|wed ?would like|love to buy|order|purchase|proceed|sign|book|subscribe|start|go|get",
            "you|we have|got|ve a deal",
            "^ deal $",
            "^ sold $",
            "go ahead and|with",
            "happy|glad|willing to sign|buy|donate|pay|commit|order",
            "ill|i will|i would|id buy|order|purchase|donate|book|sign|subscribe",
        ],
    ),
    row(
        "asks_price",
        Price,
        0.8,
        &[
            "how much [?]",
            "what|whats * price|cost|costs|pricing|fee|fees|rate|rates|charge [?]",
            "how * priced|cost [?]",
            "pricing|prices [?]",
            "payment|financing plan|plans|option|options|terms [?]",
        ],
    ),
    row(
        "asks_demo",
        Demo,
        0.85,
        &[
            "see|get|have|schedule|book|show|watch|want|like|give * demo~",
            "demo~ [?]",
            "show me|us how",
            "walk me|us through",
            "see it|this in|work",
        ],
    ),
    row(
        "asks_trial",
        Trial,
        0.85,
        &[
            "free|trial|test|pilot period|trial|run|version|account|project",
            "try it|this|that ?out",
            "can|could|may i|we try|test|pilot",
            "trial|pilot|sample~ [?]",
        ],
    ),
    row(
        "asks_contract",
        Contract,
        0.85,
        &[
            "send|email|draft|prepare|get|have|see|review|sign * contract|agreement|invoice|proposal|quote|paperwork|order",
            "contract|agreement|invoice|paperwork|warranty|refund|return [?]",
            "how long|what * contract|commitment [?]",
        ],
    ),
    row(
        "asks_timeline",
        Timeline,
        0.8,
        &[
            "how soon|long|fast|quickly [?]",
            "when * start|deliver~|ship~|available|arrive|begin|install~|ready|get [?]",
            "delivery|lead|turnaround|setup|implementation time~|date|process [?]",
            "by next|the|end|tomorrow|monday|friday [?]",
        ],
    ),
    row(
        "asks_next_step",
        NextStep,
        0.85,
        &[
            "next step~",
            "what|whats * next [?]",
            "how do|can|would i|we get|sign|order|proceed|start|begin|pay|go|buy|donate|set|purchase [?]",
            "schedule|set|book|arrange ?up * call|meeting|appointment|time|visit|viewing",
            "where|how can i|we buy|order|pay|get|donate [?]",
        ],
    ),
    row(
        "asks_fit",
        Fit,
        0.7,
        &[
            "does|do|will|can|is|would * work|integrate|compatible|fit|support|connect|scale * with|for|our|my [?]",
            "can|does it|this|your handle|support|integrate|connect|do [?]",
        ],
    ),
];
