//! Accepting connections, so many at a time, until told to stop. Further ones wait in the kernel's
//! backlog.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// After an accept error such as "too many open files".
const PAUSE: Duration = Duration::from_millis(100);

/// Sent but unacknowledged bytes older than this end a connection. The system's own limit is about 15 minutes,
/// in which a peer that is gone would hold what is sent to it.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Lets this process have as many connections as the system allows: what is usual for a start is 1,024.
pub(crate) fn allow_many_connections() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most).map(|()| most));
    match raised {
        Ok(files) => tracing::debug!(files, "open files allowed"),
        Err(error) => tracing::warn!(%error, "cannot raise the limit of open files; many connections may not fit"),
    }
}

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
                    Ok((stream, _)) => {
                        let milliseconds = u32::try_from(TCP_USER_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
                        if let Err(error) = setsockopt(&stream, TcpUserTimeout, &milliseconds) {
                            tracing::debug!(%error, "cannot bound how long a dead peer is written to");
                        }
                        return Some((stream, slot));
                    }
                    Err(error) => tracing::warn!(%error, "cannot accept a connection"),
                },
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
