//! What the conformance suite (`tests/e2e/conformance.rs`) needs of a vendor. Every provider has one contestant: its
//! fake, and how to make it fail at the moment that counts.

pub mod git_hosts;
pub mod static_hosts;

use std::future::Future;
use std::time::Duration;

use serde_json::Value;

/// What becomes of the next request by which a release is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing is made: too many requests; come back after so many seconds.
    Busy(u64),
    /// Nothing is made: an error of the server.
    Error,
    /// Nothing is made, and the connection breaks.
    BreakBefore,
    /// It is made, and the connection breaks instead of an answer.
    BreakAfter,
    /// It is made, and what is answered cannot be read.
    Malformed,
    /// It is made, and the answer takes this long.
    Slow(Duration),
}

/// A vendor that takes part.
pub trait Contestant: Sized {
    /// Id of its provider.
    const PROVIDER: &'static str;

    /// Starts one that knows this token; it ends with the test's runtime.
    fn start(token: &str) -> impl Future<Output = Self>;

    /// What a control plane must be told to use it.
    fn settings(&self) -> Vec<(String, String)>;

    /// Settings of a target that the token may deploy to.
    fn config(&self) -> Value;

    /// From now on the token is worth nothing.
    fn revoke(&self);

    /// The next request by which a release is made fails.
    fn fail(&self, failure: Failure);

    /// How often what is live has changed.
    fn releases(&self) -> usize;

    /// The `index.html` of what is live.
    fn live(&self) -> Option<String>;

    /// # Panics
    /// When something was sent that the vendor does not understand.
    fn check(&self);
}
