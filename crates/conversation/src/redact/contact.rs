//! E-mail addresses, and credentials in addresses on the net.

use super::{PersonalData, Span};

/// Parameters whose value opens something.
const SECRETS: [&str; 9] =
    ["password", "passwd", "pwd", "token", "access_token", "api_key", "apikey", "secret", "auth"];

/// `user:password` in `https://user:password@host`, and values of parameters like `?token=…`.
pub(super) fn credentials(text: &str) -> Vec<Span> {
    let kind = PersonalData::Credentials;
    let ends_address = |c: char| c.is_whitespace() || "<>\"'".contains(c);
    let mut spans = Vec::new();
    // Parameters are read once for each address, however many others it holds.
    let mut read = 0;
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = &text[start..];
        let authority = rest.find(|c| ends_address(c) || "/?#".contains(c)).unwrap_or(rest.len());
        if let Some(user) = rest[..authority].rfind('@').filter(|&user| user > 0) {
            spans.push(Span { start, end: start + user, kind });
        }
        if start >= read {
            let end = rest.find(ends_address).unwrap_or(rest.len());
            read = start + end;
            let secrets = parameters(&rest[..end]);
            spans.extend(secrets.map(|(from, to)| Span { start: start + from, end: start + to, kind }));
        }
    }
    spans
}

/// Where the values of secret parameters stand in an address.
fn parameters(address: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut next = 0;
    address.split(['?', '&', '#', ';']).filter_map(move |parameter| {
        let start = next;
        next += parameter.len() + 1;
        let (name, value) = parameter.split_once('=')?;
        let secret = SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        let from = start + name.len() + 1;
        let placeholder = value.starts_with('[');
        (secret && !value.is_empty() && !placeholder).then_some((from, from + value.len()))
    })
}

/// `name@host.tld`.
pub(super) fn emails(text: &str) -> Vec<Span> {
    text.match_indices('@').filter_map(|(at, _)| email(text, at)).collect()
}

fn email(text: &str, at: usize) -> Option<Span> {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let before = &text[..at];
    let name = before.trim_end_matches(local).len();
    let name = at - before[name..].trim_start_matches(['.', '-', '_', '%']).len();
    let after = &text[at + 1..];
    let host = &after
        [..after.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(after.len())];
    let host = host.trim_end_matches(['.', '-']);
    let (domain, top) = host.rsplit_once('.')?;
    let fits = name < at
        && top.chars().count() >= 2
        && top.chars().all(char::is_alphabetic)
        && domain.split('.').all(|label| !label.is_empty());
    fits.then_some(Span { start: name, end: at + 1 + host.len(), kind: PersonalData::Email })
}
