//! Which keys a build trusts.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use rapport_registry::*;

fn refused(list: Option<&str>, allow_development: bool) -> &'static str {
    TrustedKeys::from_build(list, allow_development).unwrap_err().code()
}

#[test]
fn the_committed_pair_is_the_constant() {
    let (secret, public) = (development_key(), include_str!("../../../models/keys/development.public"));
    assert_eq!(secret.public(), public.parse().unwrap());
    assert_eq!(public.trim(), format!("{DEVELOPMENT_KEY_ID}:{DEVELOPMENT_PUBLIC_KEY}"));
    assert!(secret.public().is_development());
    assert!(!other_key().public().is_development());
}

#[test]
fn a_build_trusts_what_it_was_told_to() {
    let publisher = other_key().public().to_string();
    let keys = TrustedKeys::from_build(Some(&format!(" {publisher} ,")), false).unwrap();
    assert_eq!(keys.iter().map(PublicKey::id).collect::<Vec<_>>(), ["publisher"]);
    let keys = TrustedKeys::from_build(Some(&publisher), true).unwrap();
    assert_eq!(keys.iter().map(PublicKey::id).collect::<Vec<_>>(), ["development", "publisher"]);

    let signed = sign(&example().0, &development_key(), &Limits::default()).unwrap();
    let only_publisher = TrustedKeys::from_build(Some(&publisher), false).unwrap();
    let refused = signed.verify(&only_publisher, &TrustState::default(), NOW).unwrap_err();
    assert_eq!(refused.code(), "unknown_key");
    assert_eq!(refused.to_string(), "signed by development, none of which is trusted (trusted: publisher)");
}

#[test]
fn a_build_without_a_key_or_with_a_bad_one_is_refused() {
    assert_eq!(refused(None, false), "no_trusted_keys");
    assert_eq!(refused(Some(" , "), false), "no_trusted_keys");
    for bad in ["publisher", "publisher:", "publisher:abcd", "publisher:zz", ":00"] {
        assert!(["malformed_key", "bad_name"].contains(&refused(Some(bad), true)), "{bad}");
    }
    // The identity is a key under which everybody's signature fits.
    assert_eq!(refused(Some(&format!("weak:01{}", "00".repeat(31))), true), "malformed_key");
    assert_eq!(refused(Some(&other_key().to_secret_text()), false), "malformed_key");
    let (a, b) = (other_key().public(), SigningKey::from_seed("publisher", &[8; 32]).unwrap().public());
    assert_eq!(refused(Some(&format!("{a},{b}")), false), "malformed_key");
}

#[test]
fn the_development_key_does_not_come_in_under_another_name() {
    assert_eq!(
        refused(Some(&format!("publisher:{DEVELOPMENT_PUBLIC_KEY}")), false),
        "development_key_refused"
    );
    assert_eq!(refused(Some(&development_key().public().to_string()), false), "development_key_refused");
    let impostor = SigningKey::from_seed(DEVELOPMENT_KEY_ID, &[9; 32]).unwrap().public().to_string();
    assert_eq!(refused(Some(&impostor), false), "malformed_key");
}

#[test]
fn secret_keys_come_back_and_are_never_shown() {
    let key = other_key();
    let again: SigningKey = format!(" {}\n", key.to_secret_text()).parse().unwrap();
    assert_eq!(again.public(), key.public());
    assert_eq!(format!("{key:?}"), "SigningKey { id: \"publisher\", .. }");
    for bad in [
        "",
        "publisher:00",
        "rapport-ed25519-secret:publisher",
        "rapport-ed25519-secret:publisher:00",
        "rapport-ed25519-secret:../x:00",
    ] {
        let error = bad.parse::<SigningKey>().unwrap_err();
        assert_eq!(error.code(), "malformed_key", "{bad}");
    }
}
