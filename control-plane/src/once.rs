//! One request that creates something, sent twice: its key reaches the row it creates, in the same
//! transaction, so that a request that is repeated after a crash finds what the first one made.

use crate::secrets::sha256;

tokio::task_local! {
    static CURRENT: RequestKey;
}

/// Names a request of one caller, however often it is sent: a digest of who calls and the
/// `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey([u8; 32]);

impl RequestKey {
    /// The key of a caller's request.
    pub fn of(caller_sha256: &[u8], key: &str) -> Self {
        Self(sha256(&[caller_sha256, key.as_bytes()].concat()))
    }

    /// That of the request being answered; `None` when it has none.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|key| *key).ok()
    }

    /// Answers a request under this key.
    pub async fn follow<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
