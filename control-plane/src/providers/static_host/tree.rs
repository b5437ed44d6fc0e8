//! An artifact as a list of files. Nothing of it is in memory but names, sizes and digests.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use slipway_proto::v1::{ArtifactKind, ManifestEntry};

use crate::artifacts::{ArtifactStore, BlobReader};
use crate::ids::UserId;
use crate::providers::ProviderError;
use crate::providers::http::OpenBody;
use crate::store::{Artifact, BlobLocation};

/// One file of a tree.
#[derive(Debug, Clone)]
pub(in crate::providers) struct File {
    /// Relative, with `/`.
    pub(in crate::providers) path: String,
    /// Its length.
    pub(in crate::providers) size_bytes: u64,
    /// Of its bytes.
    pub(in crate::providers) sha1: [u8; 20],
    /// Whether it may be run.
    pub(in crate::providers) is_executable: bool,
    pub(in crate::providers) blob: BlobLocation,
}

/// A stored tree.
pub(in crate::providers) struct Tree {
    /// Sorted by path, as the manifest has them.
    pub(in crate::providers) files: Vec<File>,
    reader: Arc<BlobReader>,
}

impl Tree {
    /// The files of an artifact.
    ///
    /// # Errors
    /// `Rejected` when it is no tree; `Failed` when it cannot be read.
    pub(in crate::providers) async fn open(
        artifacts: &ArtifactStore,
        artifact: &Artifact,
    ) -> Result<Self, ProviderError> {
        let (manifest, blobs) = artifacts.open_tree(artifact).await.map_err(ProviderError::Failed)?;
        if manifest.kind != i32::from(ArtifactKind::Tree) {
            let message = "this artifact is no tree of files; deploy the sandbox to this target anew";
            return Err(ProviderError::Rejected(message.to_owned()));
        }
        let mut files = Vec::with_capacity(manifest.entries.len());
        for entry in manifest.entries {
            files.push(file(artifacts, artifact.user_id, entry, &blobs).await.map_err(ProviderError::Failed)?);
        }
        let reader = Arc::new(artifacts.reader(files.iter().map(|file| &file.blob)));
        Ok(Self { files, reader })
    }

    /// A whole file, for those that are known to be small.
    pub(in crate::providers) async fn read(&self, file: &File) -> Result<Vec<u8>, ProviderError> {
        let mut chunks = self.body(file)();
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk.map_err(ProviderError::Failed)?);
        }
        Ok(bytes)
    }

    /// The bytes of a file, straight from its pack. Files that are opened in their order are read together.
    pub(in crate::providers) fn body(&self, file: &File) -> OpenBody {
        let (reader, blob) = (self.reader.clone(), file.blob.clone());
        Arc::new(move || {
            let (reader, blob) = (reader.clone(), blob.clone());
            let open = async move { reader.read(&blob).await };
            futures::stream::once(open).try_flatten().boxed()
        })
    }
}

async fn file(
    artifacts: &ArtifactStore,
    owner: UserId,
    entry: ManifestEntry,
    blobs: &HashMap<Vec<u8>, BlobLocation>,
) -> anyhow::Result<File> {
    let blob = blobs.get(&entry.blake3).context("a blob of the artifact is gone")?.clone();
    let sha1 = artifacts.sha1(owner, &blob).await?;
    let (size_bytes, is_executable) = (entry.size_bytes, entry.executable);
    Ok(File { path: entry.path, size_bytes, sha1, is_executable, blob })
}
