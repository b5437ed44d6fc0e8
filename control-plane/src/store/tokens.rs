//! API tokens, as digests.

use sqlx::FromRow;

use super::{Store, Tx, User};
use crate::access::Scopes;
use crate::clock::Timestamp;
use crate::ids::{ApiTokenId, UserId};
use crate::secrets::ApiToken;

/// A stored API token, without its secret.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Identifies the token.
    pub id: ApiTokenId,
    /// Given by its owner.
    pub name: String,
    /// How far it reaches.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last seen, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token to be stored.
pub struct NewToken<'a> {
    /// Whom it acts for.
    pub user: UserId,
    /// Given by its owner.
    pub name: &'a str,
    /// How far it reaches.
    pub scopes: Scopes,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// The token with which it is made; it ends with that one.
    pub parent: Option<ApiTokenId>,
}

/// The name of tokens that operators chose.
pub const BOOTSTRAP: &str = "bootstrap";

#[derive(FromRow)]
struct Row {
    id: ApiTokenId,
    name: String,
    scopes: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl TryFrom<Row> for TokenRow {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let scopes = row.scopes.parse().map_err(|problem: String| {
            sqlx::Error::Decode(format!("api_tokens {} has scopes that are none: {problem}", row.id).into())
        })?;
        Ok(Self {
            id: row.id,
            name: row.name,
            scopes,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

#[derive(FromRow)]
struct UserOfTokenRow {
    user_id: UserId,
    user_name: String,
    is_admin: bool,
    #[sqlx(flatten)]
    token: Row,
}

const USER_OF_TOKEN: &str = "
    SELECT users.id AS user_id, users.name AS user_name, users.is_admin, api_tokens.id, api_tokens.name,
        api_tokens.scopes, api_tokens.created_at, api_tokens.expires_at, api_tokens.last_used_at
    FROM api_tokens JOIN users ON users.id = api_tokens.user_id
    WHERE api_tokens.token_sha256 = $1 AND (api_tokens.expires_at IS NULL OR api_tokens.expires_at > $2)
      AND users.disabled_at IS NULL";
const TOUCH: &str = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1";
const PAGE: &str = "
    SELECT id, name, scopes, created_at, expires_at, last_used_at FROM api_tokens
    WHERE user_id = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3";
const ANY: &str = "SELECT EXISTS (SELECT 1 FROM api_tokens)";
const CHOSEN: &str = "SELECT token_sha256 FROM api_tokens WHERE name = $1";
const INSERT: &str = "
    INSERT INTO api_tokens (id, user_id, name, token_sha256, created_at, expires_at, scopes, parent_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (token_sha256) DO NOTHING";
const COUNT: &str = "SELECT count(*) FROM api_tokens WHERE user_id = $1";
const DELETE: &str = "DELETE FROM api_tokens WHERE id = $1 AND user_id = $2";

impl Store {
    /// Whose token has this digest. `None` when it is unknown, has expired, or its owner is disabled.
    pub async fn user_of_token(&self, sha256: &[u8], now: Timestamp) -> Result<Option<(User, TokenRow)>, sqlx::Error> {
        let row: Option<UserOfTokenRow> =
            sqlx::query_as(USER_OF_TOKEN).bind(sha256).bind(now).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let user = User { id: row.user_id, name: row.user_name, is_admin: row.is_admin };
        Ok(Some((user, row.token.try_into()?)))
    }

    /// Remembers when a token was last seen.
    pub async fn touch_token(&self, id: ApiTokenId, now: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(TOUCH).bind(id).bind(now)).await.map(drop)
    }

    /// The tokens of a user after `cursor`, oldest first.
    pub async fn tokens(
        &self,
        user: UserId,
        cursor: Option<ApiTokenId>,
        limit: i64,
    ) -> Result<Vec<TokenRow>, sqlx::Error> {
        let rows: Vec<Row> = sqlx::query_as(PAGE).bind(user).bind(cursor).bind(limit).fetch_all(&self.pool).await?;
        rows.into_iter().map(TokenRow::try_from).collect()
    }

    /// Whether there is any token.
    pub async fn has_any_token(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(ANY).fetch_one(&self.pool).await
    }

    /// Digests of the tokens that operators chose.
    pub async fn bootstrap_token_digests(&self) -> Result<Vec<Vec<u8>>, sqlx::Error> {
        sqlx::query_scalar(CHOSEN).bind(BOOTSTRAP).fetch_all(&self.pool).await
    }
}

impl Tx {
    /// Stores a token's digest; a token that is stored already stays as it is.
    pub async fn insert_token(
        &mut self,
        new: NewToken<'_>,
        token: &ApiToken,
        now: Timestamp,
    ) -> Result<ApiTokenId, sqlx::Error> {
        let id = ApiTokenId::new();
        sqlx::query(INSERT)
            .bind(id)
            .bind(new.user)
            .bind(new.name)
            .bind(&token.sha256()[..])
            .bind(now)
            .bind(new.expires_at)
            .bind(new.scopes.to_string())
            .bind(new.parent)
            .execute(&mut *self.0)
            .await?;
        Ok(id)
    }

    /// How many tokens a user has.
    pub async fn count_tokens(&mut self, user: UserId) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(COUNT).bind(user).fetch_one(&mut *self.0).await
    }

    /// Ends a token and those that were made with it; tells whether the user had it.
    pub async fn delete_token(&mut self, user: UserId, id: ApiTokenId) -> Result<bool, sqlx::Error> {
        let done = sqlx::query(DELETE).bind(id).bind(user).execute(&mut *self.0).await?;
        Ok(done.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::in_memory;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_token_counts_until_it_ends_and_ends_with_the_one_that_made_it() {
        let store = in_memory().await;
        let (parent, child) = (ApiToken::generate(), ApiToken::generate());
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", NOW).await.expect("is made").id;
        let scopes = "read deploy".parse().expect("scopes");
        let new = NewToken { user, name: "ci", scopes, expires_at: Some(NOW.plus(HOUR)), parent: None };
        let id = tx.insert_token(new, &parent, NOW).await.expect("inserts");
        let new = NewToken { user, name: "job", scopes, expires_at: None, parent: Some(id) };
        tx.insert_token(new, &child, NOW).await.expect("inserts");
        tx.commit().await.expect("commits");
        let is_known = |token: &ApiToken, now: Timestamp| {
            let (store, digest) = (store.clone(), token.sha256());
            async move { store.user_of_token(&digest, now).await.expect("reads").is_some() }
        };
        let (_, row) = store.user_of_token(&parent.sha256(), NOW).await.expect("reads").expect("is known");
        assert_eq!(row.scopes, scopes);
        assert!(is_known(&parent, NOW.plus(HOUR).minus(Duration::from_micros(1))).await);
        assert!(!is_known(&parent, NOW.plus(HOUR)).await);
        assert!(is_known(&child, NOW).await);

        let mut tx = store.begin().await.expect("begins");
        let other = tx.user_named("grace", NOW).await.expect("is made").id;
        assert!(!tx.delete_token(other, id).await.expect("deletes"), "it is somebody else's");
        assert!(tx.delete_token(user, id).await.expect("deletes"));
        tx.commit().await.expect("commits");
        assert!(!is_known(&child, NOW).await);
    }
}
