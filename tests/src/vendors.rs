//! Vendors as they are on loopback: they refuse what the vendor refuses, answer as the vendor answers, and fail as
//! a test wants them to.

pub mod cli;
pub mod cloudflare_pages;
mod contract;
pub mod github;
pub mod gitlab;
pub mod netlify;
mod oauth;
mod script;
pub mod vercel;

pub use oauth::{CLIENT_ID, CLIENT_SECRET};
pub use script::Fault;

use ring::rand::{SecureRandom, SystemRandom};

/// An organisation, or a group, in which everybody may make repositories.
pub const ORGANISATION: &str = "tools";

/// So many random characters, as tokens have them.
fn random(characters: usize) -> String {
    let mut bytes = vec![0; characters.div_ceil(2)];
    SystemRandom::new().fill(&mut bytes).expect("has randomness");
    let mut text = data_encoding::HEXLOWER.encode(&bytes);
    text.truncate(characters);
    text
}
