//! Digests of files that have not changed since they were last packaged, so that publishing a tree
//! again costs a look at each file instead of reading it. As git does it: a file is the same when the
//! system says that neither its content nor its inode was touched.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

/// A file touched this shortly before it was read could be touched again without a new time.
const SETTLED_MS: i64 = 2_000;

/// What changes when a file is written to. The last, `ctime`, cannot be set by the file's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size_bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size_bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The digests of the tree that was packaged last: at most as many as an artifact has files.
#[derive(Default)]
pub(crate) struct KnownDigests(Mutex<HashMap<Stamp, blake3::Hash>>);

impl KnownDigests {
    /// The digest of a file with this stamp.
    pub(super) fn find(&self, stamp: &Stamp) -> Option<blake3::Hash> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(stamp).copied()
    }

    /// Reads everything next time: something was not what it was believed to be.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Replaces what is known. `read_at_unix_ms` is when reading began.
    pub(super) fn replace(&self, digests: impl Iterator<Item = (Stamp, blake3::Hash)>, read_at_unix_ms: i64) {
        let settled = (read_at_unix_ms - SETTLED_MS) / 1000;
        let is_settled = |stamp: &Stamp| stamp.changed.0 < settled && stamp.modified.0 < settled;
        let known = digests.filter(|(stamp, _)| is_settled(stamp)).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::clock::now_unix_ms;

    #[test]
    fn only_settled_and_untouched_files_are_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "one").unwrap();
        let stamp = || Stamp::of(&path.symlink_metadata().unwrap());
        let (known, digest) = (KnownDigests::default(), blake3::hash(b"one"));
        known.replace([(stamp(), digest)].into_iter(), now_unix_ms());
        assert_eq!(known.find(&stamp()), None, "touched a moment ago");
        known.replace([(stamp(), digest)].into_iter(), now_unix_ms() + 10_000);
        assert_eq!(known.find(&stamp()), Some(digest));
        fs::write(&path, "two").unwrap();
        assert_eq!(known.find(&stamp()), None, "touched since");
    }
}
