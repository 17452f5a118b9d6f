//! The label sets. The order of each `ALL` is the order of the classes in every model and every answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::rules::{BuyingSignal, ObjectionCategory};
use crate::stages::CallStage;

/// A closed set of labels with a stable order and stable names.
pub trait Label: Copy + Eq + std::hash::Hash + std::fmt::Debug + 'static {
    /// Every label, in class order.
    const ALL: &'static [Self];
    /// The name in canonical JSONL (`snake_case`).
    fn name(self) -> &'static str;
    /// The name people read, as the API prints it.
    fn title(self) -> &'static str;
    /// Position in [`Label::ALL`].
    fn index(self) -> usize {
        Self::ALL.iter().position(|&l| l == self).unwrap_or(0)
    }
    /// Other names that are understood for it.
    fn aliases(self) -> &'static [&'static str];
    /// Finds a label by its name, title or alias, in any case.
    fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        let is = |other: &str| other.eq_ignore_ascii_case(name);
        Self::ALL.iter().copied().find(|l| is(l.name()) || is(l.title()) || l.aliases().iter().any(|a| is(a)))
    }
}

macro_rules! labels {
    ($(#[$doc:meta])* $set:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal, $title:literal $(, alias $alias:literal)*;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $set {
            $($(#[$vdoc])* #[serde(rename = $name, alias = $title $(, alias = $alias)*)] $variant,)+
        }
        impl Label for $set {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
            fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
            fn aliases(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($alias),*],)+ }
            }
        }
    };
}

pub(crate) use labels;

labels! {
    /// What a customer's turn does.
    ResponseType {
        /// Asks for something.
        Question = "question", "Question";
        /// Agrees, commits, accepts.
        Agreement = "agreement", "Agreement";
        /// Refuses, doubts, resists.
        Objection = "objection", "Objection";
        /// Gives information about themselves or their situation.
        Explanation = "explanation", "Explanation", alias "information", alias "Information";
        /// Reacts or acknowledges without committing.
        Reaction = "reaction", "Reaction";
        /// Greetings, thanks, closings, small talk.
        Other = "other", "Other";
    }
}

labels! {
    /// What a salesperson's turn does.
    SellerAct {
        /// Greets or opens.
        Greeting = "greeting", "Greeting";
        /// Asks about the customer.
        Inquiry = "inquiry", "Inquiry";
        /// Presents, explains, persuades.
        Pitch = "pitch", "Pitch";
        /// Asks for the commitment.
        Ask = "ask", "Ask";
        /// Acknowledges, thanks, praises, answers small talk.
        Social = "social", "Social";
        /// Closes the conversation.
        Closing = "closing", "Closing";
    }
}

labels! {
    /// The funnel: where a conversation stands. It never goes back.
    Stage {
        /// Greetings and introductions.
        Opening = "opening", "Opening";
        /// The seller finds out about the customer.
        Discovery = "discovery", "Discovery";
        /// The offer is presented and discussed.
        Pitch = "pitch", "Pitch";
        /// The seller has asked for the commitment.
        Ask = "ask", "Ask";
        /// The customer has answered the ask.
        Decision = "decision", "Decision";
        /// What follows the decision.
        Close = "close", "Close";
    }
}

labels! {
    /// The stages that the prediction API names.
    ApiStage {
        /// Opening of the call.
        Introduction = "introduction", "Introduction";
        /// Discovery.
        InformationGathering = "information_gathering", "Information Gathering";
        /// The pitch.
        ProductDiscussion = "product_discussion", "Product Discussion";
        /// An objection stands while the offer is discussed.
        ObjectionHandling = "objection_handling", "Objection Handling";
        /// The ask and what follows it.
        Closing = "closing", "Closing/Call to Action";
        /// None of these.
        Other = "other", "Other";
    }
}

labels! {
    /// Tone of a turn.
    Sentiment {
        /// Negative tone.
        Negative = "negative", "Negative";
        /// Neutral tone.
        Neutral = "neutral", "Neutral";
        /// Positive tone.
        Positive = "positive", "Positive";
    }
}

labels! {
    /// How pressing it is for the customer, as a turn says it.
    Urgency {
        /// Nothing is said of it.
        None = "none", "None";
        /// A date or a pressure within weeks or months.
        Soon = "soon", "Soon";
        /// Days, or things stand still.
        Pressing = "pressing", "Pressing";
    }
}

labels! {
    /// What a customer binds themselves to in a turn.
    Commitment {
        /// Nothing.
        None = "none", "None";
        /// A small step: a call, reading something, a demo.
        Step = "step", "Step";
        /// A yes with a condition, or to a part.
        Conditional = "conditional", "Conditional";
        /// A firm yes to buy, sign, renew or pay.
        Firm = "firm", "Firm";
    }
}

/// Where a label comes from, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelSource {
    /// A person set it.
    Human,
    /// A written rule matched.
    Rule,
    /// A classifier predicted it.
    Model,
}

/// Source and confidence (0 to 1) of one label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Where the label comes from.
    pub source: LabelSource,
    /// Confidence, 0 to 1.
    pub confidence: f32,
}

/// What is known about one turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnLabels {
    /// Response type, of a customer's turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_type: Option<ResponseType>,
    /// Act, of a salesperson's turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_act: Option<SellerAct>,
    /// Funnel stage once the turn is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Tone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// Stage of the call that this moment belongs to; unlike the funnel it may go back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_stage: Option<CallStage>,
    /// What the customer objects to; absent beside an [`Urgency`] it means that they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<ObjectionCategory>,
    /// The strongest step towards a deal in a customer's turn; absent beside an [`Urgency`] it means that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buying_signal: Option<BuyingSignal>,
    /// How pressing it is, of a customer's turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// What the customer binds themselves to, of a customer's turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    /// Source and confidence by label name (`response_type`, `seller_act`, `stage`, `sentiment`).
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub provenance: std::collections::BTreeMap<String, Provenance>,
    /// Labels that Rapport does not use, kept as they came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl TurnLabels {
    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
