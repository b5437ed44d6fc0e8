//! Connecting accounts while people are away at the provider.

use std::time::Duration;

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{AccountFlowId, UserId};

/// Flows that one person can have under way; the oldest are forgotten.
const MOST_OF_A_USER: i64 = 20;

/// Which way an account is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum FlowKind {
    /// By a page at the provider.
    Web,
    /// By a code that is typed there.
    Device,
}

/// A flow that is under way.
#[derive(Debug, Clone, FromRow)]
pub struct AccountFlow {
    /// Identifies it.
    pub id: AccountFlowId,
    /// Which way.
    pub kind: FlowKind,
    /// Of the state, or of the handle.
    pub handle_sha256: Vec<u8>,
    /// Who began.
    pub user_id: UserId,
    /// In which session; `None` for one that was begun with a token.
    pub session_sha256: Option<Vec<u8>>,
    /// Whom the account is for.
    pub owner_id: UserId,
    /// At which provider.
    pub provider: String,
    /// What its owner calls it.
    pub label: Option<String>,
    /// Where the browser goes afterwards.
    pub return_to: String,
    /// What we must present to the provider.
    pub sealed_secret: Vec<u8>,
    /// Microseconds between two questions.
    pub interval: i64,
    /// When the next may be asked.
    pub next_poll_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
}

impl AccountFlow {
    /// Between two questions.
    pub fn interval(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.interval).unwrap_or(0))
    }
}

const FIND: &str = "
    SELECT id, kind, handle_sha256, user_id, session_sha256, owner_id, provider, label, return_to, sealed_secret,
        interval, next_poll_at, expires_at
    FROM account_flows WHERE handle_sha256 = $1 AND kind = $2 AND user_id = $3 AND provider = $4";
const INSERT: &str = "
    INSERT INTO account_flows (id, kind, handle_sha256, user_id, session_sha256, owner_id, provider, label, return_to,
        sealed_secret, interval, next_poll_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const FORGET_OLDEST: &str = "
    DELETE FROM account_flows WHERE id IN (
        SELECT id FROM account_flows WHERE user_id = $1 ORDER BY expires_at DESC LIMIT -1 OFFSET $2)";
const CLAIM_POLL: &str = "
    UPDATE account_flows SET next_poll_at = $2 + interval WHERE id = $1 AND next_poll_at <= $2 AND expires_at > $2";
const SLOW_DOWN: &str = "UPDATE account_flows SET interval = $2, next_poll_at = $3 WHERE id = $1";
const DELETE: &str = "DELETE FROM account_flows WHERE id = $1";
const FORGET: &str = "DELETE FROM account_flows WHERE expires_at < $1";

impl Store {
    /// The flow with this handle that the person began.
    pub async fn account_flow(
        &self,
        kind: FlowKind,
        handle_sha256: &[u8],
        user: UserId,
        provider: &str,
    ) -> Result<Option<AccountFlow>, sqlx::Error> {
        sqlx::query_as(FIND).bind(handle_sha256).bind(kind).bind(user).bind(provider).fetch_optional(&self.pool).await
    }

    /// Ends a flow; `false` when it was ended before, so that it counts once.
    pub async fn end_account_flow(&self, id: AccountFlowId) -> Result<bool, sqlx::Error> {
        Ok(self.write(sqlx::query(DELETE).bind(id)).await?.rows_affected() == 1)
    }

    /// Whether the provider may be asked now; until an interval later nobody else may.
    pub async fn claim_poll(&self, id: AccountFlowId, now: Timestamp) -> Result<bool, sqlx::Error> {
        Ok(self.write(sqlx::query(CLAIM_POLL).bind(id).bind(now)).await?.rows_affected() == 1)
    }

    /// The provider wants to be asked less often.
    pub async fn slow_down(&self, id: AccountFlowId, interval: Duration, now: Timestamp) -> Result<(), sqlx::Error> {
        let micros = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        self.write(sqlx::query(SLOW_DOWN).bind(id).bind(micros).bind(now.plus(interval))).await.map(drop)
    }

    /// Forgets those that ended before `before`.
    pub async fn forget_ended_account_flows(&self, before: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(FORGET).bind(before)).await.map(drop)
    }
}

impl Tx {
    /// Remembers a flow. The person's oldest are forgotten when there are many.
    pub async fn insert_account_flow(&mut self, flow: &AccountFlow) -> Result<(), sqlx::Error> {
        sqlx::query(FORGET_OLDEST).bind(flow.user_id).bind(MOST_OF_A_USER - 1).execute(&mut *self.0).await?;
        sqlx::query(INSERT)
            .bind(flow.id)
            .bind(flow.kind)
            .bind(&flow.handle_sha256)
            .bind(flow.user_id)
            .bind(&flow.session_sha256)
            .bind(flow.owner_id)
            .bind(&flow.provider)
            .bind(&flow.label)
            .bind(&flow.return_to)
            .bind(&flow.sealed_secret)
            .bind(flow.interval)
            .bind(flow.next_poll_at)
            .bind(flow.expires_at)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }
}
