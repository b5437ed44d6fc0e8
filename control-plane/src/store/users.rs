//! Users and their API tokens.

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{ApiTokenId, UserId};
use crate::secrets::ApiToken;

/// Somebody who owns records.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// Identifies them.
    pub id: UserId,
    /// Unique.
    pub name: String,
}

/// A stored API token, without its secret.
#[derive(Debug, Clone, FromRow)]
pub struct TokenRow {
    /// Identifies the token.
    pub id: ApiTokenId,
    /// Given by its owner.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last seen, to the minute.
    pub last_used_at: Option<Timestamp>,
}

const USER_OF_TOKEN: &str = "
    SELECT users.id, users.name FROM api_tokens JOIN users ON users.id = api_tokens.user_id
    WHERE api_tokens.token_sha256 = $1 AND (api_tokens.expires_at IS NULL OR api_tokens.expires_at > $2)";
const TOUCH_TOKEN: &str = "
    UPDATE api_tokens SET last_used_at = $2
    WHERE token_sha256 = $1 AND (last_used_at IS NULL OR last_used_at < $2 - 60000000)";
const USER_BY_NAME: &str = "SELECT id, name FROM users WHERE name = $1";
const TOKENS_OF_USER: &str = "
    SELECT id, name, created_at, expires_at, last_used_at FROM api_tokens WHERE user_id = $1 ORDER BY id";
const ANY_TOKEN: &str = "SELECT EXISTS (SELECT 1 FROM api_tokens)";
const INSERT_USER: &str = "INSERT INTO users (id, name, created_at) VALUES ($1, $2, $3)";
const INSERT_TOKEN: &str = "
    INSERT INTO api_tokens (id, user_id, name, token_sha256, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (token_sha256) DO NOTHING";
const DELETE_TOKEN: &str = "DELETE FROM api_tokens WHERE id = $1 AND user_id = $2";

impl Store {
    /// Whose token this is. `None` when it is unknown or has expired.
    pub async fn user_of_token(&self, token: &ApiToken, now: Timestamp) -> Result<Option<User>, sqlx::Error> {
        let digest = token.sha256();
        let user: Option<User> =
            sqlx::query_as(USER_OF_TOKEN).bind(&digest[..]).bind(now).fetch_optional(&self.pool).await?;
        if user.is_some() {
            sqlx::query(TOUCH_TOKEN).bind(&digest[..]).bind(now).execute(&self.pool).await?;
        }
        Ok(user)
    }

    /// The tokens of a user, oldest first.
    pub async fn tokens(&self, user: UserId) -> Result<Vec<TokenRow>, sqlx::Error> {
        sqlx::query_as(TOKENS_OF_USER).bind(user).fetch_all(&self.pool).await
    }

    /// Whether anybody could sign in at all.
    pub async fn has_any_token(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(ANY_TOKEN).fetch_one(&self.pool).await
    }
}

impl Tx {
    /// The user of this name, made when there is none.
    pub async fn user_named(&mut self, name: &str, now: Timestamp) -> Result<User, sqlx::Error> {
        if let Some(user) = sqlx::query_as(USER_BY_NAME).bind(name).fetch_optional(&mut *self.0).await? {
            return Ok(user);
        }
        let user = User { id: UserId::new(), name: name.to_owned() };
        sqlx::query(INSERT_USER).bind(user.id).bind(name).bind(now).execute(&mut *self.0).await?;
        Ok(user)
    }

    /// Stores a token's digest; a token that is stored already stays as it is.
    pub async fn insert_token(
        &mut self,
        user: UserId,
        name: &str,
        token: &ApiToken,
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<ApiTokenId, sqlx::Error> {
        let id = ApiTokenId::new();
        sqlx::query(INSERT_TOKEN)
            .bind(id)
            .bind(user)
            .bind(name)
            .bind(&token.sha256()[..])
            .bind(now)
            .bind(expires_at)
            .execute(&mut *self.0)
            .await?;
        Ok(id)
    }

    /// Ends a token; tells whether the user had it.
    pub async fn delete_token(&mut self, user: UserId, id: ApiTokenId) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(DELETE_TOKEN).bind(id).bind(user).execute(&mut *self.0).await?;
        Ok(done.rows_affected() == 1)
    }
}
