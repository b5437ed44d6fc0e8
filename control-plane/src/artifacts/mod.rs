//! The artifact store: a manifest per artifact, and packs that hold only blobs their owner had not
//! stored before. Nothing is ever unpacked to disk by name; the only paths here are ids.
//!
//! What nothing needs any more is collected by [`retention`](crate::retention). An upload and a collection may
//! meet: an offer keeps for a while the packs it tells the agent not to send, and a commit counts the blobs in the
//! transaction that makes the artifact, and records which packs it needs.

mod asset_digest;
mod pack;
mod reader;

pub use asset_digest::{Digest as AssetDigest, extension};
pub use pack::{ExpectedBlob, PackError, PackWriter};
pub use reader::BlobReader;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use prost::Message;
use sha1::{Digest, Sha1};
use slipway_proto::v1::Manifest;
use slipway_proto::{crash, limits, manifest};

use crate::clock::Clock;
use crate::ids::{ArtifactId, PackId, UserId};
use crate::observe::metrics;
use crate::store::{Artifact, BlobLocation, ObjectKind, Store};

/// How long an offer keeps what the agent need not send: until the deployment it is for has ended in any case.
const OFFER_KEEPS: Duration = Duration::from_secs(2 * limits::JOB_TIMEOUT.as_secs());

/// What is read of a pack in one piece. As a stream it would come in pieces of 8 KiB, each read by a task of its own.
const READ_AT_ONCE_BYTES: u64 = 256 * 1024;

/// Packs and manifests, with their index in the database.
#[derive(Clone)]
pub struct ArtifactStore {
    store: Store,
    objects: Arc<dyn ObjectStore>,
    clock: Clock,
}

/// What an offered manifest still needs.
pub struct Offer {
    /// Bitmap over the distinct blobs, as the agent reads it.
    pub missing_bitmap: Vec<u8>,
    /// The missing blobs in the order in which they are sent.
    pub missing: Vec<ExpectedBlob>,
}

impl ArtifactStore {
    /// Keeps objects as files under `directory`.
    pub fn open(directory: &FilePath, store: Store, clock: Clock) -> anyhow::Result<Self> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot create the blob directory {}", directory.display()))?;
        let objects = Arc::new(LocalFileSystem::new_with_prefix(directory)?.with_fsync(true));
        Ok(Self { store, objects, clock })
    }

    /// Where objects of all kinds lie.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        self.objects.clone()
    }

    /// Compares a checked manifest with what this owner has stored.
    pub async fn offer(&self, user: UserId, manifest: &Manifest) -> anyhow::Result<Offer> {
        let distinct = manifest::distinct_blobs(manifest);
        let digests = digests_of(manifest, &distinct);
        let now = self.clock.now();
        let mut is_missing = vec![false; distinct.len()];
        let mut tx = self.store.begin().await?;
        for position in tx.keep_blobs(user, digests, now.plus(limits::JOB_TIMEOUT), now.plus(OFFER_KEEPS)).await? {
            is_missing[position] = true;
        }
        // What is not missing is kept from now on.
        tx.commit().await?;
        let missing_bitmap = manifest::to_bitmap(is_missing.iter().copied());
        let missing = distinct.iter().zip(is_missing).filter(|(_, is_missing)| *is_missing);
        let missing = missing.map(|(&index, _)| ExpectedBlob::of(&manifest.entries[index])).collect();
        Ok(Offer { missing_bitmap, missing })
    }

    /// Starts a pack for blobs that will arrive in this order.
    pub async fn start_pack(&self, blobs: Vec<ExpectedBlob>) -> anyhow::Result<PackWriter> {
        let id = PackId::new();
        let upload = self.objects.put_multipart(&pack_path(id)).await?;
        Ok(PackWriter::new(id, upload, blobs))
    }

    /// Closes a pack and records its complete blobs. A pack that broke off in the middle keeps what
    /// arrived whole, so that the next offer asks only for the rest.
    pub async fn finish_pack(&self, user: UserId, pack: PackWriter) -> anyhow::Result<()> {
        crash::point("before a pack is closed");
        let Some(finished) = pack.finish().await? else { return Ok(()) };
        crash::point("after a pack is closed");
        let mut tx = self.store.begin().await?;
        tx.insert_pack(user, finished.id, finished.size_bytes, &finished.blobs, self.clock.now()).await?;
        tx.commit().await?;
        metrics().artifact_received(finished.size_bytes);
        Ok(())
    }

    /// Makes an artifact of a manifest; `encoded` is the manifest as it came, which was decoded and checked.
    /// `None` when a blob of it is not stored (any more): then the agent must offer it again.
    pub async fn commit(
        &self,
        user: UserId,
        id: ArtifactId,
        manifest: &Manifest,
        encoded: Bytes,
    ) -> anyhow::Result<Option<Artifact>> {
        crash::point("before a manifest is written");
        self.objects.put(&manifest_path(id), encoded.into()).await?;
        crash::point("after a manifest is written");
        let artifact = Artifact {
            id,
            user_id: user,
            root: manifest::root(manifest).as_bytes().to_vec(),
            files: i64::try_from(manifest.entries.len())?,
            size_bytes: i64::try_from(manifest.entries.iter().map(|entry| entry.size_bytes).sum::<u64>())?,
        };
        let mut tx = self.store.begin().await?;
        tx.insert_artifact(&artifact, self.clock.now()).await?;
        let distinct = manifest::distinct_blobs(manifest);
        let stored = tx.record_needed_packs(user, id, digests_of(manifest, &distinct)).await?;
        if stored < i64::try_from(distinct.len())? {
            return Ok(None); // the manifest stays until it is found to belong to nothing
        }
        tx.commit().await?;
        Ok(Some(artifact))
    }

    /// Records which packs an artifact needs that is from before this was recorded.
    pub async fn record_needed_packs(&self, artifact: &Artifact) -> anyhow::Result<()> {
        let manifest = match self.manifest(artifact).await {
            Ok(manifest) => manifest,
            Err(error) if is_not_found(&error) => {
                tracing::error!(artifact.id = %artifact.id, "the manifest of this artifact is gone, so nothing is kept for it");
                Manifest::default()
            }
            Err(error) => return Err(error),
        };
        let distinct = manifest::distinct_blobs(&manifest);
        let mut tx = self.store.begin().await?;
        if tx.has_artifact(artifact.id).await? {
            tx.record_needed_packs(artifact.user_id, artifact.id, digests_of(&manifest, &distinct)).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn manifest(&self, artifact: &Artifact) -> anyhow::Result<Manifest> {
        let encoded = self.objects.get(&manifest_path(artifact.id)).await?.bytes().await?;
        let raw = zstd::bulk::decompress(&encoded, limits::MANIFEST_BYTES).context("a stored manifest is damaged")?;
        Manifest::decode(raw.as_slice()).context("a stored manifest is damaged")
    }

    /// The manifest of a committed artifact, and where each of its blobs lies.
    pub async fn open_tree(&self, artifact: &Artifact) -> anyhow::Result<(Manifest, HashMap<Vec<u8>, BlobLocation>)> {
        let manifest = self.manifest(artifact).await?;
        let digests = manifest.entries.iter().map(|entry| entry.blake3.as_slice());
        let blobs = self.store.locate_blobs(artifact.user_id, digests).await?;
        let blobs = blobs.into_iter().map(|blob| (blob.blake3.clone(), blob)).collect();
        Ok((manifest, blobs))
    }

    /// SHA-1 of a blob's bytes: as it was recorded or, of a blob from before that, computed now and recorded.
    ///
    /// # Errors
    /// When the blob cannot be read.
    pub async fn sha1(&self, owner: UserId, blob: &BlobLocation) -> anyhow::Result<[u8; 20]> {
        if let Some(sha1) = blob.sha1.as_deref().and_then(|sha1| sha1.try_into().ok()) {
            return Ok(sha1);
        }
        let mut chunks = self.read_blob(blob, 0..u64::try_from(blob.size_bytes)?).await?;
        let mut sha1 = Sha1::new();
        while let Some(chunk) = chunks.next().await {
            sha1.update(&chunk?);
        }
        let sha1 = sha1.finalize().into();
        self.store.set_blob_sha1(owner, &blob.blake3, &sha1).await?;
        Ok(sha1)
    }

    /// Streams a range of a blob.
    pub async fn read_blob(
        &self,
        blob: &BlobLocation,
        range: Range<u64>,
    ) -> anyhow::Result<BoxStream<'static, anyhow::Result<Bytes>>> {
        if range.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let start = u64::try_from(blob.pack_offset)?;
        let range = start + range.start..start + range.end;
        if range.end - range.start <= READ_AT_ONCE_BYTES {
            let bytes = self.read_pack(blob.pack_id, range).await?;
            return Ok(futures::stream::iter([Ok(bytes)]).boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let result = self.objects.get_opts(&pack_path(blob.pack_id), options).await?;
        Ok(result.into_stream().map_err(anyhow::Error::from).boxed())
    }

    /// Reads many blobs that lie close together.
    pub fn reader<'a>(&self, blobs: impl Iterator<Item = &'a BlobLocation>) -> BlobReader {
        BlobReader::new(self.clone(), blobs)
    }

    /// A part of a pack.
    async fn read_pack(&self, pack: PackId, range: Range<u64>) -> anyhow::Result<Bytes> {
        Ok(self.objects.get_range(&pack_path(pack), range).await?)
    }
}

/// Where a pack lies.
pub fn pack_path(id: PackId) -> Path {
    Path::from(format!("{}/{id}", ObjectKind::Pack.folder()))
}

/// Where the manifest of an artifact lies.
pub fn manifest_path(id: ArtifactId) -> Path {
    Path::from(format!("{}/{id}", ObjectKind::Manifest.folder()))
}

fn digests_of<'a>(manifest: &'a Manifest, entries: &'a [usize]) -> impl Iterator<Item = &'a [u8]> + Clone {
    entries.iter().map(|&index| manifest.entries[index].blake3.as_slice())
}

fn is_not_found(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(object_store::Error::NotFound { .. }))
}
