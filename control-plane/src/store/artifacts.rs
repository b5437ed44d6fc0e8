//! Artifacts and where their blobs lie. Lists of digests travel as one JSON parameter, because ten
//! thousand single look-ups would cost more than the upload they save.

use data_encoding::HEXLOWER;
use serde_json::json;
use sqlx::FromRow;
use sqlx::types::Json;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{ArtifactId, PackId, UserId};

/// A committed artifact.
#[derive(Debug, Clone, FromRow)]
pub struct Artifact {
    /// Identifies it, and its manifest in the blob store.
    pub id: ArtifactId,
    /// Who owns it.
    pub user_id: UserId,
    /// BLAKE3 over the canonical manifest.
    pub root: Vec<u8>,
    /// Number of files.
    pub files: i64,
    /// Sum of their sizes.
    pub size_bytes: i64,
}

/// A blob about to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct StoredBlob {
    /// BLAKE3 of its bytes, recomputed by us.
    pub blake3: [u8; 32],
    /// Where it begins in its pack.
    pub pack_offset: u64,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-1 of its bytes, by which some providers know files.
    pub sha1: [u8; 20],
}

/// Where a blob lies.
#[derive(Debug, Clone, FromRow)]
pub struct BlobLocation {
    /// BLAKE3 of its bytes.
    pub blake3: Vec<u8>,
    /// The pack object.
    pub pack_id: PackId,
    /// Where it begins there.
    pub pack_offset: i64,
    /// Its length.
    pub size_bytes: i64,
    /// SHA-1 of its bytes; absent from blobs that were stored before it was computed.
    pub sha1: Option<Vec<u8>>,
}

const BY_ID: &str = "SELECT id, user_id, root, files, size_bytes FROM artifacts WHERE id = $1";
// One row for each pack that holds any of the blobs, and one for those that none holds: with their positions, as JSON.
const HELD: &str = "
    SELECT pack_id, json_group_array(key) FILTER (WHERE pack_id IS NULL)
    FROM json_each($2) LEFT JOIN blobs ON user_id = $1 AND blake3 = unhex(value)
    GROUP BY pack_id";
const INSERT_ARTIFACT: &str = "
    INSERT INTO artifacts (id, user_id, kind, root, files, size_bytes, created_at)
    VALUES ($1, $2, 'tree', $3, $4, $5, $6)";
const INSERT_PACK: &str = "INSERT INTO packs (id, user_id, size_bytes, created_at) VALUES ($1, $2, $3, $4)";
const LOCATE: &str = "
    SELECT blake3, pack_id, pack_offset, size_bytes, sha1 FROM blobs
    WHERE user_id = $1 AND blake3 IN (SELECT unhex(value) FROM json_each($2))";
// A blob that a concurrent upload of the same owner stored first stays where it is.
const INSERT_BLOBS: &str = "
    INSERT INTO blobs (user_id, blake3, pack_id, pack_offset, size_bytes, sha1)
    SELECT $1, unhex(value ->> 0), $2, value ->> 1, value ->> 2, unhex(value ->> 3) FROM json_each($3) WHERE TRUE
    ON CONFLICT (user_id, blake3) DO NOTHING";
const SET_SHA1: &str = "UPDATE blobs SET sha1 = $3 WHERE user_id = $1 AND blake3 = $2";

const KEEP_PACKS: &str = "
    UPDATE packs SET kept_until = $3
    WHERE kept_until < $2 AND id IN (SELECT unhex(value) FROM json_each($1))";
const COUNT_BLOBS: &str = "
    SELECT pack_id, COUNT(*) FROM blobs
    WHERE user_id = $1 AND blake3 IN (SELECT unhex(value) FROM json_each($2))
    GROUP BY pack_id";
const INSERT_NEEDED_PACKS: &str = "
    INSERT INTO artifact_packs (artifact_id, pack_id)
    SELECT $1, unhex(value) FROM json_each($2) WHERE TRUE
    ON CONFLICT DO NOTHING";
const PACKS_RECORDED: &str = "UPDATE artifacts SET packs_recorded = 1 WHERE id = $1";
const HAS_ARTIFACT: &str = "SELECT EXISTS (SELECT 1 FROM artifacts WHERE id = $1)";

fn hex<'a>(digests: impl Iterator<Item = &'a [u8]>) -> Json<Vec<String>> {
    Json(digests.map(|digest| HEXLOWER.encode(digest)).collect())
}

pub(super) fn hex_ids(packs: impl Iterator<Item = PackId>) -> Json<Vec<String>> {
    Json(packs.map(|pack| HEXLOWER.encode(pack.as_uuid().as_bytes())).collect())
}

impl Store {
    /// The artifact, whoever owns it: the caller compares `user_id`.
    pub async fn artifact(&self, id: ArtifactId) -> Result<Option<Artifact>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&self.pool).await
    }

    /// Where those of `digests` lie that this owner has stored; the others are left out.
    pub async fn locate_blobs<'a>(
        &self,
        user: UserId,
        digests: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<BlobLocation>, sqlx::Error> {
        sqlx::query_as(LOCATE).bind(user).bind(hex(digests)).fetch_all(&self.pool).await
    }

    /// Records the SHA-1 of a blob that was stored without.
    pub async fn set_blob_sha1(&self, user: UserId, blake3: &[u8], sha1: &[u8; 20]) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(SET_SHA1).bind(user).bind(blake3).bind(&sha1[..])).await.map(drop)
    }
}

impl Tx {
    /// Records a committed artifact.
    pub async fn insert_artifact(&mut self, artifact: &Artifact, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT_ARTIFACT)
            .bind(artifact.id)
            .bind(artifact.user_id)
            .bind(&artifact.root)
            .bind(artifact.files)
            .bind(artifact.size_bytes)
            .bind(now)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Whether the artifact is (still) stored.
    pub async fn has_artifact(&mut self, id: ArtifactId) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HAS_ARTIFACT).bind(id).fetch_one(&mut *self.0).await
    }

    /// Positions of those of `digests` that this owner has not stored. Keeps the packs that hold the others until `until`;
    /// those that are kept until `enough` stay as they are.
    pub async fn keep_blobs<'a>(
        &mut self,
        user: UserId,
        digests: impl Iterator<Item = &'a [u8]>,
        enough: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<usize>, sqlx::Error> {
        let held: Vec<(Option<PackId>, Json<Vec<usize>>)> =
            sqlx::query_as(HELD).bind(user).bind(hex(digests)).fetch_all(&mut *self.0).await?;
        let packs = held.iter().filter_map(|(pack, _)| *pack);
        sqlx::query(KEEP_PACKS).bind(hex_ids(packs)).bind(enough).bind(until).execute(&mut *self.0).await?;
        Ok(held.into_iter().flat_map(|(_, Json(missing))| missing).collect())
    }

    /// Records which packs an artifact needs: from then on they stay. Answers how many of its blobs are stored;
    /// `digests` are distinct.
    pub async fn record_needed_packs<'a>(
        &mut self,
        user: UserId,
        artifact: ArtifactId,
        digests: impl Iterator<Item = &'a [u8]>,
    ) -> Result<i64, sqlx::Error> {
        let counts: Vec<(PackId, i64)> =
            sqlx::query_as(COUNT_BLOBS).bind(user).bind(hex(digests)).fetch_all(&mut *self.0).await?;
        let packs = hex_ids(counts.iter().map(|(pack, _)| *pack));
        sqlx::query(INSERT_NEEDED_PACKS).bind(artifact).bind(packs).execute(&mut *self.0).await?;
        sqlx::query(PACKS_RECORDED).bind(artifact).execute(&mut *self.0).await?;
        Ok(counts.iter().map(|(_, count)| count).sum())
    }

    /// Records a pack object and the blobs in it.
    pub async fn insert_pack(
        &mut self,
        user: UserId,
        pack: PackId,
        size_bytes: u64,
        blobs: &[StoredBlob],
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT_PACK)
            .bind(pack)
            .bind(user)
            .bind(i64::try_from(size_bytes).unwrap_or(i64::MAX))
            .bind(now)
            .execute(&mut *self.0)
            .await?;
        let mut blobs: Vec<_> = blobs.iter().collect();
        // As the table has them: whole pages are filled one after the other.
        blobs.sort_unstable_by_key(|blob| blob.blake3);
        let rows: Vec<_> = blobs
            .into_iter()
            .map(|blob| {
                json!([HEXLOWER.encode(&blob.blake3), blob.pack_offset, blob.size_bytes, HEXLOWER.encode(&blob.sha1)])
            })
            .collect();
        sqlx::query(INSERT_BLOBS).bind(user).bind(pack).bind(Json(rows)).execute(&mut *self.0).await.map(drop)
    }
}
