-- When the agent says that a step began: by the same clock as the lines of its log, so that a line can be said to be
-- of a step.
ALTER TABLE deployment_steps ADD COLUMN agent_started_at INTEGER;

-- A history that shows only what failed, or only one target.
CREATE INDEX deployments_by_user_status ON deployments (user_id, status, id);
CREATE INDEX deployments_by_user_target ON deployments (user_id, target_id, id);
