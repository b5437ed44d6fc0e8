//! The lines of one job on disk, until the control plane has stored them all. In memory there is
//! only an index with one entry per 64 KiB, so a log costs the same whether it is sent or not.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes};
use slipway_proto::limits;
use slipway_proto::v1::{LogBatch, LogLine, LogStream};

use super::lines::Line;

/// Of a record: stream, whether the line continues, length, time.
const HEADER_BYTES: usize = 1 + 1 + 4 + 8;
/// Distance of two index entries in the file.
const INDEX_STEP: u64 = 64 * 1024;
/// What one read takes: a full batch and the longest line after it.
const READ_BYTES: usize = limits::LOG_BATCH_BYTES + limits::LOG_LINE_BYTES;

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

/// The file of one job.
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

    /// Where the next line will be.
    pub(super) fn end(&self) -> Place {
        self.end
    }

    /// Collects a line; [`Self::flush`] writes what was collected.
    pub(super) fn push(&mut self, stream: LogStream, at_unix_ms: i64, line: Line<'_>) {
        if self.end.position >= self.index.last().map_or(0, |place| place.position + INDEX_STEP) {
            self.index.push(self.end);
        }
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

    /// Writes what was collected. After an error the log is at its end.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.encoded.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
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
        let mut batch = LogBatch { job_id: job_id.to_owned(), offset: from.offset, ..LogBatch::default() };
        let Some(file) = &self.file else { return Ok((batch, from)) };
        let available = usize::try_from(self.end.position - from.position).unwrap_or(usize::MAX);
        let mut bytes = vec![0; available.min(READ_BYTES)];
        file.read_exact_at(&mut bytes, from.position)?;
        let mut bytes = Bytes::from(bytes);
        let (mut place, mut text_bytes) = (from, 0);
        while bytes.len() >= HEADER_BYTES && batch.lines.len() < limits::LOG_BATCH_LINES {
            let (stream, continued, length, at_unix_ms) = decode(&mut &bytes[..]);
            text_bytes += length;
            let is_over = text_bytes > limits::LOG_BATCH_BYTES && !batch.lines.is_empty();
            if is_over || bytes.len() < HEADER_BYTES + length {
                break;
            }
            bytes.advance(HEADER_BYTES);
            let text = bytes.split_to(length);
            batch.lines.push(LogLine { stream: stream.into(), at_unix_ms, text, continued });
            place = place.after(length, continued);
        }
        Ok((batch, place))
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

impl Drop for Spool {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path); // the start of the next agent removes what is left
        }
    }
}

/// Removes what a former agent left behind: its jobs ended with it.
pub(crate) fn clear(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &[u8]) -> Line<'_> {
        Line { text, continued: false }
    }

    #[test]
    fn every_line_comes_back_from_every_place() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(directory.path().join("job"));
        let texts: Vec<Vec<u8>> =
            (0..3000_usize).map(|number| vec![u8::try_from(number % 251).unwrap(); number * 7 % 301]).collect();
        let mut offsets = Vec::new();
        for text in &texts {
            offsets.push(spool.end().offset);
            spool.push(LogStream::Stderr, 5, line(text));
            spool.flush().unwrap();
        }
        assert!(spool.index.len() > 3);
        for start in [0, 1, 700, 2999] {
            let mut place = spool.place_at(offsets[start]).unwrap();
            assert_eq!(place.offset, offsets[start]);
            let mut seen = Vec::new();
            while place != spool.end() {
                let (batch, next) = spool.read("job", place).unwrap();
                assert_eq!(batch.offset, place.offset);
                assert!(batch.lines.len() <= limits::LOG_BATCH_LINES);
                seen.extend(batch.lines.into_iter().map(|line| line.text.to_vec()));
                place = next;
            }
            assert_eq!(seen, texts[start..]);
        }
        let path = spool.path.clone();
        drop(spool);
        assert!(!path.exists());
    }
}
