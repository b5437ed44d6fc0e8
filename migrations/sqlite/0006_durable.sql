-- Who advances a deployment, and until when it is believed without a sign of life. The epoch grows with
-- each claim: what a former holder still writes carries an older one and changes nothing.
-- A claim that lies in the future without a holder holds a deployment back until then.
CREATE TABLE leases (
    deployment_id BLOB    NOT NULL PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
    holder        BLOB,
    epoch         INTEGER NOT NULL DEFAULT 0,
    expires_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_expiry ON leases (expires_at);

INSERT INTO leases (deployment_id, expires_at)
    SELECT id, 0 FROM deployments WHERE status IN ('pending', 'building', 'uploading', 'deploying');

-- Each call that changes something at a provider: written before it is made (`intent`), and again with what
-- came of it. An intent without an outcome is resolved by asking the provider, before anything is repeated.
CREATE TABLE provider_calls (
    deployment_id   BLOB    NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    operation       TEXT    NOT NULL CHECK (operation IN ('deploy', 'cancel')),
    attempt         INTEGER NOT NULL,
    state           TEXT    NOT NULL DEFAULT 'intent' CHECK (state IN ('intent', 'done', 'failed', 'unknown')),
    -- The same for every attempt, so that a provider that knows such keys answers what it made before.
    idempotency_key TEXT    NOT NULL,
    -- What was to be published: the root of the artifact.
    intent_digest   BLOB    NOT NULL,
    -- What the provider calls what it made.
    provider_ref    TEXT,
    detail          TEXT,
    lease_epoch     INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    PRIMARY KEY (deployment_id, operation, attempt)
) STRICT, WITHOUT ROWID;

-- The request that made it (`Idempotency-Key`), so that the same request makes no second one, whatever died.
ALTER TABLE deployments ADD COLUMN request_key BLOB;
CREATE UNIQUE INDEX deployments_by_request_key ON deployments (request_key) WHERE request_key IS NOT NULL;

-- What the agent's log must amount to, and what of it was never kept.
ALTER TABLE deployments ADD COLUMN log_announced_lines  INTEGER;
ALTER TABLE deployments ADD COLUMN log_announced_blake3 BLOB;
ALTER TABLE deployments ADD COLUMN log_dropped_bytes    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployments ADD COLUMN log_dropped_lines    INTEGER NOT NULL DEFAULT 0;

-- Whether the log has got its final form; those that are due to get it are found by this index.
ALTER TABLE deployments ADD COLUMN log_is_finished      INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deployments_by_unfinished_log ON deployments (completed_at)
    WHERE log_is_finished = 0 AND completed_at IS NOT NULL;

-- The log of an ended deployment, in one object of the blob store instead of segments.
CREATE TABLE finished_logs (
    deployment_id BLOB    NOT NULL PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
    -- Of the object.
    size_bytes    INTEGER NOT NULL,
    -- Where in it which lines are.
    runs          BLOB    NOT NULL,
    -- Pieces of lines in it, those of the control plane included. Later ones are segments.
    lines         INTEGER NOT NULL,
    -- Of the agent's part of the log, as stored; bytes, lines and digest are compared with what it announced.
    agent_bytes   INTEGER NOT NULL,
    agent_lines   INTEGER NOT NULL,
    agent_blake3  BLOB    NOT NULL,
    is_complete   INTEGER NOT NULL,
    finished_at   INTEGER NOT NULL
) STRICT;
