//! What may be collected, and its deletion. Each function here is one short transaction, or part of one, which
//! looks again at what it is about to delete: whatever was found out before may have changed.

use sqlx::types::Json;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{ArtifactId, BackupId, DeploymentId, PackId};

/// What keeps artifacts, at one moment.
#[derive(Debug, Clone, Copy)]
pub struct ArtifactRules {
    /// Artifacts made since then are kept, whoever refers to them: what refers to them may be about to.
    pub made_since: Timestamp,
    /// So are those of deployments that ended since then.
    pub ended_since: Timestamp,
    /// So are those of as many releases of each target and environment, the newest first; `None` for all.
    pub releases: Option<i64>,
}

// The rules are $2 to $4. How many releases are newer is counted only as far as it matters.
macro_rules! collectable {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " a.created_at < $2 AND NOT EXISTS (SELECT 1 FROM local_sites AS site WHERE site.artifact_id = a.id)
              AND NOT EXISTS (
                SELECT 1 FROM deployments AS d WHERE d.artifact_id = a.id AND (
                    d.completed_at IS NULL OR d.completed_at >= $3
                    OR (d.status = 'success' AND d.dry_run = 0 AND ($4 IS NULL OR $4 > (
                        SELECT COUNT(*) FROM (
                            SELECT 1 FROM deployments AS newer
                            WHERE newer.target_id = d.target_id AND newer.environment = d.environment
                              AND newer.status = 'success' AND newer.dry_run = 0
                              AND newer.completed_at > d.completed_at
                            LIMIT COALESCE($4, 0)))))))",
            $after
        )
    };
}

const COLLECTABLE: &str =
    collectable!("SELECT a.id FROM artifacts AS a WHERE a.id > COALESCE($1, x'') AND", " ORDER BY a.id LIMIT $5");
const STILL_COLLECTABLE: &str =
    collectable!("SELECT a.id FROM artifacts AS a WHERE a.id IN (SELECT unhex(value) FROM json_each($1)) AND", "");
const FORGET_ARTIFACTS: &str = "
    UPDATE deployments SET artifact_id = NULL WHERE artifact_id IN (SELECT unhex(value) FROM json_each($1))";
const DELETE_ARTIFACTS: &str = "DELETE FROM artifacts WHERE id IN (SELECT unhex(value) FROM json_each($1))";

macro_rules! unneeded {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " created_at < $2 AND kept_until < $3
              AND NOT EXISTS (SELECT 1 FROM artifact_packs WHERE pack_id = packs.id)",
            $after
        )
    };
}

const UNNEEDED_PACKS: &str =
    unneeded!("SELECT id, size_bytes FROM packs WHERE id > COALESCE($1, x'') AND", " ORDER BY id LIMIT $4");
const STILL_UNNEEDED: &str = unneeded!("SELECT EXISTS (SELECT 1 FROM packs WHERE id = $1 AND", ")");
const DELETE_BLOBS: &str = "
    DELETE FROM blobs WHERE (user_id, blake3) IN (SELECT user_id, blake3 FROM blobs WHERE pack_id = $1 LIMIT $2)";
const DELETE_PACK: &str = "DELETE FROM packs WHERE id = $1";

const UNRECORDED: &str = "SELECT id FROM artifacts WHERE packs_recorded = 0 ORDER BY id LIMIT $1";

const OLD_LOGS: &str = "
    SELECT id FROM deployments WHERE log_is_finished = 1 AND log_removed_at IS NULL AND completed_at < $1
    ORDER BY completed_at LIMIT $2";
const DELETE_FINISHED_LOG: &str = "DELETE FROM finished_logs WHERE deployment_id = $1 RETURNING size_bytes";
const DELETE_SEGMENTS: &str = "DELETE FROM log_segments WHERE deployment_id = $1";
const LOG_REMOVED: &str = "UPDATE deployments SET log_removed_at = $2 WHERE id = $1 AND log_removed_at IS NULL";

const KNOWN_PACKS: &str = "SELECT lower(hex(id)) FROM packs WHERE id IN (SELECT unhex(value) FROM json_each($1))";
const KNOWN_MANIFESTS: &str =
    "SELECT lower(hex(id)) FROM artifacts WHERE id IN (SELECT unhex(value) FROM json_each($1))";
// One that is not finished is about to be: its object may be written before its row is.
const KNOWN_LOGS: &str = "
    SELECT lower(hex(id)) FROM deployments
    WHERE id IN (SELECT unhex(value) FROM json_each($1))
      AND (log_is_finished = 0 OR EXISTS (SELECT 1 FROM finished_logs WHERE deployment_id = deployments.id))";

const HOLD: &str = "
    INSERT INTO collection_holds (holder, held_until) VALUES ($1, $2)
    ON CONFLICT (holder) DO UPDATE SET held_until = excluded.held_until";
const RELEASE: &str = "DELETE FROM collection_holds WHERE holder = $1 OR held_until < $2";
const IS_HELD: &str = "SELECT EXISTS (SELECT 1 FROM collection_holds WHERE held_until >= $1)";

/// Kinds of objects in the blob store, each with the records that need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// Bytes of files.
    Pack,
    /// What an artifact is made of.
    Manifest,
    /// What a build printed.
    Log,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Pack, Self::Manifest, Self::Log];

    /// The folder they lie in.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Pack => "packs",
            Self::Manifest => "manifests",
            Self::Log => "logs",
        }
    }
}

fn hex(id: uuid::Uuid) -> String {
    id.simple().to_string()
}

fn list(ids: &[ArtifactId]) -> Json<Vec<String>> {
    Json(ids.iter().map(|id| hex(*id.as_uuid())).collect())
}

impl Store {
    /// Artifacts after this one that nothing keeps, in the order of their ids.
    pub async fn collectable_artifacts(
        &self,
        after: Option<ArtifactId>,
        rules: &ArtifactRules,
        limit: i64,
    ) -> Result<Vec<ArtifactId>, sqlx::Error> {
        sqlx::query_scalar(COLLECTABLE)
            .bind(after)
            .bind(rules.made_since)
            .bind(rules.ended_since)
            .bind(rules.releases)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
    }

    /// Packs after this one that no artifact needs and no upload counts on, with their sizes.
    pub async fn unneeded_packs(
        &self,
        after: Option<PackId>,
        made_before: Timestamp,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<(PackId, i64)>, sqlx::Error> {
        sqlx::query_as(UNNEEDED_PACKS).bind(after).bind(made_before).bind(now).bind(limit).fetch_all(&self.pool).await
    }

    /// Artifacts of which is not recorded which packs they need.
    pub async fn artifacts_without_packs(&self, limit: i64) -> Result<Vec<ArtifactId>, sqlx::Error> {
        sqlx::query_scalar(UNRECORDED).bind(limit).fetch_all(&self.pool).await
    }

    /// Deployments that ended before `before` and whose finished log is still here, the oldest first.
    pub async fn old_logs(&self, before: Timestamp, limit: i64) -> Result<Vec<DeploymentId>, sqlx::Error> {
        sqlx::query_scalar(OLD_LOGS).bind(before).bind(limit).fetch_all(&self.pool).await
    }

    /// Those of the objects that a record needs, or is about to.
    pub async fn needed_objects(&self, kind: ObjectKind, ids: &[uuid::Uuid]) -> Result<Vec<uuid::Uuid>, sqlx::Error> {
        let sql = match kind {
            ObjectKind::Pack => KNOWN_PACKS,
            ObjectKind::Manifest => KNOWN_MANIFESTS,
            ObjectKind::Log => KNOWN_LOGS,
        };
        let ids: Vec<String> = ids.iter().copied().map(hex).collect();
        let found: Vec<String> = sqlx::query_scalar(sql).bind(Json(ids)).fetch_all(&self.pool).await?;
        Ok(found.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Lets nothing be collected until then; the same backup may say so again.
    pub async fn hold_collection(&self, backup: BackupId, until: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(HOLD).bind(backup).bind(until)).await.map(drop)
    }

    /// Ends a backup's hold, and forgets those that have run out.
    pub async fn release_collection(&self, backup: BackupId, now: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(RELEASE).bind(backup).bind(now)).await.map(drop)
    }

    /// Whether a backup holds everything where it is.
    pub async fn is_collection_held(&self, now: Timestamp) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(IS_HELD).bind(now).fetch_one(&self.pool).await
    }
}

impl Tx {
    /// The same as part of a transaction: a hold that comes later finds the records gone.
    pub async fn is_collection_held(&mut self, now: Timestamp) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(IS_HELD).bind(now).fetch_one(&mut *self.0).await
    }

    /// Deletes those of the artifacts that nothing keeps; answers which. Their deployments stay without one.
    pub async fn delete_artifacts(
        &mut self,
        ids: &[ArtifactId],
        rules: &ArtifactRules,
    ) -> Result<Vec<ArtifactId>, sqlx::Error> {
        let ids: Vec<ArtifactId> = sqlx::query_scalar(STILL_COLLECTABLE)
            .bind(list(ids))
            .bind(rules.made_since)
            .bind(rules.ended_since)
            .bind(rules.releases)
            .fetch_all(&mut *self.0)
            .await?;
        sqlx::query(FORGET_ARTIFACTS).bind(list(&ids)).execute(&mut *self.0).await?;
        sqlx::query(DELETE_ARTIFACTS).bind(list(&ids)).execute(&mut *self.0).await?;
        Ok(ids)
    }

    /// Deletes up to `limit` entries of a pack that is not needed, and the pack when there were fewer. Answers how
    /// many; `None` when it is needed after all.
    pub async fn delete_pack(
        &mut self,
        id: PackId,
        made_before: Timestamp,
        now: Timestamp,
        limit: i64,
    ) -> Result<Option<i64>, sqlx::Error> {
        let unneeded = sqlx::query_scalar(STILL_UNNEEDED).bind(id).bind(made_before).bind(now);
        if !unneeded.fetch_one(&mut *self.0).await? {
            return Ok(None);
        }
        let deleted = sqlx::query(DELETE_BLOBS).bind(id).bind(limit).execute(&mut *self.0).await?.rows_affected();
        let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
        if deleted < limit {
            sqlx::query(DELETE_PACK).bind(id).execute(&mut *self.0).await?;
        }
        Ok(Some(deleted))
    }

    /// Removes the log of an ended deployment and leaves a line that says so. Answers the bytes of its object,
    /// which is the caller's to delete once this is committed; `None` when the log has been removed before.
    pub async fn remove_log(
        &mut self,
        id: DeploymentId,
        notice: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, anyhow::Error> {
        if sqlx::query(LOG_REMOVED).bind(id).bind(now).execute(&mut *self.0).await?.rows_affected() == 0 {
            return Ok(None);
        }
        let size: Option<i64> = sqlx::query_scalar(DELETE_FINISHED_LOG).bind(id).fetch_optional(&mut *self.0).await?;
        sqlx::query(DELETE_SEGMENTS).bind(id).execute(&mut *self.0).await?;
        self.append_system_line(id, notice, now).await?;
        Ok(Some(size.unwrap_or(0)))
    }
}
