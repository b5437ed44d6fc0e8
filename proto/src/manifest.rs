//! What may be in an artifact: the rules for paths and sizes, and the digest that names the whole.
//!
//! The agent applies them to give a person a good sentence early; the control plane applies them
//! again because nothing that comes out of a sandbox is trusted.

use std::collections::{HashMap, HashSet};

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::v1::{ArtifactKind, Manifest};
use crate::{git, limits};

/// Why a manifest is refused. Each names the offending path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ManifestError {
    #[error("the artifact kind {0} is not known")]
    UnknownKind(i32),
    #[error("an artifact of git objects holds `{}` and `{}`, and nothing else", git::EXPORT_FILE, git::PACK_FILE)]
    NotAnExport,
    #[error("there is no file in the output")]
    Empty,
    #[error("{files} files are more than the {} an artifact may hold", limits::ARTIFACT_FILES)]
    TooManyFiles { files: usize },
    #[error("`{path}` has {size_bytes} bytes; one file may have at most {}", limits::ARTIFACT_FILE_BYTES)]
    FileTooLarge { path: String, size_bytes: u64 },
    #[error("the output has {size_bytes} bytes; an artifact may have at most {}", limits::ARTIFACT_BYTES)]
    TooLarge { size_bytes: u64 },
    #[error("`{path}` {problem}")]
    Path { path: String, problem: PathProblem },
    #[error("`{first}` and `{second}` are the same name on systems that ignore case; rename one of them")]
    Collision { first: String, second: String },
    #[error("`{file}` is a file, but `{below}` needs it to be a directory")]
    FileAsDirectory { file: String, below: String },
    #[error("`{path}` is out of order or listed twice")]
    Order { path: String },
    #[error("the digest of `{path}` is not a BLAKE3 digest of 32 bytes")]
    Digest { path: String },
    #[error("the digest of `{path}` is given with two different sizes")]
    SizeConflict { path: String },
}

/// Which rule a path breaks.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PathProblem {
    #[error("is an empty path")]
    Empty,
    #[error("is longer than {} bytes", limits::PATH_BYTES)]
    TooLong,
    #[error("has a part longer than {} bytes", limits::PATH_PART_BYTES)]
    PartTooLong,
    #[error("is not a relative path without empty, `.` or `..` parts")]
    NotPlain,
    #[error("contains a backslash or a control character")]
    ForbiddenCharacter,
    #[error("is not in Unicode normal form C")]
    NotNormalised,
    #[error("is a device name on Windows")]
    DeviceName,
}

/// Accepts a path that can be stored, served and packed everywhere.
pub fn check_path(path: &str) -> Result<(), PathProblem> {
    if path.is_empty() {
        return Err(PathProblem::Empty);
    }
    if path.len() > limits::PATH_BYTES {
        return Err(PathProblem::TooLong);
    }
    if path.chars().any(|c| c == '\\' || c.is_control()) {
        return Err(PathProblem::ForbiddenCharacter);
    }
    if !is_nfc(path) {
        return Err(PathProblem::NotNormalised);
    }
    for part in path.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err(PathProblem::NotPlain);
        }
        if part.len() > limits::PATH_PART_BYTES {
            return Err(PathProblem::PartTooLong);
        }
        if is_device_name(part) {
            return Err(PathProblem::DeviceName);
        }
    }
    Ok(())
}

/// Reserved with or without an extension (Microsoft, "Naming Files, Paths, and Namespaces").
fn is_device_name(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" => true,
        _ => {
            stem.len() == 4
                && (stem.starts_with("COM") || stem.starts_with("LPT"))
                && stem.ends_with(|digit: char| digit.is_ascii_digit() && digit != '0')
        }
    }
}

/// Accepts a manifest that keeps every rule, and returns the sum of its distinct blobs in bytes.
pub fn check(manifest: &Manifest) -> Result<u64, ManifestError> {
    match ArtifactKind::try_from(manifest.kind) {
        Ok(ArtifactKind::Tree) => {}
        Ok(ArtifactKind::Git) if git::is_export(manifest) => {}
        Ok(ArtifactKind::Git) => return Err(ManifestError::NotAnExport),
        Ok(ArtifactKind::Unspecified) | Err(_) => return Err(ManifestError::UnknownKind(manifest.kind)),
    }
    if manifest.entries.is_empty() {
        return Err(ManifestError::Empty);
    }
    if manifest.entries.len() > limits::ARTIFACT_FILES {
        return Err(ManifestError::TooManyFiles { files: manifest.entries.len() });
    }
    let mut blobs: HashMap<&[u8], u64> = HashMap::with_capacity(manifest.entries.len());
    let mut size_bytes: u64 = 0;
    let mut distinct_bytes: u64 = 0;
    for (index, entry) in manifest.entries.iter().enumerate() {
        let path = || entry.path.clone();
        check_path(&entry.path).map_err(|problem| ManifestError::Path { path: path(), problem })?;
        if index > 0 && manifest.entries[index - 1].path >= entry.path {
            return Err(ManifestError::Order { path: path() });
        }
        if entry.size_bytes > limits::ARTIFACT_FILE_BYTES {
            return Err(ManifestError::FileTooLarge { path: path(), size_bytes: entry.size_bytes });
        }
        if entry.blake3.len() != blake3::OUT_LEN {
            return Err(ManifestError::Digest { path: path() });
        }
        size_bytes = size_bytes.saturating_add(entry.size_bytes);
        match blobs.insert(&entry.blake3, entry.size_bytes) {
            None => distinct_bytes = distinct_bytes.saturating_add(entry.size_bytes),
            Some(before) if before != entry.size_bytes => return Err(ManifestError::SizeConflict { path: path() }),
            Some(_) => {}
        }
    }
    if size_bytes > limits::ARTIFACT_BYTES {
        return Err(ManifestError::TooLarge { size_bytes });
    }
    check_names(manifest)?;
    Ok(distinct_bytes)
}

/// Refuses names that become one on file systems that fold case or normalise, and files used as directories.
fn check_names(manifest: &Manifest) -> Result<(), ManifestError> {
    let mut folded: HashMap<String, &str> = HashMap::with_capacity(manifest.entries.len());
    for entry in &manifest.entries {
        if let Some(first) = folded.insert(fold(&entry.path), &entry.path) {
            return Err(ManifestError::Collision { first: first.to_owned(), second: entry.path.clone() });
        }
    }
    // `directories` remembers the spelling of each directory, so that `Assets/a` and `assets/b` collide as well.
    let mut directories: HashMap<String, &str> = HashMap::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for entry in &manifest.entries {
        let mut parent = entry.path.as_str();
        while let Some((above, _)) = parent.rsplit_once('/') {
            parent = above;
            if !seen.insert(parent) {
                break; // its own parents were checked with it
            }
            let key = fold(parent);
            if let Some(file) = folded.get(&key) {
                return Err(ManifestError::FileAsDirectory { file: (*file).to_owned(), below: entry.path.clone() });
            }
            if let Some(first) = directories.insert(key, parent) {
                return Err(ManifestError::Collision { first: first.to_owned(), second: parent.to_owned() });
            }
        }
    }
    Ok(())
}

fn fold(path: &str) -> String {
    if path.is_ascii() { path.to_ascii_lowercase() } else { path.chars().flat_map(char::to_lowercase).nfc().collect() }
}

/// The name of an artifact: BLAKE3 over kind, then path, mode, size and digest of every entry, each length-prefixed.
pub fn root(manifest: &Manifest) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_derive_key("slipway artifact manifest v1");
    hasher.update(&manifest.kind.to_le_bytes());
    for entry in &manifest.entries {
        hasher.update(&(entry.path.len() as u64).to_le_bytes());
        hasher.update(entry.path.as_bytes());
        hasher.update(&[u8::from(entry.executable)]);
        hasher.update(&entry.size_bytes.to_le_bytes());
        hasher.update(&entry.blake3);
    }
    hasher.finalize()
}

/// Indexes of the entries that are first to name their digest: the order in which blobs are offered and sent.
pub fn distinct_blobs(manifest: &Manifest) -> Vec<usize> {
    let mut seen = HashSet::with_capacity(manifest.entries.len());
    (0..manifest.entries.len()).filter(|&index| seen.insert(manifest.entries[index].blake3.as_slice())).collect()
}

/// Packs flags into a bitmap, least significant bit first.
pub fn to_bitmap(flags: impl ExactSizeIterator<Item = bool>) -> Vec<u8> {
    let mut bitmap = vec![0; flags.len().div_ceil(8)];
    for (index, flag) in flags.enumerate() {
        bitmap[index / 8] |= u8::from(flag) << (index % 8);
    }
    bitmap
}

/// Reads one flag; beyond the end it is `false`.
pub fn bit(bitmap: &[u8], index: usize) -> bool {
    bitmap.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::ManifestEntry;

    fn entry(path: &str) -> ManifestEntry {
        ManifestEntry {
            path: path.to_owned(),
            size_bytes: path.len() as u64,
            blake3: blake3::hash(path.as_bytes()).as_bytes().to_vec(),
            executable: false,
        }
    }

    fn manifest(paths: &[&str]) -> Manifest {
        Manifest { kind: ArtifactKind::Tree.into(), entries: paths.iter().map(|path| entry(path)).collect() }
    }

    #[track_caller]
    fn check_path_is(path: &str, expected: Result<(), PathProblem>) {
        assert_eq!(check_path(path), expected, "{path:?}");
    }

    #[test]
    fn paths_are_plain_relative_and_portable() {
        check_path_is("index.html", Ok(()));
        check_path_is("ärger/日本.txt", Ok(()));
        check_path_is("...dots/..hidden", Ok(()));
        check_path_is("console.log", Ok(()));
        check_path_is("", Err(PathProblem::Empty));
        check_path_is("/etc/passwd", Err(PathProblem::NotPlain));
        check_path_is("a/../b", Err(PathProblem::NotPlain));
        check_path_is("a//b", Err(PathProblem::NotPlain));
        check_path_is("./a", Err(PathProblem::NotPlain));
        check_path_is("a/", Err(PathProblem::NotPlain));
        check_path_is("a\\b", Err(PathProblem::ForbiddenCharacter));
        check_path_is("a\nb", Err(PathProblem::ForbiddenCharacter));
        check_path_is("a\0b", Err(PathProblem::ForbiddenCharacter));
        check_path_is("cafe\u{301}.txt", Err(PathProblem::NotNormalised));
        check_path_is("aux.txt", Err(PathProblem::DeviceName));
        check_path_is("sub/Com1", Err(PathProblem::DeviceName));
        check_path_is(&"x".repeat(256), Err(PathProblem::PartTooLong));
        check_path_is(&"x/".repeat(600), Err(PathProblem::TooLong));
    }

    #[test]
    fn names_that_are_one_elsewhere_are_refused() {
        assert!(matches!(check(&manifest(&["README", "readme"])), Err(ManifestError::Collision { .. })));
        assert!(matches!(check(&manifest(&["Assets/a", "assets/b"])), Err(ManifestError::Collision { .. })));
        assert!(matches!(check(&manifest(&["A", "a/b"])), Err(ManifestError::FileAsDirectory { .. })));
        assert!(matches!(check(&manifest(&["b", "a"])), Err(ManifestError::Order { .. })));
        assert!(matches!(check(&manifest(&["a", "a"])), Err(ManifestError::Order { .. })));
        assert_eq!(check(&manifest(&["a/b", "a/c/d", "e"])), Ok(9));
    }

    #[test]
    fn sizes_are_bounded_and_agree() {
        let mut large = manifest(&["a"]);
        large.entries[0].size_bytes = limits::ARTIFACT_FILE_BYTES + 1;
        assert!(matches!(check(&large), Err(ManifestError::FileTooLarge { .. })));

        let mut total = manifest(&["a", "b"]);
        for entry in &mut total.entries {
            entry.size_bytes = limits::ARTIFACT_FILE_BYTES;
        }
        assert!(matches!(check(&total), Err(ManifestError::TooLarge { .. })));

        let mut conflict = manifest(&["a", "b"]);
        conflict.entries[1].blake3 = conflict.entries[0].blake3.clone();
        conflict.entries[1].size_bytes += 1;
        assert!(matches!(check(&conflict), Err(ManifestError::SizeConflict { .. })));
        assert_eq!(check(&manifest(&[])), Err(ManifestError::Empty));
    }

    #[test]
    fn the_root_changes_with_every_field() {
        let base = manifest(&["a", "b"]);
        let mut changed = vec![base.clone(); 4];
        changed[0].entries[0].path = "aa".to_owned();
        changed[1].entries[0].executable = true;
        changed[2].entries[0].size_bytes += 1;
        changed[3].entries[0].blake3[0] ^= 1;
        for other in &changed {
            assert_ne!(root(&base), root(other));
        }
    }

    #[test]
    fn bitmaps_round_trip() {
        let flags: Vec<bool> = (0..21).map(|index| index % 3 == 0).collect();
        let bitmap = to_bitmap(flags.iter().copied());
        assert_eq!(bitmap.len(), 3);
        assert_eq!((0..21).map(|index| bit(&bitmap, index)).collect::<Vec<_>>(), flags);
        assert!(!bit(&bitmap, 1000));
    }
}
