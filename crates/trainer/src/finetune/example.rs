//! A tiny encoder, its tokenizer and made-up windows for tests.

use burn::tensor::Device;
use rapport_conversation::{Conversation, ResponseType, Speaker, Turn};

use super::adapter::{AdapterSpec, Target};
use super::mining::Mining;
use super::network::{Body, Frozen};
use super::schedule::{Distil, LossKind, Schedule, Stop};
use super::tokens::Tokens;
use super::windows::{LabelKind, Pool, add};
use crate::encoder::EncoderWeights;

/// Words that the tokenizer knows, numbered from 5.
const WORDS: [&str; 20] = [
    "what", "how", "when", "price", "does", "it", "cost", "is", "no", "too", "much", "dear", "never", "yes",
    "we", "take", "two", "fine", ".", "?",
];

/// A tokenizer of the BERT family that knows a few words.
pub(super) fn tokens() -> Tokens {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let vocabulary: serde_json::Map<String, serde_json::Value> =
        special.iter().chain(&WORDS).enumerate().map(|(i, w)| ((*w).to_owned(), i.into())).collect();
    let json = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" }, "post_processor": null, "decoder": null,
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary }
    });
    Tokens::new(json.to_string().as_bytes(), 16).expect("a tokenizer")
}

/// The base, with or without autodiff.
pub(super) fn frozen(weights: &EncoderWeights, device: Device, first_layer: usize) -> Frozen<'_> {
    Frozen { weights, body: Body::new(weights, None, &device), device, first_layer, lower: None }
}

pub(super) fn spec() -> AdapterSpec {
    AdapterSpec { rank: 2, alpha: 4.0, targets: Target::ALL.to_vec(), first_layer: 0 }
}

pub(super) fn schedule() -> Schedule {
    Schedule {
        labels: LabelKind::Acts,
        apart: false,
        loss: LossKind::Supcon,
        temperature: 0.1,
        margin: 0.2,
        mining: Mining { hard: 3, near: 0, margin: 0.5 },
        epochs: 3,
        batch: 12,
        learning_rate: 5e-3,
        weight_decay: 0.01,
        warm_up: 0.1,
        general_batch: 4,
        general_weight: 0.5,
        distil: Distil::Cosine,
        stop: Stop::Loss,
        patience: 5,
        seed: 3,
    }
}

/// Customer's turns, three labels of four texts each, every two in a conversation.
pub(super) fn conversations(name: &str) -> Vec<Conversation> {
    let said = [
        (
            ResponseType::Question,
            ["what does it cost ?", "how much is it ?", "when is it ?", "what is two ?"],
        ),
        (ResponseType::Objection, ["too much .", "no , too dear", "never", "it is too dear , no ."]),
        (ResponseType::Agreement, ["yes we take it", "fine .", "yes , two", "we take two ."]),
    ];
    let turn = |kind: ResponseType, text: &str| {
        let mut turn = Turn::new(Speaker::Customer, text);
        turn.labels.response_type = Some(kind);
        turn
    };
    let mut out = Vec::new();
    for (kind, texts) in said {
        for (n, pair) in texts.chunks(2).enumerate() {
            let answer = Turn::new(Speaker::Salesperson, "fine .");
            let turns = vec![turn(kind, pair[0]), answer, turn(kind, pair[1])];
            out.push(Conversation::new(format!("{name}-{kind:?}-{n}"), turns));
        }
    }
    out
}

/// The windows of [`conversations`].
pub(super) fn pool(name: &str) -> Pool {
    let mut pool = Pool::default();
    add(&mut pool, &conversations(name), LabelKind::Acts, 1, &tokens()).expect("windows");
    pool
}
