//! Leases: which instance advances a deployment. One is claimed by a single statement and kept alive by
//! heartbeats; every write of its holder proves that it still holds it, in the same transaction.

use std::time::Duration;

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{DeploymentId, InstanceId};

/// How long a lease is believed without a heartbeat.
pub const LEASE_TTL: Duration = Duration::from_secs(60);

/// The right to advance one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Lease {
    /// Which deployment.
    pub deployment_id: DeploymentId,
    /// Grows with each claim.
    pub epoch: i64,
}

/// Somebody else has the lease now; what the former holder wanted to write must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another instance has taken over this deployment")]
pub struct LeaseLost;

const INSERT: &str = "INSERT INTO leases (deployment_id, expires_at) VALUES ($1, 0)";
// What may be published is claimed, the oldest first; an unfinished claim of a former life waits until it ends.
const CLAIM_PUBLISHABLE: &str = "
    UPDATE leases SET holder = $1, epoch = epoch + 1, expires_at = $3
    WHERE deployment_id IN (
        SELECT lease.deployment_id FROM leases AS lease
        JOIN deployments AS deployment ON deployment.id = lease.deployment_id
        WHERE lease.expires_at <= $2
          AND (deployment.status = 'deploying' OR (deployment.status = 'pending' AND deployment.artifact_id IS NOT NULL))
        ORDER BY lease.deployment_id LIMIT $4)
    RETURNING deployment_id, epoch";
// Whether it is still with its agent is asked in the statement itself: it may have been uploaded a moment ago.
const CLAIM_OF_AGENT: &str = "
    UPDATE leases SET holder = $1, epoch = epoch + 1, expires_at = $3
    WHERE deployment_id = $2 AND EXISTS (
        SELECT 1 FROM deployments
        WHERE id = $2 AND artifact_id IS NULL AND status IN ('pending', 'building', 'uploading'))
    RETURNING deployment_id, epoch";
const RENEW: &str = "
    UPDATE leases SET expires_at = $4 WHERE deployment_id = $1 AND holder = $2 AND epoch = $3";
const RELEASE: &str = "
    UPDATE leases SET holder = NULL, expires_at = $4 WHERE deployment_id = $1 AND holder = $2 AND epoch = $3";
const HASTEN: &str = "
    UPDATE leases SET expires_at = $2 WHERE deployment_id = $1 AND holder IS NULL AND expires_at > $2";
const GIVE_UP: &str = "UPDATE leases SET holder = NULL, expires_at = $2 WHERE deployment_id = $1";
const GIVE_UP_OF_AGENT: &str = "
    UPDATE leases SET holder = NULL, expires_at = $2
    WHERE deployment_id = $1 AND EXISTS (
        SELECT 1 FROM deployments WHERE id = $1 AND artifact_id IS NULL AND status IN ('building', 'uploading'))";
const RELEASE_ALL: &str = "UPDATE leases SET holder = NULL, expires_at = 0 WHERE holder IS NOT NULL AND holder <> $1";
const FORGET_ENDED: &str = "
    DELETE FROM leases WHERE deployment_id IN (
        SELECT lease.deployment_id FROM leases AS lease
        JOIN deployments AS deployment ON deployment.id = lease.deployment_id
        WHERE deployment.status IN ('success', 'failed', 'cancelled') AND lease.expires_at <= $1 LIMIT 1000)";
const EXPIRES_AT: &str = "SELECT expires_at FROM leases WHERE deployment_id = $1";

impl Store {
    /// Claims up to `limit` deployments that are ready to be published and that nobody advances.
    pub async fn claim_publishable(
        &self,
        holder: InstanceId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Lease>, sqlx::Error> {
        let mut tx = self.begin().await?;
        let claim = sqlx::query_as(CLAIM_PUBLISHABLE).bind(holder).bind(now).bind(now.plus(LEASE_TTL)).bind(limit);
        let claimed: Vec<Lease> = claim.fetch_all(&mut *tx.0).await?;
        if !claimed.is_empty() {
            tx.commit().await?;
        }
        Ok(claimed)
    }

    /// Until when the deployment's holder is believed, or when its last one gave it back.
    pub async fn lease_expires_at(&self, id: DeploymentId) -> Result<Option<Timestamp>, sqlx::Error> {
        sqlx::query_scalar(EXPIRES_AT).bind(id).fetch_optional(&self.pool).await
    }

    /// Keeps the holder's leases alive; answers those that somebody else has taken.
    pub async fn renew_leases(
        &self,
        holder: InstanceId,
        leases: &[Lease],
        now: Timestamp,
    ) -> Result<Vec<Lease>, sqlx::Error> {
        let mut lost = Vec::new();
        let mut tx = self.begin().await?;
        for lease in leases {
            if tx.hold_lease(holder, *lease, now).await?.is_err() {
                lost.push(*lease);
            }
        }
        tx.commit().await?;
        Ok(lost)
    }

    /// Frees what other instances held. Only for the embedded column, where the data directory's lock says
    /// that there is no other instance: its leases are those of a former life.
    pub async fn release_leases_of_others(&self, holder: InstanceId) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        sqlx::query(RELEASE_ALL).bind(holder).execute(&mut *tx.0).await?;
        tx.commit().await
    }

    /// Forgets the leases of deployments that have ended.
    pub async fn forget_ended_leases(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(FORGET_ENDED).bind(now)).await.map(drop)
    }
}

impl Tx {
    /// Makes room for leases of a new deployment.
    pub(super) async fn insert_lease(&mut self, id: DeploymentId) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT).bind(id).execute(&mut *self.0).await.map(drop)
    }

    /// Takes the lease for whom the agent is connected to, whoever had it; `None` when the deployment is not with
    /// its agent any more.
    pub async fn claim_agent_lease(
        &mut self,
        holder: InstanceId,
        id: DeploymentId,
        now: Timestamp,
    ) -> Result<Option<Lease>, sqlx::Error> {
        sqlx::query_as(CLAIM_OF_AGENT)
            .bind(holder)
            .bind(id)
            .bind(now.plus(LEASE_TTL))
            .fetch_optional(&mut *self.0)
            .await
    }

    /// Proves that the lease is still held, and extends it. What is written in the same transaction is
    /// written by its holder.
    pub async fn hold_lease(
        &mut self,
        holder: InstanceId,
        lease: Lease,
        now: Timestamp,
    ) -> Result<Result<(), LeaseLost>, sqlx::Error> {
        let renew =
            sqlx::query(RENEW).bind(lease.deployment_id).bind(holder).bind(lease.epoch).bind(now.plus(LEASE_TTL));
        let renewed = renew.execute(&mut *self.0).await?.rows_affected();
        Ok(if renewed == 1 { Ok(()) } else { Err(LeaseLost) })
    }

    /// Gives the lease back; nobody gets it before `not_before`.
    pub async fn release_lease(
        &mut self,
        holder: InstanceId,
        lease: Lease,
        not_before: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let release = sqlx::query(RELEASE).bind(lease.deployment_id).bind(holder).bind(lease.epoch).bind(not_before);
        release.execute(&mut *self.0).await.map(drop)
    }

    /// Lets a deployment that is held back be claimed now. What somebody holds stays theirs.
    pub async fn hasten_lease(&mut self, id: DeploymentId, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(HASTEN).bind(id).bind(now).execute(&mut *self.0).await.map(drop)
    }

    /// Frees the lease of what an agent builds; `false` when it is not with its agent any more.
    pub async fn free_agent_lease(&mut self, id: DeploymentId, now: Timestamp) -> Result<bool, sqlx::Error> {
        let freed = sqlx::query(GIVE_UP_OF_AGENT).bind(id).bind(now).execute(&mut *self.0).await?;
        Ok(freed.rows_affected() == 1)
    }

    /// Frees the deployment for its next holder: what its present one did is over.
    pub async fn free_lease(&mut self, id: DeploymentId, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(GIVE_UP).bind(id).bind(now).execute(&mut *self.0).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Move, in_memory, stored_deployment};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    #[tokio::test]
    async fn a_lease_has_one_holder_and_a_stale_one_changes_nothing() {
        let store = in_memory().await;
        let id = crate::store::deploying(&store).await;
        let (first, second) = (InstanceId::new(), InstanceId::new());

        let claimed = store.claim_publishable(first, NOW, 10).await.expect("claims");
        assert_eq!(claimed, [Lease { deployment_id: id, epoch: 1 }]);
        assert_eq!(store.claim_publishable(second, NOW, 10).await.expect("claims"), [], "it is held");

        let later = NOW.plus(LEASE_TTL);
        let taken = store.claim_publishable(second, later, 10).await.expect("claims");
        assert_eq!(taken, [Lease { deployment_id: id, epoch: 2 }], "it was not renewed");
        assert_eq!(store.renew_leases(first, &claimed, later).await.expect("answers"), claimed, "lost");
        assert_eq!(store.renew_leases(second, &taken, later).await.expect("renews"), []);

        let mut tx = store.begin().await.expect("begins");
        assert_eq!(tx.hold_lease(first, claimed[0], later).await.expect("answers"), Err(LeaseLost));
        let wrong_holder = Lease { deployment_id: id, epoch: 2 };
        assert_eq!(tx.hold_lease(first, wrong_holder, later).await.expect("answers"), Err(LeaseLost));
        tx.release_lease(first, claimed[0], NOW).await.expect("answers");
        assert_eq!(tx.hold_lease(second, taken[0], later).await.expect("answers"), Ok(()), "still the second's");
        let not_before = later.plus(Duration::from_secs(600));
        tx.release_lease(second, taken[0], not_before).await.expect("releases");
        tx.commit().await.expect("commits");
        assert_eq!(store.claim_publishable(first, later.plus(LEASE_TTL), 10).await.expect("claims"), [], "held back");
        assert_eq!(store.claim_publishable(first, not_before, 10).await.expect("claims").len(), 1);
    }

    #[tokio::test]
    async fn only_what_has_an_artifact_and_has_not_ended_is_claimed() {
        let store = in_memory().await;
        stored_deployment(&store).await;
        let me = InstanceId::new();
        assert_eq!(store.claim_publishable(me, NOW, 10).await.expect("claims"), [], "it waits for its agent");

        let store = in_memory().await;
        let id = crate::store::deploying(&store).await;
        let mut tx = store.begin().await.expect("begins");
        let deployment = tx.deployment(id).await.expect("reads").expect("exists");
        assert!(tx.move_deployment(&deployment, Move::Cancel, NOW).await.expect("moves"));
        tx.commit().await.expect("commits");
        assert_eq!(store.claim_publishable(me, NOW, 10).await.expect("claims"), [], "it has ended");
        store.forget_ended_leases(NOW).await.expect("forgets");
        let mut tx = store.begin().await.expect("begins");
        assert_eq!(tx.claim_agent_lease(me, id, NOW).await.expect("answers"), None);
    }

    /// An agent that comes back, or leaves, in the moment in which its upload is complete has nothing to do with
    /// the lease any more: it is the publisher's.
    #[tokio::test]
    async fn an_agents_lease_is_only_of_what_is_with_the_agent() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let me = InstanceId::new();
        let mut tx = store.begin().await.expect("begins");
        assert!(tx.claim_agent_lease(me, id, NOW).await.expect("answers").is_some(), "it waits for its agent");
        drop(tx);

        let store = in_memory().await;
        let id = crate::store::deploying(&store).await;
        let mut tx = store.begin().await.expect("begins");
        assert_eq!(tx.claim_agent_lease(me, id, NOW).await.expect("answers"), None, "it has been uploaded");
        tx.commit().await.expect("commits");
        let published = store.claim_publishable(me, NOW, 10).await.expect("claims");
        assert_eq!(published.len(), 1, "and is published");
        let mut tx = store.begin().await.expect("begins");
        assert!(!tx.free_agent_lease(id, NOW).await.expect("answers"), "it is not the agent's to give back");
        assert_eq!(tx.hold_lease(me, published[0], NOW).await.expect("answers"), Ok(()));
    }
}
