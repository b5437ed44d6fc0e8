//! Who is at the other end, read from the TLS connection once and carried with every request.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;
use tonic::{Request, Status};

use crate::identity::SandboxIdentity;

/// What a connection may do.
#[derive(Debug, Clone)]
pub(super) enum Peer {
    /// Came by the enrolment name, without a certificate: may enrol.
    Unknown { address: SocketAddr },
    /// Came by the session name with a certificate of ours.
    Sandbox { identity: SandboxIdentity, address: SocketAddr },
}

/// An accepted connection.
pub(super) struct Connection {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) peer: Peer,
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

/// The sandbox that is asking. Never read from a message.
pub(super) fn sandbox_of<T>(request: &Request<T>) -> Result<SandboxIdentity, Status> {
    match request.extensions().get::<Peer>() {
        Some(Peer::Sandbox { identity, .. }) => Ok(identity.clone()),
        _ => Err(Status::unauthenticated("this service needs a client certificate; enrol first")),
    }
}

/// Where the request comes from.
pub(super) fn address_of<T>(request: &Request<T>) -> Option<SocketAddr> {
    request.extensions().get::<Peer>().map(|peer| match peer {
        Peer::Unknown { address } | Peer::Sandbox { address, .. } => *address,
    })
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
