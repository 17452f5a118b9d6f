//! Objections, by what they are about.

use super::table::Row;
use crate::Label;
use crate::label::labels;
use serde::{Deserialize, Serialize};

labels! {
    /// What an objection is about.
    ObjectionCategory {
        /// The price, the budget.
        Price = "price", "Price";
        /// The moment.
        Timing = "timing", "Timing";
        /// Somebody else decides.
        Authority = "authority", "Authority";
        /// There is no need.
        Need = "need", "Need";
        /// Doubt about the offer or who makes it.
        Trust = "trust", "Trust";
        /// Another supplier.
        Competitor = "competitor", "Competitor";
        /// A polite way out: send me an e-mail, let me think.
        Stall = "stall", "Stall";
    }
}

use ObjectionCategory::{Authority, Competitor, Need, Price, Stall, Timing, Trust};

const fn row(
    name: &'static str,
    label: ObjectionCategory,
    confidence: f32,
    patterns: &'static [&'static str],
) -> Row<ObjectionCategory> {
    Row { name, label, confidence, patterns, unless: &[] }
}

pub(super) const OBJECTIONS: &[Row<ObjectionCategory>] = &[
    Row {
        unless: &["not|isnt|wasnt|never too"],
        ..row(
            "too_expensive",
            Price,
            0.92,
            &[
                "too expens~|pricey|costly|dear",
                "too high|steep|much * price|money|cost",
                "price|cost|fee|quote * too high|much|steep",
                "costs|charge|asking too much",
                "way|bit|little|rather|pretty|quite expens~|pricey|costly",
                "lot of money",
                "more than * expected|budget|afford|planned|pay|spend",
            ],
        )
    },
    row(
        "cannot_afford",
        Price,
        0.93,
        &[
            "cant|cannot|couldnt * afford",
            "not|hardly|barely able to afford",
            "not * afford",
            "out of|over|beyond|above|outside our|my|the|their budget",
            "not|isnt in|within our|my|the budget",
            "no|dont * budget",
            "budget * tight|limited|frozen|gone|spent|cut|small",
            "tight|limited|small budget",
            "dont|do|didnt ?not have * money|funds|cash",
            "short|low|tight on money|cash|funds",
            "money is tight",
            "broke right|at|now|until",
        ],
    ),
    row(
        "wants_lower_price",
        Price,
        0.75,
        &[
            "can|could|would you * lower|lower|reduce|drop|come|go down|price",
            "cheaper|lower price|option|plan|offer|rate [?]",
            "any|a discount~|deal|promotion~ [?]",
            "best|lowest price|offer|deal you|your [?]",
        ],
    ),
    row(
        "bad_moment",
        Timing,
        0.9,
        &[
            "not * good|right|best|great time|moment",
            "bad|wrong|terrible|busy time|moment",
            "too busy|early|soon",
            "dont|do|not ?not have ?the|any|much time",
            "in a meeting|call|hurry|rush",
            "?on my way out",
            "call|try|contact|reach me|us|back * later|tomorrow|week|month|quarter|year",
            "maybe|perhaps later|sometime|another|next",
            "not right now|away",
            "not at|for this|the time|moment|now",
            "not * today|yet $",
            "another|some other time",
            "revisit|circle|talk|come * next|later|quarter|year|month",
        ],
    ),
    row(
        "not_ready",
        Timing,
        0.8,
        &["not|isnt|arent|arenot ?quite|really|yet ready", "need|want more|some|a ?little|bit time"],
    ),
    row(
        "someone_else_decides",
        Authority,
        0.92,
        &[
            "have|need|want|got|going to ask|consult|check|talk|speak|discuss|clear|run * wife|husband|spouse|partner|boss|manager|team|director|ceo|cfo|cto|finance|legal|procurement|board|colleagues|family|parents",
            "ask|consult|check|talk|speak|discuss * wife|husband|spouse|boss|manager|supervisor|director|ceo|cfo|finance|legal|procurement|board first|before",
            "not|isnt ?really my decision|call|choice",
            "not the ?right|one|decision|person maker|who|to",
            "im|i am|not ?not the decision maker",
            "dont|cant|cannot make * decision|decisions|call",
            "above my pay",
            "wife|husband|boss|manager|board|cfo|ceo decides|handles|approves",
            "needs|need|requires * approval|signoff",
        ],
    ),
    row(
        "no_need",
        Need,
        0.92,
        &[
            "not|isnt|arent ?really|that|very|at|all interested",
            "no|zero interest",
            "dont|do|doesnt|didnt ?not ?really|think need|want * it|this|that|one|any|anything|them",
            "dont|do ?not ?really need|want to",
            "no need|use for",
            "dont|cant|not ?really see|seeing ?the|any value|point|need|benefit|use|reason",
            "not ?a|really|the good|right|great fit",
            "not|isnt ?really for me|us",
            "happy|satisfied|fine|good with what|our|my|the current|existing|we|i",
            "no thanks|thank",
            "stop|quit calling|emailing|contacting",
            "remove|take me|us|my * list|off",
            "rather|prefer not|nothing",
            "wont|would|will be|not buying|need|be|donating|donate",
            "will|would have to|need pass|decline",
            "ill pass",
            "id|would rather keep|not|spend|save",
        ],
    ),
    row(
        "doubt",
        Trust,
        0.88,
        &[
            "never heard of",
            "scam~|fraud~|ripoff|sketchy|shady|fishy",
            "dont|cant|hard|not to|really|fully trust|believe",
            "how do|can|would i|we know|trust|be|sure",
            "skeptic~|sceptic~|suspicious|hesitant|doubtful|leery|wary",
            "too good to be true",
            "not|isnt|arent ?really|yet|fully convinced|sure|certain * work|works|worth|trust|legit|it|this|that",
            "bad|negative|mixed|poor reviews|experience~",
            "been burned|burnt|cheated|disappointed",
            "is this|it legit|real|safe|legitimate [?]",
        ],
    ),
    row(
        "worry",
        Trust,
        0.7,
        &[
            "worried|concerned|nervous|afraid|anxious|unsure|uncertain about|that|of|if|whether|how",
            "my|our ?main|only|biggest concern|worry|fear|issue",
        ],
    ),
    row(
        "has_other",
        Competitor,
        0.85,
        &[
            "already|currently work|working|use|using|have|with|own|got|using|under|signed * provider|vendor|supplier|contract|solution|system|agency|tool|one|someone|software|crm",
            "already|currently under|in|have a|contract|with",
            "happy|stick|staying|stay with our|my|current|the * provider|vendor|supplier|brand|system|one",
            "locked|tied in|into",
            "going|went|go|gone with someone|another|other|somebody|competitor~",
            "competitor~|others|elsewhere|amazon * cheaper|better|less|lower|offers|offer|offered|charges",
            "cheaper|better|lower * elsewhere|online|competitor~|somewhere",
            "better|other|another|lower offer|deal|price|quote from|elsewhere",
        ],
    ),
    row(
        "send_me_something",
        Stall,
        0.85,
        &[
            "send|email|mail|text|forward|shoot ?it|me|us|over * email|mail|info|information|details|brochure|proposal|something|link|deck|material~|literature|summary",
            "just|please|simply|can|could|you send|email|mail me|us|it|that",
        ],
    ),
    row(
        "let_me_think",
        Stall,
        0.88,
        &[
            "think about|on|over ?it|this|that",
            "think it|this|that through|over",
            "sleep on it",
            "get|come back to you",
            "let you know ?later|soon|if|when|$",
            "need|want|have|like to think|consider|decide|mull",
            "shop|look around",
            "do|doing ?some|more|my ?own research|homework",
            "ill|i will|we consider",
        ],
    ),
];
