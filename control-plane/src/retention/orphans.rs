//! Objects that no record knows: what a crash left between an object and its record, whichever came first, and
//! what was deleted with its owner.

use std::io;
use std::path::Path as FilePath;
use std::time::SystemTime;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use slipway_proto::crash;
use uuid::Uuid;

use super::{Collected, Collector, GRACE};
use crate::clock::Timestamp;
use crate::store::ObjectKind;

/// Objects whose records are looked up with one question.
const AT_ONCE: usize = 500;

impl Collector {
    pub(super) async fn collect_orphans(&self, collected: &mut Collected) -> anyhow::Result<()> {
        let before = self.clock.now().minus(GRACE);
        for kind in ObjectKind::ALL {
            let listing = self.objects.list(Some(&Path::from(kind.folder())));
            let mut chunks = std::pin::pin!(listing.try_chunks(AT_ONCE));
            while let Some(objects) = chunks.try_next().await.map_err(|error| error.1)? {
                if !self.collect_unknown(kind, &objects, before, collected).await? {
                    collected.was_held = true;
                    return Ok(());
                }
            }
        }
        self.collect_staged(before, collected).await
    }

    /// `false` when a backup holds everything.
    async fn collect_unknown(
        &self,
        kind: ObjectKind,
        objects: &[ObjectMeta],
        before: Timestamp,
        collected: &mut Collected,
    ) -> anyhow::Result<bool> {
        // What is not named by an id is not ours.
        let old =
            objects.iter().filter(|object| Timestamp::from_millis(object.last_modified.timestamp_millis()) < before);
        let old: Vec<(Uuid, &ObjectMeta)> =
            old.filter_map(|object| Some((object.location.filename()?.parse().ok()?, object))).collect();
        let ids: Vec<Uuid> = old.iter().map(|(id, _)| *id).collect();
        let needed = self.store.needed_objects(kind, &ids).await?;
        // In this order: a backup that begins after this did not see the records either.
        if self.store.is_collection_held(self.clock.now()).await? {
            return Ok(false);
        }
        for (_, object) in old.iter().filter(|(id, _)| !needed.contains(id)) {
            self.delete(&object.location).await?;
            collected.orphans += 1;
            collected.bytes += object.size;
        }
        Ok(true)
    }

    /// Uploads that broke off leave `<object>#<number>` beside the objects. Listings leave those out.
    async fn collect_staged(&self, before: Timestamp, collected: &mut Collected) -> anyhow::Result<()> {
        let folders = ObjectKind::ALL.map(|kind| self.directory.join(kind.folder()));
        let (orphans, bytes) = tokio::task::spawn_blocking(move || {
            let (mut orphans, mut bytes) = (0, 0);
            for folder in folders {
                remove_staged(&folder, before, &mut orphans, &mut bytes)?;
            }
            io::Result::Ok((orphans, bytes))
        })
        .await??;
        collected.orphans += orphans;
        collected.bytes += bytes;
        Ok(())
    }

    /// Of an object about to be deleted; one that is gone has none.
    pub(super) async fn size(&self, path: &Path) -> u64 {
        self.objects.head(path).await.map_or(0, |object| object.size)
    }
}

fn remove_staged(folder: &FilePath, before: Timestamp, orphans: &mut u64, bytes: &mut u64) -> io::Result<()> {
    let Some(entries) = if_there(std::fs::read_dir(folder))? else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let is_staged = name.to_str().and_then(|name| name.split_once('#')).is_some_and(|(id, number)| {
            id.parse::<Uuid>().is_ok() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if !is_staged {
            continue;
        }
        // Uploads end, and others collect, while this looks around.
        let Some(metadata) = if_there(entry.metadata())? else { continue };
        let changed = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let is_old = Timestamp::from_micros(0).plus(changed) < before;
        if metadata.is_file() && is_old && if_there(std::fs::remove_file(entry.path()))?.is_some() {
            crash::point("after an unfinished upload is deleted");
            *orphans += 1;
            *bytes += metadata.len();
        }
    }
    Ok(())
}

/// Nothing when there is no such file.
fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn uploads_that_end_meanwhile_are_no_failure() {
        let directory = tempfile::tempdir().expect("a directory");
        let upload = directory.path().join(format!("{}#1", Uuid::now_v7()));
        let done = AtomicBool::new(false);
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::fs::write(&upload, "").expect("begins");
                    // One that is old is collected before it ends.
                    let _ = std::fs::remove_file(&upload);
                }
            });
            let never_and_always = [i64::MIN, i64::MAX].map(Timestamp::from_micros);
            let outcome = never_and_always.into_iter().try_for_each(|before| {
                (0..3_000).try_for_each(|_| remove_staged(directory.path(), before, &mut 0, &mut 0))
            });
            done.store(true, Ordering::Relaxed);
            outcome
        });
        outcome.expect("goes on");
    }
}
