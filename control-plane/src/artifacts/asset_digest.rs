//! What Cloudflare Pages calls a file: the first 16 bytes of BLAKE3 over its bytes in Base64 followed by the extension
//! of its name (wrangler, `src/pages/hash.ts`). Bytes are read for it once: what was computed is recorded.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};

use super::{ArtifactStore, BlobReader};
use crate::base64::Base64Encoder;
use crate::ids::PackId;
use crate::store::{AssetDigests, BlobLocation};

/// Bytes of a digest.
const ASSET_DIGEST_BYTES: usize = 16;
/// Bytes that say where a file begins in its pack.
const OFFSET_BYTES: usize = size_of::<i64>();
/// Runs of blobs that are digested at the same time.
const PARALLEL: usize = 4;
/// What is digested in one run, at least: to hand over each of ten thousand small files would cost more than to digest it.
const RUN_BYTES: i64 = 1024 * 1024;
/// Digests written down together: about so many at most are computed again after a crash.
const RECORDED_TOGETHER: usize = 2_000;

/// Bytes that are encoded and digested together.
const PIECE_BYTES: usize = 12 * 1024;

/// A digest of a file.
pub type Digest = [u8; ASSET_DIGEST_BYTES];

/// Digests what comes in pieces.
#[derive(Debug, Default)]
struct AssetHasher {
    hasher: blake3::Hasher,
    base64: Base64Encoder,
}

impl AssetHasher {
    fn update(&mut self, bytes: &[u8]) {
        // In pieces that stay in the processor's caches.
        for piece in bytes.chunks(PIECE_BYTES) {
            self.hasher.update(self.base64.encode(piece).as_bytes());
        }
    }

    fn finish(mut self, extension: &str) -> Digest {
        self.hasher.update(self.base64.finish().as_bytes()).update(extension.as_bytes());
        let mut digest = Digest::default();
        digest.copy_from_slice(&self.hasher.finalize().as_bytes()[..ASSET_DIGEST_BYTES]);
        digest
    }
}

/// The extension of a path as Node's `path.extname` has it, without its dot.
pub fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rfind('.') {
        Some(dot) if dot > 0 => &name[dot + 1..],
        _ => "",
    }
}

impl ArtifactStore {
    /// The digests of blobs under names with these extensions, in their order: as recorded, or computed now and recorded.
    ///
    /// # Errors
    /// When a blob cannot be read.
    pub async fn asset_digests(&self, wanted: &[(&BlobLocation, &str)]) -> anyhow::Result<Vec<Digest>> {
        let mut known = Known::default();
        for recorded in self.store.asset_digests(wanted.iter().map(|(blob, _)| blob.pack_id).collect()).await? {
            known.add_recorded(&recorded);
        }
        let mut unknown: Vec<_> =
            wanted.iter().filter(|(blob, extension)| known.find(blob, extension).is_none()).copied().collect();
        unknown.sort_unstable_by_key(|(blob, extension)| (BlobReader::order(blob), *extension));
        unknown.dedup_by_key(|(blob, extension)| (BlobReader::order(blob), *extension));
        let reader = Arc::new(self.reader(unknown.iter().map(|(blob, _)| *blob)));
        // Tasks of their own: they compute, and there may be several processors.
        let computing = runs(&unknown).into_iter().map(|run| {
            let task = tokio::spawn(digest_run(reader.clone(), run));
            async move { task.await.context("a digest was not computed")? }
        });
        let mut computed = futures::stream::iter(computing).buffer_unordered(PARALLEL);
        let mut unrecorded = Vec::new();
        while let Some(digests) = computed.try_next().await? {
            unrecorded.extend(digests);
            if unrecorded.len() >= RECORDED_TOGETHER {
                self.record(&mut unrecorded, &mut known).await?;
            }
        }
        self.record(&mut unrecorded, &mut known).await?;
        let digest = |(blob, extension): &(&BlobLocation, &str)| known.find(blob, extension);
        wanted.iter().map(|pair| digest(pair).context("a digest was not computed")).collect()
    }

    async fn record(&self, computed: &mut Vec<Computed>, known: &mut Known) -> anyhow::Result<()> {
        let mut rows: BTreeMap<_, Vec<u8>> = BTreeMap::new();
        for Computed { place: (pack_id, offset), extension, digest } in computed.drain(..) {
            let row = rows.entry((pack_id, extension)).or_default();
            row.extend_from_slice(&offset.to_be_bytes());
            row.extend_from_slice(&digest);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        for ((pack_id, extension), digests) in rows {
            let new = AssetDigests { pack_id, extension, digests };
            tx.add_asset_digests(&new).await?;
            known.add_recorded(&new);
        }
        Ok(tx.commit().await?)
    }
}

/// Where bytes begin that have something in them.
type Place = (PackId, i64);

/// The digest of a file.
struct Computed {
    place: Place,
    extension: String,
    digest: Digest,
}

/// Digests by the extension of the name and where the bytes begin.
#[derive(Default)]
struct Known(HashMap<String, HashMap<Place, Digest>>);

impl Known {
    fn add_recorded(&mut self, recorded: &AssetDigests) {
        let all = self.0.entry(recorded.extension.clone()).or_default();
        for record in recorded.digests.chunks_exact(OFFSET_BYTES + ASSET_DIGEST_BYTES) {
            let (offset, digest) = record.split_at(OFFSET_BYTES);
            if let (Ok(offset), Ok(digest)) = (offset.try_into(), digest.try_into()) {
                all.insert((recorded.pack_id, i64::from_be_bytes(offset)), digest);
            }
        }
    }

    fn find(&self, blob: &BlobLocation, extension: &str) -> Option<Digest> {
        if blob.size_bytes == 0 {
            // Another may begin at the same place.
            return Some(AssetHasher::default().finish(extension));
        }
        self.0.get(extension)?.get(&BlobReader::order(blob)).copied()
    }
}

/// Blobs in the order in which they lie, in runs that are about as long as each other.
fn runs(blobs: &[(&BlobLocation, &str)]) -> Vec<Vec<(BlobLocation, String)>> {
    let mut runs: Vec<Vec<_>> = Vec::new();
    let mut filled = RUN_BYTES;
    for (blob, extension) in blobs {
        if filled >= RUN_BYTES {
            runs.push(Vec::new());
            filled = 0;
        }
        filled += blob.size_bytes;
        if let Some(run) = runs.last_mut() {
            run.push(((*blob).clone(), (*extension).to_owned()));
        }
    }
    runs
}

async fn digest_run(reader: Arc<BlobReader>, blobs: Vec<(BlobLocation, String)>) -> anyhow::Result<Vec<Computed>> {
    let mut computed = Vec::with_capacity(blobs.len());
    for (blob, extension) in blobs {
        let mut chunks = reader.read(&blob).await?;
        let mut hasher = AssetHasher::default();
        while let Some(chunk) = chunks.next().await {
            hasher.update(&chunk?);
        }
        let digest = hasher.finish(&extension);
        computed.push(Computed { place: BlobReader::order(&blob), extension, digest });
    }
    Ok(computed)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::artifacts::ExpectedBlob;
    use crate::clock::Clock;
    use crate::store::in_memory;

    /// Computed with the library that wrangler uses.
    #[test]
    fn digests_are_those_of_the_vendor() {
        for (content, name, expected) in [
            ("", "x.txt", "f9bc91770fa5e997cbd47fba833629fc"),
            ("hello\n", "x.html", "051240d22ab9086ec5997a6d1ad35ec1"),
            ("hello\n", "x.HTML", "1eac8e13624aa1aedde739d38b7dc0d3"),
            ("hello\n", "x", "a304da4b4a88dc5288e58ab9307a3e3e"),
            ("body{margin:0}\n", "style.css", "af2a7b537fdabcd78dc803795a343f30"),
        ] {
            for piece in [1, 2, 100] {
                let mut hasher = AssetHasher::default();
                content.as_bytes().chunks(piece).for_each(|piece| hasher.update(piece));
                assert_eq!(HEXLOWER.encode(&hasher.finish(extension(name))), expected, "{name} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn extensions_are_those_of_node() {
        for (path, expected) in [
            ("a.tar.gz", "gz"),
            (".htaccess", ""),
            ("a.b/c", ""),
            ("a/.x", ""),
            ("a/.x.JS", "JS"),
            ("x.", ""),
            ("..x", "x"),
            ("", ""),
        ] {
            assert_eq!(extension(path), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn bytes_are_read_once_for_each_extension() {
        let store = in_memory().await;
        let directory = tempfile::tempdir().expect("temporary directory");
        let artifacts = ArtifactStore::open(directory.path(), store.clone(), Clock::system()).expect("opens");
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", Clock::system().now()).await.expect("user").id;
        tx.commit().await.expect("commits");
        // The empty one begins where the second does.
        let contents: [&[u8]; 4] = [b"hello\n", b"", b"body{margin:0}\n", b"hello"];
        for pack in [&contents[..3], &contents[3..]] {
            let expected = |content: &&[u8]| ExpectedBlob {
                path: "x".to_owned(),
                size_bytes: content.len() as u64,
                blake3: *blake3::hash(content).as_bytes(),
            };
            let mut writer = artifacts.start_pack(pack.iter().map(expected).collect()).await.expect("starts");
            writer.write(pack.concat().into()).await.expect("is as announced");
            artifacts.finish_pack(user, writer).await.expect("is stored");
        }
        let blake3s = contents.map(blake3::hash);
        let found = store.locate_blobs(user, blake3s.iter().map(|hash| &hash.as_bytes()[..])).await.expect("reads");
        let located = blake3s.map(|hash| found.iter().find(|blob| blob.blake3 == hash.as_bytes()).expect("is there"));
        let digests = async |wanted: &[(usize, &'static str)]| {
            let wanted: Vec<_> = wanted.iter().map(|(index, extension)| (located[*index], *extension)).collect();
            artifacts.asset_digests(&wanted).await
        };
        let computed = |wanted: &[(usize, &'static str)]| -> Vec<Digest> {
            let digest = |(index, extension): &(usize, &str)| {
                let mut hasher = AssetHasher::default();
                hasher.update(contents[*index]);
                hasher.finish(extension)
            };
            wanted.iter().map(digest).collect()
        };
        let first = [(0, "html"), (1, "css"), (2, "css"), (0, ""), (3, "html"), (0, "html")];
        assert_eq!(digests(&first).await.expect("reads"), computed(&first));
        let beside = [(2, "html"), (3, ""), (2, "css")];
        assert_eq!(digests(&beside).await.expect("reads"), computed(&beside));
        std::fs::remove_dir_all(directory.path().join("packs")).expect("is there");
        for known in [&first[..], &beside[..]] {
            assert_eq!(digests(known).await.expect("are known"), computed(known));
        }
        assert!(digests(&[(0, "HTML")]).await.is_err(), "of that nothing is known, and the bytes are gone");
    }

    #[test]
    fn runs_have_all_blobs_in_their_order() {
        let pack_id = PackId::new();
        let blobs: Vec<_> = [RUN_BYTES / 2, RUN_BYTES / 2, 1, 3 * RUN_BYTES, 0, 7]
            .iter()
            .scan(0, |end, size_bytes| {
                let pack_offset = *end;
                *end += size_bytes;
                Some(BlobLocation { blake3: Vec::new(), pack_id, pack_offset, size_bytes: *size_bytes, sha1: None })
            })
            .collect();
        let wanted: Vec<_> = blobs.iter().map(|blob| (blob, "x")).collect();
        let runs = runs(&wanted);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
        let offsets: Vec<_> = runs.concat().iter().map(|(blob, _)| blob.pack_offset).collect();
        assert!(offsets.is_sorted());
    }
}
