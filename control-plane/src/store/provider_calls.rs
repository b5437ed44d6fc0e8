//! What was asked of providers: each call that changes something there is a row before it is made.

use sqlx::FromRow;

use super::{Lease, Store, Tx};
use crate::clock::Timestamp;
use crate::ids::DeploymentId;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Operation {
    /// Publish.
    Deploy,
    /// Hold back what is being published.
    Cancel,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CallState {
    /// It was about to be made; whether it was, only the provider knows.
    Intent,
    /// It was made, and did what it should.
    Done,
    /// It changed nothing at the provider.
    Failed,
    /// Nobody can tell.
    Unknown,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ProviderCall {
    /// Counts from 1 for each deployment and operation.
    pub attempt: i64,
    /// What came of it.
    pub state: CallState,
    /// What the provider calls what it made.
    pub provider_ref: Option<String>,
    /// When it was about to be made.
    pub started_at: Timestamp,
    /// When the provider last said something of what it makes.
    pub heard_at: Option<Timestamp>,
    /// When the provider last said that it waits for somebody.
    pub waited_until: Option<Timestamp>,
}

const INTEND: &str = "
    INSERT INTO provider_calls (deployment_id, operation, attempt, idempotency_key, intent_digest, lease_epoch, started_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const CONCLUDE: &str = "
    UPDATE provider_calls SET state = $4, provider_ref = COALESCE($5, provider_ref), detail = $6, finished_at = $7
    WHERE deployment_id = $1 AND operation = $2 AND attempt = $3 AND state = 'intent'";
const BEGUN: &str = "
    UPDATE provider_calls SET provider_ref = $3
    WHERE deployment_id = $1 AND operation = $2 AND state = 'intent'";
const HEARD: &str = "
    UPDATE provider_calls SET heard_at = $4, waited_until = CASE WHEN $5 THEN $4 ELSE waited_until END
    WHERE deployment_id = $1 AND operation = $2 AND attempt = $3 AND state = 'intent'";
const LAST_REF: &str = "
    SELECT provider_ref FROM provider_calls
    WHERE deployment_id = $1 AND operation = $2 AND provider_ref IS NOT NULL ORDER BY attempt DESC LIMIT 1";
const LAST: &str = "
    SELECT attempt, state, provider_ref, started_at, heard_at, waited_until FROM provider_calls
    WHERE deployment_id = $1 AND operation = $2 ORDER BY attempt DESC LIMIT 1";

impl Store {
    /// The last call of this kind for a deployment.
    pub async fn last_provider_call(
        &self,
        id: DeploymentId,
        operation: Operation,
    ) -> Result<Option<ProviderCall>, sqlx::Error> {
        sqlx::query_as(LAST).bind(id).bind(operation).fetch_optional(&self.pool).await
    }

    /// What the provider called what the latest attempt that got so far has begun or made.
    pub async fn last_provider_ref(
        &self,
        id: DeploymentId,
        operation: Operation,
    ) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(LAST_REF).bind(id).bind(operation).fetch_optional(&self.pool).await
    }
}

impl Tx {
    /// Writes down that a call is about to be made.
    pub async fn intend_call(
        &mut self,
        lease: Lease,
        operation: Operation,
        attempt: i64,
        idempotency_key: &str,
        intent_digest: &[u8],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(INTEND)
            .bind(lease.deployment_id)
            .bind(operation)
            .bind(attempt)
            .bind(idempotency_key)
            .bind(intent_digest)
            .bind(lease.epoch)
            .bind(now)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Writes down what the provider calls what it has begun to make for a call without an outcome.
    pub async fn note_begun(
        &mut self,
        id: DeploymentId,
        operation: Operation,
        provider_ref: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(BEGUN).bind(id).bind(operation).bind(provider_ref).execute(&mut *self.0).await.map(drop)
    }

    /// Writes down that the provider has said something of a call without an outcome, and whether it waits for
    /// somebody.
    pub async fn heard_of_call(
        &mut self,
        id: DeploymentId,
        operation: Operation,
        attempt: i64,
        waits: bool,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let heard = sqlx::query(HEARD).bind(id).bind(operation).bind(attempt).bind(now).bind(waits);
        heard.execute(&mut *self.0).await.map(drop)
    }

    /// Writes down what came of a call. `detail` is for the operator and holds no secret.
    #[expect(clippy::too_many_arguments, reason = "the key of the row and what is new in it")]
    pub async fn conclude_call(
        &mut self,
        id: DeploymentId,
        operation: Operation,
        attempt: i64,
        state: CallState,
        provider_ref: Option<&str>,
        detail: Option<&str>,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(CONCLUDE)
            .bind(id)
            .bind(operation)
            .bind(attempt)
            .bind(state)
            .bind(provider_ref)
            .bind(detail)
            .bind(now)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }
}
