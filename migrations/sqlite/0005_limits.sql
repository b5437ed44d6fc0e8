-- Deployments that were started in a day (days since 1970, UTC), whether or not they still exist:
-- deleting one gives nothing back.
CREATE TABLE deployment_counts (
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day         INTEGER NOT NULL,
    deployments INTEGER NOT NULL,
    PRIMARY KEY (user_id, day)
) STRICT, WITHOUT ROWID;

-- How many wait or run is asked before each one that is started.
CREATE INDEX deployments_unfinished ON deployments (user_id)
WHERE status IN ('pending', 'building', 'uploading', 'deploying');
