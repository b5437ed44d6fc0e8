//! Copies of the database, and what one refers to.

use std::path::Path;
use std::sync::Arc;

use sqlx::FromRow;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use uuid::Uuid;

use super::{ObjectKind, Store};

// A transaction of its own that only reads: writers go on.
const COPY: &str = "VACUUM INTO $1";
const CHECK: &str = "PRAGMA integrity_check(10)";
const DANGLING: &str = "
    SELECT \"table\" || ' refers to what is not in ' || parent FROM pragma_foreign_key_check LIMIT 10";

const MANIFESTS: &str = "SELECT id, NULL AS size_bytes FROM artifacts";
const PACKS: &str = "SELECT id, size_bytes FROM packs";
// An empty log has no object.
const LOGS: &str = "SELECT deployment_id AS id, size_bytes FROM finished_logs WHERE size_bytes > 0";

/// An object without which the database is not whole.
#[derive(Debug, Clone, Copy)]
pub struct NeededObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Names it.
    pub id: Uuid,
    /// Its length, when that is known.
    pub size_bytes: Option<i64>,
}

#[derive(FromRow)]
struct ObjectRow {
    id: Uuid,
    size_bytes: Option<i64>,
}

impl Store {
    /// Writes a copy of this moment into an empty file. It is not durable yet.
    pub async fn copy_to(&self, file: &Path) -> Result<(), sqlx::Error> {
        let path = file.to_str().ok_or_else(|| {
            sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path is not UTF-8"))
        })?;
        self.write(sqlx::query(COPY).bind(path)).await.map(drop)
    }

    /// Opens a copy to read it; nothing is written beside it.
    pub async fn open_snapshot(file: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        Ok(Self { pool, writer: Arc::default() })
    }

    /// What is wrong with the file or with references in it; nothing for a database that is whole.
    pub async fn integrity_problems(&self) -> Result<Vec<String>, sqlx::Error> {
        let mut problems: Vec<String> = sqlx::query_scalar(CHECK).fetch_all(&self.pool).await?;
        problems.retain(|told| told != "ok");
        problems.extend(sqlx::query_scalar::<_, String>(DANGLING).fetch_all(&self.pool).await?);
        Ok(problems)
    }

    /// Every object that records refer to.
    pub async fn objects(&self) -> Result<Vec<NeededObject>, sqlx::Error> {
        let mut objects = Vec::new();
        for kind in ObjectKind::ALL {
            let sql = match kind {
                ObjectKind::Pack => PACKS,
                ObjectKind::Manifest => MANIFESTS,
                ObjectKind::Log => LOGS,
            };
            let rows: Vec<ObjectRow> = sqlx::query_as(sql).fetch_all(&self.pool).await?;
            objects.extend(rows.into_iter().map(|row| NeededObject { kind, id: row.id, size_bytes: row.size_bytes }));
        }
        Ok(objects)
    }
}
