-- Times are microseconds since 1970 (UTC), ids are UUIDv7 as 16 bytes, JSON is text.

CREATE TABLE users (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

-- The token itself is shown once and never stored.
CREATE TABLE api_tokens (
    id           BLOB    NOT NULL PRIMARY KEY,
    user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    token_sha256 BLOB    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

CREATE TABLE certificate_authorities (
    id              BLOB    NOT NULL PRIMARY KEY,
    certificate_der BLOB    NOT NULL,
    sealed_key      BLOB    NOT NULL,
    created_at      INTEGER NOT NULL,
    not_after       INTEGER NOT NULL
) STRICT;

CREATE TABLE sandboxes (
    id            BLOB    NOT NULL PRIMARY KEY,
    user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    labels        TEXT    NOT NULL DEFAULT '{}',
    state         TEXT    NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'quarantined', 'revoked')),
    agent_version TEXT,
    -- Grows with each session; a message that belongs to an older one changes nothing.
    session_epoch INTEGER NOT NULL DEFAULT 0,
    last_seen_at  INTEGER,
    created_at    INTEGER NOT NULL,
    UNIQUE (user_id, name)
) STRICT;

CREATE TABLE enrollment_tokens (
    secret_sha256   BLOB    NOT NULL PRIMARY KEY,
    sandbox_id      BLOB    NOT NULL REFERENCES sandboxes (id) ON DELETE CASCADE,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER,
    -- Digest of the public key the token was used with: the same key may ask again.
    used_key_sha256 BLOB,
    used_serial     BLOB
) STRICT;
CREATE INDEX enrollment_tokens_by_sandbox ON enrollment_tokens (sandbox_id);

CREATE TABLE agent_certificates (
    serial     BLOB    NOT NULL PRIMARY KEY,
    sandbox_id BLOB    NOT NULL REFERENCES sandboxes (id) ON DELETE CASCADE,
    leaf_der   BLOB    NOT NULL,
    issued_at  INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX agent_certificates_by_sandbox ON agent_certificates (sandbox_id);

CREATE TABLE deployment_targets (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    config     TEXT    NOT NULL DEFAULT '{}',
    is_default INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (user_id, provider, name)
) STRICT;
CREATE INDEX deployment_targets_by_provider ON deployment_targets (provider);

CREATE TABLE deployments (
    id                  BLOB    NOT NULL PRIMARY KEY,
    user_id             BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sandbox_id          BLOB    NOT NULL REFERENCES sandboxes (id) ON DELETE CASCADE,
    target_id           BLOB    NOT NULL REFERENCES deployment_targets (id) ON DELETE RESTRICT,
    provider            TEXT    NOT NULL,
    environment         TEXT    NOT NULL CHECK (environment IN ('production', 'preview', 'staging')),
    status              TEXT    NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'building', 'uploading', 'deploying', 'success', 'failed', 'cancelled')),
    status_message      TEXT,
    deployment_url      TEXT,
    preview_url         TEXT,
    error_message       TEXT,
    metadata            TEXT    NOT NULL DEFAULT '{}',
    request             TEXT    NOT NULL DEFAULT '{}',
    -- The request's `env`, sealed; removed when the deployment ends.
    sealed_build_env    BLOB,
    dry_run             INTEGER NOT NULL DEFAULT 0,
    artifact_id         BLOB REFERENCES artifacts (id) ON DELETE RESTRICT,
    last_event_seq      INTEGER NOT NULL DEFAULT 0,
    -- What of the agent's log is stored, and what its `LogClosed` announced.
    log_bytes           INTEGER NOT NULL DEFAULT 0,
    log_lines           INTEGER NOT NULL DEFAULT 0,
    log_announced_bytes INTEGER,
    cancel_requested_at INTEGER,
    started_at          INTEGER,
    completed_at        INTEGER,
    created_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX deployments_by_sandbox ON deployments (sandbox_id, id);
CREATE INDEX deployments_by_user ON deployments (user_id, id);
CREATE INDEX deployments_by_status ON deployments (status);
CREATE INDEX deployments_by_created ON deployments (created_at DESC);

-- The last word on `DeploymentStatus::may_become`: whatever the code believes, no other move happens.
CREATE TRIGGER deployments_move
BEFORE UPDATE OF status ON deployments
WHEN NEW.status <> OLD.status
 AND NOT (OLD.status || '>' || NEW.status) IN (
    'pending>building',     'pending>deploying',   'pending>failed',   'pending>cancelled',
    'building>uploading',   'building>failed',     'building>cancelled',
    'uploading>deploying',  'uploading>failed',    'uploading>cancelled',
    'deploying>success',    'deploying>failed',    'deploying>cancelled')
BEGIN
    SELECT RAISE(ABORT, 'illegal deployment status change');
END;

CREATE TABLE deployment_steps (
    deployment_id  BLOB    NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    step           TEXT    NOT NULL CHECK (step IN ('prepare', 'install', 'build', 'package', 'upload', 'deploy')),
    state          TEXT    NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'running', 'done', 'skipped', 'failed', 'cancelled')),
    started_at     INTEGER,
    completed_at   INTEGER,
    progress_done  INTEGER,
    progress_total INTEGER,
    PRIMARY KEY (deployment_id, step)
) STRICT, WITHOUT ROWID;

-- A run of log lines: compressed, in order. `first_line` counts from 1 over the whole deployment.
CREATE TABLE log_segments (
    deployment_id BLOB    NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    first_line    INTEGER NOT NULL,
    line_count    INTEGER NOT NULL,
    content       BLOB    NOT NULL,
    PRIMARY KEY (deployment_id, first_line)
) STRICT;

CREATE TABLE artifacts (
    id          BLOB    NOT NULL PRIMARY KEY,
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL CHECK (kind IN ('tree')),
    root        BLOB    NOT NULL,
    files       INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE packs (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    size_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Where a blob lies. Per owner: whether somebody else has stored the same bytes must not be visible.
CREATE TABLE blobs (
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    blake3      BLOB    NOT NULL,
    pack_id     BLOB    NOT NULL REFERENCES packs (id) ON DELETE RESTRICT,
    pack_offset INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL,
    PRIMARY KEY (user_id, blake3)
) STRICT, WITHOUT ROWID;

-- Which deployments the `local` provider serves, and on which port.
CREATE TABLE local_sites (
    deployment_id BLOB    NOT NULL PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
    artifact_id   BLOB    NOT NULL REFERENCES artifacts (id) ON DELETE RESTRICT,
    port          INTEGER NOT NULL UNIQUE,
    routing       TEXT    NOT NULL CHECK (routing IN ('pages', 'single-page')),
    created_at    INTEGER NOT NULL
) STRICT;

-- Answers to POST requests with an `Idempotency-Key`, for a day. Without a status the first request
-- is still under way.
CREATE TABLE idempotency_keys (
    caller_sha256  BLOB    NOT NULL,
    key            TEXT    NOT NULL,
    request_sha256 BLOB    NOT NULL,
    status         INTEGER,
    body           BLOB,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (caller_sha256, key)
) STRICT, WITHOUT ROWID;
