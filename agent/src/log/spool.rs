//! Lines of one job on disk, until the control plane has stored them all; the next process finds them there
//! when this one dies. In memory there is only an index with one entry per 64 KiB, so a log costs the same
//! whether it is sent or not.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes};
use prost::Message;
use slipway_proto::limits;
use slipway_proto::v1::{LogBatch, LogLine, LogLines, LogStream};

use super::lines::Line;

/// Of a record: stream, whether the line continues, length, time.
const HEADER_BYTES: usize = 1 + 1 + 4 + 8;
/// Distance of two index entries in the file.
const INDEX_STEP: u64 = 64 * 1024;
/// What one read takes: a full batch and the longest line after it.
const READ_BYTES: usize = limits::LOG_BATCH_BYTES + limits::LOG_LINE_BYTES;
/// Batches with less text than this travel as they are.
const COMPRESSED_FROM_BYTES: usize = 1024;
const ZSTD_LEVEL: i32 = 1;

/// A place between two records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// In the log: bytes of all lines before.
    pub(super) offset: u64,
    /// Lines and pieces before.
    pub(super) records: u64,
    /// In the file.
    position: u64,
}

/// One file of lines.
pub(super) struct Spool {
    path: PathBuf,
    /// Made with the first line, so that a job without output costs nothing.
    file: Option<File>,
    end: Place,
    index: Vec<Place>,
    encoded: Vec<u8>,
}

/// What a line counts for in `offset`.
pub(super) fn log_bytes(line: Line<'_>) -> u64 {
    line.text.len() as u64 + u64::from(!line.continued)
}

impl Spool {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, end: Place::default(), index: vec![Place::default()], encoded: Vec::new() }
    }

    /// What a former process wrote. A line that it did not finish does not count.
    pub(super) fn load(path: PathBuf) -> io::Result<Self> {
        let mut spool = Self::new(path);
        let file = match File::options().read(true).write(true).open(&spool.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(spool),
            file => file?,
        };
        let size = file.metadata()?.len();
        let mut reader = BufReader::with_capacity(READ_BYTES, &file);
        let mut header = [0; HEADER_BYTES];
        while spool.end.position + HEADER_BYTES as u64 <= size {
            reader.read_exact(&mut header)?;
            let (_, continued, length, _) = decode(&mut header.as_slice());
            if length > limits::LOG_LINE_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line in it is damaged"));
            }
            let next = spool.end.after(length, continued);
            if next.position > size {
                break;
            }
            reader.seek_relative(i64::try_from(length).unwrap_or(i64::MAX))?;
            spool.index_end();
            spool.end = next;
        }
        file.set_len(spool.end.position)?;
        spool.file = Some(file);
        Ok(spool)
    }

    /// Forgets what comes after a position in the file.
    pub(super) fn truncate(&mut self, position: u64) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        file.set_len(position.min(self.end.position))?;
        *self = Self::load(std::mem::take(&mut self.path))?;
        Ok(())
    }

    /// The file is not needed any more.
    pub(super) fn remove(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.path); // it goes with its directory otherwise
        }
    }

    /// All lines, oldest first.
    pub(super) fn for_each(&self, mut each: impl FnMut(LogStream, i64, Line<'_>)) -> io::Result<()> {
        let mut place = Place::default();
        while place != self.end {
            let (lines, next) = self.lines(place)?;
            for line in &lines {
                each(line.stream(), line.at_unix_ms, Line { text: &line.text, continued: line.continued });
            }
            if next == place {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            place = next;
        }
        Ok(())
    }

    /// Where the next line will be.
    pub(super) fn end(&self) -> Place {
        self.end
    }

    /// Collects a line; [`Self::flush`] writes what was collected.
    pub(super) fn push(&mut self, stream: LogStream, at_unix_ms: i64, line: Line<'_>) {
        self.index_end();
        let length = u32::try_from(line.text.len()).unwrap_or(u32::MAX); // lines are at most 64 KiB
        self.encoded.push(u8::from(stream == LogStream::Stderr));
        self.encoded.push(u8::from(line.continued));
        self.encoded.extend_from_slice(&length.to_le_bytes());
        self.encoded.extend_from_slice(&at_unix_ms.to_le_bytes());
        self.encoded.extend_from_slice(line.text);
        self.end.offset += log_bytes(line);
        self.end.records += 1;
        self.end.position += (HEADER_BYTES + line.text.len()) as u64;
    }

    /// So much is collected that it should be written.
    pub(super) fn is_due(&self) -> bool {
        self.encoded.len() >= READ_BYTES
    }

    /// Where the file lies.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Where in the file the next line will be.
    pub(super) fn end_position(&self) -> u64 {
        self.end.position
    }

    fn index_end(&mut self) {
        if self.end.position >= self.index.last().map_or(0, |place| place.position + INDEX_STEP) {
            self.index.push(self.end);
        }
    }

    /// Writes what was collected. After an error the log is at its end.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.encoded.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            if let Some(directory) = self.path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
            }
            let mut options = File::options();
            self.file = Some(options.read(true).write(true).create(true).truncate(true).mode(0o600).open(&self.path)?);
        }
        if let Some(file) = &self.file {
            file.write_all_at(&self.encoded, self.end.position - self.encoded.len() as u64)?;
        }
        self.encoded.clear();
        if self.encoded.capacity() > 2 * READ_BYTES {
            self.encoded = Vec::new();
        }
        Ok(())
    }

    /// The last place at or before an offset of the log.
    pub(super) fn place_at(&self, offset: u64) -> io::Result<Place> {
        let after = self.index.partition_point(|place| place.offset <= offset);
        let mut place = self.index.get(after.saturating_sub(1)).copied().unwrap_or_default();
        let Some(file) = &self.file else { return Ok(place) };
        let mut header = [0; HEADER_BYTES];
        while place.offset < offset && place.position < self.end.position {
            file.read_exact_at(&mut header, place.position)?;
            let (_, continued, length, _) = decode(&mut header.as_slice());
            let next = place.after(length, continued);
            if next.offset > offset {
                break;
            }
            place = next;
        }
        Ok(place)
    }

    /// The lines from a place on, as many as fit in a batch, and the place after them.
    pub(super) fn read(&self, job_id: &str, from: Place) -> io::Result<(LogBatch, Place)> {
        let (lines, place) = self.lines(from)?;
        let mut batch = LogBatch { job_id: job_id.to_owned(), offset: from.offset, ..LogBatch::default() };
        if place.offset - from.offset >= COMPRESSED_FROM_BYTES as u64 {
            let plain = LogLines { lines };
            let raw = plain.encode_to_vec();
            let compressed = zstd::bulk::compress(&raw, ZSTD_LEVEL)?;
            if compressed.len() < raw.len() {
                batch.compressed = compressed;
            } else {
                batch.lines = plain.lines;
            }
        } else {
            batch.lines = lines;
        }
        Ok((batch, place))
    }

    fn lines(&self, from: Place) -> io::Result<(Vec<LogLine>, Place)> {
        let mut lines = Vec::new();
        let Some(file) = &self.file else { return Ok((lines, from)) };
        let available = usize::try_from(self.end.position - from.position).unwrap_or(usize::MAX);
        let mut bytes = vec![0; available.min(READ_BYTES)];
        file.read_exact_at(&mut bytes, from.position)?;
        let mut bytes = Bytes::from(bytes);
        let (mut place, mut text_bytes) = (from, 0);
        while bytes.len() >= HEADER_BYTES && lines.len() < limits::LOG_BATCH_LINES {
            let (stream, continued, length, at_unix_ms) = decode(&mut &bytes[..]);
            text_bytes += length;
            let is_over = text_bytes > limits::LOG_BATCH_BYTES && !lines.is_empty();
            if is_over || bytes.len() < HEADER_BYTES + length {
                break;
            }
            bytes.advance(HEADER_BYTES);
            let text = bytes.split_to(length);
            lines.push(LogLine { stream: stream.into(), at_unix_ms, text, continued });
            place = place.after(length, continued);
        }
        Ok((lines, place))
    }
}

impl Place {
    fn after(self, length: usize, continued: bool) -> Self {
        Self {
            offset: self.offset + length as u64 + u64::from(!continued),
            records: self.records + 1,
            position: self.position + (HEADER_BYTES + length) as u64,
        }
    }
}

fn decode(header: &mut &[u8]) -> (LogStream, bool, usize, i64) {
    let stream = if header.get_u8() == 0 { LogStream::Stdout } else { LogStream::Stderr };
    let continued = header.get_u8() != 0;
    let length = header.get_u32_le() as usize;
    (stream, continued, length, header.get_i64_le())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &[u8]) -> Line<'_> {
        Line { text, continued: false }
    }

    fn written(path: &Path, texts: &[Vec<u8>]) -> (Spool, Vec<u64>) {
        let mut spool = Spool::new(path.to_owned());
        let mut offsets = Vec::new();
        for text in texts {
            offsets.push(spool.end().offset);
            spool.push(LogStream::Stderr, 5, line(text));
            spool.flush().unwrap();
        }
        (spool, offsets)
    }

    fn texts(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|number| vec![u8::try_from(number % 251).unwrap(); number * 7 % 301]).collect()
    }

    fn unpacked(batch: &LogBatch) -> Vec<LogLine> {
        if batch.compressed.is_empty() {
            return batch.lines.clone();
        }
        let raw = zstd::bulk::decompress(&batch.compressed, limits::LOG_BATCH_RAW_BYTES).unwrap();
        LogLines::decode(raw.as_slice()).unwrap().lines
    }

    fn check(spool: &Spool, texts: &[Vec<u8>], offsets: &[u64]) {
        for start in [0, 1, 700, 2999] {
            let mut place = spool.place_at(offsets[start]).unwrap();
            assert_eq!(place.offset, offsets[start]);
            let mut seen = Vec::new();
            while place != spool.end() {
                let (batch, next) = spool.read("job", place).unwrap();
                assert_eq!(batch.offset, place.offset);
                let lines = unpacked(&batch);
                assert!(lines.len() <= limits::LOG_BATCH_LINES);
                seen.extend(lines.into_iter().map(|line| line.text.to_vec()));
                place = next;
            }
            assert_eq!(seen, texts[start..]);
        }
    }

    #[test]
    fn every_line_comes_back_from_every_place_also_to_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("job").join("log");
        let texts = texts(3000);
        let (spool, offsets) = written(&path, &texts);
        assert!(spool.index.len() > 3);
        check(&spool, &texts, &offsets);
        let (end, index) = (spool.end(), spool.index.clone());
        drop(spool);
        let mut spool = Spool::load(path.clone()).unwrap();
        assert_eq!((spool.end(), &spool.index), (end, &index));
        check(&spool, &texts, &offsets);
        spool.remove();
        assert!(!path.exists());
    }

    #[test]
    fn a_line_that_was_not_finished_does_not_count_wherever_it_was_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let texts = texts(12);
        let (_, offsets) = written(&path, &texts);
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut spool = Spool::load(path.clone()).unwrap();
            let records = spool.end().records;
            let expected = offsets.get(usize::try_from(records).unwrap()).copied();
            assert_eq!(Some(spool.end().offset), expected.or(Some(spool.end().offset)), "cut at {cut}");
            spool.push(LogStream::Stdout, 6, line(b"next"));
            spool.flush().unwrap();
            let mut last = Vec::new();
            let mut count = 0;
            Spool::load(path.clone())
                .unwrap()
                .for_each(|_, _, line| (last, count) = (line.text.to_vec(), count + 1))
                .unwrap();
            assert_eq!((last.as_slice(), count), (&b"next"[..], records + 1), "cut at {cut}");
        }
    }

    #[test]
    fn what_shrinks_travels_compressed_and_what_does_not_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let (spool, _) = written(&directory.path().join("a"), &[vec![b'x'; 5000]]);
        let (batch, _) = spool.read("job", Place::default()).unwrap();
        assert!(batch.lines.is_empty() && batch.compressed.len() < 100);
        let mut random = vec![0; 5000];
        blake3::Hasher::new().finalize_xof().fill(&mut random);
        for text in [random, b"short".to_vec()] {
            let (spool, _) = written(&directory.path().join(format!("{}", text.len())), std::slice::from_ref(&text));
            let (batch, _) = spool.read("job", Place::default()).unwrap();
            assert_eq!((batch.lines[0].text.to_vec(), batch.compressed.len()), (text, 0));
        }
    }

    #[test]
    fn a_full_batch_is_within_what_the_server_unpacks() {
        let directory = tempfile::tempdir().unwrap();
        // The most lines, and the longest after as much text as fits before it.
        let mut texts = vec![vec![b'y'; 32]; limits::LOG_BATCH_LINES];
        texts.push(vec![b'z'; limits::LOG_LINE_BYTES]);
        texts.push(vec![b'z'; limits::LOG_LINE_BYTES]);
        let (spool, _) = written(&directory.path().join("a"), &texts);
        let mut place = Place::default();
        while place != spool.end() {
            let (lines, next) = spool.lines(place).unwrap();
            assert!(LogLines { lines }.encoded_len() <= limits::LOG_BATCH_RAW_BYTES);
            place = next;
        }
    }
}
