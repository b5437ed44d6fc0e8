-- Keys that seal records. Each is sealed itself with the master key: that it opens is how a wrong
-- master key is noticed before anything is written. The id stands in the header of every record.
CREATE TABLE encryption_keys (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 4),
    sealed_key BLOB    NOT NULL,
    is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX encryption_keys_one_current ON encryption_keys (is_current) WHERE is_current = 1;

CREATE TABLE provider_credentials (
    id            BLOB    NOT NULL PRIMARY KEY,
    user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider      TEXT    NOT NULL,
    label         TEXT    NOT NULL,
    account       TEXT,
    scopes        TEXT    NOT NULL DEFAULT '[]',
    sealed_secret BLOB    NOT NULL,
    expires_at    INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (user_id, provider, label)
) STRICT;

-- Variables of a target. Values are sealed, whether they are secret or not: what may be shown again is
-- a matter of the API.
CREATE TABLE target_env_vars (
    id           BLOB    NOT NULL PRIMARY KEY,
    target_id    BLOB    NOT NULL REFERENCES deployment_targets (id) ON DELETE CASCADE,
    user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    environment  TEXT    NOT NULL CHECK (environment IN ('all', 'production', 'preview', 'staging')),
    scope        TEXT    NOT NULL CHECK (scope IN ('build', 'runtime')),
    is_secret    INTEGER NOT NULL CHECK (is_secret IN (0, 1)),
    sealed_value BLOB    NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (target_id, name, environment, scope)
) STRICT;
CREATE INDEX target_env_vars_by_user ON target_env_vars (user_id);

-- Grows with each change of the target's variables; a deployment keeps the one it was made with.
ALTER TABLE deployment_targets ADD COLUMN env_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployments ADD COLUMN env_version INTEGER;

-- A key is removed when no record needs it. Whoever still holds it in memory cannot seal anything
-- with it any more, so rotation and a running server cannot lose a record between them.
CREATE TRIGGER certificate_authorities_key_insert BEFORE INSERT ON certificate_authorities
WHEN NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_key, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER certificate_authorities_key_update BEFORE UPDATE OF sealed_key ON certificate_authorities
WHEN NEW.sealed_key IS NOT OLD.sealed_key
 AND NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_key, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER deployments_key_insert BEFORE INSERT ON deployments
WHEN NEW.sealed_build_env IS NOT NULL
 AND NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_build_env, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER deployments_key_update BEFORE UPDATE OF sealed_build_env ON deployments
WHEN NEW.sealed_build_env IS NOT NULL AND NEW.sealed_build_env IS NOT OLD.sealed_build_env
 AND NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_build_env, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER provider_credentials_key_insert BEFORE INSERT ON provider_credentials
WHEN NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_secret, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER provider_credentials_key_update BEFORE UPDATE OF sealed_secret ON provider_credentials
WHEN NEW.sealed_secret IS NOT OLD.sealed_secret
 AND NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_secret, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER target_env_vars_key_insert BEFORE INSERT ON target_env_vars
WHEN NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_value, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER target_env_vars_key_update BEFORE UPDATE OF sealed_value ON target_env_vars
WHEN NEW.sealed_value IS NOT OLD.sealed_value
 AND NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_value, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
