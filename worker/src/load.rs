//! From the manifest in KV and the artifacts in R2 to a model, with every byte verified before it is parsed.

use std::rc::Rc;

use futures_util::future::try_join_all;
use rapport_registry::{
    Artifact, ContentHash, Limits, RegistryError, SignedManifest, TrustState, TrustedKeys, Verified,
    verify_artifact,
};
use worker::{Bucket, Env};

use crate::config::Config;
use crate::model::Model;
use crate::shelf::Shelf;
use crate::{clock, transfer};

/// KV binding and key of the manifest.
const MANIFEST: (&str, &str) = ("REGISTRY", "registry.json");
/// R2 binding of the artifacts.
const ARTIFACTS: &str = "ARTIFACTS";

/// Why no model could be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// A binding is missing or the storage behind it failed.
    #[error("{what} cannot be read: {reason}")]
    Storage {
        /// What was to be read.
        what: String,
        /// What the storage says.
        reason: String,
    },
    /// Nothing is stored under this key.
    #[error("{0} is missing; publish the registry to this edge again")]
    Missing(String),
    /// The manifest or an artifact is not the one to trust.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The engine cannot use the bundle.
    #[error(transparent)]
    Engine(#[from] rapport_engine::EngineError),
}

impl LoadError {
    /// A stable name for the reason.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Storage { .. } => "storage",
            Self::Missing(_) => "missing",
            Self::Registry(error) => error.code(),
            Self::Engine(_) => "engine",
        }
    }
}

/// The manifest in KV, when it passes every check.
///
/// # Errors
/// When it cannot be read or is not to be trusted.
pub(crate) async fn manifest(env: &Env, state: &TrustState) -> Result<Verified, LoadError> {
    let (binding, key) = MANIFEST;
    let failed = |reason: String| LoadError::Storage { what: format!("the manifest {key}"), reason };
    let kv = env.kv(binding).map_err(|e| failed(e.to_string()))?;
    let bytes = kv.get(key).bytes().await.map_err(|e| failed(e.to_string()))?;
    let bytes = bytes.ok_or_else(|| LoadError::Missing(format!("the manifest {key}")))?;
    let now = clock::unix_seconds();
    Ok(SignedManifest::parse(&bytes, &Limits::default())?.verify(&trusted_keys()?, state, now)?)
}

/// The keys that this build trusts.
fn trusted_keys() -> Result<TrustedKeys, RegistryError> {
    TrustedKeys::from_build(
        option_env!("RAPPORT_TRUSTED_KEYS"),
        option_env!("RAPPORT_ALLOW_DEVELOPMENT_KEY") == Some("1"),
    )
}

/// The model of the configured alias, or `None` when `current` is that already.
///
/// # Errors
/// When an artifact is missing, is not the one in the manifest, or does not load.
pub(crate) async fn model(
    env: &Env,
    config: &Config,
    verified: &Verified,
    current: Option<ContentHash>,
    shelf: &Shelf,
) -> Result<Option<Rc<Model>>, LoadError> {
    let bundle = verified.manifest.resolve(&config.alias)?;
    if current == Some(bundle) {
        return Ok(None);
    }
    let artifacts = verified.manifest.artifacts_of(&bundle)?;
    // Cards are for people.
    let needed: Vec<_> =
        artifacts.into_iter().filter(|(_, artifact)| artifact.format != "markdown").collect();
    let bucket = env
        .bucket(ARTIFACTS)
        .map_err(|e| LoadError::Storage { what: "the artifact store".to_owned(), reason: e.to_string() })?;
    let files =
        try_join_all(needed.iter().map(|(hash, artifact)| fetch(&bucket, hash, artifact, shelf))).await?;
    shelf.keep_only(&needed.iter().map(|(hash, _)| *hash).collect::<Vec<_>>());
    let model = Model::load(verified, bundle, files)?;
    Ok(Some(Rc::new(model)))
}

/// One artifact: from the isolate, else from the data centre's cache, else from the bucket.
async fn fetch(
    bucket: &Bucket,
    hash: &ContentHash,
    artifact: &Artifact,
    shelf: &Shelf,
) -> Result<(String, Vec<u8>), LoadError> {
    let name = artifact.name.clone();
    if let Some(bytes) = shelf.get(hash) {
        return Ok((name, bytes));
    }
    // What the cache holds is checked like everything else; a wrong copy only costs the way to the bucket.
    if let Some(bytes) = transfer::from_cache(hash, artifact.bytes).await
        && verify_artifact(hash, artifact, &bytes).is_ok()
    {
        shelf.put(*hash, &bytes);
        return Ok((name, bytes));
    }
    let bytes = transfer::from_bucket(bucket, hash, artifact.bytes)
        .await
        .map_err(|e| LoadError::Storage {
            what: format!("artifact `{name}` ({hash})"),
            reason: e.to_string(),
        })?
        .ok_or_else(|| LoadError::Missing(format!("artifact `{name}` ({hash})")))?;
    verify_artifact(hash, artifact, &bytes)?;
    transfer::into_cache(hash, &bytes).await;
    shelf.put(*hash, &bytes);
    Ok((name, bytes))
}
