//! `rapport registry list | show | log`

use anyhow::{Context, Result};
use clap::Args;
use rapport_registry::{ContentHash, Freshness, Manifest, TrustState};
use serde_json::{Map, Value, json};

use super::keys::TrustArgs;
use super::store::{self, Store};
use super::table::{self, Table};
use super::verify::days;
use crate::Output;

/// `rapport registry show`
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// An alias, a bundle id, or the beginning of one.
    #[arg(default_value = "champion")]
    bundle: String,
}

/// `rapport registry log`
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// Only the last N changes.
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

pub(super) fn list(store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let verified = store.verified(&trust.keys()?, &TrustState::default())?;
    let manifest = &verified.manifest;
    let mut bundles: Vec<_> = manifest.bundles.iter().collect();
    bundles.sort_by_key(|(id, bundle)| (std::cmp::Reverse(bundle.created_at), **id));
    let size = |id: &ContentHash| -> Result<u64> {
        Ok(manifest.artifacts_of(id)?.iter().map(|(_, artifact)| artifact.bytes).sum())
    };
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for (id, bundle) in bundles {
        let bytes = size(id)?;
        rows.push([
            id.short(),
            aliases_of(manifest, id).join(", "),
            bundle.created_at.to_string(),
            bundle.artifacts.len().to_string(),
            table::bytes(bytes),
            bundle.note.clone(),
        ]);
        values.push(json!({
            "id": id, "aliases": aliases_of(manifest, id), "created_at": bundle.created_at, "note": bundle.note,
            "artifacts": bundle.artifacts.len(), "bytes": bytes, "metrics": bundle.metrics,
        }));
    }
    let value = json!({
        "version": manifest.version, "issued_at": manifest.issued_at, "expires_at": manifest.expires_at,
        "signed_by": verified.key_ids, "freshness": verified.freshness, "aliases": manifest.aliases,
        "bundles": values,
    });
    output.result(&value, || {
        let fresh = match verified.freshness {
            Freshness::Fresh { expires_in_seconds } => format!("expires in {}", days(expires_in_seconds)),
            Freshness::ExpiredWithinGrace { expired_for_seconds, .. } => {
                format!("EXPIRED {} ago", days(expired_for_seconds))
            }
        };
        let mut table =
            Table::new(&["bundle", "aliases", "created", "artifacts", "size", "note"]).right(3).right(4);
        for row in rows {
            table.row(row);
        }
        let (version, signed_by) = (manifest.version, verified.key_ids.join(", "));
        format!("version {version}, signed by {signed_by}, {fresh}\n\n{}", table.render())
    })
}

pub(super) fn run(args: &ShowArgs, store: &Store, trust: &TrustArgs, output: Output) -> Result<()> {
    let manifest = store.verified(&trust.keys()?, &TrustState::default())?.manifest;
    let id = store::resolve(&manifest, &args.bundle)?;
    let bundle = manifest.bundles.get(&id).with_context(|| format!("no bundle {id}"))?;
    let mut table = Table::new(&["artifact", "kind", "size", "licence", "data", "sha256", "here"]).right(2);
    let mut artifacts = Vec::new();
    for (hash, artifact) in manifest.artifacts_of(&id)? {
        let here = store.find(&hash, artifact)?;
        table.row([
            artifact.name.clone(),
            artifact.kind.name().to_owned(),
            table::bytes(artifact.bytes),
            artifact.licence.clone(),
            artifact.data.join(", "),
            hash.short(),
            if here.is_some() { "yes" } else { "no" }.to_owned(),
        ]);
        let mut value = serde_json::to_value(artifact)?;
        value["sha256"] = json!(hash);
        value["path"] = json!(here);
        artifacts.push(value);
    }
    let value = json!({
        "id": id, "aliases": aliases_of(&manifest, &id), "created_at": bundle.created_at, "note": bundle.note,
        "parents": bundle.parents, "metrics": bundle.metrics, "artifacts": artifacts,
    });
    output.result(&value, || {
        let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
        let parents = bundle.parents.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        format!(
            "bundle   {id}\naliases  {}\ncreated  {}\nparents  {}\nnote     {}\n\n{}{}",
            or_none(aliases_of(&manifest, &id).join(", ")),
            bundle.created_at,
            or_none(parents),
            or_none(bundle.note.clone()),
            table.render(),
            metrics_text(&bundle.metrics)
        )
    })
}

pub(super) fn log(args: &LogArgs, store: &Store, output: Output) -> Result<()> {
    let ledger = store.ledger()?;
    let skipped = args.last.map_or(0, |last| ledger.lines().len().saturating_sub(last));
    let entries: Vec<_> = ledger.lines().iter().skip(skipped).map(|line| &line.entry).collect();
    output.result(&json!({ "head": ledger.head(), "entries": entries }), || {
        let mut table =
            Table::new(&["version", "when", "who", "what", "alias", "bundle", "from", "why"]).right(0);
        let short = |hash: &Option<ContentHash>| hash.map_or(String::new(), |hash| hash.short());
        for entry in entries {
            table.row([
                entry.version.to_string(),
                entry.when.to_string(),
                entry.who.clone(),
                entry.what.name().to_owned(),
                entry.alias.as_ref().map_or(String::new(), ToString::to_string),
                short(&entry.bundle),
                short(&entry.from),
                entry.why.clone(),
            ]);
        }
        table.render()
    })
}

fn aliases_of<'a>(manifest: &'a Manifest, bundle: &ContentHash) -> Vec<&'a str> {
    manifest.aliases.iter().filter(|(_, id)| *id == bundle).map(|(alias, _)| alias.as_str()).collect()
}

/// Metrics as lines `path  value`.
fn metrics_text(metrics: &Map<String, Value>) -> String {
    fn collect(path: &str, value: &Value, table: &mut Table) {
        let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    collect(&join(name), value, table);
                }
            }
            other => table.row([path.to_owned(), other.to_string()]),
        }
    }
    if metrics.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["metric", "value"]);
    collect("", &Value::Object(metrics.clone()), &mut table);
    format!("\n{}", table.render())
}
