//! Hedges: words by which speakers keep back from what they say (after Hyland, *Metadiscourse*, 2005).

use super::table::Row;
use crate::Label;
use crate::label::labels;
use serde::{Deserialize, Serialize};

labels! {
    /// How a speaker hedges.
    Hedge {
        /// Says that they are not sure.
        Doubt = "doubt", "Doubt";
        /// Leaves it open: maybe, might, it depends.
        Possibility = "possibility", "Possibility";
        /// Takes the edge off: I guess, sort of, about.
        Softening = "softening", "Softening";
    }
}

use Hedge::{Doubt, Possibility, Softening};

pub(super) const HEDGES: &[Row<Hedge>] = &[
    Row {
        name: "is_unsure",
        label: Doubt,
        confidence: 0.8,
        patterns: &[
            "not|never ?so|too|really|quite|entirely|totally|100 sure|certain|convinced",
            "unsure|uncertain|undecided|unclear",
            "dont|do|didnt ?not ?really know if|whether|how|what|yet",
            "hard|difficult|tough to say|tell",
            "have|got|having ?my|some|a ?few doubts",
            "on the fence",
            "i doubt",
            "im|i|am ?am|was wondering|hesitant|torn",
        ],
        unless: &[],
    },
    Row {
        name: "leaves_open",
        label: Possibility,
        confidence: 0.8,
        patterns: &[
            "maybe|perhaps|possibly|potentially|conceivably",
            "might|may|could ?well|just|still|possibly be|have|want|need|work|consider|do|take|help|make",
            "it|that|this|depends ?all depends|depending",
            "^ depends",
            "well|we|lets|let ?will|us ?have see ?how|what|if $",
        ],
        unless: &["could|may you|i|we [?]"],
    },
    Row {
        name: "softens",
        label: Softening,
        confidence: 0.7,
        patterns: &[
            "i|we guess|suppose|assume|imagine|presume|reckon",
            "i|we think|believe|feel|find",
            "kind|sort of",
            "probably|presumably|apparently|supposedly|seemingly",
            "it|that|this seems|appears|looks like",
            "more or less",
            "roughly|approximately|somewhat|ish",
            "in my opinion|view|experience",
        ],
        unless: &[
            "think about|it|over",
            "dont|didnt|what|do|why think",
            "what|that|this|a|the|any|some|which|every kind|sort",
        ],
    },
];
