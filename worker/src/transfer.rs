//! Artifact bytes from the bucket and from the data centre's cache, never more than announced.

use futures_util::StreamExt;
use rapport_registry::ContentHash;
use worker::js_sys::Uint8Array;
use worker::{Bucket, ByteStream, Cache, ResponseBuilder, Result, web_sys};

/// Name of the cache that holds artifacts.
const CACHE: &str = "rapport-artifacts";

fn bucket_key(hash: &ContentHash) -> String {
    format!("artifacts/{hash}")
}

/// The Cache API wants an address; this one leads nowhere and is never fetched.
fn cache_key(hash: &ContentHash) -> String {
    format!("https://artifacts.invalid/{hash}")
}

/// The object of this hash, unverified; `None` when the bucket has none. Reading stops one byte after
/// `expected`, which is enough for the verification to fail.
pub(crate) async fn from_bucket(
    bucket: &Bucket,
    hash: &ContentHash,
    expected: u64,
) -> Result<Option<Vec<u8>>> {
    let Some(object) = bucket.get(bucket_key(hash)).execute().await? else { return Ok(None) };
    let Some(body) = object.body() else { return Ok(None) };
    collect(body.stream()?, expected).await.map(Some)
}

/// What the cache holds under this hash, unverified. A cache that fails is a cache that is empty.
pub(crate) async fn from_cache(hash: &ContentHash, expected: u64) -> Option<Vec<u8>> {
    let mut response = Cache::open(CACHE.to_owned()).await.get(cache_key(hash), false).await.ok()??;
    collect(response.stream().ok()?, expected).await.ok()
}

/// Puts verified bytes into the cache. Failing is harmless: the bucket still has them.
pub(crate) async fn into_cache(hash: &ContentHash, bytes: &[u8]) {
    let store = async {
        let init = ResponseBuilder::new()
            .with_header("content-type", "application/octet-stream")?
            .with_header("cache-control", "public, max-age=31536000, immutable")?
            .into();
        // Copied once, out of the WebAssembly memory, which would keep the size of a second copy for good.
        let body = Uint8Array::from(bytes);
        let response = web_sys::Response::new_with_opt_js_u8_array_and_init(Some(&body), &init)?;
        Cache::open(CACHE.to_owned()).await.put(cache_key(hash), response.into()).await
    };
    let _ = store.await;
}

/// Collects a stream chunk by chunk: the isolate holds the bytes once, and never many more than expected.
async fn collect(mut stream: ByteStream, expected: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected as usize);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        let left = (expected as usize + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(&chunk[..chunk.len().min(left)]);
        if bytes.len() > expected as usize {
            break;
        }
    }
    Ok(bytes)
}
