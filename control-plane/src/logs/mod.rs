//! The logs of deployments. While one grows it lies in the database, as segments ([`ingest`] appends what
//! agents send); once it is whole it becomes one object of the blob store ([`finish`]). Whoever reads does not
//! see the difference, and whoever reads slowly slows nobody who writes.

pub mod finish;
pub mod hide;
pub mod ingest;

use std::sync::Arc;

use anyhow::Context;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::clock::Clock;
use crate::ids::DeploymentId;
use crate::store::{LogLine, ObjectKind, Store, decode_lines};

/// All logs, wherever they lie.
#[derive(Clone)]
pub struct Logs {
    store: Store,
    objects: Arc<dyn ObjectStore>,
    clock: Clock,
}

impl Logs {
    /// Logs in these two places.
    pub fn new(store: Store, objects: Arc<dyn ObjectStore>, clock: Clock) -> Self {
        Self { store, objects, clock }
    }

    /// Lines from number `first_line` on, with their numbers: as many as are read at once, none at the end.
    ///
    /// # Errors
    /// When the database or the blob store is away, or what it holds is damaged.
    pub async fn lines(&self, id: DeploymentId, first_line: i64) -> anyhow::Result<Vec<(i64, LogLine)>> {
        let growing = self.store.log_lines(id, first_line).await?;
        if growing.first().is_some_and(|(number, _)| *number == first_line) {
            return Ok(growing);
        }
        // Looked up after the segments: a log that is finished meanwhile is in one of the two.
        let Some(runs) = self.store.finished_log_runs(id).await? else { return Ok(growing) };
        let Some(run) = runs.iter().find(|run| run.first_line + run.line_count > first_line) else {
            return Ok(growing);
        };
        let range = run.offset..run.offset + run.length;
        let content = self.objects.get_range(&object(id), range).await.context("a finished log cannot be read")?;
        let numbered = (run.first_line..).zip(decode_lines(&content).context("a finished log is damaged")?);
        Ok(numbered.filter(|(number, _)| *number >= first_line).collect())
    }
}

/// Where the finished log of a deployment lies.
pub fn object(id: DeploymentId) -> Path {
    Path::from(format!("{}/{id}", ObjectKind::Log.folder()))
}
