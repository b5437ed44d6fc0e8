//! Answers kept for requests that may be sent twice.

use sqlx::FromRow;

use super::Store;
use crate::clock::Timestamp;

/// A request that was seen before.
#[derive(Debug, Clone, FromRow)]
pub struct SeenRequest {
    /// Digest of its method, path and body.
    pub request_sha256: Vec<u8>,
    /// What was answered; `None` while it is under way.
    pub status: Option<i64>,
    /// The answer's body.
    pub body: Option<Vec<u8>>,
}

const INSERT: &str = "
    INSERT INTO idempotency_keys (caller_sha256, key, request_sha256, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (caller_sha256, key) DO NOTHING";
const SEEN: &str = "SELECT request_sha256, status, body FROM idempotency_keys WHERE caller_sha256 = $1 AND key = $2";
const ANSWER: &str = "UPDATE idempotency_keys SET status = $3, body = $4 WHERE caller_sha256 = $1 AND key = $2";
const FORGET: &str = "DELETE FROM idempotency_keys WHERE caller_sha256 = $1 AND key = $2";
const FORGET_OLD: &str = "DELETE FROM idempotency_keys WHERE created_at < $1";

impl Store {
    /// Claims a key for a request. `None` when it is new; else what was seen under this key.
    pub async fn claim_idempotency_key(
        &self,
        caller_sha256: &[u8],
        key: &str,
        request_sha256: &[u8],
        now: Timestamp,
    ) -> Result<Option<SeenRequest>, sqlx::Error> {
        let inserted =
            self.write(sqlx::query(INSERT).bind(caller_sha256).bind(key).bind(request_sha256).bind(now)).await?;
        if inserted.rows_affected() == 1 {
            return Ok(None);
        }
        sqlx::query_as(SEEN).bind(caller_sha256).bind(key).fetch_optional(&self.pool).await
    }

    /// Keeps the answer for whoever asks again.
    pub async fn keep_answer(
        &self,
        caller_sha256: &[u8],
        key: &str,
        status: u16,
        body: &[u8],
    ) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(ANSWER).bind(caller_sha256).bind(key).bind(i64::from(status)).bind(body)).await.map(drop)
    }

    /// Frees a key whose request failed on our side, so that it may be tried again.
    pub async fn free_idempotency_key(&self, caller_sha256: &[u8], key: &str) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(FORGET).bind(caller_sha256).bind(key)).await.map(drop)
    }

    /// Deletes answers older than `before`.
    pub async fn forget_answers(&self, before: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(FORGET_OLD).bind(before)).await.map(drop)
    }
}
