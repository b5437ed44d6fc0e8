//! What is still to be told to git hosts about commits that were deployed.

use std::time::Duration;

use sqlx::FromRow;
use sqlx::types::Json;

use super::{Deployment, Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{DeploymentId, SandboxId, TargetId};

/// Repositories that one deployment is reported to at most.
const MOST_PLACES: i64 = 3;
/// Whoever claims a report has this long to make it.
const CLAIM: Duration = Duration::from_secs(120);

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct CommitReport {
    /// What has ended.
    pub deployment_id: DeploymentId,
    /// Where the commit was pushed to.
    pub target_id: TargetId,
    /// Which commit.
    pub commit_name: String,
    /// How often it was tried before.
    pub attempts: i64,
    /// When the deployment ended.
    pub created_at: Timestamp,
}

// The same tree of files, pushed from the same sandbox: for each target the commit that was pushed last.
const ENQUEUE: &str = "
    WITH latest AS (
        SELECT target_id, MAX(id) AS id FROM deployments
        WHERE sandbox_id = $2 AND status = 'success' AND provider IN (SELECT value FROM json_each($6))
          AND json_extract(metadata, '$.source.tree') = $3
        GROUP BY target_id ORDER BY MAX(id) DESC LIMIT $5)
    INSERT INTO commit_reports (deployment_id, target_id, commit_name, next_at, created_at)
    SELECT $1, latest.target_id, call.provider_ref, $4, $4 FROM latest
    JOIN provider_calls AS call ON call.deployment_id = latest.id
    WHERE call.operation = 'deploy' AND call.state = 'done' AND call.provider_ref IS NOT NULL
    ON CONFLICT DO NOTHING";
const HAS_PUSHED: &str = "
    SELECT EXISTS (
        SELECT 1 FROM deployments
        WHERE sandbox_id = $1 AND status = 'success' AND provider IN (SELECT value FROM json_each($2))
          AND json_extract(metadata, '$.source.tree') IS NOT NULL)";
const CLAIM_DUE: &str = "
    UPDATE commit_reports SET next_at = $2, attempts = attempts + 1
    WHERE (deployment_id, target_id) IN (
        SELECT deployment_id, target_id FROM commit_reports WHERE next_at <= $1 ORDER BY next_at LIMIT $3)
    RETURNING deployment_id, target_id, commit_name, attempts, created_at";
const LATER: &str = "UPDATE commit_reports SET next_at = $3 WHERE deployment_id = $1 AND target_id = $2";
const DONE: &str = "DELETE FROM commit_reports WHERE deployment_id = $1 AND target_id = $2";

impl Store {
    /// Whether a tree of this sandbox has been pushed to one of these providers.
    pub async fn has_pushed(&self, sandbox: SandboxId, git_hosts: &[&str]) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_PUSHED).bind(sandbox).bind(Json(git_hosts)).fetch_one(&self.pool).await
    }

    /// Claims some reports that are due.
    pub async fn claim_commit_reports(&self, now: Timestamp, limit: i64) -> Result<Vec<CommitReport>, sqlx::Error> {
        let mut tx = self.begin().await?;
        let claim = sqlx::query_as(CLAIM_DUE).bind(now).bind(now.plus(CLAIM)).bind(limit);
        let claimed: Vec<CommitReport> = claim.fetch_all(&mut *tx.0).await?;
        if !claimed.is_empty() {
            tx.commit().await?;
        }
        Ok(claimed)
    }

    /// Tries a report again, not before then.
    pub async fn postpone_commit_report(&self, report: &CommitReport, until: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(LATER).bind(report.deployment_id).bind(report.target_id).bind(until)).await.map(drop)
    }

    /// A report was made, or is given up.
    pub async fn forget_commit_report(&self, report: &CommitReport) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(DONE).bind(report.deployment_id).bind(report.target_id)).await.map(drop)
    }
}

impl Tx {
    /// Writes down that the end of a deployment of `tree` is to be told where that was pushed to before.
    pub async fn enqueue_commit_reports(
        &mut self,
        deployment: &Deployment,
        tree: &str,
        git_hosts: &[&str],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(ENQUEUE)
            .bind(deployment.id)
            .bind(deployment.sandbox_id)
            .bind(tree)
            .bind(now)
            .bind(MOST_PLACES)
            .bind(Json(git_hosts))
            .execute(&mut *self.0)
            .await
            .map(drop)
    }
}
