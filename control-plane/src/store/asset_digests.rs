//! What Cloudflare Pages calls the files that lie in packs.

use std::collections::BTreeSet;

use sqlx::FromRow;

use super::artifacts::hex_ids;
use super::{Store, Tx};
use crate::ids::PackId;

/// Digests of files in a pack under names with one extension.
#[derive(Debug, Clone, FromRow)]
pub struct AssetDigests {
    /// The pack.
    pub pack_id: PackId,
    /// Without its dot; empty for names that have none.
    pub extension: String,
    /// Of each file 24 bytes: where it begins in the pack (big-endian), and the digest.
    pub digests: Vec<u8>,
}

const KNOWN: &str = "
    SELECT pack_id, extension, digests FROM asset_digests WHERE pack_id IN (SELECT unhex(value) FROM json_each($1))";
// The pack may have been collected since it was read. `||` makes text, of the same bytes.
const ADD: &str = "
    INSERT INTO asset_digests (pack_id, extension, digests)
    SELECT $1, $2, $3 WHERE EXISTS (SELECT 1 FROM packs WHERE id = $1)
    ON CONFLICT (pack_id, extension) DO UPDATE SET digests = CAST(digests || excluded.digests AS BLOB)";

impl Store {
    /// All digests that are recorded of files in these packs.
    pub async fn asset_digests(&self, packs: BTreeSet<PackId>) -> Result<Vec<AssetDigests>, sqlx::Error> {
        sqlx::query_as(KNOWN).bind(hex_ids(packs.into_iter())).fetch_all(&self.pool).await
    }
}

impl Tx {
    /// Records digests beside those that are there.
    pub async fn add_asset_digests(&mut self, new: &AssetDigests) -> Result<(), sqlx::Error> {
        let add = sqlx::query(ADD).bind(new.pack_id).bind(&new.extension).bind(&new.digests);
        add.execute(&mut *self.0).await.map(drop)
    }
}
