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
            0.88,
            &[
                "too expens~|pricey|costly|dear",
                "too high|steep|much * price|money|cost",
                "price|cost|fee|quote * too high|much|steep",
                "costs|charge|asking too much",
                "way|bit|little|rather|pretty|quite expens~|pricey|costly",
                "thats|its|is|seems|costs|quite ?a ?whole lot of money",
                "more than * expected|budget|afford|planned|pay|spend",
            ],
        )
    },
    row(
        "cannot_afford",
        Price,
        0.88,
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
        0.82,
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
            "not today",
            "not * sure|ready|now yet $",
            "another|some other time",
            "revisit|circle|reconnect * next|later|quarter|year|month",
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
        0.9,
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
        0.88,
        &[
            "not|isnt|arent ?really|that|very|at|all interested",
            "no|zero interest",
            "dont|doesnt|didnt ?really|think * need|want * it|this|that|one|any|anything|them",
            "do|does|did not ?really need|want * it|this|that|one|any|anything|them",
            "dont|wont|not ?really need|want to buy|donate|spend|commit|sign|pay|invest|order|switch|change|proceed|give",
            "no need|use for",
            "dont|cant|not ?really see|seeing ?the|any value|point|need|benefit|use|reason",
            "not ?a|really|the good|right|great fit",
            "not|isnt ?really for me|us",
            "happy|satisfied|fine|good with what|our|my|the current|existing|we|i",
            "^ ?um|oh|well|but no thanks",
            "^ ?um|oh|well|but no thank you $",
            "stop|quit calling|emailing|contacting",
            "remove|take me|us|my * list|off",
            "rather|prefer not|nothing",
            "wont ?be need|needing|buy|buying|donate|donating|interested",
            "will|would not ?be need|needing|buy|buying|donate|donating|interested",
            "will|would have to|need pass|decline",
            "ill pass",
            "id|would rather keep|not|spend|save",
        ],
    ),
    row(
        "doubt",
        Trust,
        0.8,
        &[
            "never heard of",
            "is|its|sounds|seems|looks|like * scam|fraud|ripoff|sketchy|shady|fishy",
            "dont|cant|hard|not to|really|fully trust|believe",
            "skeptic~|sceptic~|suspicious|hesitant|doubtful|leery|wary",
            "too good to be true",
            "not|isnt|arent ?really|yet|fully convinced|sure|certain * work|works|worth|trust|legit|it|this|that",
            "bad|negative|mixed|poor reviews|experience~",
            "been burned|burnt|cheated|disappointed",
        ],
    ),
    // A question that doubts: the turn asks more than it refuses.
    row(
        "asks_for_proof",
        Trust,
        0.75,
        &[
            "how do|can|would i|we know|trust|be|sure",
            "is this|it|that legit|real|safe|legitimate|scam [?]",
            "how can|do|will you assure|ensure|guarantee|prove",
        ],
    ),
    row(
        "worry_about_price",
        Price,
        0.88,
        &["worried|concerned|nervous|concern~ * about|with|is * price~|cost~|fee~|budget|money|expense~"],
    ),
    row(
        "worry_about_offer",
        Trust,
        0.82,
        &[
            "worried|concerned|nervous|unsure|hesitant * about|if|whether|that * quality|durability|support|security|privacy|safety|transition|implementation|side|reliability|contract|commitment|results|investing|switching|works|work",
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
        0.82,
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
    Row {
        unless: &["contract|agreement|invoice|quote|order|demo|link|paperwork|samples"],
        ..row(
            "send_me_something",
            Stall,
            0.8,
            &[
                "send|email|mail|text|forward|shoot ?it|me|us|over * email|mail|info|information|details|brochure|proposal|something|link|deck|material~|literature|summary",
                "just|please|simply|can|could|you send|email|mail me|us|it|that",
            ],
        )
    },
    row(
        "let_me_think",
        Stall,
        0.82,
        &[
            "need|want|have|like|let|ill|will|got|going|gonna|must|should|time ?to|me|you|us think about|on|over it|this|that",
            "think it|this|that through|over",
            "sleep on it",
            "get|come back to you",
            "ill|will|can|us let you know",
            "need|want|have|like to think|consider|decide|mull",
            "shop|look around",
            "do|doing ?some|more|my ?own ?more|own research|homework",
            "^ ?ok|okay|well|maybe|hmm ill|i|we ?will consider it|that|this",
        ],
    ),
];
