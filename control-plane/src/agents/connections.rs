//! The open connections of this instance: counted by address until the peer is known, and by sandbox from then
//! on, so that a sandbox can be cut off whatever it is doing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ids::SandboxId;

/// From a revocation until the connection is cut: its session says why meanwhile.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Who is connected, and from where.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    next_id: u64,
    /// Oldest first.
    of_sandboxes: HashMap<SandboxId, Vec<Open>>,
    of_strangers: HashMap<IpAddr, u32>,
}

struct Open {
    id: u64,
    serial: Vec<u8>,
    cut: CancellationToken,
}

/// A connection that counts for its address until this is dropped.
pub(super) struct Counted {
    connections: Connections,
    address: IpAddr,
}

/// A connection that counts for its sandbox until this is dropped.
pub(super) struct Registered {
    connections: Connections,
    sandbox: SandboxId,
    id: u64,
}

impl Connections {
    /// Counts a connection whose peer is not known; `None` when its address has `most`.
    pub(super) fn count_stranger(&self, address: IpAddr, most: u32) -> Option<Counted> {
        let mut inner = self.lock();
        let count = inner.of_strangers.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Counted { connections: self.clone(), address })
    }

    /// Counts a connection of a sandbox. When it has more than `most`, the oldest ends: one that is lost and
    /// not yet noticed must not keep its agent out.
    pub(super) fn register(&self, sandbox: SandboxId, serial: &[u8], cut: CancellationToken, most: u32) -> Registered {
        let mut inner = self.lock();
        inner.next_id += 1;
        let id = inner.next_id;
        let open = inner.of_sandboxes.entry(sandbox).or_default();
        open.push(Open { id, serial: serial.to_vec(), cut });
        let surplus = open.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
        open.drain(..surplus).for_each(|oldest| oldest.cut.cancel());
        Registered { connections: self.clone(), sandbox, id }
    }

    /// Ends the connections of a sandbox, or those made with one certificate, after a moment for last words.
    pub(super) fn cut_soon(&self, sandbox: SandboxId, serial: Option<&[u8]>) {
        let inner = self.lock();
        let open = inner.of_sandboxes.get(&sandbox).into_iter().flatten();
        let cut: Vec<_> = open
            .filter(|open| serial.is_none_or(|serial| open.serial == serial))
            .map(|open| open.cut.clone())
            .collect();
        if !cut.is_empty() {
            tokio::spawn(async move {
                tokio::time::sleep(LAST_WORDS).await;
                cut.iter().for_each(CancellationToken::cancel);
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut inner = self.connections.lock();
        if let Some(count) = inner.of_strangers.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inner.of_strangers.remove(&self.address);
            }
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut inner = self.connections.lock();
        if let Some(open) = inner.of_sandboxes.get_mut(&self.sandbox) {
            open.retain(|open| open.id != self.id);
            if open.is_empty() {
                inner.of_sandboxes.remove(&self.sandbox);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn an_address_has_so_many_strangers_and_they_are_forgotten() {
        let connections = Connections::default();
        let count = |last: u8| connections.count_stranger(Ipv4Addr::new(192, 0, 2, last).into(), 2);
        let (first, _second) = (count(1).expect("room"), count(1).expect("room"));
        assert!(count(1).is_none());
        assert!(count(2).is_some(), "another address has its own");
        drop(first);
        assert!(count(1).is_some());
        assert_eq!(connections.lock().of_strangers.len(), 1);
    }

    #[tokio::test]
    async fn the_newest_connections_of_a_sandbox_stay_and_a_serial_is_cut_alone() {
        let (connections, sandbox) = (Connections::default(), SandboxId::new());
        let tokens: Vec<_> = (0..3).map(|_| CancellationToken::new()).collect();
        let open: Vec<_> = tokens
            .iter()
            .zip([[1], [1], [2]])
            .map(|(token, serial)| connections.register(sandbox, &serial, token.clone(), 2))
            .collect();
        let is_cut = || tokens.iter().map(CancellationToken::is_cancelled).collect::<Vec<_>>();
        assert_eq!(is_cut(), [true, false, false]);
        connections.cut_soon(sandbox, Some(&[2]));
        assert_eq!(is_cut(), [true, false, false], "there is time for last words");
        tokio::time::timeout(LAST_WORDS * 10, tokens[2].cancelled()).await.expect("is cut");
        assert_eq!(is_cut(), [true, false, true]);
        drop(open);
        assert!(connections.lock().of_sandboxes.is_empty());
    }
}
