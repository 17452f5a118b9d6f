//! What browsers are told, so that a page of another origin may call the API.

use worker::{Headers, Result};

/// Headers that a page may send.
const ALLOW_HEADERS: &str = "content-type, authorization, x-api-key";
/// Headers of an answer that a page may read, beyond the safelisted ones.
const EXPOSE_HEADERS: &str = "etag, retry-after, server-timing, x-rapport-bundle";
/// Seconds for which a browser may remember a preflight.
const MAX_AGE: &str = "86400";

/// What `Access-Control-Allow-Origin` says to `origin`, if anything, when `allowed` is configured.
fn allow_origin<'a>(allowed: &'a str, origin: &'a str) -> Option<&'a str> {
    let mut list = allowed.split(',').map(str::trim);
    if list.clone().any(|entry| entry == "*") {
        return Some("*");
    }
    list.find(|entry| entry.eq_ignore_ascii_case(origin)).map(|_| origin)
}

/// Adds the headers of any answer to `headers`.
///
/// # Errors
/// When the origin holds characters that no header may hold.
pub(crate) fn apply(headers: &Headers, allowed: &str, origin: Option<&str>) -> Result<()> {
    if allowed.trim() != "*" {
        headers.append("vary", "Origin")?;
    }
    let Some(allow) = origin.and_then(|origin| allow_origin(allowed, origin)) else { return Ok(()) };
    headers.set("access-control-allow-origin", allow)?;
    headers.set("access-control-expose-headers", EXPOSE_HEADERS)?;
    headers.set("timing-allow-origin", allow)
}

/// Adds the headers of a preflight's answer to `headers`.
///
/// # Errors
/// As [`apply`].
pub(crate) fn preflight(headers: &Headers, methods: &str) -> Result<()> {
    headers.set("access-control-allow-methods", methods)?;
    headers.set("access-control-allow-headers", ALLOW_HEADERS)?;
    headers.set("access-control-max-age", MAX_AGE)
}

#[cfg(test)]
mod tests {
    use super::allow_origin;

    #[test]
    fn a_star_allows_everyone_without_naming_them() {
        assert_eq!(allow_origin("*", "https://a.example"), Some("*"));
    }

    #[test]
    fn a_list_allows_its_members_by_name() {
        let list = "https://a.example, https://b.example";
        assert_eq!(allow_origin(list, "https://b.example"), Some("https://b.example"));
        assert_eq!(allow_origin(list, "https://c.example"), None);
        assert_eq!(allow_origin(list, "null"), None);
    }
}
