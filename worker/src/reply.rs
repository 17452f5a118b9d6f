//! Building responses: one place for media types, caching and the headers of a refusal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use worker::{Response, ResponseBuilder, Result};

use crate::problem::{PROBLEM_JSON, Refusal};

/// An answer that holds for this request alone.
pub(crate) fn json(status: u16, body: &impl Serialize) -> Result<Response> {
    fresh("application/json", status, body)
}

/// What the model says, as JSON, with the milliseconds spent waiting for the model and computing.
pub(crate) fn answer(answer: Vec<u8>, bundle: &str, waited: u64, inference: u64) -> Result<Response> {
    let timing = format!("model;dur={waited}, inference;dur={inference}");
    Ok(ResponseBuilder::new()
        .with_header("content-type", "application/json")?
        .with_header("cache-control", "no-store")?
        .with_header("x-content-type-options", "nosniff")?
        .with_header("x-rapport-bundle", bundle)?
        .with_header("server-timing", &timing)?
        .fixed(answer))
}

/// A refusal as problem details.
pub(crate) fn problem(refusal: &Refusal) -> Result<Response> {
    let details = refusal.details();
    let response = fresh(PROBLEM_JSON, details.status, &details)?;
    if let Some(seconds) = refusal.retry_after() {
        response.headers().set("retry-after", &seconds.to_string())?;
    }
    if let Some(allow) = refusal.allow() {
        response.headers().set("allow", allow)?;
    }
    Ok(response)
}

fn fresh(media_type: &str, status: u16, body: &impl Serialize) -> Result<Response> {
    Ok(ResponseBuilder::new()
        .with_status(status)
        .with_header("content-type", media_type)?
        .with_header("cache-control", "no-store")?
        .with_header("x-content-type-options", "nosniff")?
        .fixed(serde_json::to_vec(body)?))
}

/// A page that stays the same until the next deployment: it has an `ETag`, and `304` answers a reader who has it.
pub(crate) fn page(media_type: &str, body: &str, if_none_match: Option<&str>) -> Result<Response> {
    let etag = etag(body);
    let builder = ResponseBuilder::new()
        .with_header("content-type", media_type)?
        .with_header("cache-control", "public, max-age=300")?
        .with_header("x-content-type-options", "nosniff")?
        .with_header("etag", &etag)?;
    if if_none_match.is_some_and(|known| matches(known, &etag)) {
        return Ok(builder.with_status(304).empty());
    }
    Ok(builder.fixed(body.as_bytes().to_vec()))
}

/// `'sha256-…'` of an inline script or style, as a content security policy names it.
pub(crate) fn csp_hash(inline: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inline.as_bytes())))
}

fn etag(body: &str) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(body.as_bytes())[..12]))
}

/// The weak comparison of RFC 9110: the network may have turned the tag into a weak one.
fn matches(known: &str, etag: &str) -> bool {
    known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_recognised_weak_or_in_a_list() {
        let tag = etag("body");
        assert!(matches(&tag, &tag));
        assert!(matches(&format!("\"x\", W/{tag}"), &tag));
        assert!(!matches("\"x\"", &tag));
    }

    #[test]
    fn the_hash_of_an_empty_script_is_the_known_one() {
        assert_eq!(csp_hash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    }
}
