//! Wake-ups inside the process. A hint, never the truth: whoever listens reads the store, and polls
//! anyway, so that a lost message costs latency only.

use tokio::sync::broadcast;

use crate::ids::{DeploymentId, SandboxId};

/// Messages a slow listener may fall behind before it is told that it missed some.
const CAPACITY: usize = 1024;

/// Something changed; look it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// A deployment's status, steps or log.
    Deployment(DeploymentId),
    /// There may be work for this sandbox's agent.
    Sandbox(SandboxId),
}

/// Spreads [`News`] to all listeners.
#[derive(Clone)]
pub struct Bus(broadcast::Sender<News>);

impl Bus {
    /// A bus without listeners.
    #[allow(clippy::new_without_default, reason = "a bus is made once, at start")]
    pub fn new() -> Self {
        Self(broadcast::channel(CAPACITY).0)
    }

    /// Tells all listeners; without any, nobody is missed.
    pub fn publish(&self, news: News) {
        let _ = self.0.send(news);
    }

    /// Starts to listen.
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

/// One listener's queue.
pub struct Listener(broadcast::Receiver<News>);

impl Listener {
    /// Waits for news that `wanted` accepts. Also returns when messages were missed, because one
    /// of them may have been wanted, and never returns once the bus is gone.
    pub async fn wait_for(&mut self, wanted: impl Fn(News) -> bool) {
        loop {
            match self.0.recv().await {
                Ok(news) if !wanted(news) => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_that_missed_messages_wakes_up() {
        let bus = Bus::new();
        let mut listener = bus.listen();
        for _ in 0..=CAPACITY {
            bus.publish(News::Sandbox(SandboxId::new()));
        }
        listener.wait_for(|news| matches!(news, News::Deployment(_))).await;
    }
}
