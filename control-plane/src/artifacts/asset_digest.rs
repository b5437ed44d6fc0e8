//! What Cloudflare Pages calls a file: the first 16 bytes of BLAKE3 over its bytes in Base64 followed by the extension
//! of its name (wrangler, `src/pages/hash.ts`). Bytes are read for it once: what was computed is recorded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};

use super::{ArtifactStore, BlobReader};
use crate::base64::Base64Encoder;
use crate::ids::UserId;
use crate::store::{AssetDigest, BlobLocation};

/// Bytes of a digest.
const ASSET_DIGEST_BYTES: usize = 16;
/// Blobs read at the same time.
const PARALLEL: usize = 4;
/// Digests written down together: so many at most are computed again after a crash.
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
    pub async fn asset_digests(&self, owner: UserId, wanted: &[(&BlobLocation, &str)]) -> anyhow::Result<Vec<Digest>> {
        let blobs: HashSet<_> = wanted.iter().map(|(blob, _)| blob.blake3.as_slice()).collect();
        let mut known = HashMap::new();
        for found in self.store.asset_digests(owner, blobs.into_iter()).await? {
            let digest: Digest = found.digest.as_slice().try_into().context("a recorded digest is damaged")?;
            known.insert((found.blake3, found.extension), digest);
        }
        let key = |(blob, extension): &(&BlobLocation, &str)| (blob.blake3.clone(), (*extension).to_owned());
        let mut seen = HashSet::new();
        let is_unknown = |pair: &&(_, _)| !known.contains_key(&key(pair)) && seen.insert(key(pair));
        let cloned = |(blob, extension): &(&BlobLocation, &str)| ((*blob).clone(), (*extension).to_owned());
        let mut unknown: Vec<_> = wanted.iter().filter(is_unknown).map(cloned).collect();
        unknown.sort_unstable_by_key(|(blob, _)| BlobReader::order(blob));
        let reader = Arc::new(self.reader(unknown.iter().map(|(blob, _)| blob)));
        // Tasks of their own: they compute, and there may be several processors.
        let computing = unknown.into_iter().map(|(blob, extension)| {
            let task = tokio::spawn(asset_digest(reader.clone(), blob, extension));
            async move { task.await.context("a digest was not computed")? }
        });
        let mut computed = futures::stream::iter(computing).buffer_unordered(PARALLEL).try_chunks(RECORDED_TOGETHER);
        while let Some(digests) = computed.try_next().await.map_err(|error| error.1)? {
            self.store.insert_asset_digests(owner, &digests).await?;
            for new in digests {
                known.insert((new.blake3, new.extension), new.digest.as_slice().try_into()?);
            }
        }
        wanted.iter().map(|pair| known.get(&key(pair)).copied().context("a digest was not computed")).collect()
    }
}

async fn asset_digest(reader: Arc<BlobReader>, blob: BlobLocation, extension: String) -> anyhow::Result<AssetDigest> {
    let mut chunks = reader.read(&blob).await?;
    let mut hasher = AssetHasher::default();
    while let Some(chunk) = chunks.next().await {
        hasher.update(&chunk?);
    }
    let digest = hasher.finish(&extension).to_vec();
    Ok(AssetDigest { blake3: blob.blake3, extension, digest })
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
        let blobs = tempfile::tempdir().expect("temporary directory");
        let artifacts = ArtifactStore::open(blobs.path(), store.clone(), Clock::system()).expect("opens");
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named("ada", Clock::system().now()).await.expect("user").id;
        tx.commit().await.expect("commits");
        let blake3 = *blake3::hash(b"hello\n").as_bytes();
        let expected = ExpectedBlob { path: "x".to_owned(), size_bytes: 6, blake3 };
        let mut pack = artifacts.start_pack(vec![expected]).await.expect("starts");
        pack.write("hello\n".into()).await.expect("is as announced");
        artifacts.finish_pack(user, pack).await.expect("is stored");
        let blob = store.locate_blobs(user, [&blake3[..]].into_iter()).await.expect("reads").remove(0);

        let digests = async |extensions: &[&'static str]| {
            let wanted: Vec<_> = extensions.iter().map(|extension| (&blob, *extension)).collect();
            let digests = artifacts.asset_digests(user, &wanted).await?;
            anyhow::Ok(digests.iter().map(|digest| HEXLOWER.encode(digest)).collect::<Vec<_>>())
        };
        let html = "051240d22ab9086ec5997a6d1ad35ec1";
        let bare = "a304da4b4a88dc5288e58ab9307a3e3e";
        assert_eq!(digests(&["html", "", "html"]).await.expect("reads"), [html, bare, html]);
        std::fs::remove_dir_all(blobs.path().join("packs")).expect("is there");
        assert_eq!(digests(&["", "html"]).await.expect("are known"), [bare, html]);
        assert!(digests(&["HTML"]).await.is_err(), "of that extension nothing is known, and the bytes are gone");
    }
}
