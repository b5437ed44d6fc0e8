-- What was changed, or was to be, by whom, from where. Two commits for a change through the API: the
-- intent before it begins, the outcome when it has ended. A row whose outcome stays NULL is that of a
-- change during which the server stopped. Nothing here refers to another table: a row outlives what it
-- is about.
CREATE TABLE audit_log (
    -- UUIDv7 of the time in `at`, so that going through the ids is going through time.
    id             BLOB    NOT NULL PRIMARY KEY,
    at             INTEGER NOT NULL,
    -- A stable word like `target.create`.
    action         TEXT    NOT NULL,
    actor_kind     TEXT    NOT NULL CHECK (actor_kind IN ('user', 'anonymous', 'command_line', 'agent', 'system')),
    -- The user, or the agent's sandbox.
    actor_id       BLOB,
    actor_name     TEXT,
    signed_in_with TEXT CHECK (signed_in_with IN ('token', 'session', 'trusted_jwt')),
    token_id       BLOB,
    address        TEXT,
    request_id     BLOB,
    -- The person or team whose record it is about; NULL when it is nobody's, or was never found out.
    account_id     BLOB,
    subject_kind   TEXT,
    subject_id     BLOB,
    -- Names of what changed, never values of secrets.
    details        TEXT    NOT NULL DEFAULT '{}' CHECK (length(details) <= 16384),
    outcome        TEXT CHECK (outcome IN ('done', 'denied', 'failed')),
    error_code     TEXT,
    completed_at   INTEGER,
    CHECK ((outcome IS NULL) = (completed_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_by_account ON audit_log (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_by_subject ON audit_log (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_log_by_request ON audit_log (request_id) WHERE request_id IS NOT NULL;

-- Rows older than this may be deleted; set by what deletes them (`audit.retention_days`).
CREATE TABLE audit_retention (
    only_row   INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    kept_since INTEGER NOT NULL
) STRICT;
INSERT INTO audit_retention (only_row, kept_since) VALUES (1, 0);

-- Append-only, whatever the code tries: who did what stays, an outcome is said once, nothing goes before its time.
CREATE TRIGGER audit_log_outcome_once BEFORE UPDATE ON audit_log
WHEN OLD.outcome IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the outcome of an audit row is final'); END;
CREATE TRIGGER audit_log_intent_stays
BEFORE UPDATE OF id, at, action, actor_kind, actor_id, actor_name, signed_in_with, token_id, address, request_id
ON audit_log
BEGIN SELECT RAISE(ABORT, 'the intent of an audit row is final'); END;
CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log
WHEN OLD.at >= (SELECT kept_since FROM audit_retention)
BEGIN SELECT RAISE(ABORT, 'this audit row is kept'); END;
CREATE TRIGGER audit_retention_moves_on BEFORE UPDATE ON audit_retention
WHEN NEW.kept_since < OLD.kept_since
BEGIN SELECT RAISE(ABORT, 'the end of the audit log does not come back'); END;
CREATE TRIGGER audit_retention_stays BEFORE DELETE ON audit_retention
BEGIN SELECT RAISE(ABORT, 'the end of the audit log does not come back'); END;
