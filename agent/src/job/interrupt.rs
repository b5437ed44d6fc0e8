//! Ending a job from outside. The first reason counts.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::failure::Halt;

/// Who wants a job to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A person.
    Cancelled,
    /// Its deadline.
    TimedOut,
    /// The control plane wants nothing more of it: no event is awaited.
    Dropped,
    /// The agent itself is ending.
    Stopping,
}

/// Shared by a job and whoever may end it.
#[derive(Default)]
pub(crate) struct Interrupt {
    token: CancellationToken,
    cause: OnceLock<(Reason, Duration)>,
    survivors: AtomicU32,
}

impl Interrupt {
    /// Ends the job; its processes get `grace` before they are killed.
    pub(crate) fn raise(&self, reason: Reason, grace: Duration) {
        let _ = self.cause.set((reason, grace)); // an earlier one stands
        self.token.cancel();
    }

    /// Waits for the end.
    pub(crate) async fn raised(&self) {
        self.token.cancelled().await;
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.token.is_cancelled()
    }

    /// For loops that do not wait: leaves with `?` when the job is to end.
    pub(crate) fn check(&self) -> Result<(), Halt> {
        if self.is_raised() { Err(Halt::Interrupted) } else { Ok(()) }
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.cause.get().map(|(reason, _)| *reason)
    }

    /// Time for processes to end by themselves.
    pub(crate) fn grace(&self) -> Duration {
        self.cause.get().map_or(Duration::ZERO, |(_, grace)| *grace)
    }

    /// Counts processes that could not be killed.
    pub(crate) fn add_survivors(&self, count: u32) {
        self.survivors.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn survivors(&self) -> u32 {
        self.survivors.load(Ordering::Relaxed)
    }
}
