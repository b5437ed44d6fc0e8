//! Deployment targets: where a user's deployments go.

use sqlx::FromRow;
use sqlx::types::Json;

use super::{Store, Tx, is_duplicate};
use crate::clock::Timestamp;
use crate::deployments::build_settings::BuildSettings;
use crate::ids::{CredentialId, TargetId, UserId};

/// A configured destination at a provider.
#[derive(Debug, Clone, FromRow)]
pub struct Target {
    /// Identifies it.
    pub id: TargetId,
    /// Who owns it.
    pub user_id: UserId,
    /// Id of the provider.
    pub provider: String,
    /// Unique per user and provider.
    pub name: String,
    /// The account at the provider; `None` for providers that need none, and after it was disconnected.
    pub credentials_id: Option<CredentialId>,
    /// The provider's own settings, checked by the provider.
    pub config: Json<serde_json::Value>,
    /// Whether it is the user's default at this provider.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Target {
    /// How it builds; checked when it was saved.
    pub fn build_settings(&self) -> BuildSettings {
        let config = self.config.0.as_object();
        config.and_then(|config| BuildSettings::of_target(config).ok()).map(|(build, _)| build).unwrap_or_default()
    }

    /// What in its config is the provider's own.
    pub fn provider_config(&self) -> serde_json::Map<String, serde_json::Value> {
        let config = self.config.0.as_object();
        config.and_then(|config| BuildSettings::of_target(config).ok()).map(|(_, own)| own).unwrap_or_default()
    }
}

/// Why a target could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The name is taken.
    #[error("there is a target of this name for this provider already")]
    NameTaken,
    /// Deployments refer to it.
    #[error("deployments refer to this target; delete them first")]
    InUse,
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, provider, name, credentials_id, config, is_default, created_at, updated_at
             FROM deployment_targets ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const BY_NAME: &str = select!("WHERE user_id = $1 AND provider = $2 AND name = $3");
const PAGE: &str = select!("WHERE user_id = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3");
const INSERT: &str = "
    INSERT INTO deployment_targets (id, user_id, provider, name, config, is_default, created_at, updated_at,
        credentials_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const UPDATE: &str = "
    UPDATE deployment_targets SET name = $2, config = $3, is_default = $4, updated_at = $5, credentials_id = $6
    WHERE id = $1";
const NO_OTHER_DEFAULT: &str = "
    UPDATE deployment_targets SET is_default = FALSE WHERE user_id = $1 AND provider = $2 AND id <> $3";
const IS_USED: &str = "SELECT EXISTS (SELECT 1 FROM deployments WHERE target_id = $1)";
const DELETE: &str = "DELETE FROM deployment_targets WHERE id = $1";

impl Store {
    /// The target, whoever owns it: the caller asks `authorize`.
    pub async fn target(&self, id: TargetId) -> Result<Option<Target>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&self.pool).await
    }

    /// The user's target of this name.
    pub async fn target_named(&self, user: UserId, provider: &str, name: &str) -> Result<Option<Target>, sqlx::Error> {
        sqlx::query_as(BY_NAME).bind(user).bind(provider).bind(name).fetch_optional(&self.pool).await
    }

    /// The targets of these accounts after `cursor`, oldest first.
    pub async fn targets(
        &self,
        owners: &[UserId],
        cursor: Option<TargetId>,
        limit: i64,
    ) -> Result<Vec<Target>, sqlx::Error> {
        let mut rows: Vec<Target> = Vec::new();
        for owner in owners {
            rows.extend(
                sqlx::query_as::<_, Target>(PAGE).bind(owner).bind(cursor).bind(limit).fetch_all(&self.pool).await?,
            );
        }
        rows.sort_by_key(|row| row.id);
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(rows)
    }
}

impl Tx {
    /// The target as this transaction sees it.
    pub async fn target(&mut self, id: TargetId) -> Result<Option<Target>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&mut *self.0).await
    }

    /// Stores a new target.
    pub async fn insert_target(&mut self, target: &Target) -> Result<(), TargetError> {
        let inserted = sqlx::query(INSERT)
            .bind(target.id)
            .bind(target.user_id)
            .bind(&target.provider)
            .bind(&target.name)
            .bind(&target.config)
            .bind(target.is_default)
            .bind(target.created_at)
            .bind(target.updated_at)
            .bind(target.credentials_id)
            .execute(&mut *self.0)
            .await;
        self.after_write(inserted, target).await
    }

    /// Stores a changed target.
    pub async fn update_target(&mut self, target: &Target) -> Result<(), TargetError> {
        let updated = sqlx::query(UPDATE)
            .bind(target.id)
            .bind(&target.name)
            .bind(&target.config)
            .bind(target.is_default)
            .bind(target.updated_at)
            .bind(target.credentials_id)
            .execute(&mut *self.0)
            .await;
        self.after_write(updated, target).await
    }

    async fn after_write(
        &mut self,
        result: Result<sqlx::sqlite::SqliteQueryResult, sqlx::Error>,
        target: &Target,
    ) -> Result<(), TargetError> {
        match result {
            Err(error) if is_duplicate(&error) => return Err(TargetError::NameTaken),
            other => other?,
        };
        if target.is_default {
            sqlx::query(NO_OTHER_DEFAULT)
                .bind(target.user_id)
                .bind(&target.provider)
                .bind(target.id)
                .execute(&mut *self.0)
                .await?;
        }
        Ok(())
    }

    /// Removes a target that no deployment refers to.
    pub async fn delete_target(&mut self, id: TargetId) -> Result<(), TargetError> {
        if sqlx::query_scalar(IS_USED).bind(id).fetch_one(&mut *self.0).await? {
            return Err(TargetError::InUse);
        }
        sqlx::query(DELETE).bind(id).execute(&mut *self.0).await?;
        Ok(())
    }
}
