//! Credentials at providers. The secret itself is sealed; only the vault opens it.

use sqlx::FromRow;
use sqlx::types::Json;

use super::{Store, Tx, is_duplicate};
use crate::clock::Timestamp;
use crate::ids::{CredentialId, UserId};

/// How a credential came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CredentialKind {
    /// Somebody made it and gave it to us.
    Token,
    /// The provider gave it to us, for somebody who agreed.
    Oauth,
}

/// A stored credential.
#[derive(Debug, Clone, FromRow)]
pub struct CredentialRow {
    /// Identifies it.
    pub id: CredentialId,
    /// Whose it is.
    pub user_id: UserId,
    /// Id of the provider.
    pub provider: String,
    /// Unique per user and provider.
    pub label: String,
    /// How it came to us.
    pub kind: CredentialKind,
    /// Whom it authenticates there, once that is known.
    pub account: Option<String>,
    /// The same, as the provider identifies them whatever they are called.
    pub account_id: Option<String>,
    /// What it may do there, as far as that is known.
    pub scopes: Json<Vec<String>>,
    /// Sealed.
    pub sealed_secret: Vec<u8>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Why it has to be connected again, when that is known.
    pub broken: Option<String>,
    /// Grows with every new secret.
    pub version: i64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last replaced.
    pub updated_at: Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, provider, label, kind, account, account_id, scopes, sealed_secret, expires_at, broken,
                version, created_at, updated_at
             FROM provider_credentials ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const OF_USER: &str = select!("WHERE user_id = $1 ORDER BY id");
const INSERT: &str = "
    INSERT INTO provider_credentials (id, user_id, provider, label, account, scopes, sealed_secret, expires_at,
        created_at, updated_at, kind, account_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const REPLACE: &str = "
    UPDATE provider_credentials SET kind = $3, account = $4, account_id = $5, scopes = $6, sealed_secret = $7,
        expires_at = $8, updated_at = $9, broken = NULL, version = version + 1
    WHERE id = $1 AND version = $2";
const BREAK: &str = "
    UPDATE provider_credentials SET broken = $3, updated_at = $4 WHERE id = $1 AND version = $2";
const COUNT_TARGETS: &str = "SELECT COUNT(*) FROM deployment_targets WHERE credentials_id = $1";
const DELETE: &str = "DELETE FROM provider_credentials WHERE id = $1 AND user_id = $2";
const STATE_OF_USER: &str = "
    SELECT COUNT(*), COALESCE(MAX(updated_at), 0) FROM provider_credentials WHERE user_id = $1";

impl Store {
    /// The credential, whoever owns it: the caller compares `user_id`.
    pub async fn credential(&self, id: CredentialId) -> Result<Option<CredentialRow>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&self.pool).await
    }

    /// The user's credentials, oldest first.
    pub async fn credentials(&self, user: UserId) -> Result<Vec<CredentialRow>, sqlx::Error> {
        sqlx::query_as(OF_USER).bind(user).fetch_all(&self.pool).await
    }

    /// Notes why a credential has to be connected again, unless it was meanwhile.
    pub async fn break_credential(
        &self,
        id: CredentialId,
        version: i64,
        why: &str,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(BREAK).bind(id).bind(version).bind(why).bind(now)).await.map(drop)
    }

    /// How many there are and when one last changed: differs after every change.
    pub async fn credentials_state(&self, user: UserId) -> Result<(i64, i64), sqlx::Error> {
        sqlx::query_as(STATE_OF_USER).bind(user).fetch_one(&self.pool).await
    }
}

impl Tx {
    /// Stores a credential; `false` when the user has one of this label at this provider.
    pub async fn insert_credential(&mut self, row: &CredentialRow) -> Result<bool, sqlx::Error> {
        let inserted = sqlx::query(INSERT)
            .bind(row.id)
            .bind(row.user_id)
            .bind(&row.provider)
            .bind(&row.label)
            .bind(&row.account)
            .bind(&row.scopes)
            .bind(&row.sealed_secret)
            .bind(row.expires_at)
            .bind(row.created_at)
            .bind(row.updated_at)
            .bind(row.kind)
            .bind(&row.account_id)
            .execute(&mut *self.0)
            .await;
        match inserted {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Replaces the secret and what is known of it, when it is still of `row.version`.
    pub async fn replace_credential(&mut self, row: &CredentialRow) -> Result<bool, sqlx::Error> {
        let replaced = sqlx::query(REPLACE)
            .bind(row.id)
            .bind(row.version)
            .bind(row.kind)
            .bind(&row.account)
            .bind(&row.account_id)
            .bind(&row.scopes)
            .bind(&row.sealed_secret)
            .bind(row.expires_at)
            .bind(row.updated_at)
            .execute(&mut *self.0)
            .await?;
        Ok(replaced.rows_affected() == 1)
    }

    /// Targets that use a credential.
    pub async fn count_targets_with(&mut self, id: CredentialId) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(COUNT_TARGETS).bind(id).fetch_one(&mut *self.0).await
    }

    /// The user's credentials as this transaction sees them, oldest first.
    pub async fn credentials(&mut self, user: UserId) -> Result<Vec<CredentialRow>, sqlx::Error> {
        sqlx::query_as(OF_USER).bind(user).fetch_all(&mut *self.0).await
    }

    /// Removes a credential of the user; `false` when there is none.
    pub async fn delete_credential(&mut self, user: UserId, id: CredentialId) -> Result<bool, sqlx::Error> {
        Ok(sqlx::query(DELETE).bind(id).bind(user).execute(&mut *self.0).await?.rows_affected() == 1)
    }
}
