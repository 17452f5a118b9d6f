//! `rapport registry …`, on the built binary and real folders.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rapport_registry::{ContentHash, Ledger, Limits, SignedManifest, SigningKey, TrustState, TrustedKeys};
use serde_json::{Value, json};
use tempfile::TempDir;

const DEVELOPMENT_SECRET: &str = include_str!("../../../models/keys/development.secret");

/// A models folder, a cache and a publisher's key of their own.
struct World {
    folder: TempDir,
    key: SigningKey,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            key: SigningKey::from_seed("publisher", &[3; 32]).unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
        command.arg("registry").args(arguments).current_dir(self.folder.path());
        command.env("RAPPORT_CACHE", self.path("cache"));
        command.env("RAPPORT_SIGNING_KEY", self.key.to_secret_text());
        command.env("RAPPORT_TRUSTED_KEYS", self.key.public().to_string());
        command.env_remove("RAPPORT_ALLOW_DEVELOPMENT_KEY").env_remove("RAPPORT_PUBLISHER");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs what must succeed; its standard output.
    fn text(&self, arguments: &[&str]) -> String {
        succeeded(self.run(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Runs what must fail; its standard error.
    fn refused(&self, arguments: &[&str]) -> String {
        failed(self.run(arguments))
    }

    /// A bundle folder with one small and one large artifact.
    fn bundle(&self, seed: u8) -> String {
        let name = format!("bundle-{seed}");
        let folder = self.path(&name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bundle.json"), format!("{{\"seed\":{seed}}}")).unwrap();
        fs::write(folder.join("acts.onnx"), vec![seed; 2_000]).unwrap();
        fs::write(folder.join("encoder.onnx"), vec![7; 50_000]).unwrap();
        fs::write(folder.join("README.md"), "notes").unwrap();
        let card = json!({
            "note": format!("bundle {seed}"), "licence": "MIT", "data": ["persuasion-for-good"],
            "metrics": { "response-type-now": { "accuracy": 0.123_456_789_012_345_6, "seed": seed } },
            "artifacts": { "encoder.onnx": { "licence": "Apache-2.0", "data": [] } },
        });
        fs::write(folder.join("bundle-card.json"), card.to_string()).unwrap();
        name
    }

    /// Publishes a bundle and gives its id.
    fn publish(&self, seed: u8) -> String {
        let bundle = self.bundle(seed);
        let report = self.json(&["publish", &bundle, "--commit-limit", "10000"]);
        report["bundle"].as_str().unwrap().to_owned()
    }

    fn registry(&self) -> Vec<u8> {
        fs::read(self.path("models/registry.json")).unwrap()
    }

    fn ledger(&self) -> Vec<u8> {
        fs::read(self.path("models/ledger.jsonl")).unwrap()
    }
}

fn succeeded(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

fn failed(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "succeeded: {text}");
    String::from_utf8(output.stderr).unwrap()
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_bundle_goes_from_a_folder_to_a_served_folder_and_back_by_rollback() {
    let world = World::new();
    let first = world.publish(1);
    let second = world.publish(2);
    world.text(&["promote", "champion", &first, "--reason", "the first"]);
    let moved = world.json(&["promote", "champion", &second[..8], "--reason", "better by two points"]);
    assert_eq!(moved, json!({ "version": 4, "alias": "champion", "bundle": second, "from": first }));

    // Small artifacts are committed, large ones cached.
    assert_eq!(files_in(&world.path("models/artifacts")).len(), 4);
    let encoder = ContentHash::of(&vec![7; 50_000]).to_string();
    assert_eq!(files_in(&world.path("cache/artifacts")), std::slice::from_ref(&encoder));

    let listed = world.json(&["list"]);
    assert_eq!(listed["aliases"], json!({ "champion": second }));
    assert_eq!(listed["bundles"].as_array().unwrap().len(), 2);
    let shown = world.json(&["show"]);
    assert_eq!(shown["metrics"]["response-type-now"]["accuracy"], json!(0.123_456_789_012_345_6));
    let licence = |name: &str| {
        let artifacts = shown["artifacts"].as_array().unwrap();
        artifacts.iter().find(|a| a["name"] == name).unwrap()["licence"].clone()
    };
    assert_eq!((licence("encoder.onnx"), licence("acts.onnx")), (json!("Apache-2.0"), json!("MIT")));

    let back = world.json(&["rollback", "--reason", "complaints", "--who", "Ada"]);
    assert_eq!(back, json!({ "version": 5, "alias": "champion", "bundle": first, "from": second }));
    let log = world.json(&["log", "--last", "1"]);
    let entry = &log["entries"][0];
    let told = ["who", "what", "why", "bundle", "from"].map(|field| entry[field].as_str().unwrap());
    assert_eq!(told, ["Ada", "rollback", "complaints", first.as_str(), second.as_str()]);
    assert_eq!(entry["metrics"]["response-type-now"]["seed"], 1);

    let exported = world.json(&["export", "--out", "served"]);
    assert_eq!(
        (&exported["version"], &exported["artifacts"], &exported["written"]),
        (&json!(5), &json!(3), &json!(3))
    );
    assert_eq!(world.json(&["export", "--out", "served"])["written"], 0);
    assert_eq!(fs::read(world.path("served/registry.json")).unwrap(), world.registry());
    assert_eq!(fs::read(world.path("served/artifacts").join(&encoder)).unwrap(), vec![7; 50_000]);
    // A face sees what it should see.
    let keys = TrustedKeys::from_build(Some(&world.key.public().to_string()), false).unwrap();
    let signed = SignedManifest::parse(&world.registry(), &Limits::default()).unwrap();
    let verified = signed.verify(&keys, &TrustState::at(4), 1_800_000_000).unwrap();
    assert_eq!(verified.manifest.resolve("champion").unwrap().to_string(), first);

    assert_eq!(world.json(&["verify", "--complete", "--last-version", "5"])["ledger_lines"], 5);
    assert!(world.refused(&["verify", "--last-version", "6"]).contains("older than version 6"));
    let served = world.json(&["verify", "--models", "served", "--served"]);
    assert_eq!((&served["artifacts_verified"], &served["ledger_lines"]), (&json!(3), &Value::Null));
    fs::remove_file(world.path("served/artifacts").join(&encoder)).unwrap();
    let incomplete = world.refused(&["verify", "--models", "served", "--served"]);
    assert!(incomplete.contains(&format!("missing: encoder.onnx ({encoder})")), "{incomplete}");

    // For a person: one line per bundle under a heading.
    let table = world.text(&["list"]);
    let heading = table.lines().nth(2).unwrap();
    assert!(heading.starts_with("bundle") && heading.ends_with("note"), "{table}");
    assert!(table.lines().any(|line| line.starts_with(&first[..12]) && line.contains("champion")), "{table}");
}

#[test]
fn gc_removes_what_no_alias_and_no_rollback_needs() {
    let world = World::new();
    let ids: Vec<String> = (1..=3).map(|seed| world.publish(seed)).collect();
    for id in &ids {
        world.text(&["promote", "champion", id, "--reason", "better"]);
    }
    let before = world.registry();
    let planned = world.json(&["gc", "--dry-run"]);
    assert_eq!(planned["bundles"], json!([ids[0]]));
    assert_eq!(world.registry(), before);

    let removed = world.json(&["gc"]);
    assert_eq!((&removed["bundles"], &removed["files"]), (&json!([ids[0]]), &json!(2)));
    assert_eq!(files_in(&world.path("models/artifacts")).len(), 4);
    assert_eq!(world.json(&["gc"])["bundles"], json!([]));
    world.text(&["rollback", "--reason", "still possible"]);
    world.text(&["verify", "--complete"]);
    let gone = world.refused(&["rollback", "--reason", "further"]);
    assert!(gone.contains("publish it first"), "{gone}");
}

#[test]
fn publishing_again_changes_nothing_and_restores_files() {
    let world = World::new();
    world.publish(1);
    let before = world.registry();
    fs::remove_dir_all(world.path("models/artifacts")).unwrap();
    fs::remove_dir_all(world.path("cache")).unwrap();
    assert!(world.refused(&["verify", "--complete"]).contains("missing: acts.onnx"));
    world.publish(1);
    assert_eq!(world.registry(), before);
    world.text(&["verify", "--complete"]);
}

#[test]
fn bundles_without_a_licence_or_a_configuration_are_refused() {
    let world = World::new();
    let bundle = world.bundle(1);
    let card = world.path(&bundle).join("bundle-card.json");
    fs::write(&card, "{}").unwrap();
    assert!(world.refused(&["publish", &bundle]).contains("has no licence: state it in"));
    world.text(&["publish", &bundle, "--licence", "MIT"]);
    fs::write(&card, "{\"license\":\"MIT\"}").unwrap();
    let spelled = world.refused(&["publish", &bundle]);
    assert!(spelled.contains("bundle-card.json") && spelled.contains("unknown field `license`"), "{spelled}");
    fs::write(&card, "{\"licence\":\"MIT\",\"artifacts\":{\"stage.onnx\":{}}}").unwrap();
    assert!(world.refused(&["publish", &bundle]).contains("`stage.onnx`, which is not in the folder"));
    fs::remove_file(&card).unwrap();
    fs::remove_file(world.path(&bundle).join("bundle.json")).unwrap();
    assert!(world.refused(&["publish", &bundle, "--licence", "MIT"]).contains("holds no bundle.json"));
    assert!(world.refused(&["publish", "nowhere"]).contains("nowhere"));
}

#[test]
fn what_was_tampered_with_is_refused_and_left_alone() {
    let world = World::new();
    let id = world.publish(1);
    world.text(&["promote", "champion", &id, "--reason", "the first"]);
    let good = world.registry();

    let text = String::from_utf8(good.clone()).unwrap().replace("bundle 1", "bundle 9");
    fs::write(world.path("models/registry.json"), &text).unwrap();
    for command in [&["list"][..], &["show"], &["verify"], &["export", "--out", "served"], &["renew"]] {
        let error = world.refused(command);
        assert!(
            error.contains("models/registry.json is refused") && error.contains("wrong signature"),
            "{error}"
        );
    }
    assert_eq!(world.registry(), text.as_bytes());
    assert!(!world.path("served").exists());
    fs::write(world.path("models/registry.json"), &good).unwrap();

    let ledger = world.ledger();
    let shortened = &ledger[..=ledger.iter().position(|b| *b == b'\n').unwrap()];
    fs::write(world.path("models/ledger.jsonl"), shortened).unwrap();
    assert!(world.refused(&["verify"]).contains("restore both from version control"));
    assert!(world.refused(&["renew"]).contains("do not belong together"));
    let rewritten = String::from_utf8(ledger.clone()).unwrap().replace("the first", "the worst");
    fs::write(world.path("models/ledger.jsonl"), rewritten).unwrap();
    assert!(world.refused(&["verify"]).contains("ledger line 2"));
    fs::write(world.path("models/ledger.jsonl"), &ledger).unwrap();

    let artifact = world.path("models/artifacts").join(ContentHash::of(&[1; 2_000]).to_string());
    fs::write(&artifact, vec![2; 2_000]).unwrap();
    for command in [&["verify"][..], &["export", "--out", "served"]] {
        let error = world.refused(command);
        assert!(error.contains("is damaged; remove it") && error.contains("SHA-256"), "{error}");
    }
    fs::remove_file(&artifact).unwrap();
    assert!(world.refused(&["export", "--out", "served"]).contains("acts.onnx"));
    assert!(!world.path("served/registry.json").exists());
    assert_eq!((world.registry(), world.ledger()), (good, ledger));
}

#[test]
fn a_stranger_can_neither_read_nor_change_it() {
    let world = World::new();
    world.publish(1);
    let before = (world.registry(), world.ledger());
    let stranger = SigningKey::from_seed("stranger", &[4; 32]).unwrap();
    let as_stranger = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("RAPPORT_SIGNING_KEY", stranger.to_secret_text());
        command.env("RAPPORT_TRUSTED_KEYS", stranger.public().to_string());
        failed(command.output().unwrap())
    };
    for command in [&["list"][..], &["renew"]] {
        let error = as_stranger(command);
        assert!(error.contains("signed by publisher, none of which is trusted"), "{error}");
    }
    let mut keyless = world.command(&["renew"]);
    keyless.env_remove("RAPPORT_SIGNING_KEY");
    assert!(failed(keyless.output().unwrap()).contains("no key to sign with"));
    assert_eq!((world.registry(), world.ledger()), before);
}

/// A change that dies after its ledger line is finished by the next one; one that dies before it leaves nothing.
#[test]
fn an_interrupted_change_is_finished_or_forgotten() {
    let world = World::new();
    let first = world.publish(1);
    let (old_registry, old_ledger) = (world.registry(), world.ledger());
    world.text(&["promote", "champion", &first, "--reason", "the first"]);
    let (new_registry, new_ledger) = (world.registry(), world.ledger());

    let interrupt = |registry: &[u8], ledger: &[u8], next: &[u8]| {
        fs::write(world.path("models/registry.json"), registry).unwrap();
        fs::write(world.path("models/ledger.jsonl"), ledger).unwrap();
        fs::write(world.path("models/registry.json.next"), next).unwrap();
    };
    interrupt(&old_registry, &new_ledger, &new_registry);
    assert_eq!(world.json(&["renew"])["version"], 3);
    assert_eq!(world.json(&["list"])["aliases"]["champion"], json!(first));
    world.text(&["verify"]);

    interrupt(&old_registry, &old_ledger, &new_registry);
    assert_eq!(world.json(&["renew"])["version"], 2);
    assert_eq!(world.json(&["list"])["aliases"], json!({}));
    world.text(&["verify"]);

    let half = &new_registry[..new_registry.len() / 2];
    interrupt(&old_registry, &new_ledger, half);
    assert!(world.refused(&["renew"]).contains("do not belong together"));
    assert_eq!(world.registry(), old_registry);
}

#[test]
fn writers_at_the_same_time_wait_for_each_other() {
    let world = World::new();
    world.publish(1);
    let writers: Vec<_> = (0..6)
        .map(|_| world.command(&["renew"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for writer in writers {
        succeeded(writer.wait_with_output().unwrap());
    }
    assert_eq!(world.json(&["verify"])["version"], 7);
    assert_eq!(Ledger::parse(&world.ledger()).unwrap().lines().len(), 7);

    let lock = fs::File::options().write(true).open(world.path("models/registry.lock")).unwrap();
    lock.lock().unwrap();
    assert!(world.refused(&["renew"]).contains("another `rapport registry` is changing"));
}

#[test]
fn an_expired_manifest_is_refused_and_can_be_renewed() {
    let world = World::new();
    let bundle = world.bundle(1);
    let long_ago = ["--at", "2020-01-01T00:00:00Z", "--expires-in-days", "1"];
    world.text(&[&["publish", bundle.as_str()][..], &long_ago].concat());
    assert!(world.refused(&["list"]).contains("expired at 2020-01-02T00:00:00Z and its grace"));
    world.text(&["renew"]);
    world.text(&["verify"]);
}

#[test]
fn the_same_commands_give_the_same_bytes() {
    let make = || {
        let world = World::new();
        let at = ["--at", "2026-11-20T06:00:00Z"];
        for seed in [1, 2] {
            let bundle = world.bundle(seed);
            world.text(&[&["publish", bundle.as_str(), "--commit-limit", "10000"][..], &at].concat());
        }
        (world.registry(), world.ledger())
    };
    assert_eq!(make(), make());
}

#[test]
fn the_development_key_signs_only_where_it_may() {
    let world = World::new();
    let bundle = world.bundle(1);
    fs::write(world.path("development.secret"), DEVELOPMENT_SECRET).unwrap();
    let publish = |variable: Option<&str>| {
        let mut command = world.command(&["publish", &bundle, "--key", "development.secret"]);
        command.env_remove("RAPPORT_TRUSTED_KEYS");
        if let Some(value) = variable {
            command.env("RAPPORT_ALLOW_DEVELOPMENT_KEY", value);
        }
        command.output().unwrap()
    };
    // The binary is built with the same profile as this test.
    if cfg!(debug_assertions) {
        succeeded(publish(None));
    } else {
        assert!(failed(publish(None)).contains("only with --allow-development-key"));
        assert!(failed(publish(Some("0"))).contains("only with --allow-development-key"));
    }
    succeeded(publish(Some("1")));
    let expiry = world.command(&["list", "--json", "--allow-development-key"]).output().unwrap();
    let listed: Value = serde_json::from_str(&succeeded(expiry)).unwrap();
    assert!(listed["freshness"]["expires_in_seconds"].as_i64().unwrap() > 3_000 * 86_400);
}

#[test]
fn keygen_makes_a_private_file_outside_repositories() {
    let world = World::new();
    let made = world.json(&["keygen", "--key-id", "ours", "--out", "ours.secret"]);
    let text = fs::read_to_string(world.path("ours.secret")).unwrap();
    let key: SigningKey = text.parse().unwrap();
    assert_eq!(made["public_key"], key.public().to_string());
    assert!(!made.to_string().contains(text.trim()), "the secret key stays in its file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(world.path("ours.secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(
        world
            .refused(&["keygen", "--key-id", "ours", "--out", "ours.secret", "--force"])
            .contains("ours.secret")
    );
    assert_eq!(fs::read_to_string(world.path("ours.secret")).unwrap(), text);

    fs::create_dir_all(world.path("clone/.git")).unwrap();
    fs::create_dir_all(world.path("clone/deep")).unwrap();
    let inside = ["keygen", "--key-id", "ours", "--out", "clone/deep/key"];
    assert!(world.refused(&inside).contains("lies in the git work tree"));
    world.text(&[&inside[..], &["--force"]].concat());

    let printed = world.json(&["keygen", "--key-id", "ours", "--print"]);
    printed["secret_key"].as_str().unwrap().parse::<SigningKey>().unwrap();
    assert!(world.refused(&["keygen", "--key-id", "development", "--print"]).contains("choose another"));
    assert!(world.refused(&["keygen", "--key-id", "../x", "--print"]).contains("bad key name"));
}
