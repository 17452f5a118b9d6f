//! Settings from the `[vars]` of `wrangler.toml`, with the defaults that hold when one is missing.

use worker::Env;

/// What an operator may change without building again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Alias of the bundle to serve.
    pub(crate) alias: String,
    /// Seconds between two looks at the manifest.
    pub(crate) check_seconds: u32,
    /// Manifests below this version are refused even by an isolate that has just started.
    pub(crate) minimum_version: u64,
    /// Origins that browsers may call from: `*`, or a list separated by commas.
    pub(crate) allowed_origins: String,
    /// Seconds in `Retry-After` of a 429; the period of the rate limit binding.
    pub(crate) rate_limit_period: u32,
    /// SHA-256 (hex) of API tokens that have a rate limit of their own, separated by commas.
    pub(crate) token_hashes: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            alias: "champion".to_owned(),
            check_seconds: 60,
            minimum_version: 0,
            allowed_origins: "*".to_owned(),
            rate_limit_period: 60,
            token_hashes: String::new(),
        }
    }
}

impl Config {
    /// Reads the environment of a request.
    pub(crate) fn from_env(env: &Env) -> Self {
        Self::read(|name| env.var(name).ok().map(|value| value.to_string()))
    }

    fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let default = Self::default();
        let text = |name: &str, or: String| get(name).filter(|v| !v.trim().is_empty()).unwrap_or(or);
        let number = |name: &str, or: u32| get(name).and_then(|v| v.trim().parse().ok()).unwrap_or(or);
        Self {
            alias: text("REGISTRY_ALIAS", default.alias),
            check_seconds: number("REGISTRY_CHECK_SECONDS", default.check_seconds),
            minimum_version: get("REGISTRY_MINIMUM_VERSION")
                .and_then(|v| v.trim().parse().ok())
                .unwrap_or(default.minimum_version),
            allowed_origins: text("ALLOWED_ORIGINS", default.allowed_origins),
            rate_limit_period: number("RATE_LIMIT_PERIOD_SECONDS", default.rate_limit_period),
            token_hashes: text("API_TOKEN_HASHES", default.token_hashes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_unreadable_keeps_its_default() {
        let config = Config::read(|name| match name {
            "REGISTRY_CHECK_SECONDS" => Some("soon".to_owned()),
            "REGISTRY_ALIAS" => Some(" ".to_owned()),
            _ => None,
        });
        assert_eq!(config, Config::default());
    }

    #[test]
    fn what_is_set_is_used() {
        let config = Config::read(|name| match name {
            "REGISTRY_CHECK_SECONDS" => Some("0".to_owned()),
            "REGISTRY_MINIMUM_VERSION" => Some("7".to_owned()),
            "REGISTRY_ALIAS" => Some("challenger".to_owned()),
            _ => None,
        });
        assert_eq!((config.check_seconds, config.minimum_version), (0, 7));
        assert_eq!(config.alias, "challenger");
    }
}
