-- Accounts at providers: how they were connected, whom they are at the provider, whether they work.
ALTER TABLE provider_credentials ADD COLUMN kind TEXT NOT NULL DEFAULT 'token' CHECK (kind IN ('token', 'oauth'));
ALTER TABLE provider_credentials ADD COLUMN account_id TEXT;
-- Why the account has to be connected again; NULL while it works as far as we know.
ALTER TABLE provider_credentials ADD COLUMN broken TEXT;
-- Grows with every new secret: two who refresh at the same time do not overwrite each other.
ALTER TABLE provider_credentials ADD COLUMN version INTEGER NOT NULL DEFAULT 0;

-- Connecting an account while a person is away at the provider: the web flow, found by the state that comes back,
-- and the device flow, found by the handle we gave out. Of both only digests are here. What we must present to the
-- provider is sealed: the verifier of PKCE, or the provider's device code.
CREATE TABLE account_flows (
    id             BLOB    NOT NULL PRIMARY KEY,
    kind           TEXT    NOT NULL CHECK (kind IN ('web', 'device')),
    handle_sha256  BLOB    NOT NULL UNIQUE,
    -- Who began, and in which session; only they can go on.
    user_id        BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_sha256 BLOB,
    -- Whom the account is for: the person, or a team.
    owner_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider       TEXT    NOT NULL,
    label          TEXT,
    return_to      TEXT    NOT NULL,
    sealed_secret  BLOB    NOT NULL,
    -- Of the device flow: microseconds between two questions, and when the next may be asked.
    interval       INTEGER NOT NULL,
    next_poll_at   INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX account_flows_by_user ON account_flows (user_id, expires_at);

CREATE TRIGGER account_flows_key_insert BEFORE INSERT ON account_flows
WHEN NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_secret, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER account_flows_key_update BEFORE UPDATE OF sealed_secret ON account_flows
WHEN NEW.sealed_secret IS NOT OLD.sealed_secret
 AND NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_secret, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
