//! Lists a tree of output: regular files only, links resolved when they stay inside, everything that
//! could not be published refused by name before a byte is read.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use slipway_proto::manifest::{self, ManifestError};
use slipway_proto::v1::{ArtifactKind, FailureCode, Manifest, ManifestEntry};
use slipway_proto::{limits, manifest::check_path};

use super::hash;
use super::known::{KnownDigests, Stamp};
use crate::beneath::Tree;
use crate::clock::now_unix_ms;
use crate::job::{Failure, Halt, Interrupt};
use crate::workspace::{is_never_source, unreadable, walk_sources};

/// What of a tree is meant to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceRules {
    /// A directory a build wrote: everything in it.
    Output,
    /// A build wrote into the project itself: all but dependencies, histories and settings.
    BuiltInPlace,
    /// The sources are the site: what the ignore files leave, without settings.
    Sources,
}

/// A manifest and where its files are.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) manifest: Manifest,
    /// One per entry of the manifest.
    pub(crate) sources: Vec<PathBuf>,
    /// Canonical; all sources are in it.
    pub(crate) root: PathBuf,
}

/// A file that will be part of the artifact.
#[derive(Debug)]
pub(super) struct Candidate {
    /// In the artifact.
    path: String,
    /// On disk, without links on the way.
    pub(super) source: PathBuf,
    pub(super) size_bytes: u64,
    executable: bool,
    pub(super) stamp: Stamp,
}

/// Lists, checks and digests everything under `root`.
///
/// What is `known` of sources is not read again; the output of a build is always new.
pub(crate) fn collect(
    root: &Path,
    rules: SourceRules,
    known: &KnownDigests,
    interrupt: &Interrupt,
) -> Result<Collected, Halt> {
    let began_unix_ms = now_unix_ms();
    let root = root.canonicalize().map_err(|error| cannot_read(root, &error))?;
    let mut listing =
        Listing { root: &root, rules, interrupt, candidates: Vec::new(), total_bytes: 0, open: HashSet::new() };
    listing.walk(&root, "")?;
    let mut candidates = listing.candidates;
    candidates.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    let tree = Tree::open(&root).map_err(|error| cannot_read(&root, &error))?;
    let reused = (rules == SourceRules::Sources).then_some(known);
    let digests = hash::digests(&tree, &candidates, reused, interrupt)?;
    if let Some(known) = reused {
        let stamps = candidates.iter().map(|candidate| candidate.stamp);
        known.replace(stamps.zip(digests.iter().copied()), began_unix_ms);
    }
    let mut manifest = Manifest { kind: ArtifactKind::Tree.into(), entries: Vec::with_capacity(candidates.len()) };
    let mut sources = Vec::with_capacity(candidates.len());
    for (candidate, digest) in candidates.into_iter().zip(digests) {
        manifest.entries.push(ManifestEntry {
            path: candidate.path,
            size_bytes: candidate.size_bytes,
            blake3: digest.as_bytes().to_vec(),
            executable: candidate.executable,
        });
        sources.push(candidate.source);
    }
    manifest::check(&manifest).map_err(|error| refused(error.to_string()))?;
    Ok(Collected { manifest, sources, root })
}

/// Whether there is nothing in a directory that could be published.
pub(crate) fn is_empty_tree(root: &Path) -> bool {
    let walk = WalkBuilder::new(root).standard_filters(false).build();
    !walk.flatten().any(|entry| entry.depth() > 0 && !entry.file_type().is_some_and(|kind| kind.is_dir()))
}

struct Listing<'a> {
    root: &'a Path,
    rules: SourceRules,
    interrupt: &'a Interrupt,
    candidates: Vec<Candidate>,
    total_bytes: u64,
    /// Directories being walked, each by way of another alias: a link back to one of them would not end.
    open: HashSet<PathBuf>,
}

impl Listing<'_> {
    /// Lists `directory`, whose files appear under `alias`.
    fn walk(&mut self, directory: &Path, alias: &str) -> Result<(), Halt> {
        if !self.open.insert(directory.to_owned()) {
            return Ok(());
        }
        for entry in self.walker(directory).build() {
            self.interrupt.check()?;
            let entry = entry.map_err(|error| unreadable(directory, &error))?;
            if entry.depth() == 0 {
                continue;
            }
            let path = path_of(directory, alias, &entry)?;
            let kind = entry.file_type().ok_or_else(|| refused(format!("`{path}` cannot be read")))?;
            if kind.is_symlink() {
                self.link(&path, entry.path())?;
            } else if kind.is_file() {
                self.file(path, entry.into_path())?;
            } else if !kind.is_dir() {
                let what = if kind.is_fifo() {
                    "a named pipe"
                } else if kind.is_socket() {
                    "a socket"
                } else {
                    "a device file"
                };
                return Err(refused(format!(
                    "`{path}` is {what}; only files can be published. Remove it from the output"
                )));
            }
        }
        self.open.remove(directory);
        Ok(())
    }

    fn walker(&self, directory: &Path) -> WalkBuilder {
        let mut walk = match self.rules {
            SourceRules::Sources => walk_sources(directory),
            SourceRules::Output | SourceRules::BuiltInPlace => WalkBuilder::new(directory),
        };
        match self.rules {
            SourceRules::Sources => walk.filter_entry(|entry| !is_never_source(entry) && !is_setting(entry)),
            SourceRules::BuiltInPlace => {
                walk.standard_filters(false).filter_entry(|entry| !is_never_source(entry) && !is_setting(entry))
            }
            SourceRules::Output => walk.standard_filters(false),
        };
        walk.follow_links(false);
        walk
    }

    fn file(&mut self, path: String, source: PathBuf) -> Result<(), Halt> {
        let metadata = source.symlink_metadata().map_err(|error| cannot_read(&source, &error))?;
        let size_bytes = metadata.len();
        check_path(&path)
            .map_err(|problem| refused(ManifestError::Path { path: path.clone(), problem }.to_string()))?;
        if size_bytes > limits::ARTIFACT_FILE_BYTES {
            return Err(refused(ManifestError::FileTooLarge { path, size_bytes }.to_string()));
        }
        self.total_bytes = self.total_bytes.saturating_add(size_bytes);
        if self.total_bytes > limits::ARTIFACT_BYTES {
            let problem = ManifestError::TooLarge { size_bytes: self.total_bytes };
            return Err(refused(format!("{problem}; the limit is passed at `{path}`")));
        }
        if self.candidates.len() >= limits::ARTIFACT_FILES {
            return Err(refused(ManifestError::TooManyFiles { files: self.candidates.len() + 1 }.to_string()));
        }
        let executable = metadata.permissions().mode() & 0o111 != 0;
        let stamp = Stamp::of(&metadata);
        self.candidates.push(Candidate { path, source, size_bytes, executable, stamp });
        Ok(())
    }

    /// A link counts as what it leads to, as long as that is in the tree as well.
    fn link(&mut self, path: &str, link: &Path) -> Result<(), Halt> {
        let shown = fs::read_link(link).map(|target| target.display().to_string()).unwrap_or_default();
        let refuse =
            |why: &str| refused(format!("`{path}` is a link to `{shown}`, {why}; replace it by a copy or remove it"));
        let target = link.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => refuse("which does not exist"),
            _ => refuse("which cannot be followed"),
        })?;
        if !target.starts_with(self.root) {
            return Err(refuse("which is outside of the output"));
        }
        let metadata = target.metadata().map_err(|error| cannot_read(&target, &error))?;
        if metadata.is_dir() {
            // One that leads up, to a directory we are in, would contain itself.
            if self.open.iter().any(|open| open.starts_with(&target)) || link.starts_with(&target) {
                return Err(refuse("which contains the link itself"));
            }
            self.walk(&target, path)
        } else if metadata.is_file() {
            self.file(path.to_owned(), target)
        } else {
            Err(refuse("which is not a file"))
        }
    }
}

/// The name of an entry in the artifact.
fn path_of(directory: &Path, alias: &str, entry: &DirEntry) -> Result<String, Halt> {
    let relative = entry.path().strip_prefix(directory).unwrap_or(entry.path());
    let Some(relative) = relative.to_str() else {
        let shown = relative.to_string_lossy();
        return Err(refused(format!("the name `{shown}` is not UTF-8; rename the file")));
    };
    Ok(if alias.is_empty() { relative.to_owned() } else { format!("{alias}/{relative}") })
}

/// Files that say how to build or deploy, and may hold what is not for the public.
fn is_setting(entry: &DirEntry) -> bool {
    let Some(name) = entry.file_name().to_str() else { return false };
    name.starts_with(".git") || name.starts_with(".env") || matches!(name, "slipway.toml" | ".slipwayignore" | ".npmrc")
}

fn refused(message: String) -> Halt {
    Failure::new(FailureCode::OutputRefused, message).into()
}

fn cannot_read(path: &Path, error: &io::Error) -> Halt {
    Failure::io(FailureCode::OutputRefused, "packaging", path, error).into()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::File;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new(files: &[&str]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for file in files {
                let path = tree.0.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, file).unwrap();
            }
            tree
        }

        fn link(self, target: &str, link: &str) -> Self {
            symlink(target, self.0.path().join(link)).unwrap();
            self
        }

        fn paths(&self, rules: SourceRules) -> Vec<String> {
            let collected = collect(self.0.path(), rules, &KnownDigests::default(), &Interrupt::default()).unwrap();
            assert_eq!(collected.manifest.entries.len(), collected.sources.len());
            for (entry, source) in collected.manifest.entries.iter().zip(&collected.sources) {
                assert_eq!(entry.blake3, blake3::hash(&fs::read(source).unwrap()).as_bytes());
            }
            collected.manifest.entries.into_iter().map(|entry| entry.path).collect()
        }

        #[track_caller]
        fn refuses(&self, expected: &str) {
            match collect(self.0.path(), SourceRules::Output, &KnownDigests::default(), &Interrupt::default()) {
                Err(Halt::Failed(failure)) => {
                    assert_eq!(failure.code, FailureCode::OutputRefused);
                    assert!(failure.message.contains(expected), "{}", failure.message);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_rules_say_what_is_published() {
        let files = [
            "index.html",
            "a/b.js",
            ".env",
            ".gitignore",
            "node_modules/x.js",
            "slipway.toml",
            ".well-known/x",
            "old.psd",
        ];
        let tree = Tree::new(&files);
        fs::write(tree.0.path().join(".gitignore"), "*.psd\n").unwrap();
        assert_eq!(tree.paths(SourceRules::Output).len(), files.len());
        assert_eq!(tree.paths(SourceRules::BuiltInPlace), [".well-known/x", "a/b.js", "index.html", "old.psd"]);
        assert_eq!(tree.paths(SourceRules::Sources), [".well-known/x", "a/b.js", "index.html"]);
    }

    #[test]
    fn links_inside_become_what_they_lead_to() {
        let tree =
            Tree::new(&["a/one", "a/b/two"]).link("a", "alias").link("a/one", "file").link("../../a/one", "a/b/back");
        let expected = ["a/b/back", "a/b/two", "a/one", "alias/b/back", "alias/b/two", "alias/one", "file"];
        assert_eq!(tree.paths(SourceRules::Output), expected);
    }

    #[test]
    fn what_cannot_be_published_is_named() {
        Tree::new(&["a"]).link("/etc/passwd", "out").refuses("`out` is a link to `/etc/passwd`, which is outside");
        Tree::new(&["a"]).link("..", "up").refuses("`up` is a link to `..`, which is outside");
        Tree::new(&["a"]).link("gone", "dangling").refuses("`dangling` is a link to `gone`, which does not exist");
        Tree::new(&["a/x"])
            .link("../a", "a/self")
            .refuses("`a/self` is a link to `../a`, which contains the link itself");
        Tree::new(&["A", "a"]).refuses("`A` and `a` are the same name");
        Tree::new(&["CON.txt"]).refuses("`CON.txt` is a device name");
        Tree::new(&[]).refuses("no file");

        let tree = Tree::new(&["a"]);
        File::create(tree.0.path().join(OsStr::from_bytes(b"caf\xe9"))).unwrap();
        tree.refuses("the name `caf\u{fffd}` is not UTF-8");

        let tree = Tree::new(&["a"]);
        nix::unistd::mkfifo(&tree.0.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        tree.refuses("`pipe` is a named pipe");

        let tree = Tree::new(&["a"]);
        File::create(tree.0.path().join("huge")).unwrap().set_len(5_000_000_000).unwrap();
        tree.refuses("`huge` has 5000000000 bytes");
    }
}
