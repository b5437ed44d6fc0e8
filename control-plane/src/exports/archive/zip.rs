//! ZIP, written from the beginning to the end without going back (APPNOTE 6.3.10): the size of a file comes after
//! its data. Written here because what writes it has to take names that are bytes, and to bound what it
//! remembers of each entry until the end.
//!
//! A name that is UTF-8 is marked so; another one is kept as it is, without the mark, as Info-ZIP does.

use std::io::{self, Write};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use time::OffsetDateTime;

use super::{Archive, ArchiveError};
use crate::exports::{Entry, Kind};

const LOCAL_HEADER: u32 = 0x0403_4b50;
const DATA_DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const END_64_LOCATOR: u32 = 0x0706_4b50;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Flag: sizes come after the data.
const SIZES_FOLLOW: u16 = 1 << 3;
/// Flag: the name is UTF-8.
const UTF_8: u16 = 1 << 11;
/// Extra field: sizes and offsets of 64 bits.
const ZIP64: u16 = 0x0001;
/// Extra field: times in Unix seconds.
const UNIX_TIME: u16 = 0x5455;
/// Who reads it has to know deflate and directories,
const VERSION: u16 = 20;
/// or ZIP64.
const VERSION_64: u16 = 45;
/// It was made on Unix: attributes are Unix modes.
const MADE_ON_UNIX: u16 = 3 << 8;
/// DOS attribute of a directory.
const DOS_DIRECTORY: u32 = 0x10;
const MODE_DIRECTORY: u32 = 0o040_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_LINK: u32 = 0o120_000;

/// A value of 32 bits that says: look into the ZIP64 field.
const IN_ZIP64: u64 = 0xffff_ffff;
/// The same with 16 bits.
const MANY_ENTRIES: u64 = 0xffff;
/// Files from this size on have ZIP64 fields: what cannot be compressed becomes a little larger.
const LARGE_BYTES: u64 = 0xf000_0000;
/// All headers of the list at the end, which is held in memory.
const LIST_BYTES: usize = 192 * 1024 * 1024;
/// What deflate writes at a time.
const DEFLATED_BYTES: usize = 64 * 1024;
/// Of deflate: faster than networks are, as a rule.
const FAST: u32 = 1;
/// Names of what is compressed already end like this.
const COMPRESSED: [&[u8]; 32] = [
    b"7z", b"aac", b"apk", b"avif", b"br", b"bz2", b"docx", b"gif", b"gz", b"heic", b"jar", b"jpeg", b"jpg", b"m4a",
    b"mov", b"mp3", b"mp4", b"ogg", b"opus", b"pack", b"png", b"pptx", b"tgz", b"webm", b"webp", b"whl", b"woff",
    b"woff2", b"xlsx", b"xz", b"zip", b"zst",
];

pub(super) struct Zip<W> {
    output: Counted<W>,
    /// For what is worth it.
    fast: Deflate,
    /// For what is compressed already: the same format, so that readers that cannot go back find its end.
    none: Deflate,
    /// The list of entries for the end.
    list: Vec<u8>,
    entries: u64,
    open: Option<Open>,
}

/// The file under way.
struct Open {
    header: CentralHeader,
    is_large: bool,
    is_compressed_already: bool,
    crc: Crc,
}

/// An entry as the list at the end tells it.
struct CentralHeader {
    flags: u16,
    method: u16,
    time: DosTime,
    modified_unix_seconds: i64,
    attributes: u32,
    crc: u32,
    compressed_bytes: u64,
    bytes: u64,
    offset: u64,
    name: Vec<u8>,
}

impl<W: Write> Zip<W> {
    pub(super) fn new(output: W) -> Self {
        Self {
            output: Counted { output, bytes: 0 },
            fast: Deflate::new(FAST),
            none: Deflate::new(0),
            list: Vec::new(),
            entries: 0,
            open: None,
        }
    }

    /// Ends the file under way and tells its size.
    fn close(&mut self) -> Result<(), ArchiveError> {
        let Some(Open { mut header, is_large, is_compressed_already, crc }) = self.open.take() else { return Ok(()) };
        let deflate = if is_compressed_already { &mut self.none } else { &mut self.fast };
        header.compressed_bytes = deflate.finish(&mut self.output)?;
        header.crc = crc.sum();
        let mut descriptor = Fields::default();
        descriptor.u32(DATA_DESCRIPTOR).u32(header.crc);
        if is_large {
            descriptor.u64(header.compressed_bytes).u64(header.bytes);
        } else {
            descriptor.u32_or_mark(header.compressed_bytes).u32_or_mark(header.bytes);
        }
        self.output.write_all(&descriptor.0)?;
        self.remember(&header)
    }

    fn remember(&mut self, header: &CentralHeader) -> Result<(), ArchiveError> {
        self.entries += 1;
        self.list.extend(header.central());
        if self.list.len() > LIST_BYTES { Err(ArchiveError::NamesTooLong) } else { Ok(()) }
    }
}

impl<W: Write> Archive for Zip<W> {
    type Inner = W;

    fn begin(&mut self, entry: &Entry) -> Result<(), ArchiveError> {
        self.close()?;
        let mut header = CentralHeader::of(entry, self.output.bytes);
        match &entry.kind {
            Kind::Directory => {
                self.output.write_all(&header.local(false))?;
                self.remember(&header)
            }
            Kind::Link { target } => {
                let mut crc = Crc::new();
                crc.update(target);
                header.crc = crc.sum();
                (header.compressed_bytes, header.bytes) = (target.len() as u64, target.len() as u64);
                self.output.write_all(&header.local(false))?;
                self.output.write_all(target)?;
                self.remember(&header)
            }
            Kind::File { size_bytes } => {
                let is_large = *size_bytes >= LARGE_BYTES;
                self.output.write_all(&header.local(is_large))?;
                let is_compressed_already = is_compressed(&entry.path);
                self.open = Some(Open { header, is_large, is_compressed_already, crc: Crc::new() });
                Ok(())
            }
        }
    }

    fn data(&mut self, data: &[u8]) -> Result<(), ArchiveError> {
        if let Some(open) = &mut self.open {
            open.crc.update(data);
            open.header.bytes += data.len() as u64;
            let deflate = if open.is_compressed_already { &mut self.none } else { &mut self.fast };
            deflate.write(data, &mut self.output)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<W, ArchiveError> {
        self.close()?;
        let (offset, length) = (self.output.bytes, self.list.len() as u64);
        self.output.write_all(&self.list)?;
        let mut end = Fields::default();
        if self.entries >= MANY_ENTRIES || offset >= IN_ZIP64 {
            let made_by = MADE_ON_UNIX | VERSION_64;
            end.u32(END_64).u64(44).u16(made_by).u16(VERSION_64).u32(0).u32(0);
            end.u64(self.entries).u64(self.entries).u64(length).u64(offset);
            end.u32(END_64_LOCATOR).u32(0).u64(offset + length).u32(1);
        }
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        end.u32(END).u16(0).u16(0).u16(entries).u16(entries).u32_or_mark(length).u32_or_mark(offset).u16(0);
        self.output.write_all(&end.0)?;
        Ok(self.output.output)
    }
}

impl CentralHeader {
    fn of(entry: &Entry, offset: u64) -> Self {
        let mut name = entry.path.clone();
        let (method, kind, dos) = match entry.kind {
            Kind::Directory => {
                name.push(b'/');
                (STORED, MODE_DIRECTORY, DOS_DIRECTORY)
            }
            Kind::Link { .. } => (STORED, MODE_LINK, 0),
            Kind::File { .. } => (DEFLATED, MODE_FILE, 0),
        };
        let utf_8 = if str::from_utf8(&name).is_ok() { UTF_8 } else { 0 };
        let follow = if method == DEFLATED { SIZES_FOLLOW } else { 0 };
        Self {
            flags: utf_8 | follow,
            method,
            time: DosTime::of(entry.modified_unix_seconds),
            modified_unix_seconds: entry.modified_unix_seconds,
            attributes: (kind | entry.mode) << 16 | dos,
            crc: 0,
            compressed_bytes: 0,
            bytes: 0,
            offset,
            name,
        }
    }

    /// What stands before the data.
    fn local(&self, is_large: bool) -> Vec<u8> {
        let mut extra = Fields::default();
        if is_large {
            extra.u16(ZIP64).u16(16).u64(0).u64(0);
        }
        extra.unix_time(self.modified_unix_seconds);
        let mut header = Fields::default();
        header.u32(LOCAL_HEADER).u16(if is_large { VERSION_64 } else { VERSION });
        header.u16(self.flags).u16(self.method).u16(self.time.time).u16(self.time.date).u32(self.crc);
        if is_large {
            header.u32_or_mark(IN_ZIP64).u32_or_mark(IN_ZIP64);
        } else {
            header.u32_or_mark(self.compressed_bytes).u32_or_mark(self.bytes);
        }
        header.length(&self.name).length(&extra.0).bytes(&self.name).bytes(&extra.0);
        header.0
    }

    /// What stands in the list at the end.
    fn central(&self) -> Vec<u8> {
        let mut large = Fields::default();
        for value in [self.bytes, self.compressed_bytes, self.offset] {
            if value >= IN_ZIP64 {
                large.u64(value);
            }
        }
        let mut extra = Fields::default();
        if !large.0.is_empty() {
            extra.u16(ZIP64).length(&large.0).bytes(&large.0);
        }
        extra.unix_time(self.modified_unix_seconds);
        let version = if large.0.is_empty() { VERSION } else { VERSION_64 };
        let mut header = Fields::default();
        header.u32(CENTRAL_HEADER).u16(MADE_ON_UNIX | VERSION_64).u16(version);
        header.u16(self.flags).u16(self.method).u16(self.time.time).u16(self.time.date).u32(self.crc);
        header.u32_or_mark(self.compressed_bytes).u32_or_mark(self.bytes).length(&self.name).length(&extra.0);
        // No comment, on the first disk, not marked as text.
        header.u16(0).u16(0).u16(0).u32(self.attributes).u32_or_mark(self.offset).bytes(&self.name).bytes(&extra.0);
        header.0
    }
}

/// Numbers, least significant byte first.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A value that stands in a ZIP64 field when it is too large for 32 bits.
    fn u32_or_mark(&mut self, value: u64) -> &mut Self {
        self.u32(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// Of names and extra fields, which are bounded far below.
    fn length(&mut self, bytes: &[u8]) -> &mut Self {
        self.u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX))
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Left out after 2038, when it has no room for the time; the DOS time stays.
    fn unix_time(&mut self, seconds: i64) -> &mut Self {
        match i32::try_from(seconds) {
            Ok(seconds) => self.u16(UNIX_TIME).u16(5).bytes(&[1]).bytes(&seconds.to_le_bytes()),
            Err(_) => self,
        }
    }
}

/// From 1980 to 2107, to two seconds, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DosTime {
    date: u16,
    time: u16,
}

impl DosTime {
    const EARLIEST: Self = Self::new([0, 1, 1], [0, 0, 0]);
    const LATEST: Self = Self::new([127, 12, 31], [23, 59, 59]);

    /// Of years since 1980, month, day; hour, minute, second.
    const fn new([years, month, day]: [u16; 3], [hour, minute, second]: [u16; 3]) -> Self {
        Self { date: (years << 9) | (month << 5) | day, time: (hour << 11) | (minute << 5) | (second / 2) }
    }

    fn of(unix_seconds: i64) -> Self {
        let Ok(at) = OffsetDateTime::from_unix_timestamp(unix_seconds) else { return Self::LATEST };
        match u16::try_from(at.year() - 1980) {
            Err(_) => Self::EARLIEST,
            Ok(years @ 0..=127) => Self::new(
                [years, u8::from(at.month()).into(), at.day().into()],
                [at.hour().into(), at.minute().into(), at.second().into()],
            ),
            Ok(_) => Self::LATEST,
        }
    }
}

/// Compresses one file after another.
struct Deflate {
    compress: Compress,
    buffer: Vec<u8>,
}

impl Deflate {
    fn new(level: u32) -> Self {
        Self { compress: Compress::new(Compression::new(level), false), buffer: Vec::with_capacity(DEFLATED_BYTES) }
    }

    fn write(&mut self, mut data: &[u8], output: &mut impl Write) -> io::Result<()> {
        while !data.is_empty() {
            let (taken, _) = self.step(data, FlushCompress::None, output)?;
            data = &data[taken..];
        }
        Ok(())
    }

    /// Answers how many bytes the file has become, and is ready for the next one.
    fn finish(&mut self, output: &mut impl Write) -> io::Result<u64> {
        while self.step(&[], FlushCompress::Finish, output)?.1 != Status::StreamEnd {}
        let bytes = self.compress.total_out();
        self.compress.reset();
        Ok(bytes)
    }

    fn step(&mut self, data: &[u8], flush: FlushCompress, output: &mut impl Write) -> io::Result<(usize, Status)> {
        let before = self.compress.total_in();
        let status = self.compress.compress_vec(data, &mut self.buffer, flush)?;
        output.write_all(&self.buffer)?;
        self.buffer.clear();
        let taken = self.compress.total_in() - before;
        Ok((usize::try_from(taken).unwrap_or(data.len()), status))
    }
}

/// Knows where in the archive it is.
struct Counted<W> {
    output: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// By its name.
fn is_compressed(path: &[u8]) -> bool {
    let extension = path.iter().rposition(|byte| *byte == b'.').map(|dot| path[dot + 1..].to_ascii_lowercase());
    extension.is_some_and(|extension| COMPRESSED.contains(&extension.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dos_times_are_in_their_range() {
        assert_eq!(DosTime::of(0), DosTime::EARLIEST);
        // 2026-03-14T09:26:53Z
        let pi_day = DosTime::new([46, 3, 14], [9, 26, 53]);
        assert_eq!((pi_day.date, pi_day.time), (0x5c6e, 0x4b5a));
        assert_eq!(DosTime::of(1_773_480_413), pi_day);
        assert_eq!(DosTime::of(253_402_300_799), DosTime::LATEST);
    }

    #[test]
    fn names_tell_what_is_compressed_already() {
        for (name, expected) in [("a/photo.JPG", true), ("a.png/readme", false), ("zip", false), ("x.tar.gz", true)] {
            assert_eq!(is_compressed(name.as_bytes()), expected, "{name}");
        }
    }
}
