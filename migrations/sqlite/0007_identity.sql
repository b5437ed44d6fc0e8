-- A certificate is pending until it is first used; then the one before it is superseded. All that follow from
-- one enrolment are one lineage: its first serial. A superseded serial that comes back within its lineage means
-- that two agents have one identity.
ALTER TABLE agent_certificates ADD COLUMN lineage       BLOB NOT NULL DEFAULT x'';
ALTER TABLE agent_certificates ADD COLUMN first_used_at INTEGER;
ALTER TABLE agent_certificates ADD COLUMN superseded_at INTEGER;
-- Which of these replaced which was not recorded: those of a sandbox are one lineage, and none is superseded.
UPDATE agent_certificates SET lineage = sandbox_id, first_used_at = issued_at;
CREATE INDEX agent_certificates_by_end ON agent_certificates (not_after);

-- The root certifies intermediates, which sign for agents and for the gateway itself. An intermediate signs
-- from `active_from` on, until a later one does.
ALTER TABLE certificate_authorities ADD COLUMN kind TEXT NOT NULL DEFAULT 'root'
    CHECK (kind IN ('root', 'intermediate'));
ALTER TABLE certificate_authorities ADD COLUMN active_from INTEGER NOT NULL DEFAULT 0;

-- Who must be cut off, in order, whoever wrote it: gateways read what follows the last they know, each second.
-- Without a serial it is every connection of the sandbox.
CREATE TABLE agent_revocations (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    sandbox_id BLOB    NOT NULL,
    serial     BLOB,
    at         INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER))
) STRICT;

CREATE TRIGGER sandboxes_revoked AFTER UPDATE OF state ON sandboxes
WHEN NEW.state <> 'active'
BEGIN INSERT INTO agent_revocations (sandbox_id) VALUES (NEW.id); END;
CREATE TRIGGER sandboxes_deleted AFTER DELETE ON sandboxes
BEGIN INSERT INTO agent_revocations (sandbox_id) VALUES (OLD.id); END;
CREATE TRIGGER agent_certificates_revoked AFTER UPDATE OF revoked_at ON agent_certificates
WHEN NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL
BEGIN INSERT INTO agent_revocations (sandbox_id, serial) VALUES (NEW.sandbox_id, NEW.serial); END;
