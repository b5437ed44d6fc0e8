//! Making a data directory of a backup.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use slipway_proto::crash;

use super::inventory::{FileEntry, FileKind, open};
use super::{Inventory, copy_digesting, create_file, parent, sync_directory};
use crate::audit::{Action, Actor, Entry, Facts};
use crate::clock::Clock;
use crate::config::Config;
use crate::control_plane::{Locks, prepare_data_dir};
use crate::secrets::{MasterKey, MasterKeyError, MasterKeySource, Vault};
use crate::store::{Move, ObjectKind, Store};

/// What came of it.
pub struct Restored {
    /// What it was made of.
    pub inventory: Inventory,
    /// Deployments that were under way, and now are not.
    pub failed_deployments: u64,
    /// Whether the master key is in place, and opens what is sealed.
    pub has_master_key: bool,
}

/// Makes the data directory of `config` from a backup. The database gets its name last: until then there is none.
///
/// # Errors
/// A sentence about what stood in the way.
pub async fn restore(backup: &Path, config: &Config, clock: &Clock) -> anyhow::Result<Restored> {
    let inventory = Inventory::read(backup)?;
    // A server that runs there is the more useful thing to hear about.
    let locks = Locks::files(config);
    if locks[0].exists() {
        drop(Locks::take(config)?);
    }
    check_empty(config, &locks)?;
    prepare_data_dir(&config.data_dir)?;
    make_directory(parent(&config.database_file))?;
    let _locks = Locks::take(config)?;

    let mut restoring = config.database_file.as_os_str().to_owned();
    restoring.push(".restoring");
    let restoring = PathBuf::from(restoring);
    let (source, blobs, database) = (backup.to_owned(), config.blob_dir.clone(), restoring.clone());
    let inventory = tokio::task::spawn_blocking(move || copy(&source, inventory, &blobs, &database)).await??;
    inventory.check_database(&restoring).await?;

    let store = Store::open(&restoring).await.context("the database of the backup cannot be brought up to date")?;
    let settled = settle(&store, &inventory, config, &restoring, clock).await;
    store.close().await;
    let (failed_deployments, has_master_key) = settled?;
    crash::point("before a restored database gets its name");
    std::fs::rename(&restoring, &config.database_file).context("cannot give the restored database its name")?;
    sync_directory(parent(&config.database_file))?;
    Ok(Restored { inventory, failed_deployments, has_master_key })
}

/// Nothing is overwritten: only the master key may be in place.
fn check_empty(config: &Config, locks: &[PathBuf]) -> anyhow::Result<()> {
    let master_key = match &config.master_key {
        MasterKeySource::File(path) => Some(path.clone()),
        MasterKeySource::Inline(_) | MasterKeySource::Command(_) => None,
    };
    for directory in [&config.data_dir, &config.blob_dir] {
        let entries = match std::fs::read_dir(directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.with_context(|| format!("cannot read {}", directory.display()))?,
        };
        for entry in entries {
            let path = entry?.path();
            let may_be_there = Some(&path) == master_key.as_ref() || locks.contains(&path);
            ensure!(
                may_be_there,
                "{} is not empty (it has {}); restore into a new directory, or move what is there away",
                directory.display(),
                path.file_name().unwrap_or_default().display()
            );
        }
    }
    let database = &config.database_file;
    ensure!(!database.exists(), "there is a database already: {}", database.display());
    Ok(())
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make {}", path.display()))
}

fn copy(backup: &Path, inventory: Inventory, blobs: &Path, database: &Path) -> anyhow::Result<Inventory> {
    for kind in ObjectKind::ALL {
        make_directory(&blobs.join(kind.folder()))?;
    }
    for file in &inventory.files {
        // Only kinds we know are in an inventory that was read.
        let destination = match file.kind() {
            Some(FileKind::Database) => database.to_owned(),
            Some(FileKind::Object(kind, id)) => blobs.join(kind.folder()).join(id.to_string()),
            None => continue,
        };
        copy_file(backup, file, &destination)?;
    }
    for kind in ObjectKind::ALL {
        sync_directory(&blobs.join(kind.folder()))?;
    }
    sync_directory(blobs)?;
    Ok(inventory)
}

fn copy_file(backup: &Path, file: &FileEntry, destination: &Path) -> anyhow::Result<()> {
    let source = open(backup, file).with_context(|| format!("{} cannot be read", file.path))?;
    let written = create_file(destination).and_then(|mut written| {
        let found = copy_digesting(source, &mut written)?;
        written.sync_all()?;
        Ok(found)
    });
    let found = written.with_context(|| format!("cannot restore {} to {}", file.path, destination.display()))?;
    file.check(&found).map_err(|problem| anyhow!("{problem}. Nothing was put into use; remove what was restored"))
}

/// Ends what was under way, and looks whether the master key is the right one.
async fn settle(
    store: &Store,
    inventory: &Inventory,
    config: &Config,
    database: &Path,
    clock: &Clock,
) -> anyhow::Result<(u64, bool)> {
    let has_master_key = match MasterKey::load(&config.master_key, database).await {
        Ok(key) => {
            Vault::open_ring(store.clone(), key, clock.now()).await?;
            true
        }
        Err(MasterKeyError::Missing { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    let mut failed = 0;
    for deployment in store.unfinished_deployments().await? {
        let message = format!(
            "restored from a backup of {}, made while this deployment was under way. Look at {} whether it was published before you deploy again",
            inventory.created_at, deployment.provider
        );
        let mut tx = store.begin().await?;
        if tx.move_deployment(&deployment, Move::Fail { message: message.clone() }, clock.now()).await? {
            tx.append_system_line(deployment.id, &message, clock.now()).await?;
            failed += 1;
        }
        tx.commit().await?;
    }
    let mut tx = store.begin().await?;
    let facts = Facts::default().with("backup_of", inventory.created_at.as_str()).with("failed_deployments", failed);
    tx.record(&Entry::done(Action::BackupRestore, Actor::command_line(), facts, clock.now())).await?;
    tx.commit().await?;
    Ok((failed, has_master_key))
}
