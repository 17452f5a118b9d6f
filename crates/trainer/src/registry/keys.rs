//! Which key signs, and which keys are trusted on this command line.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use clap::builder::FalseyValueParser;
use rapport_registry::{ChangeContext, PublicKey, RegistryError, SigningKey, Timestamp, TrustedKeys};

use crate::files;

/// Variable with the text of a secret key.
const SIGNING_KEY: &str = "RAPPORT_SIGNING_KEY";
/// A publisher signs often; a clone of the development models has nobody who would.
const PUBLISHER_DAYS: u32 = 90;
const DEVELOPMENT_DAYS: u32 = 3650;

/// What is trusted.
#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    /// Public keys to trust.
    #[arg(long, global = true, env = "RAPPORT_TRUSTED_KEYS", value_name = "KEY_ID:HEX,...")]
    trusted_keys: Option<String>,
    /// Trust, and sign with, the committed development key. Debug builds always do.
    #[arg(long, global = true, env = "RAPPORT_ALLOW_DEVELOPMENT_KEY", value_parser = FalseyValueParser::new())]
    allow_development_key: bool,
}

impl TrustArgs {
    fn allows_development(&self) -> bool {
        self.allow_development_key || cfg!(debug_assertions)
    }

    /// The trusted keys.
    pub(super) fn keys(&self) -> Result<TrustedKeys> {
        self.with(None)
    }

    /// The trusted keys and `own`, the publisher's.
    pub(super) fn with(&self, own: Option<&PublicKey>) -> Result<TrustedKeys> {
        let listed = self.trusted_keys.iter().cloned().chain(own.map(PublicKey::to_string));
        let list = listed.collect::<Vec<_>>().join(",");
        TrustedKeys::from_build(Some(&list), self.allows_development()).map_err(|error| match error {
            RegistryError::NoTrustedKeys => anyhow!(
                "no public key is trusted: give --trusted-keys KEY_ID:HEX (or RAPPORT_TRUSTED_KEYS), \
                 or --allow-development-key for the models that come with a clone"
            ),
            RegistryError::DevelopmentKeyRefused => anyhow!(
                "the development key is in every clone and proves nothing: give a key of your own, \
                 or --allow-development-key"
            ),
            other => other.into(),
        })
    }
}

/// What a change is signed with.
#[derive(Debug, Args)]
pub(super) struct SigningArgs {
    /// File with the secret key. Without it, the variable `RAPPORT_SIGNING_KEY` holds the key's text.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Who makes the change, for the ledger; the default is the key's id.
    #[arg(long, env = "RAPPORT_PUBLISHER", value_name = "NAME")]
    who: Option<String>,
    /// Days until the new manifest expires; the default is 90, or 3650 with the development key.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    expires_in_days: Option<u32>,
    /// Time to state as now, for reproducible builds (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = |text: &str| text.parse::<Timestamp>())]
    at: Option<Timestamp>,
}

impl SigningArgs {
    /// The key, when it may be used.
    pub(super) fn key(&self, trust: &TrustArgs) -> Result<SigningKey> {
        let (text, from) = if let Some(path) = &self.key {
            (files::read_text(path)?, path.display().to_string())
        } else if let Some(text) = std::env::var(SIGNING_KEY).ok().filter(|text| !text.is_empty()) {
            (text, format!("${SIGNING_KEY}"))
        } else {
            bail!(
                "no key to sign with: give --key FILE or set {SIGNING_KEY}; \
                 `rapport registry keygen` makes a key, models/keys/development.secret is for work from a clone"
            );
        };
        let key: SigningKey = text.parse().with_context(|| format!("{from} holds no secret key"))?;
        if key.public().is_development() && !trust.allows_development() {
            bail!(
                "{from} is the development key, which everybody has: this release build signs with it only \
                 with --allow-development-key"
            );
        }
        Ok(key)
    }

    /// Who, why, when, until when.
    pub(super) fn context(&self, key: &SigningKey, why: &str) -> ChangeContext {
        let when = self.at.unwrap_or_else(now);
        let usual = if key.public().is_development() { DEVELOPMENT_DAYS } else { PUBLISHER_DAYS };
        let days = i64::from(self.expires_in_days.unwrap_or(usual));
        ChangeContext {
            who: self.who.clone().unwrap_or_else(|| key.id().to_owned()),
            why: why.to_owned(),
            when,
            expires_at: when.plus_seconds(days * 86_400),
        }
    }
}

/// Now.
pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_unix(since.map_or(0, |since| since.as_secs() as i64))
}
