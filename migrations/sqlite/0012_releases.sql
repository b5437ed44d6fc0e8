-- For whom a deployment waits at its provider: `{"text", "url"}`, until it goes on.
ALTER TABLE deployments ADD COLUMN waiting_on TEXT CHECK (waiting_on IS NULL OR json_valid(waiting_on));

-- SHA-1 of a blob's bytes, by which some providers know files. Computed while it is stored; absent from blobs
-- that were stored before, until a provider asks for it.
ALTER TABLE blobs ADD COLUMN sha1 BLOB CHECK (sha1 IS NULL OR length(sha1) = 20);

-- When the provider last said something of a release that it has taken, and when it last said that it waits for
-- somebody: limits count from there.
ALTER TABLE provider_calls ADD COLUMN heard_at     INTEGER;
ALTER TABLE provider_calls ADD COLUMN waited_until INTEGER;
