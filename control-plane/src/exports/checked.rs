//! What an agent may send of a workspace. An archive is unpacked on somebody's machine, so nothing in it may lead
//! out of where it is unpacked to, whatever the unpacker checks: paths are plain, each comes once, and
//! what is in a directory comes after that directory, which is none that a link stands for.

use bytes::Bytes;
use slipway_proto::limits;
use slipway_proto::v1::export_piece::Piece as Sent;
use slipway_proto::v1::{EntryKind, ExportEntry, ExportPiece};

use crate::deployments::orchestrator::clean_text;

/// The latest time that every archive can tell: the year 9999.
const LATEST_UNIX_SECONDS: i64 = 253_402_300_799;

/// Part of an export that is as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Something begins.
    Entry(Entry),
    /// Of the file that began last.
    Data(Bytes),
    /// This was all.
    End,
    /// There will be no more, says the agent, because of this.
    Failed(String),
}

/// Something in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative, `/` between parts, not always UTF-8.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// The nine bits of permission.
    pub mode: u32,
    /// Of its last change, from 1970 to 9999.
    pub modified_unix_seconds: i64,
}

/// What something in a workspace is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// With its entries after it.
    Directory,
    /// With at most so many bytes after it.
    File {
        /// When it was opened.
        size_bytes: u64,
    },
    /// Not followed, wherever it leads.
    Link {
        /// As it is written in it.
        target: Vec<u8>,
    },
}

/// What an agent did wrong.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Problem {
    #[error("`{0}` is no path of an export: it must be relative, without empty, `.` or `..` parts, of at most {max} bytes", max = limits::EXPORT_PATH_BYTES)]
    Path(String),
    #[error("`{0}` is out of order, comes twice, or its directory has not come before it")]
    Order(String),
    #[error("`{0}` is neither a directory nor a file nor a link")]
    UnknownKind(String),
    #[error("the link `{0}` leads to no path of at most {max} bytes", max = limits::EXPORT_PATH_BYTES)]
    LinkTarget(String),
    #[error("there are more than {max} entries; export a part of the workspace with `root_dir`", max = limits::EXPORT_ENTRIES)]
    TooManyEntries,
    #[error("there are more than {max} bytes; export a part of the workspace with `root_dir`", max = limits::EXPORT_BYTES)]
    TooLarge,
    #[error("there is more data than was announced")]
    MoreThanAnnounced,
    #[error("something comes after the end, or is nothing that belongs to an export")]
    Unexpected,
}

/// Where an export stands.
#[derive(Debug, Default)]
pub struct Checked {
    entries: u64,
    bytes: u64,
    /// Of the file that began last: what may still come.
    left_bytes: u64,
    last_path: Vec<u8>,
    /// The directory that `last_path` is in, or is itself.
    directory: Vec<u8>,
    has_ended: bool,
}

impl Checked {
    /// Accepts the next piece.
    ///
    /// # Errors
    /// What is wrong with it; nothing more should be taken then.
    pub fn accept(&mut self, piece: ExportPiece) -> Result<Piece, Problem> {
        if self.has_ended {
            return Err(Problem::Unexpected);
        }
        match piece.piece {
            Some(Sent::Entry(entry)) => self.entry(entry).map(Piece::Entry),
            Some(Sent::Data(data)) => {
                let left = self.left_bytes.checked_sub(data.len() as u64);
                self.left_bytes = left.ok_or(Problem::MoreThanAnnounced)?;
                self.bytes += data.len() as u64;
                if self.bytes > limits::EXPORT_BYTES { Err(Problem::TooLarge) } else { Ok(Piece::Data(data)) }
            }
            Some(Sent::End(_)) => {
                self.has_ended = true;
                Ok(Piece::End)
            }
            Some(Sent::Failed(failed)) => {
                self.has_ended = true;
                Ok(Piece::Failed(clean_text(&failed.message)))
            }
            None => Err(Problem::Unexpected),
        }
    }

    /// Whether the last word has been said.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn entry(&mut self, entry: ExportEntry) -> Result<Entry, Problem> {
        let shown = |path: &[u8]| clean_text(&String::from_utf8_lossy(path));
        self.entries += 1;
        if self.entries > limits::EXPORT_ENTRIES {
            return Err(Problem::TooManyEntries);
        }
        if !is_plain(&entry.path) {
            return Err(Problem::Path(shown(&entry.path)));
        }
        self.go_to(&entry.path).ok_or_else(|| Problem::Order(shown(&entry.path)))?;
        let kind = match entry.kind() {
            EntryKind::Directory => {
                self.directory.clone_from(&entry.path);
                Kind::Directory
            }
            EntryKind::File => Kind::File { size_bytes: entry.size_bytes },
            EntryKind::Link if is_text(&entry.link_target) => Kind::Link { target: entry.link_target },
            EntryKind::Link => return Err(Problem::LinkTarget(shown(&entry.path))),
            EntryKind::Unspecified => return Err(Problem::UnknownKind(shown(&entry.path))),
        };
        self.left_bytes = if let Kind::File { size_bytes } = kind { size_bytes } else { 0 };
        Ok(Entry {
            path: entry.path,
            kind,
            mode: entry.mode & 0o777,
            modified_unix_seconds: entry.modified_unix_seconds.clamp(0, LATEST_UNIX_SECONDS),
        })
    }

    /// Remembers `path`, if it is the next one in an order in which nothing can come twice, and its directory is
    /// one that is under way.
    fn go_to(&mut self, path: &[u8]) -> Option<()> {
        if !self.last_path.is_empty() && parts(path).le(parts(&self.last_path)) {
            return None;
        }
        let parent = path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |end| &path[..end]);
        let is_under_way = parent.is_empty()
            || self.directory == parent
            || (self.directory.starts_with(parent) && self.directory.get(parent.len()) == Some(&b'/'));
        if !is_under_way {
            return None;
        }
        self.directory.truncate(parent.len());
        self.last_path.clear();
        self.last_path.extend_from_slice(path);
        Some(())
    }
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
}

fn is_text(bytes: &[u8]) -> bool {
    (1..=limits::EXPORT_PATH_BYTES).contains(&bytes.len()) && !bytes.contains(&0)
}

fn is_plain(path: &[u8]) -> bool {
    is_text(path)
        && parts(path).all(|part| !matches!(part, b"" | b"." | b".."))
        // Where a backslash is a separator, too.
        && path.split(|byte| matches!(byte, b'/' | b'\\')).all(|part| part != b"..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_proto::v1::{ExportEnd, ExportFailed};

    fn piece(piece: Sent) -> ExportPiece {
        ExportPiece { piece: Some(piece) }
    }

    fn entry(path: &str, kind: EntryKind) -> ExportPiece {
        let link_target = if kind == EntryKind::Link { b"/etc".to_vec() } else { Vec::new() };
        piece(Sent::Entry(ExportEntry {
            path: path.into(),
            kind: kind.into(),
            size_bytes: 3,
            link_target,
            ..ExportEntry::default()
        }))
    }

    fn data(bytes: &'static [u8]) -> ExportPiece {
        piece(Sent::Data(Bytes::from_static(bytes)))
    }

    /// The problem with the last of these; the others are fine. A name that ends with `/` is a directory, with `@` a link.
    #[track_caller]
    fn check(paths: &[&str], expected: &Result<(), Problem>) {
        let mut checked = Checked::default();
        let (last, before) = paths.split_last().expect("some paths");
        let sent = |path: &str| match (path.strip_suffix('/'), path.strip_suffix('@')) {
            (Some(path), _) => entry(path, EntryKind::Directory),
            (_, Some(path)) => entry(path, EntryKind::Link),
            _ => entry(path, EntryKind::File),
        };
        for path in before {
            checked.accept(sent(path)).expect("is fine");
        }
        assert_eq!(checked.accept(sent(last)).map(drop), *expected, "{paths:?}");
    }

    #[test]
    fn nothing_leads_out_of_where_it_is_unpacked() {
        let path = |path: &str| Err(Problem::Path(path.to_owned()));
        check(&["a"], &Ok(()));
        check(&["..a"], &Ok(()));
        check(&["a\\b"], &Ok(()));
        for wrong in ["", "/etc/passwd", "..", "../a", "a/../b", "./a", "a//b", "..\\a", "a\\..\\b"] {
            check(&[wrong], &path(wrong));
        }
        check(&["a\0b"], &path("a b"));
        let long = "x".repeat(limits::EXPORT_PATH_BYTES + 1);
        check(&[&long], &Err(Problem::Path(clean_text(&long))));
    }

    #[test]
    fn each_comes_once_after_its_directory_and_none_through_a_link() {
        let order = |path: &str| Err(Problem::Order(path.to_owned()));
        check(&["a/", "a/b/", "a/b/c", "a/d", "e"], &Ok(()));
        check(&["a/", "a/b", "a-b"], &Ok(()));
        check(&["a", "a"], &order("a"));
        check(&["b", "a"], &order("a"));
        check(&["a/b"], &order("a/b"));
        check(&["a@", "a/b"], &order("a/b"));
        check(&["a", "a/b"], &order("a/b"));
        check(&["a@", "a/"], &order("a"));
        check(&["a/", "a/b/", "c/", "c/b/", "c/b/x"], &Ok(()));
        check(&["a/", "a/b/", "c/", "c/b@", "c/b/x"], &order("c/b/x"));
        check(&["a/", "ab/x"], &order("ab/x"));
        check(&["ab/", "b", "ab/x"], &order("ab/x"));
    }

    #[test]
    fn there_is_no_more_than_was_announced_and_nothing_after_the_end() {
        let mut checked = Checked::default();
        assert_eq!(checked.accept(data(b"x")), Err(Problem::MoreThanAnnounced));
        checked.accept(entry("a", EntryKind::File)).expect("is fine");
        checked.accept(data(b"ab")).expect("is fine");
        assert_eq!(checked.accept(data(b"cd")), Err(Problem::MoreThanAnnounced));
        checked.accept(entry("b", EntryKind::Directory)).expect("a shorter file is fine");
        assert_eq!(checked.accept(data(b"x")), Err(Problem::MoreThanAnnounced));
        assert_eq!(checked.accept(piece(Sent::End(ExportEnd {}))), Ok(Piece::End));
        assert!(checked.has_ended());
        assert_eq!(checked.accept(entry("c", EntryKind::File)), Err(Problem::Unexpected));
        assert_eq!(Checked::default().accept(ExportPiece { piece: None }), Err(Problem::Unexpected));
        let failed = piece(Sent::Failed(ExportFailed { message: "no\nroom".to_owned() }));
        assert_eq!(Checked::default().accept(failed), Ok(Piece::Failed("no room".to_owned())));
    }

    #[test]
    fn what_no_archive_can_tell_is_made_to_fit_or_refused() {
        let with = |change: fn(&mut ExportEntry)| {
            let mut entry = ExportEntry { path: b"a".into(), kind: EntryKind::File.into(), ..ExportEntry::default() };
            change(&mut entry);
            Checked::default().accept(piece(Sent::Entry(entry)))
        };
        let Ok(Piece::Entry(entry)) = with(|entry| (entry.mode, entry.modified_unix_seconds) = (0o104_755, i64::MIN))
        else {
            panic!("is fine")
        };
        assert_eq!((entry.mode, entry.modified_unix_seconds), (0o755, 0));
        assert_eq!(with(|entry| entry.kind = 77), Err(Problem::UnknownKind("a".to_owned())));
        assert_eq!(with(|entry| entry.kind = EntryKind::Link.into()), Err(Problem::LinkTarget("a".to_owned())));
        let mut checked = Checked { entries: limits::EXPORT_ENTRIES, ..Checked::default() };
        assert_eq!(checked.accept(super::tests::entry("a", EntryKind::File)), Err(Problem::TooManyEntries));
        let mut checked = Checked { bytes: limits::EXPORT_BYTES, left_bytes: 9, ..Checked::default() };
        assert_eq!(checked.accept(data(b"x")), Err(Problem::TooLarge));
    }
}
