//! Who is asking, as far as the rate limit needs to know.

use std::net::{IpAddr, Ipv6Addr};

use sha2::{Digest, Sha256};

/// The key under which a client's requests are counted.
///
/// A token counts for itself only when its SHA-256 is in `token_hashes`: if any text would do, a client could
/// escape its limit with a new text for each request. Otherwise the address counts, for IPv6 its /64, since a
/// household or a server usually has that many addresses to itself.
pub(crate) fn rate_limit_key(token: Option<&str>, address: Option<&str>, token_hashes: &str) -> String {
    if let Some(hash) = token.map(hash).filter(|hash| is_listed(hash, token_hashes)) {
        return format!("token:{}", &hash[..16]);
    }
    match address.and_then(|address| address.trim().parse().ok()) {
        Some(IpAddr::V4(v4)) => format!("ip:{v4}"),
        Some(IpAddr::V6(v6)) => v6.to_ipv4_mapped().map_or_else(
            || format!("ip:{}/64", Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
            |v4| format!("ip:{v4}"),
        ),
        None => "ip:unknown".to_owned(),
    }
}

/// The token in `Authorization: Bearer …` or in `X-API-Key`.
pub(crate) fn token(authorization: Option<&str>, api_key: Option<&str>) -> Option<String> {
    let bearer = authorization.and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    bearer.or(api_key).map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned)
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

fn is_listed(hash: &str, token_hashes: &str) -> bool {
    token_hashes.split(',').any(|listed| listed.trim().eq_ignore_ascii_case(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_token_does_not_escape_the_address() {
        assert_eq!(rate_limit_key(Some("made up"), Some("192.0.2.7"), ""), "ip:192.0.2.7");
    }

    #[test]
    fn a_known_token_counts_for_itself() {
        let listed = format!("abc, {}", hash("secret"));
        let key = rate_limit_key(Some("secret"), Some("192.0.2.7"), &listed);
        assert!(key.starts_with("token:") && !key.contains("secret"), "{key}");
        assert_eq!(key, rate_limit_key(Some("secret"), Some("192.0.2.8"), &listed));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_together() {
        let one = rate_limit_key(None, Some("2001:db8:1:2:3:4:5:6"), "");
        assert_eq!(one, "ip:2001:db8:1:2::/64");
        assert_eq!(one, rate_limit_key(None, Some("2001:db8:1:2:ffff::1"), ""));
        assert_ne!(one, rate_limit_key(None, Some("2001:db8:1:3::1"), ""));
        assert_eq!(rate_limit_key(None, Some("::ffff:192.0.2.7"), ""), "ip:192.0.2.7");
    }

    #[test]
    fn reads_both_headers() {
        assert_eq!(token(Some("Bearer  abc "), None).as_deref(), Some("abc"));
        assert_eq!(token(Some("Basic abc"), Some("key")).as_deref(), Some("key"));
        assert_eq!(token(None, Some(" ")), None);
    }
}
