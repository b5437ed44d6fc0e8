//! The end of a log that is too long to be kept whole: the newest lines on disk, the oldest of them given up
//! file by file, and exact counts of what was given up. Both outlive this process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use slipway_proto::limits;
use slipway_proto::v1::LogStream;

use super::lines::Line;
use super::spool::{Spool, log_bytes};

/// The newest file and the one before together are the tail.
const FILE_BYTES: u64 = limits::LOG_TAIL_BYTES / 2;
/// Numbers of three lines: where the head ends, and what was given up.
const STATE: &str = "tail";

/// Bytes and lines that are not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) bytes: u64,
    pub(super) lines: u64,
}

/// The tail of one log.
pub(super) struct Tail {
    directory: PathBuf,
    /// Where in its file the head ends.
    head_end: u64,
    dropped: Dropped,
    /// Number of the older file.
    first: u64,
    older: Spool,
    newer: Spool,
}

impl Tail {
    /// Begins one for a log whose head ends here.
    pub(super) fn begin(directory: &Path, head_end: u64) -> io::Result<Self> {
        let file = |number| Spool::new(directory.join(format!("{STATE}.{number}")));
        let tail = Self {
            directory: directory.to_owned(),
            head_end,
            dropped: Dropped::default(),
            first: 0,
            older: file(0),
            newer: file(1),
        };
        tail.save()?;
        Ok(tail)
    }

    /// What a former process left; `None` when its log had no tail.
    pub(super) fn load(directory: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read_to_string(directory.join(STATE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let mut numbers = text.split_ascii_whitespace().map(str::parse::<u64>);
        let mut next = || match numbers.next() {
            Some(Ok(number)) => Ok(number),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the state of a log's end is damaged")),
        };
        let (head_end, first, dropped) = (next()?, next()?, Dropped { bytes: next()?, lines: next()? });
        let file = |number| Spool::load(directory.join(format!("{STATE}.{number}")));
        Ok(Some(Self {
            directory: directory.to_owned(),
            head_end,
            dropped,
            first,
            older: file(first)?,
            newer: file(first + 1)?,
        }))
    }

    /// Where in its file the head ends.
    pub(super) fn head_end(&self) -> u64 {
        self.head_end
    }

    /// What is given up by now.
    pub(super) fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Collects a line; [`Self::flush`] writes what was collected.
    pub(super) fn push(&mut self, stream: LogStream, at_unix_ms: i64, line: Line<'_>) -> io::Result<()> {
        if self.newer.end().offset + log_bytes(line) > FILE_BYTES {
            self.give_up_older()?;
        }
        self.newer.push(stream, at_unix_ms, line);
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.newer.flush()
    }

    fn give_up_older(&mut self) -> io::Result<()> {
        self.newer.flush()?;
        let mut lines = 0;
        self.older.for_each(|_, _, line| lines += u64::from(!line.continued))?;
        self.dropped.bytes += self.older.end().offset;
        self.dropped.lines += lines;
        self.first += 1;
        // First it counts as given up, then it goes: a crash between leaves a file that nobody looks at.
        self.save()?;
        self.older.remove();
        let next = Spool::new(self.directory.join(format!("{STATE}.{}", self.first + 1)));
        self.older = std::mem::replace(&mut self.newer, next);
        Ok(())
    }

    fn save(&self) -> io::Result<()> {
        let (path, new) = (self.directory.join(STATE), self.directory.join("tail.new"));
        fs::write(&new, format!("{} {} {} {}\n", self.head_end, self.first, self.dropped.bytes, self.dropped.lines))?;
        fs::rename(new, path)
    }

    /// Every line that is kept, oldest first.
    pub(super) fn for_each(&self, mut each: impl FnMut(LogStream, i64, Line<'_>)) -> io::Result<()> {
        self.older.for_each(&mut each)?;
        self.newer.for_each(&mut each)
    }
}
