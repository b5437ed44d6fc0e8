//! `slipway backup`, `slipway restore` and `slipway gc`: keeping a data directory, beside a running `slipway serve`
//! or instead of one.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::admin::{record, report};
use super::{AdminArgs, BackupArgs, BackupCommand, EXIT_USAGE, GcArgs, RestoreArgs, fail, load_config, path_flag};
use crate::artifacts::ArtifactStore;
use crate::audit::{Action, Facts};
use crate::backup::{self, Inventory};
use crate::clock::Clock;
use crate::config::Config;
use crate::retention::{Collector, Size};
use crate::secrets::MasterKeySource;
use crate::store::Store;

pub(super) async fn backup(args: BackupArgs) -> ExitCode {
    match (args.command, args.destination) {
        (Some(BackupCommand::Verify { backup }), _) => report(verify(&backup).await),
        (None, Some(destination)) => report(create(&destination, &args.admin).await),
        (None, None) => fail(EXIT_USAGE, "say where: `slipway backup DIR` makes the new directory DIR"),
    }
}

pub(super) async fn restore(args: RestoreArgs) -> ExitCode {
    report(run_restore(&args).await)
}

pub(super) async fn gc(args: GcArgs) -> ExitCode {
    report(run_gc(&args.admin).await)
}

fn config(admin: &AdminArgs) -> anyhow::Result<Config> {
    let flags = path_flag("data_dir", admin.data_dir.as_ref()).into_iter().collect();
    Ok(load_config(admin.config.as_ref(), flags)?)
}

/// Opens a database that must be there: none of these commands makes one.
async fn open(config: &Config) -> anyhow::Result<(Store, ArtifactStore)> {
    let file = &config.database_file;
    anyhow::ensure!(file.exists(), "there is no database {}; is this the data directory?", file.display());
    let store = Store::open(file).await.with_context(|| format!("cannot open the database {}", file.display()))?;
    let artifacts = ArtifactStore::open(&config.blob_dir, store.clone(), Clock::system())?;
    Ok((store, artifacts))
}

fn amount(inventory: &Inventory) -> String {
    let amount = inventory.amount();
    format!("{} files, {}", amount.files, Size(amount.bytes))
}

async fn create(destination: &Path, admin: &AdminArgs) -> anyhow::Result<()> {
    let config = config(admin)?;
    let (store, artifacts) = open(&config).await?;
    let inventory = backup::create(&store, artifacts.objects(), destination, &Clock::system()).await?;
    let mut tx = store.begin().await?;
    record(&mut tx, Action::BackupCreate, Facts::default().with("files", inventory.amount().files)).await?;
    tx.commit().await?;
    store.close().await;
    println!("backed up {} to {}", amount(&inventory), destination.display());
    let key = match &config.master_key {
        MasterKeySource::File(path) => format!("the file {}", path.display()),
        MasterKeySource::Inline(_) => "the setting `master_key`".to_owned(),
        MasterKeySource::Command(_) => "what `master_key_command` prints".to_owned(),
    };
    eprintln!(
        "The master key is not in the backup, and without it what is sealed cannot be opened: keep {key} at another place."
    );
    Ok(())
}

async fn verify(directory: &Path) -> anyhow::Result<()> {
    let inventory = backup::verify(directory).await?;
    println!("{} is whole: {}, of {}", directory.display(), amount(&inventory), inventory.created_at);
    Ok(())
}

async fn run_restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let config = config(&args.admin)?;
    let restored = backup::restore(&args.backup, &config, &Clock::system()).await?;
    let inventory = &restored.inventory;
    println!("restored {} of {} to {}", amount(inventory), inventory.created_at, config.data_dir.display());
    if restored.failed_deployments > 0 {
        eprintln!(
            "{} deployments were under way when the backup was made and are marked as failed; look at their providers before you deploy again.",
            restored.failed_deployments
        );
    }
    if !restored.has_master_key {
        let place = match &config.master_key {
            MasterKeySource::File(path) => format!("at {}", path.display()),
            MasterKeySource::Inline(_) | MasterKeySource::Command(_) => "in place".to_owned(),
        };
        eprintln!("Put the master key that belongs to this backup {place} before you start the server.");
    }
    eprintln!("Agents whose certificates were issued after the backup have to be enrolled again.");
    Ok(())
}

async fn run_gc(admin: &AdminArgs) -> anyhow::Result<()> {
    let config = config(admin)?;
    let (store, artifacts) = open(&config).await?;
    let collector = Collector::new(store.clone(), artifacts, config.blob_dir, Clock::system(), config.retention);
    let collected = collector.collect(true).await?;
    store.close().await;
    println!("{collected}");
    Ok(())
}
