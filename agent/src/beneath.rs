//! Opening files in trees that belong to somebody else. The agent may be root, and the tree's owner
//! could put a link to a file of root's in the place of a file that was just looked at. So a file is
//! opened without following any link, by the kernel's own rules where it has them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

/// A directory below which files are opened.
pub(crate) struct Tree {
    root: PathBuf,
    directory: File,
    /// Cleared when the kernel, or what guards it, does not know the call (Linux has it since 5.6).
    has_openat2: AtomicBool,
}

impl Tree {
    /// A tree by its canonical path.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.to_owned(), directory: File::open(root)?, has_openat2: AtomicBool::new(true) })
    }

    /// Opens the regular file at `path`, which begins with the root, for reading. The tree has to
    /// contain it really, not by way of a link. A pipe in its place is not waited for.
    pub(crate) fn open_file(&self, path: &Path) -> io::Result<File> {
        if self.has_openat2.load(Ordering::Relaxed) {
            match self.open_beneath(path) {
                Err(Errno::ENOSYS | Errno::EPERM | Errno::EINVAL) => self.has_openat2.store(false, Ordering::Relaxed),
                Err(Errno::ELOOP | Errno::EXDEV) => return Err(replaced()),
                other => return Ok(other?),
            }
        }
        self.open_and_look(path)
    }

    fn open_beneath(&self, path: &Path) -> Result<File, Errno> {
        let relative = path.strip_prefix(&self.root).map_err(|_| Errno::EXDEV)?;
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        openat2(&self.directory, relative, how).map(File::from)
    }

    /// Looks where the file is after it is open, when it cannot be exchanged any more.
    fn open_and_look(&self, path: &Path) -> io::Result<File> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
        let real = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        if real.starts_with(&self.root) { Ok(file) } else { Err(replaced()) }
    }
}

/// Opens one regular file below `root`, which must be canonical.
pub(crate) fn open_file(root: &Path, path: &Path) -> io::Result<File> {
    let file = Tree::open(root)?.open_file(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

fn replaced() -> io::Error {
    io::Error::other("it was replaced by a link while it was read")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_is_really_inside_is_opened() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = inside.path().canonicalize().unwrap();
        fs::create_dir(root.join("real")).unwrap();
        fs::write(root.join("real/file"), "").unwrap();
        fs::write(outside.path().join("secret"), "").unwrap();
        symlink(outside.path().join("secret"), root.join("link")).unwrap();
        symlink(outside.path(), root.join("directory")).unwrap();
        let tree = Tree::open(&root).unwrap();
        for has_openat2 in [true, false] {
            tree.has_openat2.store(has_openat2, Ordering::Relaxed);
            assert!(tree.open_file(&root.join("real/file")).is_ok());
            for path in ["link", "directory/secret"] {
                assert!(tree.open_file(&root.join(path)).is_err(), "{path}");
            }
            assert_eq!(tree.open_file(&root.join("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }
}
