//! Writing one pack: bytes arrive as one stream, borders between blobs are known in advance, and
//! every blob is digested as it passes. A blob that is not what was announced ends the pack.

use bytes::Bytes;
use object_store::{MultipartUpload, WriteMultipart};
use sha1::{Digest, Sha1};
use slipway_proto::v1::ManifestEntry;

use crate::ids::PackId;
use crate::store::StoredBlob;

/// Bytes per part of the blob store's multipart upload (5 MiB is the least the S3 API takes).
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts written at the same time; bounds memory to a few times `PART_BYTES`.
const PARTS_IN_FLIGHT: usize = 2;

/// A blob that is announced and not here yet.
#[derive(Debug, Clone)]
pub struct ExpectedBlob {
    /// One of the files that have it, for error messages.
    pub path: String,
    /// Its announced length.
    pub size_bytes: u64,
    /// Its announced digest.
    pub blake3: [u8; blake3::OUT_LEN],
}

impl ExpectedBlob {
    /// The blob of an entry whose manifest has been checked.
    pub(super) fn of(entry: &ManifestEntry) -> Self {
        let mut blake3 = [0; blake3::OUT_LEN];
        blake3.copy_from_slice(&entry.blake3);
        Self { path: entry.path.clone(), size_bytes: entry.size_bytes, blake3 }
    }
}

/// Why a pack ended early.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PackError {
    #[error("`{path}` changed while it was uploaded: its bytes do not have the announced digest")]
    DigestMismatch { path: String },
    #[error("more bytes arrived than were announced")]
    TooLong,
    #[error("the blob store cannot take the upload")]
    Storage(#[source] object_store::Error),
}

/// A pack being written.
pub struct PackWriter {
    id: PackId,
    upload: WriteMultipart,
    expected: std::vec::IntoIter<ExpectedBlob>,
    current: Option<ExpectedBlob>,
    current_bytes: u64,
    hasher: blake3::Hasher,
    /// Some providers know files by it. It proves nothing to us.
    sha1: Sha1,
    written_bytes: u64,
    finished: Vec<StoredBlob>,
}

/// A closed pack object and what it holds.
pub(super) struct FinishedPack {
    pub(super) id: PackId,
    pub(super) size_bytes: u64,
    pub(super) blobs: Vec<StoredBlob>,
}

impl PackWriter {
    pub(super) fn new(id: PackId, upload: Box<dyn MultipartUpload>, expected: Vec<ExpectedBlob>) -> Self {
        let mut expected = expected.into_iter();
        let current = expected.next();
        Self {
            id,
            upload: WriteMultipart::new_with_chunk_size(upload, PART_BYTES),
            expected,
            current,
            current_bytes: 0,
            hasher: blake3::Hasher::new(),
            sha1: Sha1::new(),
            written_bytes: 0,
            finished: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// At the first blob that is not what was announced, at the first byte too many, and when the
    /// store fails. What was complete before is still good for [`finish`](Self::finish).
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), PackError> {
        self.upload.wait_for_capacity(PARTS_IN_FLIGHT).await.map_err(PackError::Storage)?;
        // Stored before it is checked: blobs found whole in these bytes must be in the object even
        // when a later one is refused.
        self.written_bytes += bytes.len() as u64;
        self.upload.put(bytes.clone());
        let mut rest = &bytes[..];
        loop {
            self.close_full_blobs()?;
            if rest.is_empty() {
                return Ok(());
            }
            let Some(blob) = &self.current else { return Err(PackError::TooLong) };
            let wanted = usize::try_from(blob.size_bytes - self.current_bytes).unwrap_or(usize::MAX);
            let (part, after) = rest.split_at(wanted.min(rest.len()));
            self.hasher.update(part);
            self.sha1.update(part);
            self.current_bytes += part.len() as u64;
            rest = after;
        }
    }

    /// Closes the current blob when it is full, and empty ones after it.
    fn close_full_blobs(&mut self) -> Result<(), PackError> {
        while let Some(blob) = self.current.take_if(|blob| blob.size_bytes == self.current_bytes) {
            let digest = self.hasher.finalize();
            self.hasher.reset();
            let sha1 = self.sha1.finalize_reset().into();
            self.current_bytes = 0;
            self.current = self.expected.next();
            // `blake3::Hash` compares in constant time; here it only has to be right.
            if digest != blake3::Hash::from_bytes(blob.blake3) {
                self.current = None;
                return Err(PackError::DigestMismatch { path: blob.path });
            }
            let pack_offset = self.finished.last().map_or(0, |last| last.pack_offset + last.size_bytes);
            self.finished.push(StoredBlob { blake3: blob.blake3, pack_offset, size_bytes: blob.size_bytes, sha1 });
        }
        Ok(())
    }

    /// Whether every announced blob is here.
    pub fn is_complete(&mut self) -> Result<bool, PackError> {
        self.close_full_blobs()?;
        Ok(self.current.is_none())
    }

    /// Bytes written so far.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Closes the object. `None` when no blob is complete: then nothing remains in the store.
    pub(super) async fn finish(self) -> anyhow::Result<Option<FinishedPack>> {
        if self.finished.is_empty() {
            self.upload.abort().await?;
            return Ok(None);
        }
        self.upload.finish().await?;
        Ok(Some(FinishedPack { id: self.id, size_bytes: self.written_bytes, blobs: self.finished }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt as _;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    fn expected(contents: &[&[u8]]) -> Vec<ExpectedBlob> {
        contents
            .iter()
            .enumerate()
            .map(|(index, content)| ExpectedBlob {
                path: format!("file-{index}"),
                size_bytes: content.len() as u64,
                blake3: *blake3::hash(content).as_bytes(),
            })
            .collect()
    }

    async fn writer(store: &InMemory, blobs: Vec<ExpectedBlob>) -> PackWriter {
        let upload = store.put_multipart(&Path::from("pack")).await.expect("starts");
        PackWriter::new(PackId::new(), upload, blobs)
    }

    #[tokio::test]
    async fn blobs_are_found_again_however_the_stream_is_cut() {
        let contents: [&[u8]; 5] = [b"", b"hello", b"", b"world!", b""];
        let stream = contents.concat();
        for cut in 0..=stream.len() {
            let store = InMemory::new();
            let mut pack = writer(&store, expected(&contents)).await;
            pack.write(Bytes::copy_from_slice(&stream[..cut])).await.expect("fits");
            pack.write(Bytes::copy_from_slice(&stream[cut..])).await.expect("fits");
            assert!(pack.is_complete().expect("digests agree"));
            let finished = pack.finish().await.expect("closes").expect("has blobs");
            let object = store.get(&Path::from("pack")).await.expect("exists").bytes().await.expect("reads");
            assert_eq!(finished.blobs.len(), contents.len());
            for (blob, content) in finished.blobs.iter().zip(contents) {
                let start = usize::try_from(blob.pack_offset).expect("small");
                assert_eq!(&object[start..start + content.len()], content);
                assert_eq!(blob.sha1, <[u8; 20]>::from(Sha1::digest(content)));
            }
        }
    }

    #[tokio::test]
    async fn a_changed_file_ends_the_pack_and_what_was_whole_stays() {
        let store = InMemory::new();
        let mut pack = writer(&store, expected(&[b"good", b"good too"])).await;
        let error = pack.write(Bytes::from_static(b"goodBAD TOO!")).await.expect_err("is noticed");
        assert!(matches!(error, PackError::DigestMismatch { path } if path == "file-1"));
        assert_eq!(pack.finish().await.expect("closes").expect("has a blob").blobs.len(), 1);
        let object = store.get(&Path::from("pack")).await.expect("exists").bytes().await.expect("reads");
        assert!(object.starts_with(b"good"));
    }

    #[tokio::test]
    async fn a_byte_too_many_is_refused() {
        let store = InMemory::new();
        let mut pack = writer(&store, expected(&[b"abc"])).await;
        assert!(matches!(pack.write(Bytes::from_static(b"abcd")).await, Err(PackError::TooLong)));
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_not_complete() {
        let store = InMemory::new();
        let mut pack = writer(&store, expected(&[b"abc", b"def"])).await;
        pack.write(Bytes::from_static(b"abcd")).await.expect("fits");
        assert!(!pack.is_complete().expect("digests agree"));
        assert_eq!(pack.finish().await.expect("closes").expect("has a blob").blobs.len(), 1);
    }
}
