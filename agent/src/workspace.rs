//! The snapshot a build works on, so that the user's tree and a dev server running on it do not
//! notice. Links are copied as links and never followed; what can be installed or built again is left out.

use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use slipway_proto::v1::FailureCode;

use crate::beneath::Tree;
use crate::build::BuildUser;
use crate::job::{Failure, Halt, Interrupt};

/// Directories that hold a history, dependencies or caches: never part of a snapshot or of a published tree.
const NEVER_SOURCE: [&str; 22] = [
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "node_modules",
    ".pnpm-store",
    ".next",
    ".nuxt",
    ".output",
    ".astro",
    ".svelte-kit",
    ".turbo",
    ".cache",
    ".parcel-cache",
    ".vite",
    ".angular",
    ".docusaurus",
    ".vercel",
    ".netlify",
    ".venv",
    "__pycache__",
    ".DS_Store",
];

/// Says what belongs to the sources: `.gitignore`, and beyond it what only deploying should leave out.
const IGNORE_FILE: &str = ".slipwayignore";

/// Whether this is a directory that is never source, or a file of the kind.
pub(crate) fn is_never_source(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().to_str().is_some_and(|name| NEVER_SOURCE.contains(&name))
}

/// Walks a source tree by the ignore files in it.
pub(crate) fn walk_sources(root: &Path) -> WalkBuilder {
    let mut walk = WalkBuilder::new(root);
    walk.standard_filters(false).git_ignore(true).require_git(false).add_custom_ignore_filename(IGNORE_FILE);
    walk.follow_links(false).filter_entry(|entry| !is_never_source(entry));
    walk
}

/// Copies the workspace, given by its canonical path, to `destination`, an empty directory, for `user`. Until everything is
/// there only the agent can enter it: nobody can put a link in the way of what root writes.
pub(crate) fn snapshot(
    workspace: &Path,
    destination: &Path,
    user: BuildUser,
    interrupt: &Interrupt,
) -> Result<(), Halt> {
    let tree = Tree::open(workspace).map_err(|error| failed(workspace, &error))?;
    let copy = Copy { workspace, tree, destination, user };
    // Times of directories change with each entry made in them, so they are set last, deepest first.
    let mut directories = Vec::new();
    for entry in walk_sources(workspace).build() {
        interrupt.check()?;
        let entry = entry.map_err(|error| unreadable(workspace, &error))?;
        let path = entry.path();
        // They are often ignored by git, and builds read them: found by looking into the directory.
        if entry.depth() > 0 && is_env_file(&entry) {
            continue;
        }
        let metadata = path.symlink_metadata().map_err(|error| failed(path, &error))?;
        copy.entry(path, &metadata).map_err(|error| failed(path, &error))?;
        if metadata.is_dir() {
            copy.env_files(path).map_err(|error| failed(path, &error))?;
            directories.push((copy.target(path), metadata));
        }
    }
    for (directory, metadata) in directories.iter().rev() {
        // A time is not worth a failed build.
        let _ = File::open(directory).and_then(|directory| directory.set_times(times(metadata)));
    }
    user.own(destination).map_err(|error| failed(destination, &error))?;
    Ok(())
}

fn is_env_file(entry: &DirEntry) -> bool {
    entry.file_name().to_str().is_some_and(|name| name.starts_with(".env"))
        && !entry.file_type().is_some_and(|kind| kind.is_dir())
}

struct Copy<'a> {
    workspace: &'a Path,
    tree: Tree,
    destination: &'a Path,
    user: BuildUser,
}

impl Copy<'_> {
    fn target(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.workspace) {
            Ok(relative) if !relative.as_os_str().is_empty() => self.destination.join(relative),
            _ => self.destination.to_owned(),
        }
    }

    fn entry(&self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        let target = self.target(path);
        let kind = metadata.file_type();
        if kind.is_dir() {
            if target != self.destination {
                fs::create_dir(&target)?;
                self.user.own(&target)?;
                // Whatever the original's mode: the build must be able to work in it.
                fs::set_permissions(&target, Permissions::from_mode(mode(metadata) | 0o700))?;
            }
        } else if kind.is_symlink() {
            symlink(fs::read_link(path)?, &target)?;
            self.user.own(&target)?;
        } else if kind.is_file() {
            copy_file(&self.tree, path, &target, self.user)?;
        } else {
            // No build reads a socket or a device of the workspace; opening one could wait for ever.
            debug_assert!(kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device());
        }
        Ok(())
    }

    fn env_files(&self, directory: &Path) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let is_env = entry.file_name().to_str().is_some_and(|name| name.starts_with(".env"));
            if is_env && !entry.file_type()?.is_dir() {
                self.entry(&entry.path(), &entry.path().symlink_metadata()?)?;
            }
        }
        Ok(())
    }
}

fn failed(path: &Path, error: &io::Error) -> Halt {
    Failure::io(FailureCode::WorkspaceUnreadable, "copying the workspace", path, error).into()
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o777
}

fn times(metadata: &Metadata) -> FileTimes {
    let times = FileTimes::new();
    match metadata.modified() {
        Ok(modified) => times.set_modified(modified),
        Err(_) => times,
    }
}

/// With mode and time of the last change. A file that goes away meanwhile was not there.
fn copy_file(tree: &Tree, from: &Path, to: &Path, user: BuildUser) -> io::Result<()> {
    let mut original = match tree.open_file(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let metadata = original.metadata()?;
    if !metadata.is_file() {
        return Ok(()); // it was one when it was listed
    }
    let mut copy = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut original, &mut copy)?;
    copy.set_permissions(Permissions::from_mode(mode(&metadata)))?;
    copy.set_times(times(&metadata))?;
    user.own(to)
}

/// For errors of a walk.
pub(crate) fn unreadable(root: &Path, error: &ignore::Error) -> Halt {
    let message = format!("{} cannot be read: {error}", root.display());
    Failure::new(FailureCode::WorkspaceUnreadable, message).into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn names(root: &Path) -> Vec<String> {
        let walk = WalkBuilder::new(root).standard_filters(false).sort_by_file_path(Ord::cmp).build();
        let relative = walk.map(|entry| entry.unwrap().path().strip_prefix(root).unwrap().display().to_string());
        relative.filter(|path| !path.is_empty()).collect()
    }

    #[test]
    fn a_snapshot_has_the_sources_and_nothing_else() {
        let (workspace, destination) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = &workspace.path().canonicalize().unwrap();
        for path in
            ["src/main.js", "node_modules/a/index.js", ".git/config", "dist/old.js", "packages/a/.env.local", ".npmrc"]
        {
            write(root, path, path);
        }
        write(root, ".gitignore", "dist\n.env*\n");
        write(root, ".slipwayignore", "*.psd\n");
        write(root, ".env", "A=1");
        write(root, "design.psd", "");
        fs::set_permissions(root.join("src/main.js"), fs::Permissions::from_mode(0o754)).unwrap();
        symlink("/etc", root.join("link")).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();

        let user = BuildUser { uid: 0, gid: 0, is_other: false };
        snapshot(root, destination.path(), user, &Interrupt::default()).unwrap();

        let expected = [
            ".env",
            ".gitignore",
            ".npmrc",
            ".slipwayignore",
            "link",
            "packages",
            "packages/a",
            "packages/a/.env.local",
            "src",
            "src/main.js",
        ];
        assert_eq!(names(destination.path()), expected);
        assert_eq!(fs::read_link(destination.path().join("link")).unwrap(), Path::new("/etc"));
        let metadata = |root: &Path, path| root.join(path).metadata().unwrap();
        for path in ["src/main.js", "src"] {
            let (original, copy) = (metadata(root, path), metadata(destination.path(), path));
            assert_eq!(original.modified().unwrap(), copy.modified().unwrap(), "{path}");
            assert_eq!(original.permissions(), copy.permissions(), "{path}");
        }
    }

    #[test]
    fn a_raised_interrupt_ends_the_copy() {
        let (workspace, destination) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let interrupt = Interrupt::default();
        interrupt.raise(crate::job::Reason::Cancelled, std::time::Duration::ZERO);
        let user = BuildUser { uid: 0, gid: 0, is_other: false };
        assert!(matches!(snapshot(workspace.path(), destination.path(), user, &interrupt), Err(Halt::Interrupted)));
    }
}
