//! Files that are sent together: a JSON array whose values are Base64, made while it is sent.

use std::time::Duration;

use serde_json::json;

use crate::providers::http::{OpenBody, Pieces};

/// Cloudflare takes 40 MiB in 2,000 files. What is smaller costs less when it has to be sent again, and is sent in
/// less than the time that one request may take on a slow line.
const BUCKET_BYTES: u64 = 8 * 1024 * 1024;
const BUCKET_FILES: usize = 1_000;
/// Files that differ by less are alike.
const LARGE_BYTES: u64 = 1024 * 1024;

/// Bytes that a deployment needs, once, however many files have them.
#[derive(Clone)]
pub(super) struct Asset {
    /// As Cloudflare names them.
    pub(super) hash: String,
    pub(super) size_bytes: u64,
    pub(super) content_type: &'static str,
    pub(super) open: OpenBody,
}

/// Files that are sent together.
pub(super) struct Bucket {
    assets: Vec<Asset>,
    /// How often all of them have failed.
    pub(super) attempt: u32,
    /// What is waited before it is sent.
    pub(super) wait: Duration,
}

/// Puts files into buckets, large ones first: the small ones of the end fill the line evenly. Those stay in their order,
/// in which they are read together.
pub(super) fn buckets(mut assets: Vec<Asset>) -> Vec<Bucket> {
    assets.sort_by_key(|asset| std::cmp::Reverse(asset.size_bytes / LARGE_BYTES));
    let mut buckets: Vec<Bucket> = Vec::new();
    let mut filled = u64::MAX;
    for asset in assets {
        filled = filled.saturating_add(asset.size_bytes);
        match buckets.last_mut() {
            Some(last) if filled <= BUCKET_BYTES && last.len() < BUCKET_FILES => last.assets.push(asset),
            _ => {
                filled = asset.size_bytes;
                buckets.push(Bucket { assets: vec![asset], attempt: 0, wait: Duration::ZERO });
            }
        }
    }
    buckets
}

impl Bucket {
    /// How many files it has.
    pub(super) fn len(&self) -> usize {
        self.assets.len()
    }

    /// Those of its files that have these names.
    pub(super) fn only(mut self, hashes: &[String]) -> Self {
        self.assets.retain(|asset| hashes.contains(&asset.hash));
        self
    }

    /// The same in two requests, or in one when it is one file, after a while.
    pub(super) fn halves(mut self, wait: Duration) -> impl Iterator<Item = Self> {
        let second = self.assets.split_off(self.assets.len().div_ceil(2));
        let attempt = self.attempt + 1;
        let bucket = move |assets: Vec<Asset>| (!assets.is_empty()).then_some(Self { assets, attempt, wait });
        [bucket(self.assets), bucket(second)].into_iter().flatten()
    }

    /// The body of the request.
    pub(super) fn body(&self) -> Pieces {
        let mut body = Pieces::default();
        for (index, asset) in self.assets.iter().enumerate() {
            body.push(format!("{}{{\"key\":{},\"value\":\"", if index == 0 { "[" } else { "," }, json!(asset.hash)));
            body.push_base64(asset.size_bytes, asset.open.clone());
            let metadata = json!({ "contentType": asset.content_type });
            body.push(format!("\",\"metadata\":{metadata},\"base64\":true}}"));
        }
        body.push("]");
        body
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use futures::{StreamExt, TryStreamExt};
    use serde_json::Value;

    use super::*;

    fn asset(hash: &str, size_bytes: u64) -> Asset {
        let open: OpenBody = Arc::new(|| futures::stream::iter([Ok(Bytes::from("hello"))]).boxed());
        Asset { hash: hash.to_owned(), size_bytes, content_type: "text/plain", open }
    }

    #[test]
    fn buckets_are_small_and_a_large_file_has_its_own() {
        let mib = 1024 * 1024;
        let assets = [1, 20, 4, 4, 2].map(|size| asset("a", size * mib)).into();
        let sizes: Vec<Vec<u64>> = buckets(assets)
            .iter()
            .map(|bucket| bucket.assets.iter().map(|asset| asset.size_bytes / mib).collect())
            .collect();
        assert_eq!(sizes, [vec![20], vec![4, 4], vec![2, 1]]);
        let many: Vec<_> = (0..2_500).map(|_| asset("a", 0)).collect();
        assert_eq!(buckets(many).iter().map(Bucket::len).collect::<Vec<_>>(), [1_000, 1_000, 500]);
        assert!(buckets(Vec::new()).is_empty());
    }

    #[test]
    fn what_fails_is_halved_until_it_is_one_file() {
        let bucket = buckets(["a", "b", "c"].map(|hash| asset(hash, 5)).into()).remove(0);
        let halves: Vec<_> = bucket.halves(Duration::from_secs(1)).collect();
        assert_eq!(halves.iter().map(|half| (half.len(), half.attempt)).collect::<Vec<_>>(), [(2, 1), (1, 1)]);
        let one = halves.into_iter().next_back().expect("is there").halves(Duration::ZERO);
        assert_eq!(one.map(|half| (half.len(), half.attempt)).collect::<Vec<_>>(), [(1, 2)]);
    }

    #[tokio::test]
    async fn the_body_is_json_with_the_bytes_in_base64() {
        let bucket = buckets(vec![asset("a", 5), asset("b", 5)]).remove(0);
        let body = bucket.body();
        let size = body.size_bytes();
        let chunks: Vec<Bytes> = body.open()().try_collect().await.expect("can be read");
        let bytes = chunks.concat();
        assert_eq!(bytes.len() as u64, size);
        let sent: Value = serde_json::from_slice(&bytes).expect("is JSON");
        let item = |key: &str| json!({ "key": key, "value": "aGVsbG8=", "metadata": { "contentType": "text/plain" }, "base64": true });
        assert_eq!(sent, json!([item("a"), item("b")]));
    }
}
