//! Looks through a pack from a sandbox before it goes to anybody: that it is whole, that its objects are what their
//! names say, that nothing is missing which the remote cannot have, and that no tree has a path which would harm
//! whoever checks it out. Nothing is ever checked out here.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use git2::{Indexer, ObjectType, Odb, Oid};
use unicode_normalization::UnicodeNormalization;

/// Objects in one pack; a repository of this size takes minutes to index.
const OBJECTS: usize = 2_000_000;
/// A commit, with its message and signature.
const COMMIT_BYTES: usize = 1024 * 1024;
/// One directory; a hundred thousand entries have less.
const TREE_BYTES: usize = 16 * 1024 * 1024;
/// Files named in a refusal.
const NAMED: usize = 5;
const OID_BYTES: usize = 20;

/// Why a pack goes nowhere. Each is a sentence with the way out.
#[derive(Debug, thiserror::Error)]
pub(super) enum InspectError {
    #[error("the pack from the sandbox is damaged or not complete ({0}); deploy again")]
    Damaged(String),
    #[error("the pack from the sandbox holds {0}; remove it from the history of the repository")]
    Harmful(String),
    #[error("the pack holds more than {OBJECTS} objects; push the older history in another way first")]
    TooMany,
    #[error("{} larger than the {} MiB the host takes: {listed}. Keep them in Git LFS, or remove them from the history", if *count == 1 { "a file is".to_owned() } else { format!("{count} files are") }, limit / (1024 * 1024))]
    TooLarge { count: usize, limit: u64, listed: String },
    #[error("the pack cannot be written down")]
    Storage(#[from] std::io::Error),
}

impl From<git2::Error> for InspectError {
    fn from(error: git2::Error) -> Self {
        Self::Damaged(error.message().to_owned())
    }
}

/// What is expected of a pack.
pub(super) struct Expected {
    /// Name of the commit that the branch is to end with.
    pub(super) commit: String,
    /// Whether the remote has objects that the pack may build on.
    pub(super) may_build_on_remote: bool,
    /// Largest file that the host takes, in bytes.
    pub(super) largest_file: u64,
}

/// Takes in a pack and indexes it below `directory`, an empty one.
pub(super) struct Inspection {
    objects: PathBuf,
    indexer: Indexer<'static>,
}

impl Inspection {
    pub(super) fn begin(directory: &Path) -> Result<Self, InspectError> {
        let objects = directory.join("objects");
        let packs = objects.join("pack");
        std::fs::create_dir_all(&packs)?;
        // Without other objects: the pack must be whole by itself. What is missing is looked for below, because
        // the remote may have it.
        let indexer = Indexer::new(None, &packs, 0o600, false)?;
        Ok(Self { objects, indexer })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), InspectError> {
        self.indexer.write_all(bytes).map_err(|error| InspectError::Damaged(error.to_string()))
    }

    /// Whether the pack, which is complete now, is what is expected.
    pub(super) fn finish(self, expected: &Expected) -> Result<(), InspectError> {
        self.indexer.commit()?;
        let odb = Odb::new()?;
        let path = self.objects.to_str().ok_or_else(|| InspectError::Damaged("its path is not UTF-8".to_owned()))?;
        odb.add_disk_alternate(path)?;
        look_through(&odb, expected)
    }
}

fn look_through(odb: &Odb<'_>, expected: &Expected) -> Result<(), InspectError> {
    let mut names = Vec::new();
    odb.foreach(|id| {
        names.push(*id);
        names.len() <= OBJECTS
    })
    .or_else(|error| if names.len() > OBJECTS { Ok(()) } else { Err(error) })?;
    if names.len() > OBJECTS {
        return Err(InspectError::TooMany);
    }
    let present: HashSet<Oid> = names.iter().copied().collect();
    let mut large: HashMap<Oid, Option<String>> = HashMap::new();
    let mut commits_and_trees = Vec::new();
    for &id in &names {
        let (size, kind) = odb.read_header(id)?;
        match kind {
            ObjectType::Blob if size as u64 > expected.largest_file => {
                large.insert(id, None);
            }
            ObjectType::Blob => {}
            ObjectType::Commit if size <= COMMIT_BYTES => commits_and_trees.push(id),
            ObjectType::Tree if size <= TREE_BYTES => commits_and_trees.push(id),
            ObjectType::Commit | ObjectType::Tree => {
                return Err(InspectError::Harmful(format!("the {kind} {id} of {size} bytes")));
            }
            kind => return Err(InspectError::Harmful(format!("the object {id} of the kind `{kind}`"))),
        }
    }
    let commit = Oid::from_str(&expected.commit)?;
    let needs = |from: Oid, id: Oid| {
        if present.contains(&id) || expected.may_build_on_remote {
            Ok(())
        } else {
            Err(InspectError::Damaged(format!("{from} needs {id}, which is not in it")))
        }
    };
    needs(commit, commit)?;
    for id in commits_and_trees {
        let object = odb.read(id)?;
        if object.kind() == ObjectType::Commit {
            for needed in links_of_commit(object.data()).ok_or_else(|| malformed("commit", id))? {
                needs(id, needed)?;
            }
            continue;
        }
        for entry in Tree(object.data())
            .check()
            .map_err(|problem| InspectError::Harmful(format!("{problem} in the tree {id}")))?
        {
            if !entry.is_submodule {
                needs(id, entry.id)?;
            }
            if let Some(path @ None) = large.get_mut(&entry.id) {
                *path = Some(entry.name);
            }
        }
    }
    if large.is_empty() {
        return Ok(());
    }
    let mut listed: Vec<String> =
        large.iter().map(|(id, name)| name.clone().unwrap_or_else(|| id.to_string())).collect();
    listed.sort_unstable();
    listed.truncate(NAMED);
    Err(InspectError::TooLarge { count: large.len(), limit: expected.largest_file, listed: listed.join(", ") })
}

fn malformed(kind: &str, id: Oid) -> InspectError {
    InspectError::Damaged(format!("the {kind} {id} is malformed"))
}

/// Tree and parents; `None` when it is no commit as git writes them (gitformat-commit).
fn links_of_commit(data: &[u8]) -> Option<Vec<Oid>> {
    let mut lines = data.split(|&byte| byte == b'\n');
    let name = |line: &[u8], key: &[u8]| {
        let text = std::str::from_utf8(line.strip_prefix(key)?).ok()?;
        (text.len() == 2 * OID_BYTES).then(|| Oid::from_str(text).ok())?
    };
    let mut needed = vec![name(lines.next()?, b"tree ")?];
    let author = loop {
        let line = lines.next()?;
        match name(line, b"parent ") {
            Some(parent) => needed.push(parent),
            None => break line,
        }
    };
    let is_signed_by = |line: &[u8], key: &[u8]| line.starts_with(key) && line.contains(&b'<') && line.contains(&b'>');
    (is_signed_by(author, b"author ") && is_signed_by(lines.next()?, b"committer ")).then_some(needed)
}

/// The bytes of a tree.
struct Tree<'a>(&'a [u8]);

#[derive(Debug)]
struct Entry {
    name: String,
    id: Oid,
    is_submodule: bool,
}

impl Tree<'_> {
    /// Its entries, when all of them can be checked out safely anywhere.
    fn check(mut self) -> Result<Vec<Entry>, String> {
        let mut entries = Vec::new();
        let mut before: Option<Vec<u8>> = None;
        while !self.0.is_empty() {
            let (mode, name, id) = self.take().ok_or("something that is no entry")?;
            let shown = String::from_utf8_lossy(name).into_owned();
            let is_directory = match mode {
                b"40000" => true,
                // The group's bit was written by git before 2005.
                b"100644" | b"100755" | b"100664" | b"120000" | b"160000" => false,
                _ => return Err(format!("`{shown}` with a mode that git does not know")),
            };
            if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
                return Err(format!("the path `{shown}`, which leads elsewhere"));
            }
            if is_dot(&shown, "git") {
                return Err(format!("the path `{shown}`, which some system takes for `.git`"));
            }
            if mode == b"120000" && ["gitmodules", "gitattributes", "gitignore"].iter().any(|file| is_dot(&shown, file))
            {
                return Err(format!("a link in the place of `{shown}`"));
            }
            // As git sorts them: a directory as if its name ended with `/`.
            let mut key = name.to_vec();
            if is_directory {
                key.push(b'/');
            }
            if before.as_ref().is_some_and(|before| *before >= key) {
                return Err(format!("`{shown}` twice or out of order"));
            }
            before = Some(key);
            entries.push(Entry { name: shown, id, is_submodule: mode == b"160000" });
        }
        Ok(entries)
    }

    fn take(&mut self) -> Option<(&[u8], &[u8], Oid)> {
        let space = self.0.iter().position(|&byte| byte == b' ')?;
        let (mode, rest) = (&self.0[..space], &self.0[space + 1..]);
        let end = rest.iter().position(|&byte| byte == 0)?;
        let (name, rest) = (&rest[..end], &rest[end + 1..]);
        let (id, rest) = rest.split_at_checked(OID_BYTES)?;
        self.0 = rest;
        Some((mode, name, Oid::from_bytes(id).ok()?))
    }
}

/// Whether a name is `.name` to some file system: case, what HFS+ ignores, what NTFS takes off the end, its
/// short names and streams (CVE-2014-9390, CVE-2019-1352, CVE-2019-1353).
fn is_dot(name: &str, plain: &str) -> bool {
    let folded: String = name.nfkc().filter(|c| !is_ignored_by_hfs(*c)).flat_map(char::to_lowercase).collect();
    let folded = folded.split([':', '\\']).next().unwrap_or_default().trim_end_matches(['.', ' ']);
    let short = &plain[..plain.len().min(6)];
    folded.strip_prefix('.') == Some(plain) || folded.strip_prefix(short).is_some_and(is_short_suffix)
}

/// `~1` to `~9`.
fn is_short_suffix(text: &str) -> bool {
    text.strip_prefix('~').is_some_and(|digit| digit.len() == 1 && digit.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Characters that HFS+ takes as if they were not there (git's `utf8.c`, `next_hfs_char`).
fn is_ignored_by_hfs(character: char) -> bool {
    matches!(character, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 20] = [7; 20];

    fn tree(entries: &[(&str, &str)]) -> Vec<u8> {
        entries.iter().flat_map(|(mode, name)| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &ID].concat()).collect()
    }

    #[test]
    fn harmful_paths_are_named() {
        for name in [
            ".git",
            ".GIT",
            ".Git ",
            ".git.",
            "git~1",
            "GIT~2",
            ".g\u{200c}it",
            ".git::$INDEX_ALLOCATION",
            ".git\\x",
            "..",
            ".",
            "a/b",
            "",
        ] {
            assert!(Tree(&tree(&[("40000", name)])).check().is_err(), "{name:?}");
        }
        for name in [".gitignore", ".github", "git", "git~", "x.git", ".gitmodules", "a b", "ünï"] {
            assert!(Tree(&tree(&[("100644", name)])).check().is_ok(), "{name:?}");
        }
        assert!(Tree(&tree(&[("120000", ".gitmodules")])).check().is_err());
        assert!(Tree(&tree(&[("120000", "GITMOD~1")])).check().is_err());
    }

    #[test]
    fn trees_are_sorted_have_known_modes_and_whole_entries() {
        assert!(Tree(&tree(&[("100644", "a"), ("40000", "a.b"), ("40000", "a0")])).check().is_ok());
        assert!(Tree(&tree(&[("100644", "b"), ("100644", "a")])).check().is_err());
        assert!(Tree(&tree(&[("100644", "a"), ("100644", "a")])).check().is_err());
        assert!(Tree(&tree(&[("100600", "a")])).check().is_err());
        assert!(Tree(&tree(&[("100644", "a")])[..20]).check().is_err());
    }

    #[test]
    fn a_commit_names_its_tree_and_parents() {
        let a = "a".repeat(40);
        let good = format!("tree {a}\nparent {a}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nwhy");
        assert_eq!(links_of_commit(good.as_bytes()).expect("is well formed").len(), 2);
        for wrong in ["", "tree x\n", &format!("tree {a}\ncommitter A <a@b> 1 +0000\n"), &good.replace("tree", "tre")] {
            assert!(links_of_commit(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
