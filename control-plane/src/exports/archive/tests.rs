use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use bytes::Bytes;

use super::*;
use crate::exports::Kind;

/// 2026-03-14T09:26:54Z, to the two seconds that ZIP knows.
const PI_DAY: i64 = 1_773_480_414;
const FORMATS: [Format; 4] =
    [Format::Zip, Format::Tar(Compression::None), Format::Tar(Compression::Gzip), Format::Tar(Compression::Zstd)];

fn entry(path: &[u8], kind: Kind, mode: u32) -> Piece {
    Piece::Entry(Entry { path: path.to_vec(), kind, mode, modified_unix_seconds: PI_DAY })
}

fn file(path: &[u8], size_bytes: u64) -> Piece {
    entry(path, Kind::File { size_bytes }, 0o644)
}

fn link(path: &[u8], target: &[u8]) -> Piece {
    entry(path, Kind::Link { target: target.to_vec() }, 0o777)
}

fn data(bytes: &[u8]) -> Piece {
    Piece::Data(Bytes::copy_from_slice(bytes))
}

/// The archive of frames of these pieces, each of them one.
fn archive(format: Format, pieces: &[Piece]) -> Result<(Total, Vec<u8>), ArchiveError> {
    let (sender, frames) = mpsc::channel(pieces.len().max(1));
    for piece in pieces {
        sender.try_send(vec![piece.clone()]).expect("there is room");
    }
    drop(sender);
    let mut output = Vec::new();
    let total = write(format, Vec::new(), frames, &mut output)?;
    Ok((total, output))
}

/// Unpacks with the programs that people have. What is unpacked becomes readable for its tests.
fn unpack(format: Format, archive: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let packed = directory.path().join("packed");
    fs::write(&packed, archive).expect("writes");
    let unpacked = directory.path().join("unpacked");
    fs::create_dir(&unpacked).expect("makes it");
    let mut command = match format {
        Format::Zip => Command::new("unzip"),
        Format::Tar(_) => Command::new("tar"),
    };
    match format {
        Format::Zip => command.arg("-q").arg(&packed),
        Format::Tar(Compression::None) => command.arg("xf").arg(&packed),
        Format::Tar(Compression::Gzip) => command.arg("xzf").arg(&packed),
        Format::Tar(Compression::Zstd) => command.args(["--zstd", "-xf"]).arg(&packed),
    };
    let output = command.current_dir(&unpacked).output().expect("unzip and tar are there");
    assert!(output.status.success(), "{format:?}: {}", String::from_utf8_lossy(&output.stderr));
    directory
}

#[test]
fn what_is_unpacked_is_what_was_packed() {
    let long_name = [b"deep/", "n".repeat(200).as_bytes()].concat();
    let long_target = "t/".repeat(90) + "end";
    let large: Vec<u8> = (0..300_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
    let pieces = [
        entry(b"deep", Kind::Directory, 0o755),
        file(&long_name, 4),
        data(b"long"),
        file("deep/ärger".as_bytes(), 0),
        entry(b"empty", Kind::Directory, 0o750),
        file(b"large", large.len() as u64),
        data(&large[..100_000]),
        data(&large[100_000..]),
        link(b"link", b"../nowhere"),
        link(b"link-to-far", long_target.as_bytes()),
        file(b"photo.png", 5),
        data(b"\x89PNG!"),
        entry(b"run.sh", Kind::File { size_bytes: 2 }, 0o751),
        data(b"#!"),
        Piece::End,
    ];
    for format in FORMATS {
        let (total, packed) = archive(format, &pieces).expect("is made");
        assert_eq!(total, Total { entries: 9, bytes: 4 + large.len() as u64 + 5 + 2 });
        let directory = unpack(format, &packed);
        let root = directory.path().join("unpacked");
        let read = |path: &str| fs::read(root.join(path)).unwrap_or_else(|error| panic!("{format:?} {path}: {error}"));
        assert_eq!(read(str::from_utf8(&long_name).expect("is UTF-8")), b"long");
        assert_eq!(read("deep/ärger"), b"");
        assert_eq!(read("photo.png"), b"\x89PNG!");
        assert_eq!(read("large"), large);
        let mode = |path: &str| root.join(path).metadata().expect("is there").permissions().mode() & 0o777;
        assert_eq!((mode("run.sh"), mode("empty"), mode("large")), (0o751, 0o750, 0o644), "{format:?}");
        assert_eq!(fs::read_link(root.join("link")).expect("is a link"), Path::new("../nowhere"));
        assert_eq!(fs::read_link(root.join("link-to-far")).expect("is a link"), Path::new(&long_target));
        assert_eq!(root.join("large").metadata().expect("is there").mtime(), PI_DAY, "{format:?}");
    }
}

#[test]
fn the_crates_read_what_is_written() {
    let pieces = [
        entry(b"a", Kind::Directory, 0o755),
        file("a/ä.txt".as_bytes(), 6),
        data(b"abc"),
        data(b"def"),
        link(b"b", b"a"),
        Piece::End,
    ];
    let (_, packed) = archive(Format::Zip, &pieces).expect("is made");
    let mut zip = ::zip::ZipArchive::new(Cursor::new(packed)).expect("is an archive");
    let mut found = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).expect("an entry");
        let mut content = String::new();
        file.read_to_string(&mut content).expect("the CRC is right");
        let name = file.name().expect("is UTF-8").into_owned();
        found.push((name, file.unix_mode().expect("a mode"), content));
    }
    let expected = [("a/", 0o040_755, ""), ("a/ä.txt", 0o100_644, "abcdef"), ("b", 0o120_777, "a")];
    assert_eq!(found, expected.map(|(name, mode, content)| (name.to_owned(), mode, content.to_owned())));

    let (_, packed) = archive(Format::Tar(Compression::None), &pieces).expect("is made");
    let mut tar = ::tar::Archive::new(packed.as_slice());
    let kinds: Vec<_> =
        tar.entries().expect("an archive").map(|entry| entry.expect("an entry").header().entry_type()).collect();
    assert_eq!(kinds, [::tar::EntryType::Directory, ::tar::EntryType::Regular, ::tar::EntryType::Symlink]);
}

#[test]
fn names_that_are_not_utf_8_are_kept() {
    let pieces = [file(b"caf\xe8", 1), data(b"e"), file(b"caf\xe9", 1), data(b"a"), Piece::End];
    for format in FORMATS {
        let (_, packed) = archive(format, &pieces).expect("is made");
        let directory = unpack(format, &packed);
        let names = fs::read_dir(directory.path().join("unpacked")).expect("is there");
        assert_eq!(names.count(), 2, "{format:?}");
    }
    let (_, packed) = archive(Format::Zip, &pieces).expect("is made");
    let mut zip = ::zip::ZipArchive::new(Cursor::new(packed)).expect("is an archive");
    assert_eq!(zip.by_index(1).expect("an entry").name_raw(), b"caf\xe9");
}

#[test]
fn a_file_that_came_up_short_is_as_long_as_it_was_read_in_a_zip_and_ends_a_tar() {
    let pieces = [file(b"log", 1_000), data(b"short"), file(b"next", 2), data(b"ok"), Piece::End];
    let (_, packed) = archive(Format::Zip, &pieces).expect("is made");
    let directory = unpack(Format::Zip, &packed);
    assert_eq!(fs::read(directory.path().join("unpacked/log")).expect("is there"), b"short");
    assert_eq!(fs::read(directory.path().join("unpacked/next")).expect("is there"), b"ok");
    for format in &FORMATS[1..] {
        let error = archive(*format, &pieces).expect_err("cannot be mended");
        assert!(matches!(&error, ArchiveError::Shorter(path) if path == "log"), "{error}");
    }
    let error = archive(FORMATS[1], &[file(b"log", 9), data(b"short"), Piece::End]).expect_err("neither at the end");
    assert!(error.to_string().starts_with("`log` became shorter"));
}

#[test]
fn without_its_last_word_there_is_no_archive() {
    for format in FORMATS {
        assert!(matches!(archive(format, &[file(b"a", 0)]), Err(ArchiveError::BrokenOff)));
        let failed = [file(b"a", 0), Piece::Failed("no".to_owned())];
        assert!(matches!(archive(format, &failed), Err(ArchiveError::Failed(message)) if message == "no"));
        assert!(archive(format, &[Piece::End]).is_ok(), "an empty workspace is one");
    }
}

#[test]
fn more_entries_than_a_zip_once_could_count_are_all_there() {
    const ENTRIES: usize = 70_000;
    let mut pieces: Vec<_> = (0..ENTRIES).map(|number| file(format!("{number:05}").as_bytes(), 0)).collect();
    pieces.push(Piece::End);
    let (_, packed) = archive(Format::Zip, &pieces).expect("is made");
    let zip = ::zip::ZipArchive::new(Cursor::new(packed)).expect("is an archive");
    assert_eq!(zip.len(), ENTRIES);
}

#[test]
fn sizes_and_places_beyond_4_gib_are_told() {
    const MIB: u64 = 1024 * 1024;
    const BYTES: u64 = 4 * 1024 * MIB + MIB;
    let begun = |archive: &mut dyn FnMut(&Entry), path: &[u8], size_bytes| match file(path, size_bytes) {
        Piece::Entry(entry) => archive(&entry),
        other => unreachable!("{other:?} is no entry"),
    };
    let mut end = End::default();
    let mut zip = Zip::new(&mut end);
    // A name that says that compressing is in vain.
    begun(&mut |entry| zip.begin(entry).expect("is written"), b"film.mp4", BYTES);
    let block = vec![0; 1024 * 1024];
    for _ in 0..BYTES / MIB {
        zip.data(&block).expect("is written");
    }
    begun(&mut |entry| zip.begin(entry).expect("is written"), b"small", 0);
    zip.finish().expect("is whole");
    let list = end.0.windows(4).position(|bytes| bytes == b"PK\x01\x02").expect("a list");
    let field = |at: usize, length: usize| &end.0[list + at..][..length];
    assert_eq!(field(24, 4), [0xff; 4], "the size is elsewhere");
    let extra = 46 + "film.mp4".len();
    assert_eq!((field(extra, 4), field(extra + 4, 8)), (&b"\x01\x00\x10\x00"[..], &BYTES.to_le_bytes()[..]));
    assert!(end.0.windows(4).any(|bytes| bytes == b"PK\x06\x06"), "the end is one of ZIP64");

    let mut output = Vec::new();
    let mut tar = Tar::new(&mut output);
    begun(&mut |entry| tar.begin(entry).expect("is written"), b"film.mp4", 3 * BYTES);
    let mut archive = ::tar::Archive::new(output.as_slice());
    let entry = archive.entries().expect("an archive").next().expect("an entry").expect("a header");
    assert_eq!(entry.size(), 3 * BYTES);
}

/// The last bytes of what is written.
#[derive(Default)]
struct End(Vec<u8>);

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const KEPT: usize = 1024;
        self.0.drain(..self.0.len().saturating_sub(KEPT));
        self.0.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT)..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
