//! Opening files in trees that belong to somebody else. The agent may be root, and the tree's owner
//! could put a link to a file of root's in the place of a file that was just looked at: what is
//! opened is therefore checked after it is open, when it cannot be exchanged any more.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// Opens the regular file at `path` for reading. `root`, which must be canonical, has to contain it
/// really, not by way of a link. A pipe in its place is not waited for.
pub(crate) fn open_file(root: &Path, path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    // The kernel names the file that is open, whatever the path has become since.
    let real = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    if !real.starts_with(root) || !file.metadata()?.is_file() {
        return Err(io::Error::other("it was replaced by something else while it was read"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_is_really_inside_is_opened() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = inside.path().canonicalize().unwrap();
        fs::write(root.join("file"), "").unwrap();
        fs::write(outside.path().join("secret"), "").unwrap();
        symlink(outside.path().join("secret"), root.join("link")).unwrap();
        symlink(outside.path(), root.join("directory")).unwrap();
        assert!(open_file(&root, &root.join("file")).is_ok());
        for path in ["link", "directory/secret", "directory", "."] {
            assert!(open_file(&root, &root.join(path)).is_err(), "{path}");
        }
    }
}
