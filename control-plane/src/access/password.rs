//! Passwords: Argon2id with the parameters OWASP recommends, off the async threads, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::{Error, ErrorCode};
use crate::secrets::random_bytes;

/// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Each takes 19 MiB and a core for a while; further ones wait.
const AT_A_TIME: usize = 2;
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const SHORTEST_CHARS: usize = 12;
/// Hashing reads it all; nobody types more.
const LONGEST_BYTES: usize = 1024;
/// Of a password nobody knows, with the parameters above: an unknown name takes as long as a known one.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2xpcHdheS1ub2JvZHkhIQ$2gw7bXAvHjX1rA6N0kA0dmXKb2b7yD3bVPJm9jSgD0A";

/// Why a password cannot be set.
#[derive(Debug, thiserror::Error)]
#[error("a password must have {SHORTEST_CHARS} characters or more, and at most {LONGEST_BYTES} bytes")]
pub struct PasswordError;

/// Refuses passwords that are too short to resist guessing or too long to be typed.
pub fn check_password(password: &SecretString) -> Result<(), PasswordError> {
    let password = password.expose_secret();
    if password.chars().count() < SHORTEST_CHARS || password.len() > LONGEST_BYTES {
        return Err(PasswordError);
    }
    Ok(())
}

/// Hashes and checks.
#[derive(Clone)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }
}

impl Passwords {
    /// What is stored of a password.
    pub async fn hash(&self, password: SecretString) -> Result<SecretString, Error> {
        self.run(move || {
            let hash: PasswordHash = argon2()
                .hash_password_with_salt(password.expose_secret().as_bytes(), &random_bytes::<SALT_BYTES>())
                .map_err(|error| anyhow::anyhow!("cannot hash a password: {error}"))?;
            Ok(SecretString::from(hash.to_string()))
        })
        .await
    }

    /// Whether `password` belongs to `stored`. Takes as long when there is none.
    pub async fn verify(&self, password: SecretString, stored: Option<SecretString>) -> Result<bool, Error> {
        if password.expose_secret().len() > LONGEST_BYTES {
            return Ok(false);
        }
        self.run(move || {
            let text = stored.as_ref().map_or(NOBODYS, |hash| hash.expose_secret());
            let hash = PasswordHash::new(text)
                .map_err(|error| anyhow::anyhow!("a stored password hash cannot be read: {error}"))?;
            let matches = argon2().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
            Ok(matches && stored.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let busy = || Error::new(ErrorCode::Unavailable, "too many people sign in at the moment; try again shortly");
        let wait = tokio::time::timeout(LONGEST_WAIT, self.0.clone().acquire_owned());
        let permit = wait.await.map_err(|_| busy())?.map_err(|_| busy())?;
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        Ok(outcome.await.map_err(anyhow::Error::from)??)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::default();
        let hash = passwords.hash(secret("correct horse battery")).await.expect("hashes");
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the parameters of OWASP");
        let again = passwords.hash(secret("correct horse battery")).await.expect("hashes");
        assert_ne!(hash.expose_secret(), again.expose_secret(), "each has its own salt");
        assert!(passwords.verify(secret("correct horse battery"), Some(hash.clone())).await.expect("checks"));
        assert!(!passwords.verify(secret("correct horse batterz"), Some(hash)).await.expect("checks"));
        assert!(!passwords.verify(secret("correct horse battery"), None).await.expect("checks"));
    }

    #[test]
    fn an_unknown_name_costs_as_much_as_a_known_one() {
        let hash = PasswordHash::new(NOBODYS).expect("can be read");
        let params = Params::try_from(&hash).expect("has parameters");
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert_eq!(hash.hash.expect("has a digest").len(), 32);
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(check_password(&secret("elevenchars")).is_err());
        assert!(check_password(&secret("twelve chars")).is_ok());
        assert!(check_password(&secret(&"x".repeat(1025))).is_err());
    }
}
