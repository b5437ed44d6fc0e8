//! What must not be readable: the master key, the keys it seals, the records they seal, and the
//! credentials among those. The type of a secret is `secrecy`'s; nothing in `agent/` or `proto/`
//! knows this module.

mod credentials;
mod hardening;
mod master_key;
mod rotate;
mod sealing_key;
mod token;
mod vault;

pub use credentials::{CredentialSecret, KnownSecrets, OwnerSecrets, SeenSecret};
pub use hardening::keep_memory_private;
pub use master_key::{MasterKey, MasterKeyError, MasterKeySource};
pub use rotate::{Progress, Rotated, rotate};
pub use sealing_key::{DoesNotOpen, KeyId, Record};
pub use token::{ApiToken, RandomSecret, SHORTEST_TOKEN_CHARS, sha256};
#[cfg(test)]
pub(crate) use vault::vault_over;
pub use vault::{Vault, VaultError};

use ring::rand::{SecureRandom, SystemRandom};

/// Fills an array from the operating system's random source.
///
/// # Panics
/// When that source fails, which it does not once the system has started.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}
