//! Who an agent is: the built-in certificate authority, what its certificates say, and how far one that was
//! issued is still good.

mod authority;
mod profile;
mod spiffe;
mod standing;
mod verifier;

pub use authority::{Authority, Issued, ServerCertificate};
pub use spiffe::{InvalidIdentity, SandboxIdentity};
pub use standing::{Standing, standing};
pub use verifier::AgentVerifier;

use std::time::Duration;

/// How often a control plane looks whether its authority is to be replaced.
pub const MAINTAIN_INTERVAL: Duration = Duration::from_secs(10);
