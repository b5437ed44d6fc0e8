//! Bounded reading of the few small files detection looks at. They belong to the sandbox's user while the
//! agent may be root, so a read must not block, exhaust memory, or follow a link out of the workspace.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::DetectError;
use crate::beneath::open_file;

/// Configuration written by people is far below this; what is larger is not read.
const FILE_BYTES: u64 = 1024 * 1024;
/// Where lock files say what they are.
const HEAD_BYTES: u64 = 4096;

/// A directory and what is below it. Paths are relative to it, `.` for itself.
#[derive(Debug)]
pub(super) struct Workspace {
    /// As it was named, for sentences.
    given: PathBuf,
    /// Without links, to tell what is inside.
    root: PathBuf,
}

impl Workspace {
    /// Looks at a directory; there must be something in it.
    pub(super) fn open(directory: &Path) -> Result<Self, DetectError> {
        let given = directory.to_owned();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => DetectError::Missing(given.clone()),
            io::ErrorKind::NotADirectory => DetectError::NotADirectory(given.clone()),
            _ => DetectError::Unreadable { path: given.clone(), source },
        };
        let root = directory.canonicalize().map_err(failed)?;
        if root.read_dir().map_err(failed)?.next().is_none() {
            return Err(DetectError::Empty(given));
        }
        Ok(Self { given, root })
    }

    /// How to name a directory of it to people.
    pub(super) fn name_of(&self, relative: &str) -> PathBuf {
        if relative == "." { self.given.clone() } else { self.given.join(relative) }
    }

    /// Where a directory of it is.
    pub(super) fn path_of(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Whether there is a regular file, seen through links that stay inside.
    pub(super) fn has_file(&self, relative: &str) -> bool {
        self.resolve(relative).is_ok_and(|path| path.is_some_and(|path| path.is_file()))
    }

    /// Whether there is a directory, seen through links that stay inside.
    pub(super) fn has_directory(&self, relative: &str) -> bool {
        self.resolve(relative).is_ok_and(|path| path.is_some_and(|path| path.is_dir()))
    }

    /// The text of a small file, without a byte order mark. `None` when there is none, or it is no small regular file.
    pub(super) fn read_text(&self, relative: &str) -> Result<Option<String>, DetectError> {
        let unreadable = |source| DetectError::Unreadable { path: relative.into(), source };
        let Some(file) = self.open_file(relative).map_err(unreadable)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if read as u64 > FILE_BYTES {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()))
    }

    /// The beginning of a file of any size, for those that say what they are at the top.
    pub(super) fn read_head(&self, relative: &str) -> String {
        let mut bytes = Vec::new();
        if let Ok(Some(file)) = self.open_file(relative)
            && file.take(HEAD_BYTES).read_to_end(&mut bytes).is_ok()
        {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
        String::new()
    }

    /// The path without links. `None` when there is nothing, or it is outside.
    fn resolve(&self, relative: &str) -> io::Result<Option<PathBuf>> {
        match self.root.join(relative).canonicalize() {
            Ok(path) => Ok(Some(path).filter(|path| path.starts_with(&self.root))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open_file(&self, relative: &str) -> io::Result<Option<File>> {
        let Some(path) = self.resolve(relative)? else { return Ok(None) };
        if path.symlink_metadata()?.is_file() { open_file(&self.root, &path).map(Some) } else { Ok(None) }
    }
}

/// Names a file of a directory of the workspace.
pub(super) fn beside(directory: &str, file: &str) -> String {
    if directory == "." { file.to_owned() } else { format!("{directory}/{file}") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_inside_and_never_out() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("real"), "\u{feff}text").unwrap();
        symlink("real", directory.path().join("inside")).unwrap();
        symlink(outside.path().join("secret"), directory.path().join("outside")).unwrap();
        symlink(outside.path(), directory.path().join("above")).unwrap();
        symlink("loop", directory.path().join("loop")).unwrap();
        let workspace = Workspace::open(directory.path()).unwrap();

        assert_eq!(workspace.read_text("inside").unwrap().as_deref(), Some("text"));
        assert_eq!(workspace.read_text("outside").unwrap(), None);
        assert_eq!(workspace.read_text("above/secret").unwrap(), None);
        assert_eq!(workspace.read_head("outside"), "");
        assert!(!workspace.has_file("outside") && !workspace.has_directory("above") && !workspace.has_file("loop"));
        let error = workspace.read_text("loop").unwrap_err().to_string();
        assert!(error.starts_with("loop cannot be read: Too many levels of symbolic links"), "{error}");
    }

    #[test]
    fn what_is_no_small_regular_file_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        nix::unistd::mkfifo(&directory.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::create_dir(directory.path().join("package.json")).unwrap();
        File::create(directory.path().join("huge")).unwrap().set_len(5 << 30).unwrap();
        fs::write(directory.path().join("full"), vec![b' '; 1 << 20]).unwrap();
        let workspace = Workspace::open(directory.path()).unwrap();
        for name in ["pipe", "package.json", "huge", "huge/below", "missing"] {
            assert_eq!(workspace.read_text(name).unwrap(), None, "{name}");
        }
        assert_eq!(workspace.read_text("full").unwrap().map(|text| text.len()), Some(1 << 20));
    }
}
