//! The body of a request: its media type, its size, its bytes.

use futures_util::StreamExt;
use rapport_conversation::{HistoryError, Limits};
use worker::Request;

use crate::problem::Refusal;

/// The bytes of the body of `request`.
///
/// The size is checked before and while the body arrives, so that a large one is never held whole.
///
/// # Errors
/// A [`Refusal`] that says what to mend: 400, 413 or 415.
pub(crate) async fn read(request: &mut Request) -> Result<Vec<u8>, Refusal> {
    let header = |name: &str| request.headers().get(name).ok().flatten();
    check_media_type(header("content-type").as_deref(), header("content-encoding").as_deref())?;
    let announced = header("content-length").and_then(|length| length.trim().parse().ok());
    if let Some(length) = announced.filter(|&length| length > Limits::REQUEST.total_bytes) {
        return Err(too_large(length));
    }
    collect(request, announced.unwrap_or_default()).await
}

async fn collect(request: &mut Request, announced: usize) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::with_capacity(announced);
    // A request without a body has no stream: it is read as an empty text, which is not JSON.
    let Ok(mut stream) = request.stream() else { return Ok(body) };
    while let Some(chunk) = stream.next().await {
        body.extend(chunk.map_err(|_| Refusal::BodyBroken)?);
        if body.len() > Limits::REQUEST.total_bytes {
            return Err(too_large(body.len()));
        }
    }
    Ok(body)
}

fn too_large(actual: usize) -> Refusal {
    let limit = Limits::REQUEST.total_bytes;
    let message =
        format!("the body has {actual} bytes or more, {limit} are accepted; send the last turns only");
    HistoryError::TooLarge {
        field: String::new(),
        pointer: String::new(),
        code: "body_too_large",
        limit,
        actual,
        message,
    }
    .into()
}

fn check_media_type(content_type: Option<&str>, content_encoding: Option<&str>) -> Result<(), Refusal> {
    let refuse = |why| Err(Refusal::UnsupportedMediaType(why));
    if content_encoding.is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")) {
        return refuse("the body is compressed; send it without Content-Encoding");
    }
    let Some(content_type) = content_type else {
        return refuse("Content-Type is missing; send application/json");
    };
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return refuse("the body is not announced as JSON; send Content-Type: application/json");
    }
    match parts.find_map(|part| part.strip_prefix("charset=").map(|c| c.trim_matches('"').to_owned())) {
        Some(charset) if !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii") => {
            refuse("the body is not announced as UTF-8; JSON is UTF-8 (RFC 8259)")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check_media_type;

    #[test]
    fn json_in_utf8_is_accepted() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/vnd.crm+json",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(check_media_type(Some(good), None).is_ok(), "{good}");
        }
        assert!(check_media_type(Some("application/json"), Some("identity")).is_ok());
    }

    #[test]
    fn all_else_is_refused() {
        for bad in [
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
        ] {
            assert!(check_media_type(Some(bad), None).is_err(), "{bad}");
        }
        assert!(check_media_type(None, None).is_err());
        assert!(check_media_type(Some("application/json"), Some("gzip")).is_err());
    }
}
