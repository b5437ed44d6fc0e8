//! One bounded HTTP/1.1 accept loop for REST and for the sites of the `local` provider: so many
//! connections, so long for the headers, and a shutdown that lets requests finish.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::accept::Accept;

/// Connections of one listener; further ones wait in the kernel's backlog.
const CONNECTIONS: usize = 1024;
/// A client must have sent its headers by then.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Request line and headers together.
const HEADER_BYTES: usize = 64 * 1024;
/// Time for open requests to finish at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// Who is at the other end of a connection; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves until `stop`, then lets open requests finish for a few seconds.
pub async fn serve<S>(listener: TcpListener, service: S, stop: CancellationToken)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let accept = Accept::new(listener, CONNECTIONS, stop);
    let graceful = GracefulShutdown::new();
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(HEADER_BYTES);
    while let Some((stream, slot)) = accept.next().await {
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let peer = stream.peer_addr().ok().map(Peer);
        let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            service.clone().call(request.map(Body::new))
        });
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks off is the client's business.
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(accept);
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}
