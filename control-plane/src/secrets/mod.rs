//! What must not be readable: the master key and what it seals. The type of a secret is
//! `secrecy`'s; nothing in `agent/` or `proto/` knows this module.

mod master_key;
mod token;

pub use master_key::{MasterKey, MasterKeyError, Record};
pub use token::{ApiToken, RandomSecret, SHORTEST_TOKEN_CHARS, sha256};

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
