//! The body of an answer that is an archive: made by a thread of its own while it is being read. It ends well only
//! when the archive is whole; otherwise it breaks, so that nobody takes a part for all of it.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

use super::archive::{self, ArchiveError, Format, Total};
use super::{Export, Piece};
use crate::ids::SandboxId;

/// Portions of the archive that are made and not yet read.
const PORTIONS_WAITING: usize = 2;
/// Somebody who takes no portion for this long will not come back, and others want to export, too.
const READER_STANDS_STILL: Duration = Duration::from_secs(5 * 60);

/// Makes an archive of an export whose first frame has come. Dropping the stream ends the export.
pub fn download(export: Export, first: Vec<Piece>, format: Format) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let Export { frames, slot, wish } = export;
    let sandbox = slot.sandbox;
    let (sender, portions) = mpsc::channel(PORTIONS_WAITING);
    let output = Portions { sender, runtime: Handle::current(), patience: READER_STANDS_STILL };
    let making = tokio::task::spawn_blocking(move || {
        let made = archive::write(format, first, frames, output);
        drop(slot);
        made
    });
    let body = Body { portions, making: Some(making), sandbox, _wish: wish };
    futures::stream::unfold(body, |mut body| async move { body.next().await.map(|portion| (portion, body)) })
}

struct Body {
    portions: mpsc::Receiver<Bytes>,
    making: Option<JoinHandle<Result<Total, ArchiveError>>>,
    sandbox: SandboxId,
    /// As long as somebody reads.
    _wish: DropGuard,
}

impl Body {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if let Some(portion) = self.portions.recv().await {
            return Some(Ok(portion));
        }
        let sandbox = self.sandbox;
        match self.making.take()?.await {
            Ok(Ok(Total { entries, bytes })) => {
                tracing::info!(sandbox.id = %sandbox, entries, bytes, "a workspace was exported");
                None
            }
            Ok(Err(error)) => {
                tracing::warn!(sandbox.id = %sandbox, %error, "an export broke off");
                Some(Err(io::Error::other(error)))
            }
            Err(error) => {
                tracing::error!(sandbox.id = %sandbox, %error, "making an archive ended unexpectedly");
                Some(Err(io::Error::other(error)))
            }
        }
    }
}

/// Hands on what is written; waits when nobody reads, but not for ever.
struct Portions {
    sender: mpsc::Sender<Bytes>,
    runtime: Handle,
    patience: Duration,
}

impl Write for Portions {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sending = async { self.sender.send_timeout(Bytes::copy_from_slice(bytes), self.patience).await };
        self.runtime.block_on(sending).map_err(|error| match error {
            SendTimeoutError::Closed(_) => io::ErrorKind::BrokenPipe,
            SendTimeoutError::Timeout(_) => io::ErrorKind::TimedOut,
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn somebody_who_stops_reading_is_not_waited_for_without_end() {
        let (sender, mut portions) = mpsc::channel(1);
        let mut output = Portions { sender, runtime: Handle::current(), patience: Duration::from_millis(20) };
        let writing = tokio::task::spawn_blocking(move || {
            let written = output.write(b"read").and_then(|_| output.write(b"not read"));
            (written.expect_err("is not taken").kind(), output)
        });
        let (kind, mut output) = writing.await.expect("no panic");
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert_eq!(portions.recv().await.as_deref(), Some(&b"read"[..]));
        drop(portions);
        let writing = tokio::task::spawn_blocking(move || output.write(b"x").expect_err("is gone").kind());
        assert_eq!(writing.await.expect("no panic"), io::ErrorKind::BrokenPipe);
    }
}
