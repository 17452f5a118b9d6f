//! What a customer's and a salesperson's turn does, beyond objections and commitments.
//!
//! Confidences of rules that PersuasionForGood can judge were measured on its annotated turns; see `LABELS.md`.

use super::table::Row;
use crate::{ResponseType, SellerAct};

const fn customer(
    name: &'static str,
    label: ResponseType,
    confidence: f32,
    patterns: &'static [&'static str],
) -> Row<ResponseType> {
    Row { name, label, confidence, patterns, unless: &[] }
}

pub(super) const CUSTOMER: &[Row<ResponseType>] = &[
    Row {
        unless: &["not|dont|wont|cant|never|isnt|no", "[?]", "when|if|future|someday|later"],
        ..customer(
            "agrees",
            ResponseType::Agreement,
            0.6,
            &[
                "^ ?that|it ?sounds sounds good|great|perfect ?to ?me|us $",
                "^ ?that|this|it|tuesday|monday|tomorrow works ?good|great|fine|perfect ?for|with ?me|us",
                "^ ?ok|okay|sure|yes|yeah yes|yeah|sure|definitely|absolutely please",
                "^ ?ok|okay|sure|yes|yeah definitely|absolutely $",
                "^ agreed $",
                "^ ok|okay|alright|sure|yes|yeah ill|i will|can|take|try|do|donate|buy|order|go",
                "^ ok|okay|alright|sure|yes|yeah|great lets|ill",
                "im|i|we|were ?am|are|would|be ?be ?more ?than ?very willing|happy|glad to donate|give|buy|order|pay|try|sign|contribute|spend",
                "i|id|we|wed ?would|will|can ?be ?love|like|happy ?to donate|give|contribute|pay #|all|half|some|whole|my|the|at",
                "convinced|sold me|us",
                "youve|you convinced|sold me|us",
            ],
        )
    },
    Row {
        unless: &["^ how are|is|about you|your|things|it|yourself $"],
        ..customer("asks", ResponseType::Question, 0.77, &["[?]"])
    },
    customer(
        "asks_without_mark",
        ResponseType::Question,
        0.5,
        &[
            "^ ?so|and|but|ok|okay what|how|why|when|where|who|which|whats|hows|wheres is|are|do|does|did|can|could|would|will|if|about|much|many|kind|type|else|i|we|you|it|the",
            "^ ?so|and|but|ok|okay can|could|would|will|do|does|did|is|are|have|has you|it|this|that|i|we|they|there",
            "tell|let me|us ?know ?more about|how|what|if",
            "i|id|im ?was|would|am|just|like|curious|wondering ?to ?know wonder~|curious|know how|what|if|about|why|which",
        ],
    ),
    Row {
        unless: &["[?]"],
        ..customer(
            "explains",
            ResponseType::Explanation,
            0.5,
            &[
                "we ?currently|mostly|usually|typically|mainly have|use|run|manage|work|sell|operate|employ|spend|handle",
                "im|were|we|i ?am|are ?a|currently|really looking|searching|trying|planning|interested",
                "our|my ?current|main|biggest company|business|office|department|setup|customers|budget",
                "^ ?hi|hello yes|no|yeah|nope|yep i|we|it|they ?do|ive have|havent|am|did|didnt|do|dont",
            ],
        )
    },
    Row {
        unless: &["[?]"],
        ..customer(
            "reacts",
            ResponseType::Reaction,
            0.65,
            &[
                "^ ?oh|ah|wow|hmm|ok|okay|yes|yeah ?completely|totally i|we ?totally|completely see|understand|agree|hear ?you ?with ?that $",
                "^ ?oh|ah|yes|yeah ?wow|ok|okay thats|that|it|this|sounds ?is|sounds ?really|very|so|pretty|a good|great|nice|interesting|amazing|wonderful|awesome|cool|true|sad|terrible|impressive|fantastic|understandable",
                "^ ?oh|ok|okay|ah interesting|wow|nice|cool|great|amazing|awesome|wonderful|right|true|fair|understood|impressive $",
                "makes sense",
                "got it",
                "good|great|nice to know|hear",
                "i see|understand $",
                "good|fair point|enough|cause",
            ],
        )
    },
    Row {
        unless: &["[?]", "but"],
        ..customer(
            "small_talk",
            ResponseType::Other,
            0.83,
            &[
                "^ hi|hello|hey|hiya|howdy|greetings [short]",
                "^ good morning|afternoon|evening|day [short]",
                "^ ?ok|okay|great|well ?many thank|thanks [short]",
                "^ bye|goodbye|cya [short]",
                "^ youre|you|your ?are welcome [short]",
                "have|you a|have|too ?a great|good|nice|wonderful day|one|evening|weekend|night|rest",
                "take care [short]",
                "how are you",
                "nice|good|great|pleasure to|talking|meet|meeting|chatting meet|with|to|you",
            ],
        )
    },
];

const fn seller(
    name: &'static str,
    label: SellerAct,
    confidence: f32,
    patterns: &'static [&'static str],
) -> Row<SellerAct> {
    Row { name, label, confidence, patterns, unless: &[] }
}

pub(super) const SELLER: &[Row<SellerAct>] = &[
    seller(
        "asks_for_commitment",
        SellerAct::Ask,
        0.85,
        &[
            "would|do|did you ?be ?like|want|interested|willing|care|open to|in buy~|order~|purchas~|proceed|sign|donat~|schedul~|book~|go|mov~|try~|start~|add|set|complet~|finaliz~|give|giving|contribut~|mak~|place|get",
            "you|your|about|of * donating|purchasing|buying|ordering|booking|contributing [?]",
            "how much|many * donate|give|contribute|spend|order|need|buy|take|put [?]",
            "how much|what|which|an amount|percentage|quantity|portion [?]",
            "are|ready you ready|to ?to buy|order|purchase|proceed|sign|move|start|go|commit|place|get|donate",
            "shall|should|can|could|may we|i schedule|book|proceed|set|get|sign|put|move|go|place|send|arrange|count|reserve",
            "how many|much * would|do|are|will|can you like|want|need|order|willing|able|donate|give|donating",
            "can|may|could i take|process|confirm * order|payment|card|details|booking",
            "does|would|is * monday|tuesday|wednesday|thursday|friday|tomorrow|week * work|good|suit [?]",
            "next step~ [?]",
            "lets|let us|me schedule|book|set|get|finalize|move|proceed|go|sign|start",
            "ready to move|get|take|go|proceed|sign|make",
            "what|which day|time|date * works|work|good|suits [?]",
            "can|could you sign|confirm|commit|donate|spare|give|order",
            "will|would you donate|buy|commit|join|sign|order|take|consider|accept",
        ],
    ),
    Row {
        unless: &[
            "how ?are|is|about|r you|your|things|everything|it",
            "ho are you",
            "did|do you know that|in|how",
            "you know a|there|that",
        ],
        ..seller(
            "asks_about_customer",
            SellerAct::Inquiry,
            0.74,
            &[
                "what|which|how|who|when|where|why * you|your|youre [?]",
                "do|are|have|did|were|is|has ?there you|your|anyone|any|it|there * [?]",
                "tell me ?a ?bit|little|more about|what|how",
                "may|can|could i|you ask|tell|share|describe|give|provide|elaborate",
                "what brings|brought|challenges|problems|goals|kind|type|made|features|concerns",
                "how do|does|are|is|long|many you|your|have|people",
                "whats|what|hows your|the biggest|most|budget|timeline",
                "heard|familiar|aware of|with * [?]",
                "help|assist you today|with [?]",
            ],
        )
    },
    seller(
        "tells_a_fact",
        SellerAct::Pitch,
        0.55,
        &["did|do you know that|in|how|about|children|# [?]", "dont you think|agree [?]"],
    ),
    Row {
        unless: &["[?]", "nice|pleasure|good|great to talk|talking|meet|chat|speak"],
        ..seller(
            "presents",
            SellerAct::Pitch,
            0.75,
            &[
                "our|the|this|these|that product~|solution|platform|software|service~|team|company|customers|clients|plan~|model|package~|tool|system|program|organization|car|phone|laptop|charity|foundation|organisation|range|line",
                "we|they|which|that|it|also ?can|also|will|have|are offer~|provid~|help~|speciali~|deliver~|guarantee~|include~|featur~|come~|allow~|enable~|let~|support~|ensure~|work~|save~|reduc~|increas~|improv~|integrat~",
                "is|was|are|were designed|built|made|known|used to|for|with",
                "you|your|youll ?can|will|could|would get|save|see|have|also|benefit|enjoy|be|receive",
                "customers|clients|people|users|others * love|say|report|see|saw|saved|found",
                "# percent|dollars|children|people|customers|years|cents|users|companies|hours|days|months",
                "for example|instance",
                "one of the|our",
                "donation~|money|dollar~|cents|proceeds * help|helps|go|goes|make|makes|will|can|save|support|provide",
            ],
        )
    },
    seller(
        "closes",
        SellerAct::Closing,
        0.65,
        &[
            "have a|an ?very|really great|good|nice|wonderful|lovely|excellent|amazing|blessed day|evening|weekend|week|one|night|afternoon|rest",
            "^ ?ok|okay|well goodbye|bye|cheers [short]",
            "talk|speak|see|chat to|with|you ?you soon|later|then|tomorrow|monday|again",
            "^ ?and|please|you|well take care",
            "looking|look forward to",
            "enjoy your|the rest|day|evening|weekend",
            "pleasure|nice|great talking|speaking|chatting|doing",
        ],
    ),
    Row {
        unless: &["thanks|thank", "bye|goodbye"],
        ..seller(
            "greets",
            SellerAct::Greeting,
            0.88,
            &[
                "^ hi|hello|hey|hiya|greetings|howdy",
                "^ good morning|afternoon|evening|day",
                "my name is",
                "this|i|im is|am ?am * calling|from|with|speaking",
                "how are|is|you you|your|doing * today|doing|day|evening",
                "how are you",
            ],
        )
    },
    Row {
        unless: &["[?]"],
        ..seller(
            "acknowledges",
            SellerAct::Social,
            0.45,
            &[
                "^ i|we ?can|completely|totally|do understand|hear|appreciate|see|agree",
                "^ ?oh|ah|wow thats|that|this ?is ?really|very|so|a great|good|nice|wonderful|awesome|amazing|interesting|fantastic|okay|ok|fine|true|fair",
                "^ ?oh|ah absolutely|certainly|sure|definitely|exactly|right|great|wonderful|perfect|awesome|excellent|fantastic|nice|cool|okay|ok [short]",
                "^ of course [short]",
                "youre|you|your ?are ?very|so|most welcome|kind|generous|right",
                "no problem|worries",
                "great|good|excellent|fair question|point|choice",
                "^ ?ok|okay|great|awesome|and|again|well thank|thanks",
                "thank|thanks * much|generous|kind~|helping",
            ],
        )
    },
];
