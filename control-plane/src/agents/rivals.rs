//! Notices two agents that push each other out of one session: a copy that was made before the first renewal
//! has the same certificate, so certificates cannot tell.
//!
//! Each process has a boot id. A restart brings a new one and the old one never comes back, but for a last
//! message that was under way; two processes that live bring theirs back again and again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ids::SandboxId;

/// How long a session is remembered. Agents that were pushed out wait up to 45 seconds before they come back.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Returns of boot ids that others had replaced. One restart with a message under way gives two at most: the
/// message, and the restarted agent that it pushed out.
const RETURNS: usize = 3;
/// More are not needed to see `RETURNS` of them.
const REMEMBERED: usize = 8;
/// Sandboxes remembered before those that were quiet are looked for.
const TIDY_AT: usize = 1_024;

/// The last sessions of each sandbox.
#[derive(Default)]
pub(super) struct Rivals(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Boot ids in turn, never the same one twice in a row.
    sessions: HashMap<SandboxId, Vec<(Instant, Vec<u8>)>>,
    tidy_at: usize,
}

impl Rivals {
    /// A session begins; whether two agents take turns.
    pub(super) fn are_seen(&self, sandbox: SandboxId, boot_id: &[u8], now: Instant) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.sessions.len() >= inner.tidy_at.max(TIDY_AT) {
            inner.sessions.retain(|_, turns| turns.last().is_some_and(|(at, _)| now - *at < WINDOW));
            inner.tidy_at = inner.sessions.len() * 2;
        }
        let turns = inner.sessions.entry(sandbox).or_default();
        turns.retain(|(at, _)| now - *at < WINDOW);
        if turns.last().is_some_and(|(_, last)| last == boot_id) {
            return false;
        }
        if turns.len() == REMEMBERED {
            turns.remove(0);
        }
        turns.push((now, boot_id.to_vec()));
        let returns = turns.iter().enumerate().filter(|(at, (_, id))| turns[..*at].iter().any(|(_, was)| was == id));
        returns.count() >= RETURNS
    }

    /// Forgets a sandbox: whoever comes next was let in by a person.
    pub(super) fn forget(&self, sandbox: SandboxId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sessions.remove(&sandbox);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(turns: &[u8]) -> Vec<bool> {
        let (rivals, sandbox, now) = (Rivals::default(), SandboxId::new(), Instant::now());
        turns.iter().map(|id| rivals.are_seen(sandbox, &[*id], now)).collect()
    }

    #[test]
    fn taking_turns_is_told_from_restarting() {
        assert_eq!(seen(&[1, 2, 1, 2, 1]), [false, false, false, false, true]);
        assert!(!seen(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).contains(&true), "an agent that crashes each time");
        assert!(!seen(&[1, 1, 1, 1, 1, 1]).contains(&true), "an agent that loses its connection");
        assert!(!seen(&[1, 2, 1, 2]).contains(&true), "a restart that overtook a message of the former process");
    }

    #[test]
    fn what_was_long_ago_does_not_count() {
        let (rivals, sandbox, start) = (Rivals::default(), SandboxId::new(), Instant::now());
        for id in [1, 2, 1, 2] {
            assert!(!rivals.are_seen(sandbox, &[id], start));
        }
        let later = start + WINDOW;
        for id in [1, 2, 1, 2] {
            assert!(!rivals.are_seen(sandbox, &[id], later));
        }
        rivals.forget(sandbox);
        assert!(!rivals.are_seen(sandbox, &[1], later));
    }
}
