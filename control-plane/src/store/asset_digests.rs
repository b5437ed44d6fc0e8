//! What Cloudflare Pages calls the blobs that were published there. Lists travel as one JSON parameter.

use data_encoding::HEXLOWER;
use serde_json::json;
use sqlx::FromRow;
use sqlx::types::Json;

use super::Store;
use crate::ids::UserId;

/// A digest, of a blob under names with an extension.
#[derive(Debug, Clone, FromRow)]
pub struct AssetDigest {
    /// BLAKE3 of the blob's bytes.
    pub blake3: Vec<u8>,
    /// Without its dot; empty for names that have none.
    pub extension: String,
    /// Its first 16 bytes, which is all that is used.
    pub digest: Vec<u8>,
}

const KNOWN: &str = "
    SELECT blake3, extension, digest FROM asset_digests
    WHERE user_id = $1 AND blake3 IN (SELECT unhex(value) FROM json_each($2))";
// A blob may have been collected since it was read.
const INSERT: &str = "
    INSERT INTO asset_digests (user_id, blake3, extension, digest)
    SELECT $1, unhex(value ->> 0), value ->> 1, unhex(value ->> 2) FROM json_each($2)
    WHERE EXISTS (SELECT 1 FROM blobs WHERE user_id = $1 AND blake3 = unhex(value ->> 0))
    ON CONFLICT DO NOTHING";

impl Store {
    /// All digests that are recorded of these blobs.
    pub async fn asset_digests<'a>(
        &self,
        user: UserId,
        blobs: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<AssetDigest>, sqlx::Error> {
        let blobs = Json(blobs.map(|blake3| HEXLOWER.encode(blake3)).collect::<Vec<_>>());
        sqlx::query_as(KNOWN).bind(user).bind(blobs).fetch_all(&self.pool).await
    }

    /// Records digests.
    pub async fn insert_asset_digests(&self, user: UserId, digests: &[AssetDigest]) -> Result<(), sqlx::Error> {
        let mut digests: Vec<_> = digests.iter().collect();
        // As the table has them: whole pages are filled one after the other.
        digests.sort_unstable_by(|one, other| one.blake3.cmp(&other.blake3));
        let row =
            |new: &AssetDigest| json!([HEXLOWER.encode(&new.blake3), new.extension, HEXLOWER.encode(&new.digest)]);
        let rows = Json(digests.into_iter().map(row).collect::<Vec<_>>());
        self.write(sqlx::query(INSERT).bind(user).bind(rows)).await.map(drop)
    }
}
