//! What a customer wants, where no set carries labels for it or a rule is what a head is held to.

use super::table::Row;
use crate::{SalesIntent, Urgency};

const fn row<L>(name: &'static str, label: L, confidence: f32, patterns: &'static [&'static str]) -> Row<L> {
    Row { name, label, confidence, patterns, unless: &[] }
}

pub(super) const INTENTS: &[Row<SalesIntent>] = &[
    row(
        "asks_how_it_works",
        SalesIntent::AsksHow,
        0.75,
        &[
            "how does|do|would|will|did * work|function|operate|compare|handle|look [?]",
            "what does|do|is|are * include|included|do|cover|mean|exactly [?]",
            "can|could you ?please explain|tell|describe",
            "whats included|the|in|inside [?]",
            "what happens if|when|with [?]",
        ],
    ),
    row(
        "asks_for_references",
        SalesIntent::AsksReferences,
        0.85,
        &[
            "reference~|testimonial~|case ?study|studies [?]",
            "case stud~",
            "customer|client reference~|stories|story|reviews",
            "who else|are ?is ?your uses|using|use|customers|clients [?]",
            "any|other|existing|current customers|clients|companies|firms|users * like|similar|our|size|us|talk|speak|call [?]",
            "talk|speak to|with * customer|client|customers|clients|user|users|somebody|someone * uses|using|yours|like [?]",
            "worked|work with * like|similar us|ours|our [?]",
        ],
    ),
    row(
        "negotiates",
        SalesIntent::Negotiates,
        0.8,
        &[
            "can|could|would|will you * lower|reduce|drop|match|knock|throw|waive|include|better|round",
            "come|go down ?a ?bit|on|to",
            "any|a|some|the discount~|deal|promotion~|rebate [?]",
            "best|lowest price|offer|deal|rate",
            "better|lower price|offer|deal|rate|terms [?]",
            "meet|split me|us|in|the ?in ?the half|halfway|middle|difference",
            "if you|we|i * discount|lower|cheaper|match|waive|knock|throw|free",
            "how ?about|firm * # percent|off|less",
            "is that|there|it * negotiable|flexible|wiggle|flexibility|room [?]",
            "deal if you",
        ],
    ),
];

pub(super) const URGENCY: &[Row<Urgency>] = &[
    row(
        "pressing",
        Urgency::Pressing,
        0.7,
        &[
            "asap|urgent|urgently|immediately|emergency",
            "as soon as possible",
            "right away|now",
            "by|before|until today|tomorrow|tonight|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
            "this|within|in|next ?the ?next ?few ?# hour|hours|day|days",
            "is|are|was|been|it|everything ?all ?completely down|stopped|broken|stuck|standing",
            "cant|cannot|can ?not wait",
        ],
    ),
    row(
        "soon",
        Urgency::Soon,
        0.6,
        &[
            "deadline~",
            "by|before|until ?the end|start|beginning|january|february|march|april|june|july|august|september|october|november|december|christmas|summer|easter|spring|autumn|winter|next",
            "by|before the first|second|third|fifth|tenth|fifteenth|twentieth|thirtieth",
            "this|next week|month|quarter",
            "runs|run|running|expires|expire|expiring|ends ?out in|on|at|next|this|soon",
            "in|within a|two|three|four|six|# week|weeks|month|months",
        ],
    ),
];
