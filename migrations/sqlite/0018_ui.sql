-- When the agent says that a step began, by the same clock as its log lines; and the first line of the log that was
-- written then or later. Steps and lines come by different ways, so the line is found when it is stored.
ALTER TABLE deployment_steps ADD COLUMN agent_started_at INTEGER;
ALTER TABLE deployment_steps ADD COLUMN first_line INTEGER;

-- Who asked for it; nobody once they are gone, or when it was not a request.
ALTER TABLE deployments ADD COLUMN created_by BLOB REFERENCES users (id) ON DELETE SET NULL;
CREATE INDEX deployments_by_creator ON deployments (created_by) WHERE created_by IS NOT NULL;

-- A history that shows only what failed, or only one target.
CREATE INDEX deployments_by_user_status ON deployments (user_id, status, id);
CREATE INDEX deployments_by_user_target ON deployments (user_id, target_id, id);
