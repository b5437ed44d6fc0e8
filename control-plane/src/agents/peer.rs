//! Who is at the other end, read from the TLS connection once and carried with every request.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;
use tonic::{Request, Status};

use super::admission::Refusal;
use super::connections::{Counted, Registered};
use super::socket::Socket;
use crate::identity::SandboxIdentity;

/// What a connection may do.
#[derive(Debug, Clone)]
pub(super) enum Peer {
    /// Came by the enrolment name, without a certificate: may enrol.
    Unknown { address: SocketAddr },
    /// Came by the session name with a certificate of ours that is good.
    Sandbox { identity: SandboxIdentity, address: SocketAddr, cut: CancellationToken },
    /// The same with one that is not. Every request is answered with the reason, because an agent that is
    /// hung up on tries again for ever.
    Refused { refusal: Refusal, address: SocketAddr },
}

/// An accepted connection, and what it counts in as long as it lasts.
pub(super) struct Connection {
    pub(super) stream: TlsStream<Socket>,
    pub(super) peer: Peer,
    pub(super) _slot: Option<OwnedSemaphorePermit>,
    pub(super) _counted: Option<Counted>,
    pub(super) _registered: Option<Registered>,
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

/// The sandbox that is asking. Never read from a message.
pub(super) fn sandbox_of<T>(request: &Request<T>) -> Result<SandboxIdentity, Status> {
    connection_of(request).map(|(identity, _)| identity)
}

/// The same with what ends its connection at once.
pub(super) fn connection_of<T>(request: &Request<T>) -> Result<(SandboxIdentity, CancellationToken), Status> {
    match request.extensions().get::<Peer>() {
        Some(Peer::Sandbox { identity, cut, .. }) => Ok((identity.clone(), cut.clone())),
        Some(Peer::Refused { refusal, .. }) => Err((*refusal).into()),
        Some(Peer::Unknown { .. }) | None => {
            Err(Status::unauthenticated("this service needs a client certificate; enrol first"))
        }
    }
}

/// Where the request comes from.
pub(super) fn address_of<T>(request: &Request<T>) -> Option<SocketAddr> {
    request.extensions().get::<Peer>().map(|peer| match peer {
        Peer::Unknown { address } | Peer::Sandbox { address, .. } | Peer::Refused { address, .. } => *address,
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
