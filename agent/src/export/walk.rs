//! What of a workspace is exported: the sources, as deployments see them, with settings and empty directories;
//! on request its history, and what ignore files leave out. Links stay links.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use slipway_proto::v1::{EntryKind, ExportEntry};

use super::frames::{Frames, Stop};
use crate::beneath::Tree;
use crate::detect::relative_dir;
use crate::workspace::{is_never_source, walk_sources};

/// A history, or the file that says where it is.
const GIT: &str = ".git";
/// Of what cannot be read.
const WAY_OUT: &str = "let the agent's user read it, or leave it out with a line in .slipwayignore";

/// What is to be exported.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) include_git: bool,
    pub(super) include_ignored: bool,
    /// Relative to the workspace; all of it when empty.
    pub(super) root_dir: String,
}

/// Sends what is wanted of a workspace, given by its canonical path: each directory before what is in it, names in
/// their order, which the control plane relies on.
pub(super) fn send(workspace: &Path, wanted: &Wanted, frames: &mut Frames) -> Result<(), Stop> {
    let root = root_of(workspace, &wanted.root_dir)?;
    let tree = Tree::open(workspace).map_err(|error| failed(workspace, &error))?;
    let mut export = Export { root: &root, tree, include_git: wanted.include_git, histories: Vec::new(), frames };
    let mut is_there = false;
    for entry in walker(workspace, &root, wanted.include_ignored).build() {
        let Some(entry) = export.check(entry)? else { continue };
        if entry.path().starts_with(&root) {
            is_there = true;
            export.entry(&entry)?;
        }
    }
    if is_there {
        return export.histories_before(None);
    }
    Err(Stop::Failed(format!(
        "`{}` is left out by the ignore rules of the workspace; export it with `include_ignored`",
        wanted.root_dir
    )))
}

/// Where the export begins, by its canonical path.
fn root_of(workspace: &Path, root_dir: &str) -> Result<PathBuf, Stop> {
    let refuse = |problem: &str| Stop::Failed(format!("`root_dir` cannot be exported: `{root_dir}` {problem}"));
    let plain = relative_dir(root_dir).map_err(refuse)?;
    let root = workspace.join(plain).canonicalize().map_err(|_| refuse("is not there"))?;
    if !root.starts_with(workspace) {
        return Err(refuse("leads out of the workspace"));
    }
    if root.is_dir() { Ok(root) } else { Err(refuse("is not a directory")) }
}

/// Walks from the workspace, whose ignore files count wherever the export begins, to `root`, and all that is in it.
/// Histories are left out: their files are not the ignore files' matter.
fn walker(workspace: &Path, root: &Path, include_ignored: bool) -> WalkBuilder {
    let root = root.to_owned();
    let is_on_the_way = move |entry: &DirEntry| entry.path().starts_with(&root) || root.starts_with(entry.path());
    let mut walk = if include_ignored {
        let mut walk = WalkBuilder::new(workspace);
        walk.standard_filters(false);
        walk.filter_entry(move |entry| is_on_the_way(entry) && !is_git(entry));
        walk
    } else {
        let mut walk = walk_sources(workspace);
        walk.filter_entry(move |entry| is_on_the_way(entry) && !is_never_source(entry));
        walk
    };
    // So that nothing can come twice, and the same tree always makes the same archive.
    walk.follow_links(false).sort_by_file_name(Ord::cmp);
    walk
}

fn is_git(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name() == GIT
}

struct Export<'a> {
    root: &'a Path,
    tree: Tree,
    include_git: bool,
    /// Where there may be histories in the directories under way, in the reverse order of their turn.
    histories: Vec<PathBuf>,
    frames: &'a mut Frames,
}

impl Export<'_> {
    /// What went away meanwhile was not there.
    fn check(&self, entry: Result<DirEntry, ignore::Error>) -> Result<Option<DirEntry>, Stop> {
        if self.frames.are_unwanted() {
            return Err(Stop::Gone);
        }
        match entry {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => Ok(None),
            Err(error) => Err(Stop::Failed(format!("the workspace cannot be read: {error}; {WAY_OUT}"))),
        }
    }

    fn entry(&mut self, entry: &DirEntry) -> Result<(), Stop> {
        self.histories_before(Some(entry.path()))?;
        if self.include_git && entry.file_type().is_some_and(|kind| kind.is_dir()) {
            self.histories.push(entry.path().join(GIT));
        }
        self.send(entry.path())
    }

    /// Sends the histories whose turn is before `next`, or all that are left: the walk passes them by.
    fn histories_before(&mut self, next: Option<&Path>) -> Result<(), Stop> {
        while let Some(git) = self.histories.pop_if(|git| next.is_none_or(|next| git.as_path() < next)) {
            self.history(&git)?;
        }
        Ok(())
    }

    /// All of a history, if there is one.
    fn history(&mut self, git: &Path) -> Result<(), Stop> {
        match git.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {
                let mut walk = WalkBuilder::new(git);
                walk.standard_filters(false).follow_links(false).sort_by_file_name(Ord::cmp);
                for entry in walk.build() {
                    let Some(entry) = self.check(entry)? else { continue };
                    self.send(entry.path())?;
                }
                Ok(())
            }
            // In a worktree or a submodule it is a file.
            Ok(_) => self.send(git),
            Err(_) => Ok(()),
        }
    }

    fn send(&mut self, path: &Path) -> Result<(), Stop> {
        let relative = match path.strip_prefix(self.root) {
            Ok(relative) if !relative.as_os_str().is_empty() => relative.as_os_str().as_bytes().to_vec(),
            _ => return Ok(()), // the root itself
        };
        match self.send_as(path, relative) {
            Ok(()) => Ok(()),
            Err(Unsent::Stop(stop)) => Err(stop),
            Err(Unsent::Unread(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()), // it has just gone away
            Err(Unsent::Unread(error)) => Err(failed(path, &error)),
        }
    }

    fn send_as(&mut self, path: &Path, relative: Vec<u8>) -> Result<(), Unsent> {
        let metadata = path.symlink_metadata()?;
        let kind = metadata.file_type();
        if kind.is_dir() {
            self.frames.entry(entry(relative, EntryKind::Directory, &metadata))?;
        } else if kind.is_symlink() {
            let link_target = fs::read_link(path)?.into_os_string().into_vec();
            self.frames.entry(ExportEntry { link_target, ..entry(relative, EntryKind::Link, &metadata) })?;
        } else if kind.is_file() {
            self.file(path, relative)?;
        } // A socket, a pipe or a device is nothing to take along.
        Ok(())
    }

    /// A file as long as it was when it was opened, or shorter when it is cut meanwhile.
    fn file(&mut self, path: &Path, relative: Vec<u8>) -> Result<(), Unsent> {
        let mut file = self.tree.open_file(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(()); // it was one when it was listed
        }
        let mut left = metadata.len();
        self.frames.entry(ExportEntry { size_bytes: left, ..entry(relative, EntryKind::File, &metadata) })?;
        while left > 0 {
            let wanted = left.min(self.frames.room() as u64);
            let mut data = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
            let length = (&mut file).take(wanted).read_to_end(&mut data)?;
            if length == 0 {
                break;
            }
            left -= length as u64;
            self.frames.data(data)?;
        }
        Ok(())
    }
}

/// Why an entry was not sent.
enum Unsent {
    Stop(Stop),
    Unread(io::Error),
}

impl From<Stop> for Unsent {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<io::Error> for Unsent {
    fn from(error: io::Error) -> Self {
        Self::Unread(error)
    }
}

fn entry(path: Vec<u8>, kind: EntryKind, metadata: &Metadata) -> ExportEntry {
    ExportEntry {
        path,
        kind: kind.into(),
        mode: metadata.mode() & 0o777,
        modified_unix_seconds: metadata.mtime(),
        size_bytes: 0,
        link_target: Vec::new(),
    }
}

fn failed(path: &Path, error: &io::Error) -> Stop {
    Stop::Failed(format!("{} cannot be exported: {error}; {WAY_OUT}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::{File, Permissions};
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use slipway_proto::limits;
    use slipway_proto::v1::ExportFrame;
    use slipway_proto::v1::export_piece::Piece;
    use tempfile::TempDir;
    use tokio::sync::mpsc;

    use super::*;

    fn workspace(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for (name, content) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        (directory, root)
    }

    /// A frame less than this many fit into the channel: no test sends more.
    const FRAMES: usize = 64;

    /// What was sent: entries with their data, and the frames that these came in.
    type Sent = (Vec<(ExportEntry, Vec<u8>)>, Vec<ExportFrame>);

    fn export(root: &Path, wanted: &Wanted) -> Result<Sent, Stop> {
        let (sender, mut receiver) = mpsc::channel(FRAMES);
        let mut frames = Frames::new(b"id".to_vec(), sender);
        send(root, wanted, &mut frames)?;
        frames.end();
        drop(frames);
        let sent: Vec<_> = std::iter::from_fn(|| receiver.blocking_recv()).collect();
        let mut entries: Vec<(ExportEntry, Vec<u8>)> = Vec::new();
        let mut pieces: Vec<_> = sent.iter().flat_map(|frame| frame.pieces.iter().cloned()).collect();
        assert!(matches!(pieces.pop().unwrap().piece, Some(Piece::End(_))));
        for piece in pieces {
            match piece.piece.unwrap() {
                Piece::Entry(entry) => entries.push((entry, Vec::new())),
                Piece::Data(data) => entries.last_mut().unwrap().1.extend(data),
                other => panic!("{other:?}"),
            }
        }
        Ok((entries, sent))
    }

    #[track_caller]
    fn check(root: &Path, wanted: &Wanted, expected: &[&str]) {
        let (entries, _) = export(root, wanted).unwrap();
        let names: Vec<_> = entries.iter().map(|(entry, _)| String::from_utf8_lossy(&entry.path)).collect();
        assert_eq!(names, expected);
    }

    fn refusal(root: &Path, root_dir: &str) -> String {
        let wanted = Wanted { root_dir: root_dir.to_owned(), ..Wanted::default() };
        match export(root, &wanted) {
            Err(Stop::Failed(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    const FILES: [(&str, &str); 9] = [
        (".env", "A=1"),
        (".gitignore", "dist\nrefs\n*.log\n"),
        (".git/HEAD", "ref"),
        (".git/refs/heads/main", "0"),
        ("app/.git", "gitdir: ../.git/modules/app"),
        ("app/main.js", "main"),
        ("dist/out.js", "out"),
        ("node_modules/a/index.js", "a"),
        ("debug.log", "log"),
    ];

    #[test]
    fn sources_and_settings_go_and_on_request_history_and_what_is_ignored() {
        let (_directory, root) = workspace(&FILES);
        let sources = [".env", ".gitignore", "app", "app/main.js"];
        check(&root, &Wanted::default(), &sources);
        let with_history = [
            ".env",
            ".git",
            ".git/HEAD",
            ".git/refs",
            ".git/refs/heads",
            ".git/refs/heads/main",
            ".gitignore",
            "app",
            "app/.git",
            "app/main.js",
        ];
        check(&root, &Wanted { include_git: true, ..Wanted::default() }, &with_history);
        let all = [
            ".env",
            ".gitignore",
            "app",
            "app/main.js",
            "debug.log",
            "dist",
            "dist/out.js",
            "node_modules",
            "node_modules/a",
            "node_modules/a/index.js",
        ];
        check(&root, &Wanted { include_ignored: true, ..Wanted::default() }, &all);
    }

    #[test]
    fn an_export_begins_where_it_is_told_and_the_rules_above_count() {
        let (_directory, root) = workspace(&FILES);
        fs::write(root.join("app/debug.log"), "").unwrap();
        symlink("/etc", root.join("out")).unwrap();
        check(&root, &Wanted { root_dir: "./app/".to_owned(), ..Wanted::default() }, &["main.js"]);
        let ignored = Wanted { root_dir: "dist".to_owned(), include_ignored: true, ..Wanted::default() };
        check(&root, &ignored, &["out.js"]);
        assert!(refusal(&root, "dist").starts_with("`dist` is left out by the ignore rules"));
        assert!(refusal(&root, "../..").ends_with("`../..` must not contain `..`"));
        assert!(refusal(&root, "/etc").ends_with("`/etc` must be relative"));
        assert!(refusal(&root, "out").ends_with("`out` leads out of the workspace"));
        assert!(refusal(&root, "gone").ends_with("`gone` is not there"));
        assert!(refusal(&root, ".env").ends_with("`.env` is not a directory"));
    }

    #[test]
    fn modes_times_links_empty_directories_and_odd_names_are_kept_and_sockets_are_not() {
        let (_directory, root) = workspace(&[("run.sh", "#!/bin/sh")]);
        fs::set_permissions(root.join("run.sh"), Permissions::from_mode(0o4751)).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        symlink("/nowhere/at/all", root.join("link")).unwrap();
        File::create(root.join(OsStr::from_bytes(b"z-caf\xe9"))).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();
        nix::unistd::mkfifo(&root.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let (entries, _) = export(&root, &Wanted::default()).unwrap();
        let entries: Vec<_> = entries.into_iter().map(|(entry, _)| entry).collect();
        let paths: Vec<&[u8]> = entries.iter().map(|entry| entry.path.as_slice()).collect();
        assert_eq!(paths, [&b"empty"[..], b"link", b"run.sh", b"z-caf\xe9"]);
        assert_eq!(entries[0].kind(), EntryKind::Directory);
        assert_eq!((entries[1].kind(), entries[1].link_target.as_slice()), (EntryKind::Link, &b"/nowhere/at/all"[..]));
        let metadata = root.join("run.sh").metadata().unwrap();
        assert_eq!((entries[2].mode, entries[2].size_bytes), (0o751, 9));
        assert_eq!(entries[2].modified_unix_seconds, metadata.mtime());
    }

    #[test]
    fn frames_are_bounded_and_hold_all_bytes() {
        let large = "0123456789abcdefghi".repeat(50_000);
        let (_directory, root) = workspace(&[("large", &large)]);
        for number in 0..3_000 {
            fs::write(root.join(format!("small-{number:04}")), number.to_string()).unwrap();
        }
        let (entries, sent) = export(&root, &Wanted::default()).unwrap();
        assert_eq!(entries.len(), 3_001);
        for (entry, data) in &entries {
            assert_eq!(entry.size_bytes, data.len() as u64);
        }
        assert_eq!(entries[0].1, large.as_bytes());
        assert!(sent.len() < 8, "{} frames", sent.len());
        for (index, frame) in sent.iter().enumerate() {
            assert!(prost::Message::encoded_len(frame) <= limits::EXPORT_FRAME_BYTES + 1_024);
            assert_eq!(frame.export_id.is_empty(), index > 0);
        }
    }

    #[test]
    fn a_file_that_grows_is_sent_as_long_as_it_was_and_one_that_is_cut_is_shorter() {
        // The channel holds one frame: the reader stands still within the file.
        let (_directory, root) = workspace(&[]);
        let size = 4 * limits::EXPORT_FRAME_BYTES;
        for (change, expected) in [(2 * size, size..=size), (size / 4, size / 4..=size * 3 / 4)] {
            let mut file = File::create(root.join("file")).unwrap();
            file.write_all(&vec![7; size]).unwrap();
            let (sender, mut receiver) = mpsc::channel(1);
            let reading = std::thread::spawn({
                let root = root.clone();
                move || {
                    let mut frames = Frames::new(Vec::new(), sender);
                    send(&root, &Wanted::default(), &mut frames).unwrap();
                    frames.end();
                }
            });
            let first = receiver.blocking_recv().unwrap();
            file.set_len(change as u64).unwrap();
            let mut found = 0;
            for frame in std::iter::once(first).chain(std::iter::from_fn(|| receiver.blocking_recv())) {
                for piece in frame.pieces {
                    match piece.piece.unwrap() {
                        Piece::Entry(entry) => assert_eq!(entry.size_bytes, size as u64),
                        Piece::Data(data) => found += data.len(),
                        Piece::End(_) => {}
                        Piece::Failed(failed) => panic!("{failed:?}"),
                    }
                }
            }
            reading.join().unwrap();
            assert!(expected.contains(&found), "{found}, not {expected:?}");
        }
    }

    #[test]
    fn nobody_who_wants_it_ends_the_walk() {
        let (_directory, root) = workspace(&FILES);
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let stopped = send(&root, &Wanted::default(), &mut Frames::new(Vec::new(), sender));
        assert!(matches!(stopped, Err(Stop::Gone)));
    }
}
