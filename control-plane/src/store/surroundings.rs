//! What a deployment is shown with: what its sandbox and target are called, who asked for it, whether it is live.

use std::collections::HashMap;

use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::Store;
use crate::ids::{DeploymentId, UserId};

/// Of one deployment.
#[derive(Debug, Clone, FromRow)]
pub struct Surroundings {
    id: DeploymentId,
    /// What its sandbox is called.
    pub sandbox_name: String,
    /// What its target is called.
    pub target_name: String,
    /// Who asked for it; `None` when that was no request, or they are gone.
    pub creator_id: Option<UserId>,
    /// What they are called.
    pub creator_name: Option<String>,
    /// Whether it is what its target serves in its environment.
    pub is_live: bool,
}

// The live release as in `releases.rs`.
const OF: &str = "
    SELECT deployment.id, sandbox.name AS sandbox_name, target.name AS target_name,
        creator.id AS creator_id, creator.name AS creator_name,
        deployment.status = 'success' AND deployment.id = (
            SELECT release.id FROM deployments AS release
            WHERE release.target_id = deployment.target_id AND release.environment = deployment.environment
              AND release.status = 'success' AND release.dry_run = 0
            ORDER BY release.completed_at DESC, release.id DESC LIMIT 1) IS TRUE AS is_live
    FROM deployments AS deployment
    JOIN sandboxes AS sandbox ON sandbox.id = deployment.sandbox_id
    JOIN deployment_targets AS target ON target.id = deployment.target_id
    LEFT JOIN users AS creator ON creator.id = deployment.created_by
    WHERE deployment.id IN (";

impl Store {
    /// Of several deployments at once.
    pub async fn surroundings(&self, ids: &[DeploymentId]) -> Result<HashMap<DeploymentId, Surroundings>, sqlx::Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut query = QueryBuilder::<Sqlite>::new(OF);
        let mut places = query.separated(", ");
        for id in ids {
            places.push_bind(*id);
        }
        query.push(")");
        let rows: Vec<Surroundings> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{in_memory, stored_deployment};

    #[tokio::test]
    async fn a_deployment_is_live_when_it_succeeded_last() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let known = async || store.surroundings(&[id, DeploymentId::new()]).await.expect("reads");
        let found = known().await;
        assert_eq!(found.len(), 1);
        assert!(!found[&id].is_live, "it has not ended");
        assert!(!found[&id].sandbox_name.is_empty() && !found[&id].target_name.is_empty());
        assert_eq!((found[&id].creator_id, &found[&id].creator_name), (None, &None));

        for (change, is_live) in [
            ("DROP TRIGGER deployments_move", false),
            ("UPDATE deployments SET status = 'success', completed_at = 5, created_by = user_id", true),
            ("UPDATE deployments SET dry_run = 1", false),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(change)).execute(&store.pool).await.expect("changes");
            assert_eq!(known().await[&id].is_live, is_live, "{change}");
        }
        let owner = store.deployment(id).await.expect("reads").expect("exists").user_id;
        assert_eq!(known().await[&id].creator_id, Some(owner));
    }
}
