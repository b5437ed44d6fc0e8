//! Variables of targets, sealed.

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{TargetId, UserId, VariableId};
use crate::variables::{Scope, VariableEnvironment};

/// A stored variable.
#[derive(Debug, Clone, FromRow)]
pub struct VariableRow {
    /// Identifies it.
    pub id: VariableId,
    /// Whose variable it is.
    pub target_id: TargetId,
    /// Who owns the target.
    pub user_id: UserId,
    /// The name.
    pub name: String,
    /// For which deployments.
    pub environment: VariableEnvironment,
    /// Who gets it.
    pub scope: Scope,
    /// Whether its value is never shown again.
    pub is_secret: bool,
    /// Sealed.
    pub sealed_value: Vec<u8>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

const OF_TARGET: &str = "
    SELECT id, target_id, user_id, name, environment, scope, is_secret, sealed_value, updated_at FROM target_env_vars
    WHERE target_id = $1";
const VERSION: &str = "SELECT env_version FROM deployment_targets WHERE id = $1";
const NEXT_VERSION: &str = "
    UPDATE deployment_targets SET env_version = env_version + 1 WHERE id = $1 AND env_version = $2";
const UPSERT: &str = "
    INSERT INTO target_env_vars (id, target_id, user_id, name, environment, scope, is_secret, sealed_value, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (id) DO UPDATE SET is_secret = $7, sealed_value = $8, updated_at = $9";
const DELETE: &str = "
    DELETE FROM target_env_vars WHERE target_id = $1 AND name = $2 AND scope = $3 AND environment = $4";

impl Store {
    /// The target's variables and their version, as of one moment.
    pub async fn variables(&self, target: TargetId) -> Result<(i64, Vec<VariableRow>), sqlx::Error> {
        let mut snapshot = self.pool.begin().await?;
        let version: Option<i64> = sqlx::query_scalar(VERSION).bind(target).fetch_optional(&mut *snapshot).await?;
        let rows = sqlx::query_as(OF_TARGET).bind(target).fetch_all(&mut *snapshot).await?;
        Ok((version.unwrap_or(0), rows))
    }
}

impl Tx {
    /// Begins the next version; `false` when `version` is not the present one.
    pub async fn next_env_version(&mut self, target: TargetId, version: i64) -> Result<bool, sqlx::Error> {
        let next = sqlx::query(NEXT_VERSION).bind(target).bind(version).execute(&mut *self.0).await?;
        Ok(next.rows_affected() == 1)
    }

    /// Stores a new or changed variable.
    pub async fn put_variable(&mut self, row: &VariableRow) -> Result<(), sqlx::Error> {
        let query = sqlx::query(UPSERT).bind(row.id).bind(row.target_id).bind(row.user_id).bind(&row.name);
        let query = query.bind(row.environment).bind(row.scope).bind(row.is_secret);
        query.bind(&row.sealed_value).bind(row.updated_at).execute(&mut *self.0).await.map(drop)
    }

    /// Removes a variable.
    pub async fn delete_variable(
        &mut self,
        target: TargetId,
        name: &str,
        scope: Scope,
        environment: VariableEnvironment,
    ) -> Result<(), sqlx::Error> {
        let query = sqlx::query(DELETE).bind(target).bind(name).bind(scope).bind(environment);
        query.execute(&mut *self.0).await.map(drop)
    }
}
