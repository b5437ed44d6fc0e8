//! The TCP side of an agent's connection: so many bytes before the peer is known, and an end that nothing
//! above it can put off. When the end comes, reading and writing fail, and with them every stream of the
//! connection: session, logs, uploads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// More than any handshake of an agent needs: two certificates are about a kilobyte.
const HANDSHAKE_BYTES: usize = 16 * 1024;

/// A TCP stream that can be cut.
pub(super) struct Socket {
    tcp: TcpStream,
    /// What may still be read before the peer is known; `None` once it is.
    allowance: Option<usize>,
    end: Option<End>,
}

struct End {
    cut: CancellationToken,
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Socket {
    /// For a handshake.
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, allowance: Some(HANDSHAKE_BYTES), end: None }
    }

    /// The handshake is over: no limit of bytes any more, and an end after `life`, or when `cut` says so.
    pub(super) fn open(&mut self, life: Duration, cut: CancellationToken) {
        self.allowance = None;
        let (is_cut, timer) = (cut.clone().cancelled_owned(), cut.clone());
        let over = Box::pin(async move {
            if tokio::time::timeout(life, is_cut).await.is_err() {
                timer.cancel();
            }
        });
        self.end = Some(End { cut, over });
    }
}

fn has_ended() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the connection was cut")
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(end) = &mut self.end
            && (end.cut.is_cancelled() || end.over.as_mut().poll(cx).is_ready())
        {
            return Poll::Ready(Err(has_ended()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        let read = buffer.filled().len() - before;
        if let Some(allowance) = &mut self.allowance {
            let Some(left) = allowance.checked_sub(read) else {
                return Poll::Ready(Err(io::Error::other("the handshake is larger than agreed")));
            };
            *allowance = left;
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.end.as_ref().is_some_and(|end| end.cut.is_cancelled()) {
            return Poll::Ready(Err(has_ended()));
        }
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.end.as_ref().is_some_and(|end| end.cut.is_cancelled()) {
            return Poll::Ready(Err(has_ended()));
        }
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair() -> (TcpStream, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let client = TcpStream::connect(listener.local_addr().expect("has one")).await.expect("connects");
        (client, Socket::new(listener.accept().await.expect("accepts").0))
    }

    #[tokio::test]
    async fn a_handshake_has_an_end_and_a_connection_does_not() {
        let (mut client, mut socket) = pair().await;
        let mut bytes = vec![0; HANDSHAKE_BYTES];
        client.write_all(&bytes).await.expect("writes");
        socket.read_exact(&mut bytes).await.expect("is within the allowance");
        client.write_all(&[0; 2]).await.expect("writes");
        socket.read_u8().await.expect_err("is too much");

        let (mut client, mut socket) = pair().await;
        socket.open(Duration::from_secs(60), CancellationToken::new());
        client.write_all(&[bytes.as_slice(), &[0; 2]].concat()).await.expect("writes");
        socket.read_exact(&mut bytes).await.expect("reads");
        socket.read_u16().await.expect("reads on");
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_cut_by_hand_and_by_time() {
        let (_client, mut socket) = pair().await;
        let cut = CancellationToken::new();
        socket.open(Duration::from_secs(60), cut.clone());
        let (read, ()) = tokio::join!(socket.read_u8(), async { cut.cancel() });
        assert_eq!(read.expect_err("is cut").kind(), io::ErrorKind::ConnectionAborted);
        socket.write_all(&[1]).await.expect_err("nothing goes out either");

        let (_client, mut socket) = pair().await;
        socket.open(Duration::from_millis(1), CancellationToken::new());
        assert_eq!(socket.read_u8().await.expect_err("is over").kind(), io::ErrorKind::ConnectionAborted);
    }
}
