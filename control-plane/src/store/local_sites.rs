//! Which deployments the `local` provider serves.

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{ArtifactId, DeploymentId};

/// A published tree and its port.
#[derive(Debug, Clone, FromRow)]
pub struct LocalSite {
    /// The deployment that published it.
    pub deployment_id: DeploymentId,
    /// What is served.
    pub artifact_id: ArtifactId,
    /// Where.
    pub port: i64,
    /// `pages` or `single-page`.
    pub routing: String,
}

const NEWEST: &str = "
    SELECT deployment_id, artifact_id, port, routing FROM local_sites ORDER BY created_at DESC LIMIT $1";
const BY_DEPLOYMENT: &str = "
    SELECT deployment_id, artifact_id, port, routing FROM local_sites WHERE deployment_id = $1";
const LAST_PORT: &str = "SELECT port FROM local_sites ORDER BY created_at DESC LIMIT 1";
const UPSERT: &str = "
    INSERT INTO local_sites (deployment_id, artifact_id, port, routing, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (deployment_id) DO UPDATE SET port = excluded.port";
const SET_URL: &str = "UPDATE deployments SET deployment_url = $2 WHERE id = $1";

impl Store {
    /// The newest `limit` sites.
    pub async fn local_sites(&self, limit: i64) -> Result<Vec<LocalSite>, sqlx::Error> {
        sqlx::query_as(NEWEST).bind(limit).fetch_all(&self.pool).await
    }

    /// The site of a deployment.
    pub async fn local_site(&self, deployment: DeploymentId) -> Result<Option<LocalSite>, sqlx::Error> {
        sqlx::query_as(BY_DEPLOYMENT).bind(deployment).fetch_optional(&self.pool).await
    }

    /// The port given last.
    pub async fn last_local_port(&self) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar(LAST_PORT).fetch_optional(&self.pool).await
    }
}

impl Tx {
    /// Remembers a site; a deployment has one, which may move to another port.
    pub async fn upsert_local_site(&mut self, site: &LocalSite, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(UPSERT)
            .bind(site.deployment_id)
            .bind(site.artifact_id)
            .bind(site.port)
            .bind(&site.routing)
            .bind(now)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Changes the URL of a finished deployment whose site had to move to another port.
    pub async fn set_deployment_url(&mut self, deployment: DeploymentId, url: &str) -> Result<(), sqlx::Error> {
        sqlx::query(SET_URL).bind(deployment).bind(url).execute(&mut *self.0).await.map(drop)
    }
}
