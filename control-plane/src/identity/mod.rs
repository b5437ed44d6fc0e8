//! Who an agent is: the built-in certificate authority and what its certificates say.

mod authority;
mod spiffe;

pub use authority::{Authority, Issued};
pub use spiffe::{InvalidIdentity, SandboxIdentity};
