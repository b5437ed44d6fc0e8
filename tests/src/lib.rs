//! Whole-system tests: the real binaries over real sockets. This library is the harness; the tests
//! are in `tests/e2e`.

// A harness panics when the system under test misbehaves: that is how a test fails.
#![allow(clippy::missing_panics_doc)]

pub mod ageing;
pub mod agent;
pub mod bench;
pub mod binaries;
pub mod browser;
pub mod canary;
pub mod conformance;
pub mod control_plane;
pub mod corpus;
pub mod crashing;
pub mod docker;
pub mod fixtures;
pub mod git_server;
pub mod issuer;
pub mod processes;
pub mod proxy;
pub mod rehearsal;
pub mod rogue;
pub mod simulated;
pub mod small_disk;
pub mod sockets;
pub mod stage;
pub mod up;
pub mod vendors;

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a test waits for something that takes no build.
pub const SOON: Duration = Duration::from_secs(20);
/// How long a test waits for a real install and build, on a busy machine, with a cold cache.
pub const BUILD: Duration = Duration::from_secs(300);

/// Waits until `probe` answers something.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, limit: Duration, probe: impl Fn() -> F) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
