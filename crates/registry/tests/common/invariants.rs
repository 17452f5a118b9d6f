//! What must hold for any bytes whatever. Shared by the fuzz target and the property tests, so it takes nothing
//! but the library's public items.

use rapport_registry::{Ledger, Limits, Manifest, SignedManifest, SigningKey, TrustState, TrustedKeys, sign};

/// Reads `bytes` as a signed manifest, as a manifest and as a ledger, and panics when a promise is broken.
pub fn check_any_bytes(bytes: &[u8]) {
    let limits = Limits::default();
    let key = SigningKey::from_seed("fuzz", &[7; 32]).expect("a good name");
    let keys = TrustedKeys::from_build(Some(&key.public().to_string()), true).expect("a good key");

    if let Ok(envelope) = SignedManifest::parse(bytes, &limits) {
        // Whoever holds no key gets nothing through.
        let _ = envelope.verify(&keys, &TrustState::default(), 0);
        let again = SignedManifest::parse(
            envelope.to_json().as_bytes(),
            &Limits { manifest_bytes: usize::MAX, ..limits },
        )
        .expect("what is written can be read");
        assert_eq!(again.signed_bytes(), envelope.signed_bytes(), "the signed bytes are kept");
        assert_eq!(again.signatures(), envelope.signatures());
        // Past the signature, which no fuzzer gets past by itself.
        if let Ok(manifest) = Manifest::from_json(envelope.signed_bytes(), &limits) {
            check_manifest(&manifest, &key, &keys);
        }
    }
    if let Ok(manifest) = Manifest::from_json(bytes, &limits) {
        check_manifest(&manifest, &key, &keys);
    }
    if let Ok(ledger) = Ledger::parse(bytes) {
        assert_eq!(ledger.to_jsonl().as_bytes(), bytes, "a ledger is written as it was read");
    }
}

/// A manifest that was accepted resolves completely, and can be signed and verified as itself.
fn check_manifest(manifest: &Manifest, key: &SigningKey, keys: &TrustedKeys) {
    for alias in manifest.aliases.keys() {
        for (_, artifact) in manifest.bundle_artifacts(alias.as_str()).expect("every alias resolves") {
            assert!(
                !artifact.name.contains(['/', '\\', '\0']) && !artifact.name.starts_with('.'),
                "{}",
                artifact.name
            );
        }
    }
    let limits = Limits { manifest_bytes: usize::MAX, ..Limits::default() };
    let signed = sign(manifest, key, &limits).expect("a valid manifest can be signed").to_json();
    let now = manifest.expires_at.unix() - 1;
    let verified = SignedManifest::parse(signed.as_bytes(), &limits)
        .and_then(|signed| signed.verify(keys, &TrustState::default(), now))
        .expect("what is signed verifies");
    assert_eq!(verified.manifest, *manifest);
}
