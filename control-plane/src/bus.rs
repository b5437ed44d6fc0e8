//! Wake-ups inside the process. A hint, never the truth: whoever listens reads the store, and polls
//! anyway, so that a lost message costs latency only.
//!
//! Listeners are kept by what they wait for: news of one deployment wakes those who watch it, not
//! every session of ten thousand agents.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::ids::{DeploymentId, SandboxId};

/// Something changed; look it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum News {
    /// A deployment's status, steps or log.
    Deployment(DeploymentId),
    /// There may be work for this sandbox's agent.
    Sandbox(SandboxId),
}

type Topics = Mutex<HashMap<News, watch::Sender<()>>>;

/// Spreads [`News`] to those who wait for it.
#[derive(Clone)]
pub struct Bus(Arc<Topics>);

impl Bus {
    /// A bus without listeners.
    #[allow(clippy::new_without_default, reason = "a bus is made once, at start")]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Wakes all who wait for this; without any, nobody is missed.
    pub fn publish(&self, news: News) {
        if let Some(topic) = lock(&self.0).get(&news) {
            topic.send_replace(());
        }
    }

    /// Starts to listen: from now on nothing of `news` is missed.
    pub fn listen(&self, news: News) -> Listener {
        let mut topics = lock(&self.0);
        let receiver = topics.entry(news).or_insert_with(|| watch::channel(()).0).subscribe();
        Listener { topics: self.0.clone(), news, receiver }
    }
}

fn lock(topics: &Topics) -> MutexGuard<'_, HashMap<News, watch::Sender<()>>> {
    topics.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One listener's place. However much was published since it last looked, it wakes once.
pub struct Listener {
    topics: Arc<Topics>,
    news: News,
    receiver: watch::Receiver<()>,
}

impl Listener {
    /// Waits for news. Dropped while it waits, it has missed nothing.
    pub async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await; // the topic lives as long as its listeners
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Entry::Occupied(topic) = lock(&self.topics).entry(self.news)
            && topic.get().receiver_count() <= 1
        {
            topic.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_wakes_for_its_own_news_and_misses_none() {
        let bus = Bus::new();
        let (mine, other) = (News::Sandbox(SandboxId::new()), News::Sandbox(SandboxId::new()));
        let mut listener = bus.listen(mine);
        for _ in 0..5000 {
            bus.publish(other);
            bus.publish(mine);
        }
        listener.changed().await;
        let again = tokio::time::timeout(std::time::Duration::from_millis(20), listener.changed()).await;
        assert!(again.is_err(), "all that came before is one wake-up");
    }

    #[tokio::test]
    async fn a_topic_ends_with_its_last_listener() {
        let bus = Bus::new();
        let news = News::Deployment(DeploymentId::new());
        let (first, second) = (bus.listen(news), bus.listen(news));
        drop(first);
        assert_eq!(lock(&bus.0).len(), 1);
        drop(second);
        assert_eq!(lock(&bus.0).len(), 0);
    }
}
