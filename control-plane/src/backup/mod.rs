//! Backups: a copy of the database and of every object it needs, taken while the server runs.
//!
//! A backup is a directory: `slipway.db`, the objects under `blobs/`, and `backup.json`, which lists each file with
//! its size and BLAKE3 digest; the digest of that list is in `backup.json.blake3`. The database is copied first, at
//! one moment; then what that copy refers to, which [`retention`](crate::retention) holds back from being collected.
//! The directory has its name only once it is whole.
//!
//! The master key is never in it, so that a backup alone opens nothing that is sealed. A backup is the operator's
//! own; its names are checked all the same, and nothing in it is a path that is followed.

mod create;
mod inventory;
mod restore;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub use create::create;
pub use inventory::{Inventory, verify};
pub use restore::{Restored, restore};

/// Read and digested at once.
const CHUNK_BYTES: usize = 256 * 1024;
const DATABASE: &str = "slipway.db";
const BLOBS: &str = "blobs";

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Files, the database included.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// Copies to the end; answers how much it was and its digest in hexadecimal.
fn copy_digesting(mut from: impl Read, mut to: impl Write) -> io::Result<(u64, String)> {
    let (mut digest, mut bytes, mut chunk) = (blake3::Hasher::new(), 0, vec![0; CHUNK_BYTES]);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok((bytes, digest.finalize().to_hex().to_string()));
        }
        digest.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
        bytes += read as u64;
    }
}

/// A new file that only its owner reads.
fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes the names in a directory durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The directory that a path is in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
