-- Which packs an artifact needs. A pack that none needs is collected; one that is needed cannot be deleted.
CREATE TABLE artifact_packs (
    artifact_id BLOB NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    pack_id     BLOB NOT NULL REFERENCES packs (id),
    PRIMARY KEY (artifact_id, pack_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_packs_by_pack ON artifact_packs (pack_id);

-- Whether they are recorded. Those of artifacts from before this table are found out from their manifests.
ALTER TABLE artifacts ADD COLUMN packs_recorded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX artifacts_unrecorded ON artifacts (id) WHERE packs_recorded = 0;

-- An agent was told that it need not send what lies in this pack; until then it has time to commit.
ALTER TABLE packs ADD COLUMN kept_until INTEGER NOT NULL DEFAULT 0;
CREATE INDEX blobs_by_pack ON blobs (pack_id);

-- What keeps an artifact.
CREATE INDEX deployments_by_artifact ON deployments (artifact_id) WHERE artifact_id IS NOT NULL;
CREATE INDEX local_sites_by_artifact ON local_sites (artifact_id);
CREATE INDEX deployments_released ON deployments (target_id, environment, completed_at)
    WHERE status = 'success' AND dry_run = 0;

-- When the log was removed because of its age; the deployment stays.
ALTER TABLE deployments ADD COLUMN log_removed_at INTEGER;
CREATE INDEX deployments_with_log ON deployments (completed_at) WHERE log_is_finished = 1 AND log_removed_at IS NULL;

-- While a backup copies what it has seen in the database, nothing of it may go.
CREATE TABLE collection_holds (
    holder     BLOB    NOT NULL PRIMARY KEY,
    held_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
