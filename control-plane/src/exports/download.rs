//! The body of an answer that is an archive: made by a thread of its own while it is being read. It ends well only
//! when the archive is whole; otherwise it breaks, so that nobody takes a part for all of it.

use std::io::{self, Write};

use bytes::Bytes;
use futures::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::archive::{self, ArchiveError, Format, Total};
use super::{Export, Piece, Slot};

/// Portions of the archive that are made and not yet read.
const PORTIONS_WAITING: usize = 2;

/// Makes an archive of an export whose first frame has come. Dropping the stream ends the export.
pub fn download(export: Export, first: Vec<Piece>, format: Format) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let Export { frames, slot } = export;
    let (sender, portions) = mpsc::channel(PORTIONS_WAITING);
    let making = tokio::task::spawn_blocking(move || archive::write(format, first, frames, Portions(sender)));
    let body = Body { portions, making: Some(making), slot };
    futures::stream::unfold(body, |mut body| async move { body.next().await.map(|portion| (portion, body)) })
}

struct Body {
    portions: mpsc::Receiver<Bytes>,
    making: Option<JoinHandle<Result<Total, ArchiveError>>>,
    slot: Slot,
}

impl Body {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if let Some(portion) = self.portions.recv().await {
            return Some(Ok(portion));
        }
        let sandbox = self.slot.sandbox;
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

/// Hands on what is written; waits when nobody reads.
struct Portions(mpsc::Sender<Bytes>);

impl Write for Portions {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let portion = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(portion).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
