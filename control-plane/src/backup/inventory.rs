//! What a backup says it holds, and whether it does.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Amount, BLOBS, DATABASE, copy_digesting, create_file};
use crate::artifacts::ArtifactStore;
use crate::clock::Clock;
use crate::store::{ObjectKind, Store, schema_version};

const NAME: &str = "backup.json";
const DIGEST_NAME: &str = "backup.json.blake3";
/// Of the directory's layout.
const FORMAT: u32 = 1;
/// Problems that are told; more are counted.
const TOLD: usize = 10;

/// The list of a backup's files, and what it is a backup of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    format: u32,
    /// The version that made it.
    pub slipway_version: String,
    /// Of the database in it, RFC 3339.
    pub created_at: String,
    schema_version: i64,
    pub(super) files: Vec<FileEntry>,
}

/// One file of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    pub(super) path: String,
    pub(super) size_bytes: u64,
    pub(super) blake3: String,
}

/// What the path of a file says that it is.
pub(super) enum FileKind {
    Database,
    Object(ObjectKind, Uuid),
}

/// Where an object lies in a backup.
pub(super) fn object_path(kind: ObjectKind, id: Uuid) -> String {
    format!("{BLOBS}/{}/{id}", kind.folder())
}

impl FileEntry {
    /// `None` for a path that no backup of ours has.
    pub(super) fn kind(&self) -> Option<FileKind> {
        if self.path == DATABASE {
            return Some(FileKind::Database);
        }
        let (folder, id) = self.path.strip_prefix(BLOBS)?.strip_prefix('/')?.split_once('/')?;
        let kind = ObjectKind::ALL.into_iter().find(|kind| kind.folder() == folder)?;
        let id: Uuid = id.parse().ok()?;
        (object_path(kind, id) == self.path).then_some(FileKind::Object(kind, id))
    }

    /// Whether this is what was copied, with a sentence when it is not.
    pub(super) fn check(&self, found: &(u64, String)) -> Result<(), String> {
        if *found == (self.size_bytes, self.blake3.clone()) {
            Ok(())
        } else {
            Err(format!("{} is damaged: its bytes are not those that were backed up", self.path))
        }
    }
}

impl Inventory {
    pub(super) fn new(created_at: String, files: Vec<FileEntry>) -> Self {
        let slipway_version = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, slipway_version, created_at, schema_version: schema_version(), files }
    }

    pub(super) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        let digest = format!("{}  {NAME}\n", blake3::hash(&text).to_hex());
        for (name, content) in [(NAME, text.as_slice()), (DIGEST_NAME, digest.as_bytes())] {
            let mut file = create_file(&directory.join(name))?;
            io::Write::write_all(&mut file, content)?;
            file.sync_all()?;
        }
        Ok(())
    }

    /// Reads the list of a backup and checks that it is one this version can restore.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = directory.join(name);
            std::fs::read(&path).with_context(|| format!("cannot read {}; is this a backup?", path.display()))
        };
        let (text, digest) = (read(NAME)?, read(DIGEST_NAME)?);
        let expected = format!("{}  {NAME}\n", blake3::hash(&text).to_hex());
        ensure!(digest == expected.as_bytes(), "{NAME} or {DIGEST_NAME} is damaged: they do not belong together");
        let inventory: Self = serde_json::from_slice(&text).with_context(|| format!("{NAME} cannot be read"))?;
        let Self { format, slipway_version, files, .. } = &inventory;
        ensure!(
            *format == FORMAT && inventory.schema_version <= schema_version(),
            "this backup was made by slipway {slipway_version}, which is newer; use that version or a later one"
        );
        let mut seen = HashSet::new();
        for file in files {
            ensure!(
                file.kind().is_some() && seen.insert(file.path.as_str()),
                "{NAME} names `{}`, which is no file of a backup",
                file.path.escape_debug()
            );
        }
        ensure!(seen.contains(DATABASE), "{NAME} names no database");
        Ok(inventory)
    }

    /// How much is in the backup.
    pub fn amount(&self) -> Amount {
        Amount { files: self.files.len() as u64, bytes: self.files.iter().map(|file| file.size_bytes).sum() }
    }

    /// Checks the database of this backup: that it is whole, and that every object it needs is in the list.
    pub(super) async fn check_database(&self, database: &Path) -> anyhow::Result<()> {
        let snapshot = Store::open_snapshot(database).await.context("the database of the backup cannot be opened")?;
        let checked = async {
            let problems = snapshot.integrity_problems().await?;
            ensure!(problems.is_empty(), "the database of the backup is damaged: {}", problems.join("; "));
            let listed: HashSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
            for object in snapshot.objects().await? {
                let path = object_path(object.kind, object.id);
                ensure!(listed.contains(path.as_str()), "the database needs {path}, which is not in the backup");
            }
            anyhow::Ok(())
        };
        let checked = checked.await;
        snapshot.close().await;
        checked
    }
}

/// Checks that everything a backup should hold is there, byte for byte. Changes nothing.
///
/// # Errors
/// A sentence for each problem, the first ten.
pub async fn verify(directory: &Path) -> anyhow::Result<Inventory> {
    let inventory = Inventory::read(directory)?;
    let owned = directory.to_owned();
    let (inventory, problems) = tokio::task::spawn_blocking(move || {
        let problems = inventory.files.iter().filter_map(|file| check_file(&owned, file).err()).collect::<Vec<_>>();
        (inventory, problems)
    })
    .await?;
    if !problems.is_empty() {
        let more = problems.len().saturating_sub(TOLD);
        let more = (more > 0).then(|| format!("and {more} more"));
        let told: Vec<String> = problems.into_iter().take(TOLD).chain(more).collect();
        bail!("the backup is not whole:\n  {}", told.join("\n  "));
    }
    let database = directory.join(DATABASE);
    inventory.check_database(&database).await?;
    let snapshot = Store::open_snapshot(&database).await?;
    let checked = check_artifacts(directory, &snapshot).await;
    snapshot.close().await;
    checked?;
    Ok(inventory)
}

/// Checks that every file of every artifact lies in a pack.
async fn check_artifacts(directory: &Path, snapshot: &Store) -> anyhow::Result<()> {
    let artifacts = ArtifactStore::open(&directory.join(BLOBS), snapshot.clone(), Clock::system())?;
    for object in snapshot.objects().await?.into_iter().filter(|object| object.kind == ObjectKind::Manifest) {
        let Some(artifact) = snapshot.artifact(object.id.to_string().parse()?).await? else { continue };
        let (manifest, blobs) = artifacts.open_tree(&artifact).await?;
        if let Some(entry) = manifest.entries.iter().find(|entry| !blobs.contains_key(&entry.blake3)) {
            bail!("`{}` of artifact {} lies in no pack: it was lost before the backup", entry.path, artifact.id);
        }
    }
    Ok(())
}

fn check_file(directory: &Path, file: &FileEntry) -> Result<(), String> {
    let found = open(directory, file).and_then(|opened| copy_digesting(opened, io::sink()));
    file.check(&found.map_err(|error| format!("{} cannot be read: {error}", file.path))?)
}

/// Opens a file of a backup; what is no plain file is none of ours.
pub(super) fn open(directory: &Path, file: &FileEntry) -> io::Result<File> {
    let path = directory.join(&file.path);
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, is_ours: bool) {
        let file = FileEntry { path: path.to_owned(), size_bytes: 0, blake3: String::new() };
        assert_eq!(file.kind().is_some(), is_ours, "{path}");
    }

    #[test]
    fn only_names_of_ours_are_files_of_a_backup() {
        check("slipway.db", true);
        for kind in ["packs", "manifests", "logs"] {
            check(&format!("blobs/{kind}/0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d"), true);
        }
        for path in [
            "",
            "master.key",
            "./slipway.db",
            "/slipway.db",
            "blobs/packs/../../slipway.db",
            "blobs/packs/0199D3A6-0A4C-7D5E-B6F7-08192A3B4C5D",
            "blobs/packs/0199d3a60a4c7d5eb6f708192a3b4c5d",
            "blobs/packs//0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
            "blobs/others/0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
            "blobs//packs/0199d3a6-0a4c-7d5e-b6f7-08192a3b4c5d",
        ] {
            check(path, false);
        }
    }
}
