-- Whether we enter a hook at its provider, noted before we do: it may be there although its answer never came here.
ALTER TABLE deployment_webhooks ADD COLUMN is_entered INTEGER NOT NULL DEFAULT 0 CHECK (is_entered IN (0, 1));
UPDATE deployment_webhooks SET is_entered = 1 WHERE external_id IS NOT NULL;
