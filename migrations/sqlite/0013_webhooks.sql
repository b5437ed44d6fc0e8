-- Ways by which a provider may tell that something has happened: one for a target, or one for a single deployment.
CREATE TABLE deployment_webhooks (
    id               BLOB    NOT NULL PRIMARY KEY,
    user_id          BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider         TEXT    NOT NULL,
    target_id        BLOB    UNIQUE REFERENCES deployment_targets (id) ON DELETE CASCADE,
    deployment_id    BLOB    UNIQUE REFERENCES deployments (id) ON DELETE CASCADE,
    -- What the provider calls it, where we have registered it ourselves.
    external_id      TEXT,
    -- How deliveries are proven, and with what.
    scheme           TEXT    NOT NULL CHECK (scheme IN ('signature', 'token')),
    sealed_secret    BLOB    NOT NULL,
    -- That of a deployment ends an hour after it.
    expires_at       INTEGER,
    created_at       INTEGER NOT NULL,
    last_delivery_at INTEGER,
    CHECK ((target_id IS NULL) <> (deployment_id IS NULL)),
    UNIQUE (provider, external_id)
) STRICT;
CREATE INDEX deployment_webhooks_by_expiry ON deployment_webhooks (expires_at) WHERE expires_at IS NOT NULL;

CREATE TRIGGER deployment_webhooks_key_insert BEFORE INSERT ON deployment_webhooks
WHEN NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_secret, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;
CREATE TRIGGER deployment_webhooks_key_update BEFORE UPDATE OF sealed_secret ON deployment_webhooks
WHEN NEW.sealed_secret IS NOT OLD.sealed_secret
 AND NOT EXISTS (SELECT 1 FROM encryption_keys WHERE id = substr(NEW.sealed_secret, 2, 4))
BEGIN SELECT RAISE(ABORT, 'sealed with a key that was removed'); END;

-- Deliveries that were taken, so that none counts twice.
CREATE TABLE webhook_deliveries (
    webhook_id  BLOB    NOT NULL REFERENCES deployment_webhooks (id) ON DELETE CASCADE,
    -- SHA-256 of what makes it this delivery and no other.
    digest      BLOB    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (received_at);
