-- The account at the provider that a target's deployments are made with; without one it has to be connected again.
ALTER TABLE deployment_targets ADD COLUMN credentials_id BLOB REFERENCES provider_credentials (id) ON DELETE SET NULL;
CREATE INDEX deployment_targets_by_credential ON deployment_targets (credentials_id) WHERE credentials_id IS NOT NULL;
