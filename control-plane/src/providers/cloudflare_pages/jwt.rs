//! Tokens for uploads: JWTs whose claims say when they end and how many files a deployment may have. They are
//! Cloudflare's to check; we only read when to ask for the next one.

use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// What is allowed when the token does not say (wrangler, `src/pages/constants.ts`).
const USUAL_FILES: usize = 20_000;
/// Of tokens that do not say when they end.
const USUAL_LIFE: Duration = Duration::from_secs(5 * 60);
/// Whatever a token says, it is not used for longer.
const MOST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Of its life, in hundredths, after which a token is not used any more.
const USED_FOR: u32 = 80;

/// A token for uploads.
#[derive(Clone)]
pub(super) struct UploadToken {
    pub(super) secret: SecretString,
    /// When the next one is to be asked for.
    renew_at: Instant,
    /// Files that a deployment may have.
    pub(super) max_files: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    exp: Option<i64>,
    iat: Option<i64>,
    max_file_count_allowed: Option<usize>,
}

impl UploadToken {
    /// One that was given now; `unix_seconds` says when that is, for tokens that do not say when they were made.
    pub(super) fn new(secret: SecretString, now: Instant, unix_seconds: i64) -> Self {
        let claims = claims(secret.expose_secret()).unwrap_or_default();
        // By its own clock, which may be another than ours.
        let life = claims.exp.map_or(USUAL_LIFE, |exp| {
            let seconds = exp.saturating_sub(claims.iat.unwrap_or(unix_seconds));
            Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
        });
        let max_files = claims.max_file_count_allowed.unwrap_or(USUAL_FILES);
        Self { secret, renew_at: now + life.min(MOST_LIFE) * USED_FOR / 100, max_files }
    }

    /// Whether it is better not used any more.
    pub(super) fn is_old(&self, now: Instant) -> bool {
        now >= self.renew_at
    }
}

fn claims(token: &str) -> Option<Claims> {
    let payload = BASE64URL_NOPAD.decode(token.split('.').nth(1)?.trim_end_matches('=').as_bytes()).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> SecretString {
        SecretString::from(format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.as_bytes())))
    }

    #[test]
    fn a_token_is_renewed_at_four_fifths_of_its_life() {
        let now = Instant::now();
        for (claims, seconds) in [
            (r#"{"iat":1000,"exp":1100}"#, 80),
            // Our clock says 1050.
            (r#"{"exp":1150}"#, 80),
            (r#"{"exp":1000}"#, 0),
            ("{}", 240),
            ("no claims", 240),
        ] {
            let token = UploadToken::new(token(claims), now, 1050);
            let at = now + Duration::from_secs(seconds);
            assert!(token.is_old(at), "{claims}");
            assert!(seconds == 0 || !token.is_old(at - Duration::from_millis(1)), "{claims}");
        }
    }

    #[test]
    fn a_token_says_how_many_files_there_may_be() {
        let files = |claims| UploadToken::new(token(claims), Instant::now(), 0).max_files;
        assert_eq!(files(r#"{"max_file_count_allowed":100000}"#), 100_000);
        assert_eq!(files("{}"), 20_000);
    }
}
