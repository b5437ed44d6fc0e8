//! Releases: deployments that went live, and which of them is. A dry run is none.

use super::{Deployment, Store, Tx};
use crate::ids::{DeploymentId, TargetId};

/// Rollbacks of rollbacks that are followed to where their bits come from; more than anybody makes.
const LONGEST_CHAIN: usize = 64;

const LIVE: &str = "
    SELECT id FROM deployments
    WHERE target_id = $1 AND environment = $2 AND status = 'success' AND dry_run = 0
    ORDER BY completed_at DESC, id DESC LIMIT 1";
// The same bits again are not another release.
const BEFORE: &str = "
    SELECT id FROM deployments
    WHERE target_id = $1 AND environment = $2 AND status = 'success' AND dry_run = 0
      AND user_id = $3 AND id < $4 AND json_extract(metadata, '$.artifact.root') IS NOT $5
    ORDER BY id DESC LIMIT 1";
const DEPLOYED_ENV_VERSION: &str = "
    SELECT env_version FROM deployments
    WHERE target_id = $1 AND status = 'success' AND dry_run = 0
    ORDER BY completed_at DESC, id DESC LIMIT 1";
const UNDER_WAY: &str = "
    SELECT id FROM deployments
    WHERE status IN ('pending', 'building', 'uploading', 'deploying')
      AND target_id = $1 AND json_extract(metadata, '$.rollback_of') = $2
    LIMIT 1";

/// What a deployment rolled back to, if it is a rollback.
fn rolled_back_to(deployment: &Deployment) -> Option<DeploymentId> {
    deployment.metadata.get("rollback_to")?.as_str()?.parse().ok()
}

impl Store {
    /// The version of the variables that the latest release of a target was made with.
    pub async fn deployed_env_version(&self, target: TargetId) -> Result<Option<i64>, sqlx::Error> {
        let version = sqlx::query_scalar::<_, Option<i64>>(DEPLOYED_ENV_VERSION).bind(target);
        Ok(version.fetch_optional(&self.pool).await?.flatten())
    }
}

impl Tx {
    /// The deployment that is live at a target in an environment: the one that succeeded last.
    pub async fn live_release(
        &mut self,
        target: TargetId,
        environment: &str,
    ) -> Result<Option<DeploymentId>, sqlx::Error> {
        sqlx::query_scalar(LIVE).bind(target).bind(environment).fetch_optional(&mut *self.0).await
    }

    /// The release of the same owner, target and environment that came before this one and is not the same bits.
    /// Before a rollback is what came before the release it went back to, so that going back twice goes two back.
    pub async fn release_before(&mut self, release: &Deployment) -> Result<Option<Deployment>, sqlx::Error> {
        let (mut origin, mut earlier) = (release.id, rolled_back_to(release));
        for _ in 0..LONGEST_CHAIN {
            let Some(id) = earlier else { break };
            origin = id;
            // One that was deleted is still known by its id, which tells when it was made.
            earlier = self.deployment(id).await?.as_ref().and_then(rolled_back_to);
        }
        let root =
            release.metadata.get("artifact").and_then(|artifact| artifact.get("root")).and_then(|root| root.as_str());
        let before: Option<DeploymentId> = sqlx::query_scalar(BEFORE)
            .bind(release.target_id)
            .bind(&release.environment)
            .bind(release.user_id)
            .bind(origin)
            .bind(root)
            .fetch_optional(&mut *self.0)
            .await?;
        match before {
            Some(id) => self.deployment(id).await,
            None => Ok(None),
        }
    }

    /// A rollback of this release that has not ended.
    pub async fn rollback_under_way(&mut self, release: &Deployment) -> Result<Option<DeploymentId>, sqlx::Error> {
        sqlx::query_scalar(UNDER_WAY)
            .bind(release.target_id)
            .bind(release.id.to_string())
            .fetch_optional(&mut *self.0)
            .await
    }
}
