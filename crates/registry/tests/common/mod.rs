//! A small registry, and the checks that the property tests and the fuzz target share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod invariants;

use rapport_registry::*;
use serde_json::{Map, Value, json};

pub const NOW: i64 = 1_795_154_400; // 2026-11-20T06:00:00Z
pub const DAY: i64 = 86_400;

pub fn development_key() -> SigningKey {
    include_str!("../../../../models/keys/development.secret").parse().unwrap()
}

pub fn other_key() -> SigningKey {
    SigningKey::from_seed("publisher", &[7; 32]).unwrap()
}

pub fn development_trusted() -> TrustedKeys {
    TrustedKeys::from_build(None, true).unwrap()
}

pub fn context(why: &str) -> ChangeContext {
    ChangeContext {
        who: "tester".into(),
        why: why.into(),
        when: Timestamp::from_unix(NOW),
        expires_at: Timestamp::from_unix(NOW + 90 * DAY),
    }
}

pub fn artifact(name: &str, content: &[u8]) -> (ContentHash, Artifact) {
    let artifact = Artifact {
        name: name.into(),
        kind: ArtifactKind::of_artifact_named(name),
        bytes: content.len() as u64,
        format: name.rsplit('.').next().unwrap().into(),
        licence: "Apache-2.0".into(),
        data: vec!["persuasion-for-good".into()],
        parents: vec![],
        metrics: Map::new(),
    };
    (ContentHash::of(content), artifact)
}

pub fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A bundle of an encoder that all share and a head of its own.
pub fn bundle(seed: u8) -> NewBundle {
    NewBundle {
        artifacts: vec![
            artifact("encoder.onnx", b"encoder"),
            artifact("acts.onnx", &[seed, 1]),
            artifact("bundle.json", &[seed, 2]),
        ],
        parents: vec![],
        metrics: object(&json!({ "response-type-now": { "accuracy": 0.5 + f64::from(seed) / 1000.0 } })),
        note: format!("bundle {seed}"),
    }
}

pub fn alias(name: &str) -> Alias {
    name.parse().unwrap()
}

/// Two bundles; the champion is the second, the first can be rolled back to.
pub fn example() -> (Manifest, Ledger) {
    let mut ledger = Ledger::default();
    let mut manifest = Manifest::empty(Timestamp::from_unix(NOW));
    let mut apply = |change: Change| {
        ledger.push(change.line).unwrap();
        change.manifest
    };
    for seed in [1, 2] {
        manifest = apply(manifest.publish(&bundle(seed), &context("trained")).unwrap());
        manifest =
            apply(manifest.promote(&alias("champion"), &bundle(seed).id(), &context("better")).unwrap());
    }
    (manifest, ledger)
}

/// `registry.json` around any text, signed although the text may break every rule.
pub fn sign_anything(signed: &str, key: &SigningKey) -> String {
    use ed25519_dalek::Signer;
    let seed = key.to_secret_text();
    let mut bytes = [0; 32];
    hex::decode_to_slice(seed.rsplit(':').next().unwrap(), &mut bytes).unwrap();
    let signature = ed25519_dalek::SigningKey::from_bytes(&bytes).sign(signed.as_bytes());
    let (id, signature) = (key.id(), hex::encode(signature.to_bytes()));
    format!(
        "{{\"signed\": {signed},\n\"signatures\": [{{\"key_id\": \"{id}\", \"signature\": \"{signature}\"}}]}}\n"
    )
}
