-- What Cloudflare Pages calls the files that lie in a pack, all those with one extension together: ten thousand rows
-- cost more than to compute what is in them. Of each file 24 bytes: where it begins in the pack, and the digest.
-- What was known before is computed again when it is next needed.
DROP TABLE asset_digests;
CREATE TABLE asset_digests (
    pack_id   BLOB NOT NULL REFERENCES packs (id) ON DELETE CASCADE,
    extension TEXT NOT NULL,
    digests   BLOB NOT NULL CHECK (length(digests) % 24 = 0),
    PRIMARY KEY (pack_id, extension)
) STRICT;
