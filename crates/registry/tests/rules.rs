//! What may replace what, on whatever sequence of changes.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::*;
use proptest::prelude::*;
use rapport_registry::*;

#[derive(Debug, Clone)]
enum Step {
    Publish(u8),
    Promote(u8, &'static str),
    Rollback(&'static str),
    Gc(usize),
    Renew,
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop_oneof![Just("champion"), Just("challenger")];
    prop_oneof![
        3 => (0u8..5).prop_map(Step::Publish),
        4 => (0u8..5, name.clone()).prop_map(|(seed, name)| Step::Promote(seed, name)),
        2 => name.prop_map(Step::Rollback),
        1 => (0usize..3).prop_map(Step::Gc),
        1 => Just(Step::Renew),
    ]
}

fn apply(step: &Step, manifest: &Manifest, ledger: &Ledger) -> Result<Change, RegistryError> {
    let context = context("a test");
    match step {
        Step::Publish(seed) => manifest.publish(&bundle(*seed), &context),
        Step::Promote(seed, name) => manifest.promote(&alias(name), &bundle(*seed).id(), &context),
        Step::Rollback(name) => manifest.rollback(&alias(name), None, ledger, &context),
        Step::Gc(steps) => manifest.gc(&ledger.rollback_targets(*steps), &context),
        Step::Renew => manifest.renew(&context),
    }
}

fn json(manifest: &Manifest, key: &SigningKey) -> String {
    sign(manifest, key, &Limits::default()).unwrap().to_json()
}

fn verify(json: &str, keys: &TrustedKeys, state: &TrustState, now: i64) -> Result<Verified, RegistryError> {
    SignedManifest::parse(json.as_bytes(), &Limits::default())?.verify(keys, state, now)
}

fn code<T: std::fmt::Debug>(result: Result<T, RegistryError>) -> &'static str {
    result.unwrap_err().code()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every accepted change gives the next version, which keeps every rule, verifies, replaces the one before
    /// and can't be replaced by it; every refused change changes nothing.
    #[test]
    fn versions_only_grow(steps in proptest::collection::vec(step(), 1..24)) {
        let (key, keys) = (development_key(), development_trusted());
        let mut manifest = Manifest::empty(Timestamp::from_unix(NOW));
        let mut ledger = Ledger::default();
        let mut state = TrustState::default();
        let mut before: Option<String> = None;
        for step in steps {
            let Ok(change) = apply(&step, &manifest, &ledger) else { continue };
            prop_assert_eq!(change.manifest.version, manifest.version + 1);
            match &step {
                Step::Rollback(name) => {
                    let target = change.manifest.resolve(name).unwrap();
                    prop_assert!(ledger.history(name).contains(&target));
                    prop_assert_ne!(target, manifest.resolve(name).unwrap());
                    prop_assert_eq!(&change.manifest.bundles, &manifest.bundles);
                }
                Step::Gc(_) => {
                    prop_assert_eq!(&change.manifest.aliases, &manifest.aliases);
                    prop_assert!(change.manifest.artifacts.len() <= manifest.artifacts.len());
                }
                Step::Renew => prop_assert_eq!(&change.manifest.bundles, &manifest.bundles),
                Step::Publish(_) => prop_assert_eq!(&change.manifest.aliases, &manifest.aliases),
                Step::Promote(seed, name) => prop_assert_eq!(change.manifest.resolve(name).unwrap(), bundle(*seed).id()),
            }
            ledger.push(change.line).unwrap();
            ledger.check_head(&change.manifest).unwrap();
            manifest = change.manifest;

            let text = json(&manifest, &key);
            let verified = verify(&text, &keys, &state, NOW).unwrap();
            prop_assert_eq!(&verified.manifest, &manifest);
            state = verified.trust_state();
            prop_assert!(verify(&text, &keys, &state, NOW).is_ok(), "the same version stays trusted");
            if let Some(before) = before.replace(text) {
                prop_assert_eq!(code(verify(&before, &keys, &state, NOW)), "older_version");
            }
        }
        prop_assert_eq!(Ledger::parse(ledger.to_jsonl().as_bytes()).unwrap(), ledger);
    }

    /// gc keeps what an alias needs and what was asked for, and nothing else.
    #[test]
    fn gc_keeps_exactly_what_is_needed(steps in proptest::collection::vec(step(), 1..16), keep in proptest::collection::btree_set(0u8..5, 0..3)) {
        let mut manifest = Manifest::empty(Timestamp::from_unix(NOW));
        let mut ledger = Ledger::default();
        for step in steps {
            if let Ok(change) = apply(&step, &manifest, &ledger) {
                ledger.push(change.line).unwrap();
                manifest = change.manifest;
            }
        }
        let keep: BTreeSet<ContentHash> = keep.into_iter().map(|seed| bundle(seed).id()).collect();
        let aliased: BTreeSet<ContentHash> = manifest.aliases.values().copied().collect();
        let expected: BTreeSet<ContentHash> =
            manifest.bundles.keys().copied().filter(|id| keep.contains(id) || aliased.contains(id)).collect();
        match manifest.gc(&keep, &context("space")) {
            Ok(change) => {
                prop_assert_eq!(change.manifest.bundles.keys().copied().collect::<BTreeSet<_>>(), expected);
                change.manifest.validate(&Limits::default()).unwrap();
                let needed = change.manifest.bundles.values().flat_map(|bundle| bundle.artifacts.iter().copied());
                let kept = change.manifest.artifacts.keys().copied();
                prop_assert_eq!(kept.collect::<BTreeSet<_>>(), needed.collect::<BTreeSet<_>>());
            }
            Err(error) => {
                prop_assert_eq!(error.code(), "nothing_to_do");
                prop_assert_eq!(manifest.bundles.len(), expected.len());
            }
        }
    }

    /// No change of a single byte of a signed manifest gets through.
    #[test]
    fn any_changed_byte_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let signed = json(&example().0, &development_key());
        let body = signed.find("\"signatures\"").unwrap();
        let mut bytes = signed.clone().into_bytes();
        let at = at.index(body);
        bytes[at] ^= 1 << bit;
        let outcome = SignedManifest::parse(&bytes, &Limits::default())
            .and_then(|m| m.verify(&development_trusted(), &TrustState::default(), NOW));
        // White space around the signed value is not part of it; all else is.
        match outcome {
            Ok(verified) => prop_assert_eq!(verified.manifest, example().0),
            Err(error) => prop_assert!(["wrong_signature", "malformed_manifest"].contains(&error.code()), "{}", error),
        }
    }

    /// Nor does a changed, left out or exchanged line of a ledger.
    #[test]
    fn any_changed_ledger_line_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8, line in any::<prop::sample::Index>()) {
        let (manifest, ledger) = example();
        let text = ledger.to_jsonl();
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(code(Ledger::parse(&bytes)), "broken_ledger");

        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let line = line.index(lines.len());
        let without: String = lines.iter().enumerate().filter(|(i, _)| *i != line).map(|(_, l)| *l).collect();
        // The chain alone can't show that its end is missing; the signed manifest does.
        let refused = Ledger::parse(without.as_bytes()).and_then(|ledger| ledger.check_head(&manifest));
        prop_assert!(["broken_ledger", "ledger_head_differs"].contains(&code(refused)));
    }

    /// The three states follow from the time alone.
    #[test]
    fn freshness_follows_the_clock(after in prop_oneof![-200 * DAY..200 * DAY, -2i64..=2, 30 * DAY - 2..=30 * DAY + 2]) {
        let (manifest, _) = example();
        let now = manifest.expires_at.unix() + after;
        let outcome = verify(&json(&manifest, &development_key()), &development_trusted(), &TrustState::default(), now);
        let grace = Limits::default().expiry_grace_seconds;
        if after < 0 {
            prop_assert_eq!(outcome.unwrap().freshness, Freshness::Fresh { expires_in_seconds: -after });
        } else if after < grace {
            let expected =
                Freshness::ExpiredWithinGrace { expired_for_seconds: after, refused_in_seconds: grace - after };
            prop_assert_eq!(outcome.unwrap().freshness, expected);
        } else {
            prop_assert_eq!(code(outcome), "expired");
        }
    }

    #[test]
    fn names_that_leave_their_folder_are_refused(name in "[a-z./\\\\ \\x00-\\x1f]{1,12}") {
        let (mut manifest, _) = example();
        let hash = ContentHash::of(b"encoder");
        let safe = name.chars().all(|c| c.is_ascii_lowercase() || c == '.') && !name.starts_with('.');
        manifest.artifacts.get_mut(&hash).unwrap().name.clone_from(&name);
        let refused = code(manifest.validate(&Limits::default()));
        prop_assert_eq!(refused, if safe { "wrong_bundle_id" } else { "bad_name" });
        prop_assert_eq!(name.parse::<Alias>().is_ok(), safe);
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
        common::invariants::check_any_bytes(text.as_bytes());
    }

    /// The invariants of the fuzz target hold on damaged real manifests.
    #[test]
    fn damaged_manifests_are_read_without_panic(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)
    ) {
        let (manifest, ledger) = example();
        for text in [json(&manifest, &development_key()), serde_json::to_string(&manifest).unwrap(), ledger.to_jsonl()] {
            let mut bytes = text.into_bytes();
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            common::invariants::check_any_bytes(&bytes);
        }
    }
}

#[test]
fn another_content_of_the_same_version_is_refused() {
    let (manifest, _) = example();
    let (key, keys) = (development_key(), development_trusted());
    let state = verify(&json(&manifest, &key), &keys, &TrustState::default(), NOW).unwrap().trust_state();
    let mut other = manifest.clone();
    other.expires_at = other.expires_at.plus_seconds(1);
    assert_eq!(code(verify(&json(&other, &key), &keys, &state, NOW)), "same_version_differs");
    let by_version_only = TrustState::at(state.last_version);
    assert!(verify(&json(&other, &key), &keys, &by_version_only, NOW).is_ok());
}

#[test]
fn limits_bound_bytes_and_counts() {
    let (manifest, _) = example();
    let text = json(&manifest, &development_key());
    let with = |limits: Limits| {
        SignedManifest::parse(text.as_bytes(), &limits)
            .and_then(|m| m.verify(&development_trusted(), &TrustState::default(), NOW))
    };
    let limits = Limits {
        manifest_bytes: text.len(),
        artifacts: 5,
        bundles: 2,
        aliases: 1,
        signatures: 1,
        ..Limits::default()
    };
    assert!(with(limits).is_ok());
    for tight in [
        Limits { manifest_bytes: text.len() - 1, ..limits },
        Limits { artifacts: 4, ..limits },
        Limits { bundles: 1, ..limits },
        Limits { aliases: 0, ..limits },
        Limits { signatures: 0, ..limits },
        Limits { artifact_bytes: 6, ..limits },
        Limits { bundle_bytes: 10, ..limits },
    ] {
        assert_eq!(code(with(tight)), "too_large", "{tight:?}");
    }
}

#[test]
fn rollback_goes_back_step_by_step_and_forward_by_promotion() {
    let mut ledger = Ledger::default();
    let mut manifest = Manifest::empty(Timestamp::from_unix(NOW));
    let champion = alias("champion");
    let ids: Vec<ContentHash> = (1..=3).map(|seed| bundle(seed).id()).collect();
    let mut steps: Vec<Step> =
        (1..=3).flat_map(|seed| [Step::Publish(seed), Step::Promote(seed, "champion")]).collect();
    steps.extend([Step::Rollback("champion"), Step::Rollback("champion")]);
    for step in &steps {
        let change = apply(step, &manifest, &ledger).unwrap();
        ledger.push(change.line).unwrap();
        manifest = change.manifest;
    }
    assert_eq!((manifest.version, manifest.resolve("champion").unwrap()), (8, ids[0]));
    assert_eq!(code(apply(&Step::Rollback("champion"), &manifest, &ledger)), "no_rollback");
    let last = &ledger.lines().last().unwrap().entry;
    assert_eq!((last.what, last.bundle, last.from), (Action::Rollback, Some(ids[0]), Some(ids[1])));
    assert_eq!(last.metrics, bundle(1).metrics);

    let change = manifest.promote(&champion, &ids[2], &context("again")).unwrap();
    ledger.push(change.line).unwrap();
    let manifest = change.manifest;
    let never = bundle(4).id();
    assert_eq!(code(manifest.rollback(&champion, Some(&never), &ledger, &context("?"))), "no_rollback");
    assert_eq!(code(manifest.rollback(&champion, Some(&ids[2]), &ledger, &context("?"))), "nothing_to_do");
    let back = manifest.rollback(&champion, Some(&ids[0]), &ledger, &context("bad answers")).unwrap();
    assert_eq!(back.manifest.resolve("champion").unwrap(), ids[0]);
    assert_eq!(
        code(manifest.rollback(&champion, None, &Ledger::default(), &context("?"))),
        "ledger_head_differs"
    );
}

#[test]
fn publishing_twice_does_nothing_and_a_second_name_is_refused() {
    let (manifest, _) = example();
    assert_eq!(code(manifest.publish(&bundle(2), &context("again"))), "nothing_to_do");

    let mut corrected = bundle(2);
    corrected.note = "corrected".into();
    let change = manifest.publish(&corrected, &context("the note was wrong")).unwrap();
    assert_eq!(change.manifest.bundles[&corrected.id()].note, "corrected");

    let mut renamed = bundle(3);
    renamed.artifacts[0].1.name = "codec.onnx".into();
    assert_eq!(code(manifest.publish(&renamed, &context("renamed"))), "two_names");
    let missing = ContentHash::of(b"nothing");
    assert_eq!(code(manifest.promote(&alias("champion"), &missing, &context("?"))), "unknown_bundle");
    assert_eq!(code(manifest.bundle_artifacts("challenger")), "unknown_alias");
}

#[test]
fn versions_stop_where_javascript_stops_counting() {
    let (mut manifest, _) = example();
    manifest.version = (1 << 53) - 2;
    let last = manifest.renew(&context("?")).unwrap().manifest;
    last.validate(&Limits::default()).unwrap();
    assert_eq!(code(last.renew(&context("?"))), "bad_version");
    manifest.version = u64::MAX;
    assert_eq!(code(manifest.renew(&context("?"))), "bad_version");
}

/// Two ledgers that are right in themselves can't be mixed, and neither passes for the other.
#[test]
fn lines_of_another_ledger_are_refused() {
    let empty = Manifest::empty(Timestamp::from_unix(NOW));
    let history = |who: &str| {
        let context = ChangeContext { who: who.into(), ..context("trained") };
        let first = empty.publish(&bundle(1), &context).unwrap();
        let second = first.manifest.promote(&alias("champion"), &bundle(1).id(), &context).unwrap();
        (first.line, second.line, second.manifest)
    };
    let (ada_first, ada_second, ada_manifest) = history("Ada");
    let (_, bob_second, bob_manifest) = history("Bob");

    let mut ledger = Ledger::default();
    ledger.push(ada_first).unwrap();
    assert_eq!(code(ledger.push(bob_second.clone())), "broken_ledger");
    let mixed = format!("{}{}", ledger.to_jsonl(), bob_second.as_str());
    let error = Ledger::parse(mixed.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("ledger line 2: it continues "), "{error}");

    ledger.push(ada_second).unwrap();
    ledger.check_head(&ada_manifest).unwrap();
    assert_eq!(code(ledger.check_head(&bob_manifest)), "ledger_head_differs");

    // A line that continues the chain but skips a version.
    let skipped = Manifest { version: 7, ..ada_manifest }.renew(&context("?")).unwrap();
    let error = ledger.push(skipped.line).unwrap_err().to_string();
    assert_eq!(error, "ledger line 3: it makes version 8 instead of 3");
}
