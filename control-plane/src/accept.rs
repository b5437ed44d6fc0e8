//! Accepting connections, so many at a time, until told to stop. Further ones wait in the kernel's
//! backlog.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// After an accept error such as "too many open files".
const PAUSE: Duration = Duration::from_millis(100);

/// A listener with a bounded number of connections.
pub(crate) struct Accept {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Accept {
    /// Takes at most `connections` at a time.
    pub(crate) fn new(listener: TcpListener, connections: usize, stop: CancellationToken) -> Self {
        Self { listener, slots: Arc::new(Semaphore::new(connections)), stop }
    }

    /// The next connection, and its slot to be held as long as it counts. `None` after the stop.
    pub(crate) async fn next(&self) -> Option<(TcpStream, Option<OwnedSemaphorePermit>)> {
        loop {
            let next = async {
                // Fails only for a semaphore that was closed, and nobody closes this one.
                let slot = self.slots.clone().acquire_owned().await.ok();
                (slot, self.listener.accept().await)
            };
            tokio::select! {
                () = self.stop.cancelled() => return None,
                (slot, accepted) = next => match accepted {
                    Ok((stream, _)) => return Some((stream, slot)),
                    Err(error) => tracing::warn!(%error, "cannot accept a connection"),
                },
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
