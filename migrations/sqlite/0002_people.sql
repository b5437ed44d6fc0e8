-- People and teams. A team is an account beside the people: its row in `users` owns records exactly as
-- a person's does, so names stay unique and stored files stay shared within one owner, whoever that is.
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'team'));
-- Of the installation, not of a team.
ALTER TABLE users ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0;
-- Argon2id, as a PHC string.
ALTER TABLE users ADD COLUMN password_hash TEXT;
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
-- Whom the command line, `bootstrap_token` and `up` acted for until now.
UPDATE users SET is_admin = 1 WHERE name IN ('admin', 'local');

-- Until now every token could do everything.
ALTER TABLE api_tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'admin';
-- A token that was made with another one ends with it.
ALTER TABLE api_tokens ADD COLUMN parent_id BLOB REFERENCES api_tokens (id) ON DELETE CASCADE;
CREATE INDEX api_tokens_by_parent ON api_tokens (parent_id);

-- The team's row in `users` has the same id, and the name `team:<id>`, which no person can have.
CREATE TABLE teams (
    id            BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    -- Whose word the members are, for a team that an issuer of trusted JWTs keeps.
    issuer        TEXT,
    external_name TEXT,
    created_at    INTEGER NOT NULL,
    UNIQUE (issuer, external_name)
) STRICT;

CREATE TABLE team_members (
    team_id    BLOB    NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL CHECK (role IN ('viewer', 'deployer', 'maintainer', 'admin')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_members_by_user ON team_members (user_id);

-- Who a person is at an issuer (OpenID Connect, trusted JWTs): never matched by name or e-mail address.
CREATE TABLE user_identities (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_identities_by_user ON user_identities (user_id);

CREATE TABLE sessions (
    secret_sha256 BLOB    NOT NULL PRIMARY KEY,
    user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at    INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id);

-- `setup` makes the first person with a password, `sign-in` signs in the user it names. Deleted when used.
CREATE TABLE one_time_links (
    secret_sha256 BLOB    NOT NULL PRIMARY KEY,
    purpose       TEXT    NOT NULL CHECK (purpose IN ('setup', 'sign-in')),
    user_id       BLOB REFERENCES users (id) ON DELETE CASCADE,
    expires_at    INTEGER NOT NULL,
    CHECK ((purpose = 'sign-in') = (user_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Sign-ins under way at the OpenID Connect issuer. Verifier and nonce are derived from the secret in the
-- browser's cookie and stored nowhere.
CREATE TABLE oidc_attempts (
    state_sha256   BLOB    NOT NULL PRIMARY KEY,
    browser_sha256 BLOB    NOT NULL,
    return_to      TEXT    NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
