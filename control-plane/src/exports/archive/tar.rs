//! tar, with GNU's ways to tell long names and large sizes, which every tar of today reads. Names are bytes, so
//! they are kept as they are.

use std::io::{self, Write};

use tar::{EntryType, Header};

use super::{Archive, ArchiveError};
use crate::exports::{Entry, Kind};

/// Everything in a tar archive takes a multiple of this.
const BLOCK_BYTES: usize = 512;
/// Room for a name or a target in a header.
const NAME_BYTES: usize = 100;
/// The name of an entry that holds the long name of the next one.
const LONG_NAME: &[u8] = b"././@LongLink";

pub(super) struct Tar<W> {
    output: W,
    /// The file under way, and how much of it is to come.
    path: Vec<u8>,
    left_bytes: u64,
    padding: usize,
}

impl<W: Write> Tar<W> {
    pub(super) fn new(output: W) -> Self {
        Self { output, path: Vec::new(), left_bytes: 0, padding: 0 }
    }

    /// Ends the file under way. Its size stands before it, so it has to have come to its end.
    fn close(&mut self) -> Result<(), ArchiveError> {
        if self.left_bytes > 0 {
            return Err(ArchiveError::Shorter(String::from_utf8_lossy(&self.path).into_owned()));
        }
        self.output.write_all(&[0; BLOCK_BYTES][..self.padding])?;
        self.padding = 0;
        Ok(())
    }

    /// What does not fit into a header comes before it, in an entry of its own.
    fn long(&mut self, kind: EntryType, name: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_entry_type(kind);
        let with_end = name.len() as u64 + 1;
        self.header(header, LONG_NAME, with_end)?;
        self.output.write_all(name)?;
        self.output.write_all(&[0; BLOCK_BYTES][..=padding(with_end)])
    }

    fn header(&mut self, mut header: Header, name: &[u8], size_bytes: u64) -> io::Result<()> {
        let length = name.len().min(NAME_BYTES);
        header.as_old_mut().name[..length].copy_from_slice(&name[..length]);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size_bytes);
        header.set_cksum();
        self.output.write_all(header.as_bytes())
    }
}

impl<W: Write> Archive for Tar<W> {
    type Inner = W;

    fn begin(&mut self, entry: &Entry) -> Result<(), ArchiveError> {
        self.close()?;
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_mtime(entry.modified_unix_seconds.unsigned_abs());
        let mut name = entry.path.clone();
        let size_bytes = match &entry.kind {
            Kind::Directory => {
                header.set_entry_type(EntryType::Directory);
                name.push(b'/');
                0
            }
            Kind::File { size_bytes } => {
                header.set_entry_type(EntryType::Regular);
                *size_bytes
            }
            Kind::Link { target } => {
                header.set_entry_type(EntryType::Symlink);
                if target.len() > NAME_BYTES {
                    self.long(EntryType::GNULongLink, target)?;
                }
                let length = target.len().min(NAME_BYTES);
                header.as_old_mut().linkname[..length].copy_from_slice(&target[..length]);
                0
            }
        };
        if name.len() > NAME_BYTES {
            self.long(EntryType::GNULongName, &name)?;
        }
        self.header(header, &name, size_bytes)?;
        self.path.clone_from(&entry.path);
        self.left_bytes = size_bytes;
        self.padding = padding(size_bytes);
        Ok(())
    }

    fn data(&mut self, data: &[u8]) -> Result<(), ArchiveError> {
        self.left_bytes = self.left_bytes.saturating_sub(data.len() as u64);
        Ok(self.output.write_all(data)?)
    }

    fn finish(mut self) -> Result<W, ArchiveError> {
        self.close()?;
        self.output.write_all(&[0; 2 * BLOCK_BYTES])?;
        Ok(self.output)
    }
}

/// From the end of so many bytes to the end of their last block.
fn padding(bytes: u64) -> usize {
    let over = usize::try_from(bytes % BLOCK_BYTES as u64).unwrap_or_default();
    if over == 0 { 0 } else { BLOCK_BYTES - over }
}
