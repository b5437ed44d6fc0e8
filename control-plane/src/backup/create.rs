//! Making a backup of a control plane that runs.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use slipway_proto::crash;
use tokio::io::AsyncWriteExt;

use super::inventory::{FileEntry, object_path};
use super::{BLOBS, DATABASE, Inventory, copy_digesting, create_file, parent, sync_directory};
use crate::clock::Clock;
use crate::ids::BackupId;
use crate::store::{NeededObject, ObjectKind, Store};

/// How long nothing is collected after a sign of life of the backup, and how often it gives one.
const HOLD: Duration = Duration::from_secs(5 * 60);
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Makes a backup in the new directory `destination`.
///
/// # Errors
/// A sentence about what stood in the way; then nothing remains of it.
pub async fn create(
    store: &Store,
    objects: Arc<dyn ObjectStore>,
    destination: &Path,
    clock: &Clock,
) -> anyhow::Result<Inventory> {
    ensure!(!destination.exists(), "{} exists already; choose a new directory", destination.display());
    let mut partial = destination.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    make_directory(&partial).with_context(|| {
        format!("cannot make {}; remove it if it is what is left of another backup", partial.display())
    })?;

    let backup = BackupId::new();
    let made = tokio::select! {
        made = write(store, &objects, &partial, backup, clock) => made,
        lost = keep_holding(store, backup, clock) => Err(lost),
    };
    // A hold that cannot be released runs out.
    let _ = store.release_collection(backup, clock.now()).await;
    let finished = made.and_then(|inventory| {
        crash::point("before a backup gets its name");
        std::fs::rename(&partial, destination).context("cannot give the backup its name")?;
        sync_directory(parent(destination))?;
        Ok(inventory)
    });
    if finished.is_err() {
        // It has its name, or is nothing.
        let _ = std::fs::remove_dir_all(&partial);
    }
    finished
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Ends only when it cannot hold any longer.
async fn keep_holding(store: &Store, backup: BackupId, clock: &Clock) -> anyhow::Error {
    loop {
        tokio::time::sleep(SIGN_OF_LIFE).await;
        if let Err(error) = store.hold_collection(backup, clock.now().plus(HOLD)).await {
            return anyhow::Error::new(error).context("cannot keep what is backed up from being collected");
        }
    }
}

async fn write(
    store: &Store,
    objects: &Arc<dyn ObjectStore>,
    directory: &Path,
    backup: BackupId,
    clock: &Clock,
) -> anyhow::Result<Inventory> {
    // Before the copy: what that refers to is not collected from now on.
    store.hold_collection(backup, clock.now().plus(HOLD)).await?;
    let created_at = clock.now().to_string();
    let database = directory.join(DATABASE);
    drop(create_file(&database)?);
    store.copy_to(&database).await.context("cannot copy the database")?;

    let snapshot = Store::open_snapshot(&database).await?;
    let needed = snapshot.objects().await;
    snapshot.close().await;
    let mut files = vec![digest(&database).await?];
    let blobs = directory.join(BLOBS);
    let folders = ObjectKind::ALL.map(|kind| blobs.join(kind.folder()));
    for folder in [&blobs].into_iter().chain(&folders) {
        make_directory(folder)?;
    }
    for object in needed? {
        let copied = copy_object(objects, &object, directory).await;
        let path = object_path(object.kind, object.id);
        files.push(copied.with_context(|| format!("{path} cannot be backed up; the backup would not be whole"))?);
    }
    let inventory = Inventory::new(created_at, files);
    inventory.check_database(&database).await?;
    inventory.write(directory)?;
    for folder in folders.iter().map(PathBuf::as_path).chain([blobs.as_path(), directory]) {
        sync_directory(folder)?;
    }
    Ok(inventory)
}

/// SQLite does not make a copy durable.
async fn digest(database: &Path) -> anyhow::Result<FileEntry> {
    let file = std::fs::File::open(database)?;
    let digest = move || {
        file.sync_all()?;
        copy_digesting(file, io::sink())
    };
    let (size_bytes, blake3) = tokio::task::spawn_blocking(digest).await??;
    Ok(FileEntry { path: DATABASE.to_owned(), size_bytes, blake3 })
}

async fn copy_object(
    objects: &Arc<dyn ObjectStore>,
    object: &NeededObject,
    directory: &Path,
) -> anyhow::Result<FileEntry> {
    let source = ObjectPath::from(format!("{}/{}", object.kind.folder(), object.id));
    let mut bytes = objects.get(&source).await?.into_stream();
    let path = object_path(object.kind, object.id);
    let mut file = tokio::fs::File::from_std(create_file(&directory.join(&path))?);
    let (mut digest, mut size_bytes) = (blake3::Hasher::new(), 0);
    while let Some(chunk) = bytes.try_next().await? {
        digest.update(&chunk);
        size_bytes += chunk.len() as u64;
        file.write_all(&chunk).await?;
    }
    file.sync_all().await?;
    if let Some(expected) = object.size_bytes {
        ensure!(i64::try_from(size_bytes) == Ok(expected), "it has {size_bytes} bytes, not {expected} as it should");
    }
    Ok(FileEntry { path, size_bytes, blake3: digest.finalize().to_hex().to_string() })
}
