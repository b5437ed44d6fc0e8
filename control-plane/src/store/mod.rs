//! All records, and the only place that knows SQL. Statements are constants beside the one function
//! that runs them; writing goes through [`Store::begin`], so that a change and what it causes commit
//! together or not at all.

mod account_flows;
mod agents;
mod artifacts;
mod asset_digests;
mod audit;
mod authorities;
mod backup;
mod commit_reports;
mod credentials;
mod deployments;
mod history;
mod idempotency;
mod leases;
mod local_sites;
mod logs;
mod provider_calls;
mod quotas;
mod releases;
mod retention;
mod sandboxes;
mod sealed;
mod sessions;
mod surroundings;
mod targets;
mod teams;
mod tokens;
mod users;
mod variables;
mod webhooks;

pub use account_flows::{AccountFlow, FlowKind};
pub use agents::{AgentCertificate, KnownCertificate, Revocation, TokenUse};
pub use artifacts::{Artifact, BlobLocation, StoredBlob};
pub use asset_digests::AssetDigests;
pub use audit::{AuditFilter, AuditRow, AuditScope, WantedOutcome};
pub use authorities::{AuthorityKind, AuthorityRow};
pub use backup::NeededObject;
pub use commit_reports::CommitReport;
pub use credentials::{CredentialKind, CredentialRow};
pub use deployments::{AnnouncedLog, Deployment, DeploymentRequest, Move, NewDeployment, StepRow};
#[cfg(test)]
pub(crate) use deployments::{deploying, stored_deployment};
pub use history::Filter;
pub use idempotency::SeenRequest;
pub use leases::{LEASE_TTL, Lease, LeaseLost};
pub use local_sites::LocalSite;
pub use logs::{FinishedLog, LogLine, LogPosition, LogRun, LogSegment, LogSource, decode_lines, encode_lines};
pub use provider_calls::{CallState, Operation, ProviderCall};
pub use retention::{ArtifactRules, ObjectKind};
pub use sandboxes::{Sandbox, SandboxState};
pub use sealed::{KeyRow, SealedRow, SealedTable};
pub use surroundings::Surroundings;
pub use targets::{Target, TargetError};
pub use teams::{Member, Team};
pub use tokens::{BOOTSTRAP, NewToken, TokenRow};
pub use users::{User, UserRow};
pub use variables::VariableRow;
pub use webhooks::Webhook;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slipway_proto::crash;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteQueryResult,
    SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::observe::metrics;

/// How long a writer waits for one of another process: the command line, or a copy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Until a writer of this process has its turn.
const WRITER_PATIENCE: Duration = Duration::from_secs(20);
const CONNECTIONS: u32 = 5;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");

/// The database.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
    /// SQLite has one writer at a time, and lets the others try again and again, whoever comes first: under load some
    /// would try until their patience ends. Here they queue.
    writer: Arc<Mutex<()>>,
}

/// A writing transaction; dropped without [`commit`](Self::commit) it changes nothing.
pub struct Tx(
    Transaction<'static, Sqlite>,
    Instant,
    #[expect(dead_code, reason = "the next writer's turn comes when this is dropped")] OwnedMutexGuard<()>,
);

impl Store {
    /// Opens the database file, creating and migrating it as needed.
    pub async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is acknowledged must survive a power cut, too, not only the end of this process.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        MIGRATIONS.run(&pool).await?;
        Ok(Self { pool, writer: Arc::default() })
    }

    /// The turn of one writer of this process.
    async fn turn(&self) -> Result<OwnedMutexGuard<()>, sqlx::Error> {
        let turn = tokio::time::timeout(WRITER_PATIENCE, self.writer.clone().lock_owned()).await;
        turn.map_err(|_| sqlx::Error::PoolTimedOut)
    }

    /// Starts a transaction that may write. `BEGIN IMMEDIATE`, because a plain `BEGIN` that reads
    /// first fails at its first write when another writer was faster, without waiting.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let turn = self.turn().await?;
        let transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx(transaction, Instant::now(), turn))
    }

    /// Runs one statement that changes something, as a transaction of its own; a crash point like
    /// [`Tx::commit`].
    #[track_caller]
    fn write<'a>(
        &'a self,
        statement: Query<'a, Sqlite, SqliteArguments>,
    ) -> impl Future<Output = Result<SqliteQueryResult, sqlx::Error>> + Send + 'a {
        let caller = std::panic::Location::caller();
        async move {
            crash::point(format_args!("before {}:{}", caller.file(), caller.line()));
            let turn = self.turn().await?;
            let result = statement.execute(&self.pool).await?;
            drop(turn);
            crash::point(format_args!("after {}:{}", caller.file(), caller.line()));
            Ok(result)
        }
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map(drop)
    }

    /// Closes all connections; the WAL is folded into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Tx {
    /// Makes the changes durable and visible. Each call of this is a crash point before and after the
    /// commit, named by where it is, so that no commit can be forgotten when crashes are tried.
    #[track_caller]
    pub fn commit(self) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
        let caller = std::panic::Location::caller();
        async move {
            crash::point(format_args!("before {}:{}", caller.file(), caller.line()));
            self.0.commit().await?;
            metrics().committed(self.1);
            crash::point(format_args!("after {}:{}", caller.file(), caller.line()));
            Ok(())
        }
    }
}

/// Version of the schema that this program makes: the last migration's.
pub fn schema_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Whether an insert failed because the record exists.
fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Whether a write was refused because a key rotation overtook it.
pub fn is_sealed_with_removed_key(error: &sqlx::Error) -> bool {
    // As the triggers of migration 0003 say it.
    error.as_database_error().is_some_and(|error| error.message().contains("sealed with a key that was removed"))
}

#[cfg(test)]
impl Store {
    /// What only a test does to a database.
    pub(crate) async fn execute(&self, sql: &'static str) -> Result<u64, sqlx::Error> {
        sqlx::query(sql).execute(&self.pool).await.map(|done| done.rows_affected())
    }
}

#[cfg(test)]
pub(crate) async fn in_memory() -> Store {
    // One connection: every connection to `:memory:` would be a database of its own.
    let options = SqliteConnectOptions::new().filename(":memory:").foreign_keys(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .expect("opens");
    MIGRATIONS.run(&pool).await.expect("migrates");
    Store { pool, writer: Arc::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite itself would have sent it away after [`BUSY_TIMEOUT`].
    #[tokio::test]
    async fn a_writer_has_its_turn_however_long_the_one_before_takes() {
        let directory = tempfile::TempDir::with_prefix("slipway-store-").expect("a directory");
        let store = Store::open(&directory.path().join("slipway.db")).await.expect("opens");
        let first = store.begin().await.expect("begins");
        let second = tokio::spawn({
            let store = store.clone();
            async move { store.begin().await?.commit().await }
        });
        tokio::time::sleep(BUSY_TIMEOUT + Duration::from_secs(1)).await;
        first.commit().await.expect("commits");
        second.await.expect("does not panic").expect("has its turn");
    }

    /// A write past `Store::write` and `Tx::commit` would be a commit that no crash is tried at.
    #[test]
    fn every_write_is_a_crash_point() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
        for file in std::fs::read_dir(directory).expect("is here") {
            let path = file.expect("readable").path();
            let text = std::fs::read_to_string(&path).expect("text");
            let is_here = path.ends_with("mod.rs");
            assert!(is_here || !text.contains("execute(&self.pool)"), "{} writes past `Store::write`", path.display());
        }
    }
}
