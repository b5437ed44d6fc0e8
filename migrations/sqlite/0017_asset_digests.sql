-- What Cloudflare Pages calls a file: a digest of its bytes in Base64 and of the extension of its name, so one for each
-- extension under which a blob is published. Computed when somebody first publishes it there.
CREATE TABLE asset_digests (
    user_id   BLOB NOT NULL,
    blake3    BLOB NOT NULL,
    extension TEXT NOT NULL,
    digest    BLOB NOT NULL CHECK (length(digest) = 16),
    PRIMARY KEY (user_id, blake3, extension),
    FOREIGN KEY (user_id, blake3) REFERENCES blobs (user_id, blake3) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
