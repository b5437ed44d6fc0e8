//! The way to the control plane: TLS, identity, connections, and the session on top of them.

mod backoff;
mod connection;
mod enroll;
mod identity;
mod pause;
mod renewal;
mod session;
mod tls;

pub(crate) use backoff::Backoff;
pub(crate) use connection::{Address, Purpose, connect_session};
pub(crate) use enroll::{enroll, read_token};
pub(crate) use identity::{CurrentIdentity, Identity, IdentityStore};
pub(crate) use session::{Ended, Sessions};
