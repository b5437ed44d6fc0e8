-- What is still to be told to git hosts: that a commit which was pushed from a sandbox has been deployed from there, or
-- could not be. Written together with the end of the deployment; a row goes when it has been told, or given up.
CREATE TABLE commit_reports (
    deployment_id BLOB    NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    -- Where the commit was pushed to.
    target_id     BLOB    NOT NULL REFERENCES deployment_targets (id) ON DELETE CASCADE,
    commit_name   TEXT    NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    -- When it may be tried next; whoever tries moves this on first.
    next_at       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, target_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX commit_reports_by_time ON commit_reports (next_at);
