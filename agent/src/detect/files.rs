//! Bounded reading of the few small files detection looks at. They belong to the sandbox's user while the
//! agent may be root, so a read must not block, exhaust memory, or follow a link out of the workspace.
//!
//! What cannot be read is no reason to stop: it counts as absent, and a sentence says so.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::DetectError;
use super::glob::is_name;
use super::words::excerpt;
use crate::beneath::open_file;

/// Configuration written by people is far below this; what is larger is not read.
const FILE_BYTES: u64 = 1024 * 1024;
/// Where lock files say what they are.
const HEAD_BYTES: u64 = 4096;
/// Names kept of one directory; of the rest only those asked for by name are seen.
const NAMES: usize = 10_000;
/// Files read for one answer. Nobody has as many manifests; a hostile workspace may.
const READS: usize = 2_000;
/// Problems told in one answer.
const PROBLEMS: usize = 20;

/// A directory and what is below it. Paths are relative to it, `.` for itself.
#[derive(Debug)]
pub(super) struct Workspace {
    /// Without links, to tell what is inside.
    root: PathBuf,
    listings: RefCell<HashMap<String, Rc<Listing>>>,
    problems: RefCell<Problems>,
    reads: Cell<usize>,
}

/// The names in one directory.
#[derive(Debug, Default)]
struct Listing {
    names: BTreeSet<String>,
    /// Whether there are more.
    is_cut: bool,
}

/// What was there and could not be used.
#[derive(Debug, Default)]
struct Problems {
    /// Each names the file and what was assumed.
    sentences: Vec<String>,
    /// The first manifest among them: without it, the answer is a guess nobody should build from.
    manifest: Option<DetectError>,
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
        Ok(Self { root, listings: RefCell::default(), problems: RefCell::default(), reads: Cell::default() })
    }

    /// The workspace's own name, or that of a directory in it.
    pub(super) fn base_name(&self, relative: &str) -> Option<String> {
        let path = if relative == "." { self.root.clone() } else { self.root.join(relative) };
        path.file_name()?.to_str().map(str::to_owned)
    }

    /// Where a directory of it is.
    pub(super) fn path_of(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Whether there is a regular file, seen through links that stay inside.
    pub(super) fn has_file(&self, relative: &str) -> bool {
        self.is_listed(relative) && self.resolve(relative).is_ok_and(|path| path.is_some_and(|path| path.is_file()))
    }

    /// Whether there is a directory, seen through links that stay inside.
    pub(super) fn has_directory(&self, relative: &str) -> bool {
        relative == "." || self.resolve(relative).is_ok_and(|path| path.is_some_and(|path| path.is_dir()))
    }

    /// The first file of `directory` that fits `pattern`, which may have `*` in its last part.
    pub(super) fn find_file(&self, directory: &str, pattern: &str) -> Option<String> {
        let path = beside(directory, pattern);
        if !pattern.contains('*') {
            return self.has_file(&path).then_some(path);
        }
        let (parent, pattern) = path.rsplit_once('/').unwrap_or((".", &path));
        let listing = self.listing(parent);
        let mut found = listing.names.iter().filter(|name| is_name(pattern, name)).map(|name| beside(parent, name));
        found.find(|path| self.has_file(path))
    }

    /// The names in a directory, in order.
    pub(super) fn names(&self, directory: &str) -> Vec<String> {
        self.listing(directory).names.iter().cloned().collect()
    }

    /// The text of a small file, without a byte order mark. `None` when there is none; one that cannot be
    /// read counts as absent too, and is noted.
    pub(super) fn read_text(&self, relative: &str) -> Option<String> {
        self.read_or(relative, Self::note)
    }

    /// The text of a file that says what the project is: when it is there and cannot be read, nothing should be built.
    pub(super) fn read_manifest(&self, relative: &str) -> Option<String> {
        self.read_or(relative, Self::note_manifest)
    }

    fn read_or(&self, relative: &str, note: impl FnOnce(&Self, &str, &str)) -> Option<String> {
        if !self.is_listed(relative) {
            return None;
        }
        self.read(relative).unwrap_or_else(|problem| {
            note(self, relative, &problem);
            None
        })
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

    /// Notes that a file is there and counts as absent.
    pub(super) fn note(&self, file: &str, problem: &str) {
        self.tell(format!("{} {problem}; it was left out", excerpt(file)));
    }

    /// Notes a manifest that cannot be understood.
    pub(super) fn note_manifest(&self, file: &str, problem: &str) {
        self.note(file, problem);
        let error = DetectError::BadManifest { file: file.to_owned(), problem: problem.to_owned() };
        self.problems.borrow_mut().manifest.get_or_insert(error);
    }

    /// Adds a sentence of its own to the problems.
    pub(super) fn tell(&self, sentence: String) {
        let sentences = &mut self.problems.borrow_mut().sentences;
        if sentences.len() < PROBLEMS && !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }

    /// What could not be used, with what was assumed instead.
    pub(super) fn problems(&self) -> Vec<String> {
        self.problems.borrow().sentences.clone()
    }

    /// The first manifest that could not be understood.
    pub(super) fn broken_manifest(&self) -> Option<DetectError> {
        self.problems.borrow_mut().manifest.take()
    }

    /// Forgets which manifests were broken so far: those of packages nobody asked about stop nothing.
    pub(super) fn forgive(&self) {
        self.problems.borrow_mut().manifest = None;
    }

    fn read(&self, relative: &str) -> Result<Option<String>, String> {
        let failed = |error: io::Error| format!("cannot be read: {error}");
        let Some(file) = self.open_file(relative).map_err(failed)? else { return Ok(None) };
        self.reads.set(self.reads.get() + 1);
        if self.reads.get() > READS {
            return Err(format!("is one file too many: no more than {READS} are read"));
        }
        let mut bytes = Vec::new();
        let read = file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if read as u64 > FILE_BYTES {
            return Err("is larger than 1 MiB".to_owned());
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()))
    }

    /// Cheaper than asking the kernel for each of the many names that rules know.
    fn is_listed(&self, relative: &str) -> bool {
        let (parent, name) = relative.rsplit_once('/').unwrap_or((".", relative));
        let listing = self.listing(parent);
        listing.is_cut || listing.names.contains(name)
    }

    fn listing(&self, directory: &str) -> Rc<Listing> {
        if let Some(listing) = self.listings.borrow().get(directory) {
            return listing.clone();
        }
        let listing = Rc::new(self.list(directory));
        self.listings.borrow_mut().insert(directory.to_owned(), listing.clone());
        listing
    }

    fn list(&self, directory: &str) -> Listing {
        let mut listing = Listing::default();
        // A directory that is not there would be asked for again in each of its parents' names.
        if directory != "." && !self.is_listed(directory) {
            return listing;
        }
        let Ok(Some(path)) = self.resolve(directory) else { return listing };
        match path.read_dir() {
            Ok(entries) => {
                for entry in entries.flatten() {
                    if listing.names.len() == NAMES {
                        listing.is_cut = true;
                        break;
                    }
                    // A name that is no text is none a rule could ask for.
                    listing.names.extend(entry.file_name().into_string());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
            Err(error) => self.note(directory, &format!("cannot be read: {error}")),
        }
        listing
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

        assert_eq!(workspace.read_text("inside").as_deref(), Some("text"));
        assert_eq!(workspace.read_text("outside"), None);
        assert_eq!(workspace.read_text("above/secret"), None);
        assert_eq!(workspace.read_head("outside"), "");
        assert!(!workspace.has_file("outside") && !workspace.has_directory("above") && !workspace.has_file("loop"));
        assert_eq!(workspace.read_text("loop"), None);
        let problems = workspace.problems();
        assert!(problems[0].starts_with("loop cannot be read: Too many levels of symbolic links"), "{problems:?}");
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
            assert_eq!(workspace.read_text(name), None, "{name}");
        }
        assert_eq!(workspace.problems(), ["huge is larger than 1 MiB; it was left out"]);
        assert_eq!(workspace.read_text("full").map(|text| text.len()), Some(1 << 20));
    }
}
