//! Golden files. `accepted/` holds what must stay readable for ever; in `refused/` the file name up to the first
//! dot is the code of the refusal. `UPDATE_GOLDEN=1 cargo test -p rapport-registry --test golden` writes them anew.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use common::*;
use rapport_registry::*;
use serde_json::{Value, json};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// One change to the example that makes it wrong, by file name.
fn refused() -> BTreeMap<String, String> {
    let (manifest, _) = example();
    let good = serde_json::to_value(&manifest).unwrap();
    let key = development_key();
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        sign_anything(&serde_json::to_string_pretty(&value).unwrap(), &key)
    };
    let encoder = ContentHash::of(b"encoder").to_string();
    let champion = bundle(2).id().to_string();
    let signed = sign(&manifest, &key, &Limits::default()).unwrap().to_json();

    let mut files = BTreeMap::new();
    let mut put =
        |name: &str, text: String| assert!(files.insert(format!("{name}.json"), text).is_none(), "{name}");

    put("wrong_signature.changed_metric", signed.replacen("bundle 2", "bundle 3", 1));
    put("wrong_signature.reformatted", signed.replacen("\"schema\": 1", "\"schema\":1", 1));
    put("wrong_signature.truncated", {
        let at = signed.rfind("\"}]").unwrap();
        format!("{}{}", &signed[..at - 2], &signed[at..])
    });
    put("unknown_key.other", sign_anything(&serde_json::to_string_pretty(&good).unwrap(), &other_key()));
    put(
        "unknown_key.nobody",
        format!("{}\"signatures\": []}}\n", signed.split("\"signatures\"").next().unwrap()),
    );
    put("malformed_manifest.no_json", "registry".into());
    put("malformed_manifest.no_signatures", "{\"signed\": {}}\n".into());
    put("malformed_manifest.no_version", broken(&|m| drop(m.as_object_mut().unwrap().remove("version"))));
    put(
        "malformed_manifest.bad_hash",
        broken(&|m| m["bundles"][&champion]["artifacts"][0] = json!("../secret")),
    );
    put(
        "malformed_manifest.upper_case_hash",
        broken(&|m| m["aliases"]["champion"] = json!(champion.to_uppercase())),
    );
    put("malformed_manifest.bad_time", broken(&|m| m["expires_at"] = json!("tomorrow")));
    put("malformed_manifest.bad_alias", broken(&|m| m["aliases"]["../champion"] = json!(champion)));
    put("malformed_manifest.negative_bytes", broken(&|m| m["artifacts"][&encoder]["bytes"] = json!(-1)));
    put("unknown_schema.newer", broken(&|m| m["schema"] = json!(2)));
    put("unknown_schema.another_shape", broken(&|m| *m = json!({ "schema": 9, "everything": "else" })));
    put("bad_version.zero", broken(&|m| m["version"] = json!(0)));
    put("bad_version.inexact", broken(&|m| m["version"] = json!((1_u64 << 53) + 1)));
    put("bad_validity", broken(&|m| m["issued_at"] = m["expires_at"].clone()));
    put("bad_name.traversal", broken(&|m| m["artifacts"][&encoder]["name"] = json!("../../encoder.onnx")));
    put("bad_name.absolute", broken(&|m| m["artifacts"][&encoder]["name"] = json!("/etc/passwd")));
    put("bad_name.backslash", broken(&|m| m["artifacts"][&encoder]["name"] = json!("..\\encoder.onnx")));
    put("bad_name.hidden", broken(&|m| m["artifacts"][&encoder]["name"] = json!(".encoder")));
    put("bad_name.newline", broken(&|m| m["artifacts"][&encoder]["name"] = json!("encoder\n")));
    put("bad_name.empty", broken(&|m| m["artifacts"][&encoder]["name"] = json!("")));
    put("bad_name.long", broken(&|m| m["artifacts"][&encoder]["name"] = json!("e".repeat(129))));
    put("bad_text.licence", broken(&|m| m["artifacts"][&encoder]["licence"] = json!("MIT\u{1b}[2J")));
    put("too_large.artifact", broken(&|m| m["artifacts"][&encoder]["bytes"] = json!((64 << 20) + 1)));
    put(
        "too_large.bundle",
        broken(&|m| {
            for artifact in m["artifacts"].as_object_mut().unwrap().values_mut() {
                artifact["bytes"] = json!(64 << 20);
            }
        }),
    );
    put("alias_without_bundle", broken(&|m| m["aliases"]["challenger"] = json!("0".repeat(64))));
    put("missing_artifact", broken(&|m| drop(m["artifacts"].as_object_mut().unwrap().remove(&encoder))));
    put("bad_bundle.empty", broken(&|m| m["bundles"][&champion]["artifacts"] = json!([])));
    put(
        "bad_bundle.twice",
        broken(&|m| {
            m["bundles"][&champion]["artifacts"].as_array_mut().unwrap().push(json!(encoder));
        }),
    );
    put(
        "wrong_bundle_id",
        broken(&|m| drop(m["bundles"][&champion]["artifacts"].as_array_mut().unwrap().pop())),
    );
    put("older_version", broken(&|m| m["version"] = json!(2)));
    put(
        "expired",
        broken(&|m| {
            m["issued_at"] = json!("2026-01-01T00:00:00Z");
            m["expires_at"] = json!("2026-10-21T06:00:00Z");
        }),
    );
    files
}

fn accepted() -> BTreeMap<String, String> {
    let (manifest, ledger) = example();
    let key = development_key();
    let mut late = manifest.clone();
    late.issued_at = "2026-01-01T00:00:00Z".parse().unwrap();
    late.expires_at = "2026-10-21T06:00:01Z".parse().unwrap();
    // A newer publisher may add fields and kinds; a face of today still reads what it knows.
    let mut newer = serde_json::to_value(&manifest).unwrap();
    newer["channel"] = json!("stable");
    newer["artifacts"][ContentHash::of(b"encoder").to_string()]["kind"] = json!("hologram");
    BTreeMap::from([
        ("fresh.json".into(), sign(&manifest, &key, &Limits::default()).unwrap().to_json()),
        ("within_grace.json".into(), sign(&late, &key, &Limits::default()).unwrap().to_json()),
        ("newer_publisher.json".into(), sign_anything(&newer.to_string(), &key)),
        ("ledger.jsonl".into(), ledger.to_jsonl()),
    ])
}

fn verify(bytes: &[u8]) -> Result<Verified, RegistryError> {
    SignedManifest::parse(bytes, &Limits::default())?.verify(&development_trusted(), &TrustState::at(4), NOW)
}

/// The committed files, after writing them anew when that was asked for.
fn files(name: &str, generated: &BTreeMap<String, String>) -> BTreeMap<String, Vec<u8>> {
    // Tests run side by side: one of them writes, the others wait.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap();
    let folder = folder(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in generated {
            fs::write(folder.join(file), text).unwrap();
        }
    }
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
}

#[test]
fn refused_files_are_refused_for_their_reason() {
    let generated = refused();
    let files = files("refused", &generated);
    assert_eq!(files.keys().collect::<Vec<_>>(), generated.keys().collect::<Vec<_>>());
    for (file, bytes) in files {
        let expected = file.split('.').next().unwrap();
        match verify(&bytes) {
            Ok(_) => panic!("{file} was accepted"),
            Err(error) => assert_eq!(error.code(), expected, "{file}: {error}"),
        }
    }
}

#[test]
fn accepted_files_stay_accepted() {
    let files = files("accepted", &accepted());
    let fresh = verify(&files["fresh.json"]).unwrap();
    assert_eq!(fresh.freshness, Freshness::Fresh { expires_in_seconds: 90 * DAY });
    assert_eq!(fresh.key_ids, [DEVELOPMENT_KEY_ID]);
    let names: Vec<&str> =
        fresh.manifest.bundle_artifacts("champion").unwrap().iter().map(|(_, a)| a.name.as_str()).collect();
    assert_eq!(names, ["acts.onnx", "bundle.json", "encoder.onnx"]);

    let late = verify(&files["within_grace.json"]).unwrap();
    let expected = Freshness::ExpiredWithinGrace { expired_for_seconds: 30 * DAY - 1, refused_in_seconds: 1 };
    assert_eq!(late.freshness, expected);

    let newer = verify(&files["newer_publisher.json"]).unwrap().manifest;
    assert_eq!(newer.artifacts[&ContentHash::of(b"encoder")].kind, ArtifactKind::Other("hologram".into()));

    let ledger = Ledger::parse(&files["ledger.jsonl"]).unwrap();
    ledger.check_head(&fresh.manifest).unwrap();
}

/// Signing is deterministic: the same change gives the same bytes on every machine.
#[test]
fn writing_gives_the_golden_bytes() {
    let generated = accepted();
    for (file, bytes) in files("accepted", &generated) {
        assert_eq!(String::from_utf8(bytes).unwrap(), generated[&file], "{file}");
    }
}
