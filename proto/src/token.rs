//! The enrolment token: a secret for one sandbox, and the fingerprint of the CA that may answer it.
//!
//! `slip_et1_` + base32(32 random bytes ‖ SHA-256 of the CA certificate) + 6 hex digits of CRC-32.
//! The prefix lets secret scanners know it, the checksum tells a typing error from a used token,
//! and the fingerprint makes the very first connection authenticated: there is no trust on first use.

use data_encoding::{BASE32_NOPAD, HEXLOWER};

const PREFIX: &str = "slip_et1_";
const SECRET_BYTES: usize = 32;
const CHECKSUM_DIGITS: usize = 6;

/// An enrolment token in its parts. Has no `Debug`: it is a secret until it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrollmentToken {
    /// Known to this token alone; the server keeps only its digest.
    pub secret: [u8; SECRET_BYTES],
    /// SHA-256 of the CA certificate (DER) that the control plane presents.
    pub ca_fingerprint: [u8; 32],
}

/// A string that is no enrolment token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "this is not an enrolment token, or part of it is missing; create a new one with `slipway sandbox enroll-token` or POST /api/sandboxes/{{id}}/enroll-token"
)]
pub struct InvalidToken;

impl EnrollmentToken {
    /// The form in which a token travels.
    pub fn encode(&self) -> String {
        let body = BASE32_NOPAD.encode(&[self.secret, self.ca_fingerprint].concat()).to_ascii_lowercase();
        let checksum = checksum(&body);
        format!("{PREFIX}{body}{checksum}")
    }

    /// Reads a token; surrounding white space is ignored.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let body = text.trim().strip_prefix(PREFIX).ok_or(InvalidToken)?;
        let split = body.len().checked_sub(CHECKSUM_DIGITS).ok_or(InvalidToken)?;
        let (body, claimed) = body.split_at_checked(split).ok_or(InvalidToken)?;
        if checksum(body) != claimed {
            return Err(InvalidToken);
        }
        let bytes = BASE32_NOPAD.decode(body.to_ascii_uppercase().as_bytes()).map_err(|_| InvalidToken)?;
        let (secret, fingerprint) = bytes.split_at_checked(SECRET_BYTES).ok_or(InvalidToken)?;
        Ok(Self {
            secret: secret.try_into().map_err(|_| InvalidToken)?,
            ca_fingerprint: fingerprint.try_into().map_err(|_| InvalidToken)?,
        })
    }
}

fn checksum(body: &str) -> String {
    let mut digits = HEXLOWER.encode(&crc32fast::hash(body.as_bytes()).to_be_bytes());
    digits.truncate(CHECKSUM_DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_journey_and_a_typing_error_is_noticed() {
        let token = EnrollmentToken { secret: [7; 32], ca_fingerprint: [9; 32] };
        let text = token.encode();
        assert!(text.starts_with("slip_et1_"));
        assert!(EnrollmentToken::parse(&format!("  {text}\n")) == Ok(token));
        for position in PREFIX.len()..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[position] = if damaged[position] == b'a' { b'b' } else { b'a' };
            let damaged = String::from_utf8(damaged).expect("ASCII");
            assert!(EnrollmentToken::parse(&damaged).is_err(), "{position}");
        }
        for text in ["", "slip_et1_", "slip_et1_é", "slw_abc", &text[..text.len() - 1]] {
            assert!(EnrollmentToken::parse(text).is_err());
        }
    }
}
