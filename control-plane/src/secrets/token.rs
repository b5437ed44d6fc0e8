//! API tokens: `slw_` + 52 characters of randomness + a checksum. Shown once, stored as a digest. And
//! the other random secrets that are given out once and stored as digests: session cookies, one-time
//! links.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ring::digest;
use secrecy::{ExposeSecret, SecretString};

use super::random_bytes;

const PREFIX: &str = "slw_";
/// 256 bits: guessing is hopeless without any rate limit.
const RANDOM_BYTES: usize = 32;
const BODY_CHARS: usize = 52;
const CHECKSUM_CHARS: usize = 6;
/// A bootstrap token is chosen by the operator and has this length at least.
pub const SHORTEST_TOKEN_CHARS: usize = 32;

/// SHA-256, for tokens and fingerprints.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut output = [0; 32];
    output.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    output
}

/// A token of this installation.
pub struct ApiToken(SecretString);

impl ApiToken {
    /// Makes a new random token.
    pub fn generate() -> Self {
        let body = BASE32_NOPAD.encode(&random_bytes::<RANDOM_BYTES>()).to_ascii_lowercase();
        Self(format!("{PREFIX}{body}{}", checksum(&body)).into())
    }

    /// Takes what somebody presented. Any string is fine: only its digest is compared.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// Whether it could be a token at all. One of ours that was mistyped fails here, before any
    /// look-up; a bootstrap token has the form its operator gave it.
    pub fn is_plausible(&self) -> bool {
        let Some(rest) = self.0.expose_secret().strip_prefix(PREFIX) else { return false };
        if PREFIX.len() + rest.len() < SHORTEST_TOKEN_CHARS {
            return false;
        }
        let has_our_form = rest.len() == BODY_CHARS + CHECKSUM_CHARS
            && rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
        !has_our_form || rest[BODY_CHARS..] == checksum(&rest[..BODY_CHARS])
    }

    /// What is stored. Looking a token up by the digest of 256 random bits tells an attacker
    /// nothing by its timing, unlike a comparison of the token itself.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(self.0.expose_secret().as_bytes())
    }

    /// The token, to be shown to its owner once.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

fn checksum(body: &str) -> String {
    let mut checksum = BASE32_NOPAD.encode(&sha256(body.as_bytes())).to_ascii_lowercase();
    checksum.truncate(CHECKSUM_CHARS);
    checksum
}

/// 256 random bits that somebody else keeps for us: a session cookie, a one-time link. We store the
/// digest.
pub struct RandomSecret(SecretString);

impl RandomSecret {
    /// Makes a new one.
    pub fn generate() -> Self {
        Self(BASE64URL_NOPAD.encode(&random_bytes::<RANDOM_BYTES>()).into())
    }

    /// Takes what somebody presented. Any string is fine: only its digest is compared.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// What is stored.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(self.0.expose_secret().as_bytes())
    }

    /// Another secret that only who knows this one can know, different for each `purpose`.
    #[must_use]
    pub fn derive(&self, purpose: &'static str) -> Self {
        let derived = blake3::derive_key(purpose, self.0.expose_secret().as_bytes());
        Self(BASE64URL_NOPAD.encode(&derived).into())
    }

    /// The secret, for whom it was made.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<SecretString> for RandomSecret {
    fn from(presented: SecretString) -> Self {
        Self(presented)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_recognisable_and_different() {
        let (first, second) = (ApiToken::generate(), ApiToken::generate());
        assert!(first.reveal().starts_with("slw_") && first.reveal().len() == 4 + 52 + 6);
        assert_ne!(first.sha256(), second.sha256());
        assert!(first.is_plausible() && second.is_plausible());
        assert_eq!(first.sha256(), ApiToken::presented(first.reveal()).sha256());
    }

    #[test]
    fn a_mistyped_token_is_known_as_one_without_a_look_up() {
        let token = ApiToken::generate();
        for position in 4..token.reveal().len() {
            let mut typed = token.reveal().to_owned();
            let other = if &typed[position..=position] == "a" { "b" } else { "a" };
            typed.replace_range(position..=position, other);
            assert!(!ApiToken::presented(typed).is_plausible(), "{position}");
        }
        assert!(!ApiToken::presented(&token.reveal()[..20]).is_plausible());
        assert!(!ApiToken::presented("").is_plausible());
        assert!(!ApiToken::presented(token.reveal().replacen("slw_", "xyz_", 1)).is_plausible());
        // Chosen by an operator: no checksum is asked of it.
        assert!(ApiToken::presented("slw_bootstrap-0123456789abcdef0123456789").is_plausible());
    }

    #[test]
    fn derived_secrets_depend_on_the_secret_and_the_purpose() {
        let secret = RandomSecret::generate();
        assert_eq!(secret.derive("a").reveal(), RandomSecret::presented(secret.reveal()).derive("a").reveal());
        assert_ne!(secret.derive("a").reveal(), secret.derive("b").reveal());
        assert_ne!(secret.derive("a").reveal(), RandomSecret::generate().derive("a").reveal());
    }
}
