//! `rapport registry publish`: a folder of artifacts becomes a bundle.
//!
//! Licence and data come from `bundle-card.json` in that folder:
//! `{"licence":"MIT","data":["…"],"parents":["<bundle id>"],"note":"…","metrics":{…},
//! "artifacts":{"encoder.onnx":{"licence":"Apache-2.0","data":["…"],"parents":["<sha256>"],"kind":"encoder","metrics":{…}}}}`.
//! All of it is optional but a licence for every artifact: its own or the bundle's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use rapport_registry::{Artifact, ArtifactKind, ContentHash, NewBundle, RegistryError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys::{SigningArgs, TrustArgs};
use super::store::{self, Store};
use super::table::{self, Table};
use crate::bundle::BUNDLE_CARD;
use crate::{Output, files};

/// Files of these extensions in the folder are artifacts; all others are reported as left out.
const FORMATS: [&str; 3] = ["onnx", "json", "bin"];
/// What `models/` may hold of models altogether before it is said.
const COMMITTED_IN_ALL: u64 = 5_000_000;

/// `rapport registry publish`
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// Folder with bundle.json, the models and bundle-card.json.
    bundle: PathBuf,
    /// A line for people: what is new in it.
    #[arg(long)]
    note: Option<String>,
    /// Metrics, as `rapport evaluate --json` prints them; they replace those of the card.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Licence of what the card says nothing about, as an SPDX expression.
    #[arg(long, value_name = "SPDX")]
    licence: Option<String>,
    /// Bundles it was made from: aliases, ids or beginnings of ids.
    #[arg(long, value_name = "BUNDLE")]
    parent: Vec<String>,
    /// Artifacts up to this many bytes are put beside the manifest, to be committed; larger ones into the cache.
    #[arg(long, value_name = "BYTES", default_value_t = 1_000_000)]
    commit_limit: u64,
    /// Why, for the ledger; the default is the note.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

/// What `bundle-card.json` says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BundleCard {
    note: Option<String>,
    licence: Option<String>,
    data: Vec<String>,
    parents: Vec<ContentHash>,
    metrics: Map<String, Value>,
    artifacts: BTreeMap<String, ArtifactCard>,
}

/// What it says about one artifact; what is missing is the bundle's.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ArtifactCard {
    kind: Option<ArtifactKind>,
    licence: Option<String>,
    data: Option<Vec<String>>,
    parents: Vec<ContentHash>,
    metrics: Map<String, Value>,
}

pub(super) fn run(args: &PublishArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let key = args.signing.key(trust)?;
    let card = read_card(&args.bundle)?;
    let contents = read_folder(&args.bundle, output)?;
    let artifacts = describe(&contents, &card, args)?;
    let locked = store.lock(trust.with(Some(&key.public()))?)?;

    let mut parents = card.parents.clone();
    for parent in &args.parent {
        parents.push(store::resolve(&locked.manifest, parent)?);
    }
    let metrics = match &args.metrics {
        Some(path) => parse(path)?,
        None => card.metrics.clone(),
    };
    let note = args.note.clone().or(card.note).unwrap_or_default();
    let reason = args.reason.as_deref().unwrap_or(&note);
    let bundle = NewBundle { artifacts, parents, metrics, note: note.clone() };
    let context = args.signing.context(&key, reason);
    let change = match locked.manifest.publish(&bundle, &context) {
        Err(RegistryError::NothingToDo { reason }) => {
            // Files may be missing all the same, in a clone or after a cleared cache.
            keep_all(store, &contents, args.commit_limit)?;
            output.note(format!("nothing to do: {reason}"));
            return report(&bundle, locked.manifest.version, false, output);
        }
        other => other?,
    };
    // Artifacts go first: a manifest must never name what is not there.
    let committed = keep_all(store, &contents, args.commit_limit)?;
    let manifest = locked.commit(change, &key)?;
    if committed > COMMITTED_IN_ALL {
        output.note(format!(
            "{} holds {} now; `rapport registry gc` removes what is not needed, --commit-limit lowers what is put there",
            store.committed().display(),
            table::bytes(committed)
        ));
    }
    report(&bundle, manifest.version, true, output)
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_slice(&files::read(path)?)
        .with_context(|| format!("{} is not as expected", path.display()))
}

fn read_card(folder: &Path) -> Result<BundleCard> {
    let path = folder.join(BUNDLE_CARD);
    if path.exists() { parse(&path) } else { Ok(BundleCard::default()) }
}

/// The artifacts in a folder, by name.
fn read_folder(folder: &Path, output: Output) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut contents = BTreeMap::new();
    let mut left_out = Vec::new();
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read the bundle folder {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if name == BUNDLE_CARD {
            continue;
        }
        if path.is_file() && FORMATS.contains(&extension) && !name.starts_with('.') {
            contents.insert(name, files::read(&path)?);
        } else {
            left_out.push(path.file_name().map_or(name, |name| name.to_string_lossy().into_owned()));
        }
    }
    if contents.is_empty() {
        bail!("{} holds no artifact (*.{})", folder.display(), FORMATS.join(", *."));
    }
    if !contents.contains_key("bundle.json") {
        bail!("{} holds no bundle.json, which every bundle begins with", folder.display());
    }
    if !left_out.is_empty() {
        left_out.sort();
        output.note(format!("left out: {} (not *.{})", left_out.join(", "), FORMATS.join(", *.")));
    }
    Ok(contents)
}

fn describe(
    contents: &BTreeMap<String, Vec<u8>>,
    card: &BundleCard,
    args: &PublishArgs,
) -> Result<Vec<(ContentHash, Artifact)>> {
    let path = args.bundle.join(BUNDLE_CARD);
    if let Some(name) = card.artifacts.keys().find(|name| !contents.contains_key(*name)) {
        bail!("{} describes `{name}`, which is not in the folder", path.display());
    }
    let describe_one = |(name, bytes): (&String, &Vec<u8>)| -> Result<(ContentHash, Artifact)> {
        let own = card.artifacts.get(name);
        let licence =
            own.and_then(|own| own.licence.clone()).or(card.licence.clone()).or(args.licence.clone());
        let Some(licence) = licence.filter(|licence| !licence.trim().is_empty()) else {
            bail!("`{name}` has no licence: state it in {} or give --licence SPDX", path.display());
        };
        let artifact = Artifact {
            name: name.clone(),
            kind: own
                .and_then(|own| own.kind.clone())
                .unwrap_or_else(|| ArtifactKind::of_artifact_named(name)),
            bytes: bytes.len() as u64,
            format: name.rsplit('.').next().unwrap_or_default().to_owned(),
            licence,
            data: own.and_then(|own| own.data.clone()).unwrap_or_else(|| card.data.clone()),
            parents: own.map(|own| own.parents.clone()).unwrap_or_default(),
            metrics: own.map(|own| own.metrics.clone()).unwrap_or_default(),
        };
        Ok((ContentHash::of(bytes), artifact))
    };
    contents.iter().map(describe_one).collect()
}

/// Keeps every artifact under its hash; gives the bytes of all committed artifacts.
fn keep_all(store: &Store, contents: &BTreeMap<String, Vec<u8>>, commit_limit: u64) -> Result<u64> {
    for bytes in contents.values() {
        store.keep(&ContentHash::of(bytes), bytes, commit_limit)?;
    }
    let folder = store.committed();
    if !folder.exists() {
        return Ok(0);
    }
    let mut committed = 0;
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        committed += entry?.metadata()?.len();
    }
    Ok(committed)
}

fn report(bundle: &NewBundle, version: u64, published: bool, output: Output) -> Result<()> {
    let id = bundle.id();
    let artifacts: Vec<Value> = bundle
        .artifacts
        .iter()
        .map(|(hash, artifact)| json!({ "name": artifact.name, "sha256": hash, "bytes": artifact.bytes }))
        .collect();
    let value = json!({ "version": version, "bundle": id, "published": published, "artifacts": artifacts });
    output.result(&value, || {
        let mut table = Table::new(&["artifact", "kind", "size", "licence", "sha256"]).right(2);
        for (hash, artifact) in &bundle.artifacts {
            table.row([
                artifact.name.clone(),
                artifact.kind.name().to_owned(),
                table::bytes(artifact.bytes),
                artifact.licence.clone(),
                hash.short(),
            ]);
        }
        format!("version {version}: bundle {id}\n\n{}", table.render())
    })
}
