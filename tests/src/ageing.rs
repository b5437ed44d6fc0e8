//! Letting time pass on the data of a control plane: what is stored gets as much older.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Everything that has a time and may be collected.
const AGED: [&str; 3] = [
    "UPDATE deployments SET created_at = created_at - $1, completed_at = completed_at - $1",
    "UPDATE artifacts SET created_at = created_at - $1",
    "UPDATE packs SET created_at = created_at - $1, kept_until = kept_until - $1",
];

/// Makes records and objects of a data directory older by `age`.
pub async fn age(data_dir: &Path, age: Duration) {
    let pool = open(data_dir).await;
    for sql in AGED {
        let micros = i64::try_from(age.as_micros()).expect("not that long");
        sqlx::query(sql).bind(micros).execute(&pool).await.expect("is the schema of control planes");
    }
    pool.close().await;
    age_files(&data_dir.join("blobs"), age);
}

/// Runs one statement.
pub async fn execute(data_dir: &Path, sql: &'static str) -> u64 {
    let pool = open(data_dir).await;
    let done = sqlx::query(sql).execute(&pool).await.expect("is the schema of control planes");
    pool.close().await;
    done.rows_affected()
}

async fn open(data_dir: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(data_dir.join("slipway.db")).foreign_keys(true);
    SqlitePool::connect_with(options.busy_timeout(Duration::from_secs(10))).await.expect("opens")
}

fn age_files(directory: &Path, age: Duration) {
    for entry in std::fs::read_dir(directory).expect("readable") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("has one").is_dir() {
            age_files(&entry.path(), age);
        } else {
            let file = std::fs::File::options().write(true).open(entry.path()).expect("ours");
            let modified = file.metadata().and_then(|metadata| metadata.modified()).expect("has a time");
            file.set_modified(modified - age).expect("ours");
        }
    }
}
