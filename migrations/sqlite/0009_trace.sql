-- The W3C trace context of the request that asked for a deployment, when it is traced.
ALTER TABLE deployments ADD COLUMN traceparent TEXT;
