//! Reading many blobs that are known beforehand: those that lie close together in a pack are read at once, so that ten
//! thousand small files are not ten thousand reads.

use std::collections::VecDeque;

use anyhow::Context;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::Mutex;

use super::{ArtifactStore, READ_AT_ONCE_BYTES};
use crate::ids::PackId;
use crate::store::BlobLocation;

/// Bytes that are rather read in vain than that another read begins after them.
const GAP_BYTES: u64 = 16 * 1024;
/// Spans that are kept for whoever reads beside them. With one for each of several readers, they do not take turns in
/// making each other read anew.
const HELD: usize = 8;

/// A part of a pack that is read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    pack: PackId,
    start: u64,
    end: u64,
}

/// Reads blobs of one tree, in about the order in which they lie.
pub struct BlobReader {
    artifacts: ArtifactStore,
    /// Sorted.
    spans: Vec<Span>,
    /// The latest ones, by their position in `spans`.
    held: Mutex<VecDeque<(usize, Bytes)>>,
}

impl BlobReader {
    pub(super) fn new<'a>(artifacts: ArtifactStore, blobs: impl Iterator<Item = &'a BlobLocation>) -> Self {
        Self { artifacts, spans: spans(blobs), held: Mutex::default() }
    }

    /// Streams a blob.
    ///
    /// # Errors
    /// When its pack cannot be read.
    pub async fn read(&self, blob: &BlobLocation) -> anyhow::Result<BoxStream<'static, anyhow::Result<Bytes>>> {
        let place = span_of(blob);
        let before = self.spans.partition_point(|span| (span.pack, span.start) <= (place.pack, place.start));
        let index = before.checked_sub(1).filter(|index| {
            let span = &self.spans[*index];
            span.pack == place.pack && place.end <= span.end
        });
        let Some(index) = index.filter(|_| place.end > place.start) else {
            return self.artifacts.read_blob(blob, 0..place.end - place.start).await;
        };
        let span = self.spans[index];
        let bytes = self.span(index).await?;
        let range = usize::try_from(place.start - span.start)?..usize::try_from(place.end - span.start)?;
        anyhow::ensure!(range.end <= bytes.len(), "a pack is shorter than it should be");
        Ok(futures::stream::iter([Ok(bytes.slice(range))]).boxed())
    }

    /// Where the bytes of blobs lie, to read them in that order.
    pub fn order(blob: &BlobLocation) -> (PackId, i64) {
        (blob.pack_id, blob.pack_offset)
    }

    async fn span(&self, index: usize) -> anyhow::Result<Bytes> {
        // Locked while it is read: whoever wants the same waits for it.
        let mut held = self.held.lock().await;
        if let Some((_, bytes)) = held.iter().find(|(found, _)| *found == index) {
            return Ok(bytes.clone());
        }
        let Span { pack, start, end } = self.spans[index];
        let bytes = self.artifacts.read_pack(pack, start..end).await.context("a pack cannot be read")?;
        if held.len() >= HELD {
            held.pop_front();
        }
        held.push_back((index, bytes.clone()));
        Ok(bytes)
    }
}

fn span_of(blob: &BlobLocation) -> Span {
    // The database has what was written there as `u64`.
    let start = u64::try_from(blob.pack_offset).unwrap_or(0);
    Span { pack: blob.pack_id, start, end: start + u64::try_from(blob.size_bytes).unwrap_or(0) }
}

/// Where blobs lie, together with others as far as one read goes. Blobs that are larger than that have no span.
fn spans<'a>(blobs: impl Iterator<Item = &'a BlobLocation>) -> Vec<Span> {
    let is_small = |span: &Span| span.end - span.start <= READ_AT_ONCE_BYTES;
    let mut places: Vec<_> = blobs.map(span_of).filter(is_small).collect();
    places.sort_unstable_by_key(|span| (span.pack, span.start));
    let mut spans: Vec<Span> = Vec::new();
    for place in places {
        match spans.last_mut() {
            Some(last)
                if last.pack == place.pack
                    && place.start <= last.end + GAP_BYTES
                    && place.end <= last.start + READ_AT_ONCE_BYTES =>
            {
                last.end = last.end.max(place.end);
            }
            _ => spans.push(place),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;
    use crate::artifacts::ExpectedBlob;
    use crate::clock::Clock;
    use crate::store::in_memory;

    const KIB: i64 = 1024;

    fn at(pack_id: PackId, pack_offset: i64, size_bytes: i64) -> BlobLocation {
        BlobLocation { blake3: Vec::new(), pack_id, pack_offset, size_bytes, sha1: None }
    }

    #[test]
    fn neighbours_are_read_together_as_far_as_one_read_goes() {
        let (first, second) = (PackId::new(), PackId::new());
        let (first, second) = (first.min(second), first.max(second));
        let blobs = [
            at(first, 100 * KIB, 100 * KIB),
            at(first, 0, 100 * KIB),
            at(first, 210 * KIB, 20 * KIB),
            at(first, 240 * KIB, 20 * KIB),
            at(first, 300 * KIB, KIB),
            at(first, 400 * KIB, 300 * KIB),
            at(second, 0, KIB),
        ];
        let found: Vec<_> =
            spans(blobs.iter()).iter().map(|span| (span.pack == first, span.start / 1024, span.end / 1024)).collect();
        let expected = [(true, 0, 230), (true, 240, 260), (true, 300, 301), (false, 0, 1)];
        assert_eq!(found, expected, "full, far away, too large, in another pack");
    }

    #[tokio::test]
    async fn every_blob_has_its_own_bytes_in_whatever_order() {
        let store = in_memory().await;
        let directory = tempfile::tempdir().expect("a directory");
        let artifacts = ArtifactStore::open(directory.path(), store.clone(), Clock::system()).expect("opens");
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", Clock::system().now()).await.expect("user").id;
        tx.commit().await.expect("commits");
        let contents: Vec<Vec<u8>> = (0..60_u8).map(|index| vec![index; usize::from(index) * 700]).collect();
        let expected = |content: &Vec<u8>| ExpectedBlob {
            path: "x".to_owned(),
            size_bytes: content.len() as u64,
            blake3: *blake3::hash(content).as_bytes(),
        };
        let mut pack = artifacts.start_pack(contents.iter().map(expected).collect()).await.expect("starts");
        pack.write(Bytes::from(contents.concat())).await.expect("takes it");
        artifacts.finish_pack(user, pack).await.expect("ends");
        let digests: Vec<_> = contents.iter().map(|content| *blake3::hash(content).as_bytes()).collect();
        let blobs = store.locate_blobs(user, digests.iter().map(|digest| &digest[..])).await.expect("reads");
        assert_eq!(blobs.len(), contents.len());
        let reader = BlobReader::new(artifacts, blobs.iter());
        for blob in blobs.iter().chain(blobs.iter().rev()) {
            let pieces: Vec<Bytes> = reader.read(blob).await.expect("opens").try_collect().await.expect("can be read");
            assert_eq!(blake3::hash(&pieces.concat()).as_bytes()[..], blob.blake3);
        }
        let unknown = at(blobs[0].pack_id, 0, 700);
        assert!(reader.read(&unknown).await.is_ok(), "what was not announced is read by itself");
    }
}
