//! What rotation needs to know of the database: the keys, and where sealed values lie.

use sqlx::{AssertSqlSafe, FromRow};

use super::{Store, Tx};
use crate::clock::Timestamp;

/// A key that seals records, sealed itself.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct KeyRow {
    /// As in the header of what it sealed.
    pub id: Vec<u8>,
    /// Sealed with the master key.
    pub sealed_key: Vec<u8>,
    /// Whether new records are sealed with it.
    pub is_current: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A table with sealed values. Each names the statements that are about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedTable {
    /// The key of our authority.
    Authorities,
    /// Variables of builds under way.
    Deployments,
    /// Credentials at providers.
    Credentials,
    /// Variables of targets.
    Variables,
    /// What connecting an account needs.
    AccountFlows,
    /// With what providers prove what they send.
    Webhooks,
}

/// One sealed value and its place.
#[derive(FromRow)]
pub struct SealedRow {
    /// The row.
    pub id: Vec<u8>,
    /// Its owner, 16 zeros for the installation.
    pub owner: Vec<u8>,
    /// The provider, where that is part of the place.
    pub provider: String,
    /// The value.
    pub sealed: Vec<u8>,
}

impl SealedTable {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Authorities, Self::Deployments, Self::Credentials, Self::Variables, Self::AccountFlows, Self::Webhooks];

    /// As in the associated data of its records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorities => "certificate_authorities",
            Self::Deployments => "deployments",
            Self::Credentials => "provider_credentials",
            Self::Variables => "target_env_vars",
            Self::AccountFlows => "account_flows",
            Self::Webhooks => "deployment_webhooks",
        }
    }

    /// Column of the value, of the owner, of the provider.
    fn columns(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Authorities => ("sealed_key", "zeroblob(16)", "''"),
            Self::Deployments => ("sealed_build_env", "user_id", "''"),
            Self::Credentials | Self::AccountFlows => ("sealed_secret", "user_id", "provider"),
            Self::Variables => ("sealed_value", "user_id", "''"),
            Self::Webhooks => ("sealed_secret", "user_id", "''"),
        }
    }
}

const KEYS: &str = "SELECT id, sealed_key, is_current, created_at FROM encryption_keys ORDER BY created_at, id";
const KEY: &str = "SELECT id, sealed_key, is_current, created_at FROM encryption_keys WHERE id = $1";
const CURRENT_KEY: &str = "SELECT id, sealed_key, is_current, created_at FROM encryption_keys WHERE is_current = 1";
const HAS_KEY: &str = "SELECT EXISTS (SELECT 1 FROM encryption_keys)";
const HAS_OLD_KEYS: &str = "SELECT EXISTS (SELECT 1 FROM encryption_keys WHERE is_current = 0)";
const NO_CURRENT_KEY: &str = "UPDATE encryption_keys SET is_current = 0 WHERE is_current = 1";
const INSERT_KEY: &str = "INSERT INTO encryption_keys (id, sealed_key, is_current, created_at) VALUES ($1, $2, 1, $3)";
const REMOVE_UNUSED_KEYS: &str = "
    DELETE FROM encryption_keys WHERE is_current = 0
      AND NOT EXISTS (SELECT 1 FROM certificate_authorities WHERE substr(sealed_key, 2, 4) = encryption_keys.id)
      AND NOT EXISTS (SELECT 1 FROM deployments WHERE substr(sealed_build_env, 2, 4) = encryption_keys.id)
      AND NOT EXISTS (SELECT 1 FROM provider_credentials WHERE substr(sealed_secret, 2, 4) = encryption_keys.id)
      AND NOT EXISTS (SELECT 1 FROM target_env_vars WHERE substr(sealed_value, 2, 4) = encryption_keys.id)
      AND NOT EXISTS (SELECT 1 FROM account_flows WHERE substr(sealed_secret, 2, 4) = encryption_keys.id)
      AND NOT EXISTS (SELECT 1 FROM deployment_webhooks WHERE substr(sealed_secret, 2, 4) = encryption_keys.id)";

impl Store {
    /// All keys, oldest first.
    pub async fn encryption_keys(&self) -> Result<Vec<KeyRow>, sqlx::Error> {
        sqlx::query_as(KEYS).fetch_all(&self.pool).await
    }

    /// One key.
    pub async fn encryption_key(&self, id: &[u8]) -> Result<Option<KeyRow>, sqlx::Error> {
        sqlx::query_as(KEY).bind(id).fetch_optional(&self.pool).await
    }

    /// The key that seals new records.
    pub async fn current_encryption_key(&self) -> Result<Option<KeyRow>, sqlx::Error> {
        sqlx::query_as(CURRENT_KEY).fetch_optional(&self.pool).await
    }

    /// Whether there are keys of before the last rotation.
    pub async fn has_old_keys(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_OLD_KEYS).fetch_one(&self.pool).await
    }

    /// How many records are sealed with this key.
    pub async fn count_sealed_with(&self, key: &[u8]) -> Result<u64, sqlx::Error> {
        self.count_sealed("=", key).await
    }

    /// How many records are sealed with any other key.
    pub async fn count_sealed_otherwise(&self, key: &[u8]) -> Result<u64, sqlx::Error> {
        self.count_sealed("<>", key).await
    }

    async fn count_sealed(&self, comparison: &'static str, key: &[u8]) -> Result<u64, sqlx::Error> {
        let mut all = 0;
        for table in SealedTable::ALL {
            let (value, _, _) = table.columns();
            let sql = format!("SELECT COUNT(*) FROM {} WHERE substr({value}, 2, 4) {comparison} $1", table.name());
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).bind(key).fetch_one(&self.pool).await?;
            all += u64::try_from(count).unwrap_or(0);
        }
        Ok(all)
    }

    /// Some records that are sealed with another key than `key`, by id, after `last`.
    pub async fn sealed_otherwise(
        &self,
        table: SealedTable,
        key: &[u8],
        last: &[u8],
        limit: i64,
    ) -> Result<Vec<SealedRow>, sqlx::Error> {
        let (value, owner, provider) = table.columns();
        let sql = format!(
            "SELECT id, {owner} AS owner, {provider} AS provider, {value} AS sealed FROM {}
             WHERE {value} IS NOT NULL AND substr({value}, 2, 4) <> $1 AND id > $2 ORDER BY id LIMIT $3",
            table.name()
        );
        sqlx::query_as(AssertSqlSafe(sql)).bind(key).bind(last).bind(limit).fetch_all(&self.pool).await
    }

    /// Removes the keys that nothing needs any more, and says how many.
    pub async fn remove_unused_keys(&self) -> Result<u64, sqlx::Error> {
        Ok(self.write(sqlx::query(REMOVE_UNUSED_KEYS)).await?.rows_affected())
    }

    #[cfg(test)]
    pub(crate) async fn insert_old_authority(&self, id: crate::ids::AuthorityId, sealed: &[u8]) {
        self.write(sqlx::query("DROP TRIGGER certificate_authorities_key_insert")).await.expect("drops");
        let mut tx = self.begin().await.expect("begins");
        tx.insert_authority(&super::AuthorityRow {
            id,
            kind: super::AuthorityKind::Root,
            certificate_der: Vec::new(),
            sealed_key: sealed.to_owned(),
            created_at: Timestamp::from_micros(0),
            active_from: Timestamp::from_micros(0),
            not_after: Timestamp::from_micros(1),
        })
        .await
        .expect("inserts");
        tx.commit().await.expect("commits");
    }
}

impl Tx {
    /// Whether there is any key.
    pub async fn has_encryption_key(&mut self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_KEY).fetch_one(&mut *self.0).await
    }

    /// Stores a key that seals new records from now on.
    pub async fn insert_current_key(&mut self, id: &[u8], sealed: &[u8], now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(NO_CURRENT_KEY).execute(&mut *self.0).await?;
        sqlx::query(INSERT_KEY).bind(id).bind(sealed).bind(now).execute(&mut *self.0).await.map(drop)
    }

    /// Replaces a sealed value, unless it has changed.
    pub async fn seal_again(&mut self, table: SealedTable, row: &SealedRow, sealed: &[u8]) -> Result<(), sqlx::Error> {
        let (value, _, _) = table.columns();
        let sql = format!("UPDATE {} SET {value} = $3 WHERE id = $1 AND {value} = $2", table.name());
        let query = sqlx::query(AssertSqlSafe(sql)).bind(&row.id).bind(&row.sealed).bind(sealed);
        query.execute(&mut *self.0).await.map(drop)
    }
}
