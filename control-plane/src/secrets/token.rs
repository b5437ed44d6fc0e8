//! API tokens: `slw_` + 52 characters of randomness + a checksum. Shown once, stored as a digest.

use data_encoding::BASE32_NOPAD;
use ring::digest;
use secrecy::{ExposeSecret, SecretString};

use super::random_bytes;

const PREFIX: &str = "slw_";
/// 256 bits: guessing is hopeless without any rate limit.
const RANDOM_BYTES: usize = 32;
const CHECKSUM_CHARS: usize = 6;

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
        let checksum = BASE32_NOPAD.encode(&sha256(body.as_bytes())).to_ascii_lowercase();
        Self(format!("{PREFIX}{body}{}", &checksum[..CHECKSUM_CHARS]).into())
    }

    /// Takes what somebody presented. Any string is fine: only its digest is compared.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_recognisable_and_different() {
        let (first, second) = (ApiToken::generate(), ApiToken::generate());
        assert!(first.reveal().starts_with("slw_") && first.reveal().len() == 4 + 52 + 6);
        assert_ne!(first.sha256(), second.sha256());
        assert_eq!(first.sha256(), ApiToken::presented(first.reveal()).sha256());
    }
}
