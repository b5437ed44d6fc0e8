//! What is kept, and the collection of everything else.
//!
//! An artifact is kept for what may still ask for it: a site that `local` serves, a deployment under way, the
//! newest releases of each target and environment, whatever ended lately. A pack is kept for the artifacts that need
//! it, whole: what of it no artifact needs goes with the rest. A log is kept for its age. The records decide, in
//! short transactions that look again before they delete; an object goes after the commit that no longer knows it.
//! A crash between the two leaves an object that belongs to nothing, and [`orphans`] finds those.
//!
//! Whatever is younger than [`GRACE`] is left alone: its record may be about to come. While a backup is made
//! nothing is collected.

mod orphans;
mod records;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use slipway_proto::crash;
use tokio_util::sync::CancellationToken;

use crate::artifacts::ArtifactStore;
use crate::clock::{Clock, Timestamp};
use crate::config::Retention;
use crate::store::Store;

/// Age from which something that nothing refers to is garbage and not work in progress. Far longer than any upload
/// may take.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often is collected.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
/// The first time comes after a start has settled.
const FIRST: Duration = Duration::from_secs(5 * 60);
/// How often the blob store is listed for what belongs to nothing; nothing becomes garbage there within a day.
const LISTING_INTERVAL: Duration = GRACE;
/// Between two transactions, so that those who wait to write come in.
const PAUSE: Duration = Duration::from_millis(5);

/// Collects what is no longer kept.
pub struct Collector {
    store: Store,
    artifacts: ArtifactStore,
    objects: Arc<dyn ObjectStore>,
    /// Where the objects lie as files.
    directory: PathBuf,
    clock: Clock,
    rules: Retention,
}

/// What a collection took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Artifacts that nothing keeps.
    pub artifacts: u64,
    /// Packs that no artifact needs.
    pub packs: u64,
    /// Logs that are too old.
    pub logs: u64,
    /// Objects and unfinished uploads that belong to nothing.
    pub orphans: u64,
    /// Bytes in the blob store.
    pub bytes: u64,
    /// A backup was being made, so that something may be left.
    pub was_held: bool,
}

impl Collected {
    fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl fmt::Display for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { artifacts, packs, logs, orphans, bytes, was_held } = *self;
        write!(f, "collected {artifacts} artifacts, {packs} packs, {logs} logs, {orphans} orphans")?;
        write!(f, ", {}", Size(bytes))?;
        if was_held { f.write_str("; a backup is being made, the rest waits for its end") } else { Ok(()) }
    }
}

/// Bytes for people.
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MEBIBYTE: u64 = 1024 * 1024;
        // Tenths, without floating point: `u64` holds every size there is.
        let tenths = self.0.saturating_mul(10) / MEBIBYTE;
        write!(f, "{}.{} MiB", tenths / 10, tenths % 10)
    }
}

impl Collector {
    /// A collector over the store and the objects in `directory`.
    pub fn new(store: Store, artifacts: ArtifactStore, directory: PathBuf, clock: Clock, rules: Retention) -> Self {
        let objects = artifacts.objects();
        Self { store, artifacts, objects, directory, clock, rules }
    }

    /// Collects at intervals until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let (mut wait, mut listed_at) = (FIRST, None::<Timestamp>);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = INTERVAL;
            let now = self.clock.now();
            let lists = listed_at.is_none_or(|at| now.since(at) >= LISTING_INTERVAL);
            // It stops between two transactions; what is left comes with the next start.
            let collection = tokio::select! {
                () = stop.cancelled() => return,
                collection = self.collect(lists) => collection,
            };
            match collection {
                Ok(collected) if collected.is_nothing() => listed_at = if lists { Some(now) } else { listed_at },
                Ok(collected) => {
                    if lists && !collected.was_held {
                        listed_at = Some(now);
                    }
                    tracing::info!("{collected}");
                }
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "cannot collect what is no longer kept; it is tried again in an hour"
                    );
                }
            }
        }
    }

    /// Collects once; with `lists` also what the blob store holds and no record knows.
    ///
    /// # Errors
    /// When the database or the blob store is away. What was collected until then is.
    pub async fn collect(&self, lists: bool) -> anyhow::Result<Collected> {
        let mut collected = Collected::default();
        self.collect_artifacts(&mut collected).await?;
        self.collect_packs(&mut collected).await?;
        self.collect_logs(&mut collected).await?;
        if lists {
            self.collect_orphans(&mut collected).await?;
        }
        Ok(collected)
    }

    /// Deletes an object that no record knows any more.
    async fn delete(&self, path: &Path) -> anyhow::Result<()> {
        crash::point("before an object is deleted");
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        crash::point("after an object is deleted");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
