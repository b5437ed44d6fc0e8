//! Making an archive of the pieces of an export while they come.

mod tar;
mod zip;

use std::io::{self, BufWriter, Write};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use tokio::sync::mpsc;

use self::tar::Tar;
use self::zip::Zip;
use super::{Entry, Piece};

/// Of zstd. Whoever downloads waits for the archive to be made.
const ZSTD_LEVEL: i32 = 1;
/// What compressors write is handed on in portions of this size.
const BUFFER_BYTES: usize = 128 * 1024;

/// What kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With ZIP64 where it is needed.
    Zip,
    /// As GNU tar writes it.
    Tar(Compression),
}

/// How a tar archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the word says it")]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Format {
    /// For `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Zip => "application/zip",
            Self::Tar(Compression::None) => "application/x-tar",
            Self::Tar(Compression::Gzip) => "application/gzip",
            Self::Tar(Compression::Zstd) => "application/zstd",
        }
    }

    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar(Compression::None) => "tar",
            Self::Tar(Compression::Gzip) => "tar.gz",
            Self::Tar(Compression::Zstd) => "tar.zst",
        }
    }
}

/// What became an archive.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Directories, files and links.
    pub entries: u64,
    /// Of files, before compression.
    pub bytes: u64,
}

/// Why an archive was not made to its end.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Whoever took it takes no more.
    #[error("whoever asked for it has gone or stands still")]
    Gone(#[from] io::Error),
    /// The agent's connection ended before its last word.
    #[error("the agent broke off")]
    BrokenOff,
    /// The agent's last word.
    #[error("the agent gave up: {0}")]
    Failed(String),
    /// A size that stands in the archive already is wrong.
    #[error("`{0}` became shorter while it was read; export again when nothing writes to it")]
    Shorter(String),
    /// The list at the end of a ZIP archive, which is held in memory.
    #[error(
        "the names of all entries together are too long for a ZIP archive; export as tar, or a part with `root_dir`"
    )]
    NamesTooLong,
}

/// A kind of archive that is being written.
trait Archive {
    type Inner: Write;

    /// Something begins, and what began before ends.
    fn begin(&mut self, entry: &Entry) -> Result<(), ArchiveError>;

    /// Of the file that began last.
    fn data(&mut self, data: &[u8]) -> Result<(), ArchiveError>;

    /// Everything has come. Answers what was written to.
    fn finish(self) -> Result<Self::Inner, ArchiveError>;
}

/// Writes all pieces of an export, frame by frame, as one archive. For a thread that may wait.
///
/// # Errors
/// When there is no whole archive in `output`.
pub(super) fn write(
    format: Format,
    first: Vec<Piece>,
    frames: mpsc::Receiver<Vec<Piece>>,
    output: impl Write,
) -> Result<Total, ArchiveError> {
    let pieces = Pieces { frame: first.into_iter(), frames };
    let output = BufWriter::with_capacity(BUFFER_BYTES, output);
    let (total, mut output) = match format {
        Format::Zip => fill(Zip::new(output), pieces)?,
        Format::Tar(Compression::None) => fill(Tar::new(output), pieces)?,
        Format::Tar(Compression::Gzip) => {
            let (total, encoder) = fill(Tar::new(GzEncoder::new(output, Level::fast())), pieces)?;
            (total, encoder.finish()?)
        }
        Format::Tar(Compression::Zstd) => {
            let encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
            let (total, encoder) = fill(Tar::new(encoder), pieces)?;
            (total, encoder.finish()?)
        }
    };
    output.flush()?;
    Ok(total)
}

fn fill<A: Archive>(mut archive: A, mut pieces: Pieces) -> Result<(Total, A::Inner), ArchiveError> {
    let mut total = Total::default();
    loop {
        match pieces.next().ok_or(ArchiveError::BrokenOff)? {
            Piece::Entry(entry) => {
                total.entries += 1;
                archive.begin(&entry)?;
            }
            Piece::Data(data) => {
                total.bytes += data.len() as u64;
                archive.data(&data)?;
            }
            Piece::End => return Ok((total, archive.finish()?)),
            Piece::Failed(message) => return Err(ArchiveError::Failed(message)),
        }
    }
}

/// The pieces of all frames.
struct Pieces {
    frame: std::vec::IntoIter<Piece>,
    frames: mpsc::Receiver<Vec<Piece>>,
}

impl Iterator for Pieces {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.frame.next() {
                return Some(piece);
            }
            self.frame = self.frames.blocking_recv()?.into_iter();
        }
    }
}

#[cfg(test)]
mod tests;
