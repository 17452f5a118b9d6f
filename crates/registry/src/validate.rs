//! The rules of a manifest that need no key.

use std::collections::BTreeSet;

use crate::hash::excerpt;
use crate::{BundleEntry, ContentHash, Limits, Manifest, RegistryError, SCHEMA, bundle_id};

/// The largest whole number that JavaScript counts exactly.
pub(crate) const MAX_VERSION: u64 = (1 << 53) - 1;

const NAME_RULE: &str = "1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit";
/// Characters of a licence, a format, a kind or the name of a data set.
const SHORT_TEXT: usize = 200;
/// Characters of a bundle's note.
const NOTE: usize = 2000;

/// A name that is safe as a file, in an address and in a line of `name sha256\n`: so neither a separator, nor
/// white space, nor a leading dot.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), RegistryError> {
    let safe = name.len() <= 128
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if safe { Ok(()) } else { Err(RegistryError::BadName { what, value: excerpt(name), rule: NAME_RULE }) }
}

fn check_text(what: &'static str, of: &str, text: &str, limit: usize) -> Result<(), RegistryError> {
    if text.chars().count() <= limit && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(RegistryError::BadText { what, of: excerpt(of), limit })
}

fn at_most(what: &str, found: u64, limit: u64) -> Result<(), RegistryError> {
    if found <= limit { Ok(()) } else { Err(RegistryError::TooLarge { what: what.to_owned(), found, limit }) }
}

pub(crate) fn check_bytes(found: usize, limits: &Limits) -> Result<(), RegistryError> {
    at_most("manifest (bytes)", found as u64, limits.manifest_bytes as u64)
}

pub(crate) fn check_signatures(found: usize, limits: &Limits) -> Result<(), RegistryError> {
    at_most("signatures (count)", found as u64, limits.signatures as u64)
}

pub(crate) fn validate(manifest: &Manifest, limits: &Limits) -> Result<(), RegistryError> {
    let Manifest { schema, version, issued_at, expires_at, aliases, bundles, artifacts, ledger: _ } =
        manifest;
    if *schema != SCHEMA {
        return Err(RegistryError::UnknownSchema { found: *schema, known: SCHEMA });
    }
    if !(1..=MAX_VERSION).contains(version) {
        return Err(RegistryError::BadVersion { found: *version });
    }
    if issued_at >= expires_at {
        return Err(RegistryError::BadValidity { issued_at: *issued_at, expires_at: *expires_at });
    }
    at_most("artifacts (count)", artifacts.len() as u64, limits.artifacts as u64)?;
    at_most("bundles (count)", bundles.len() as u64, limits.bundles as u64)?;
    at_most("aliases (count)", aliases.len() as u64, limits.aliases as u64)?;

    for artifact in artifacts.values() {
        let name = &artifact.name;
        check_name("artifact", name)?;
        check_name("kind", artifact.kind.name())?;
        check_name("format", &artifact.format)?;
        check_text("licence", name, &artifact.licence, SHORT_TEXT)?;
        for data in &artifact.data {
            check_text("data", name, data, SHORT_TEXT)?;
        }
        at_most(&format!("artifact `{name}` (bytes)"), artifact.bytes, limits.artifact_bytes)?;
    }
    for (id, bundle) in bundles {
        validate_bundle(manifest, id, bundle, limits)?;
    }
    for (alias, bundle) in aliases {
        if !bundles.contains_key(bundle) {
            return Err(RegistryError::AliasWithoutBundle { alias: alias.to_string(), bundle: *bundle });
        }
    }
    Ok(())
}

fn validate_bundle(
    manifest: &Manifest,
    id: &ContentHash,
    bundle: &BundleEntry,
    limits: &Limits,
) -> Result<(), RegistryError> {
    let bad = |reason: String| Err(RegistryError::BadBundle { bundle: *id, reason });
    if bundle.artifacts.is_empty() {
        return bad("it has no artifacts".into());
    }
    check_text("note", &id.to_string(), &bundle.note, NOTE)?;
    let artifacts = manifest.artifacts_of(id)?;
    let mut names = BTreeSet::new();
    let mut bytes = 0_u64;
    for (_, artifact) in &artifacts {
        if !names.insert(artifact.name.as_str()) {
            return bad(format!("it names `{}` twice", artifact.name));
        }
        bytes = bytes.saturating_add(artifact.bytes);
    }
    at_most(&format!("bundle {} (bytes)", id.short()), bytes, limits.bundle_bytes)?;
    let computed = bundle_id(artifacts.iter().map(|(hash, artifact)| (artifact.name.as_str(), *hash)));
    if computed != *id {
        return Err(RegistryError::WrongBundleId { stated: *id, computed });
    }
    Ok(())
}
