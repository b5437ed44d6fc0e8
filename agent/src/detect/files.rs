//! Bounded reading of the few small files detection looks at. They belong to the sandbox's user, so
//! none may block, exhaust memory or be anything but a regular file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

use super::DetectError;

/// Configuration written by people is far below this; what is larger is not read.
const FILE_BYTES: u64 = 1024 * 1024;

/// The text of a small file, without a byte order mark. `None` when there is none, or it is no small regular file.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, DetectError> {
    let unreadable = |source| DetectError::Unreadable { path: path.to_owned(), source };
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > FILE_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()))
}

/// The first 4 KiB of a file of any size, for those that say what they are at the top.
pub(super) fn read_head(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = open(path)
        && file.metadata().is_ok_and(|metadata| metadata.is_file())
        && file.take(4096).read_to_end(&mut bytes).is_ok()
    {
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    String::new()
}

/// Opening a named pipe must not wait for a writer.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)
}
