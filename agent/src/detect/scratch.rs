//! Workspaces for tests.

use std::fs;

use tempfile::TempDir;

/// A directory with these files, which is removed with the value.
pub(super) fn tree<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}
