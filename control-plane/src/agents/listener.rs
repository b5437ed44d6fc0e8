//! The TLS accept loop. TLS 1.3 only. The server name decides what is asked of a client: the
//! enrolment name takes anybody, the session name takes only certificates of our authority.
//!
//! tonic's own TLS is not used: it can neither look at the certificate before the first request nor
//! change its settings while it runs.

use std::io;
use std::sync::Arc;

use futures::Stream;
use rustls::server::{Acceptor, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use slipway_proto::{ENROLL_SERVER_NAME, SESSION_SERVER_NAME, limits};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::LazyConfigAcceptor;
use tokio_stream::wrappers::ReceiverStream;

use super::Gateway;
use super::peer::{Connection, Peer};
use crate::accept::Accept;
use crate::identity::SandboxIdentity;
use crate::store::{SandboxState, Store};

/// Connections in the middle of their handshake.
const HANDSHAKES: usize = 64;
/// Accepted connections that tonic has not taken yet.
const ACCEPTED_QUEUE: usize = 64;

struct Tls {
    enroll: Arc<ServerConfig>,
    session: Arc<ServerConfig>,
}

/// Connections whose peer is known, until the gateway stops.
pub(super) fn accept(
    listener: TcpListener,
    gateway: &Gateway,
) -> anyhow::Result<impl Stream<Item = io::Result<Connection>> + use<>> {
    let tls = Arc::new(tls_configs(gateway)?);
    let (sender, receiver) = mpsc::channel(ACCEPTED_QUEUE);
    let (store, clock, stop) = (gateway.store.clone(), gateway.clock.clone(), gateway.stop.clone());
    let accept = Accept::new(listener, HANDSHAKES, stop);
    tokio::spawn(async move {
        while let Some((tcp, slot)) = accept.next().await {
            let (tls, store, clock, sender) = (tls.clone(), store.clone(), clock.clone(), sender.clone());
            tokio::spawn(async move {
                let handshake = tokio::time::timeout(limits::CONNECT_TIMEOUT, handshake(tcp, &tls));
                match handshake.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                    Ok(connection) => match check_revocation(&connection.peer, &store, clock.now()).await {
                        Ok(()) => drop(sender.send(Ok(connection)).await),
                        Err(reason) => tracing::warn!(peer = ?connection.peer, reason, "refused an agent's connection"),
                    },
                    // Port scans and load balancers' probes end here all day.
                    Err(error) => tracing::debug!(%error, "TLS handshake with an agent failed"),
                }
                drop(slot);
            });
        }
    });
    Ok(ReceiverStream::new(receiver))
}

async fn handshake(tcp: TcpStream, tls: &Tls) -> io::Result<Connection> {
    tcp.set_nodelay(true)?;
    let address = tcp.peer_addr()?;
    let start = LazyConfigAcceptor::new(Acceptor::default(), tcp).await?;
    let is_enrolling = match start.client_hello().server_name() {
        Some(ENROLL_SERVER_NAME) => true,
        Some(SESSION_SERVER_NAME) => false,
        other => return Err(io::Error::other(format!("unknown server name {other:?}"))),
    };
    let config = if is_enrolling { &tls.enroll } else { &tls.session };
    let stream = start.into_stream(config.clone()).await?;
    let peer = if is_enrolling {
        Peer::Unknown { address }
    } else {
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let leaf = certificates.first().ok_or_else(|| io::Error::other("no client certificate"))?;
        let identity = SandboxIdentity::from_certificate(leaf).map_err(io::Error::other)?;
        Peer::Sandbox { identity, address }
    };
    Ok(Connection { stream, peer })
}

/// The database is the truth about revocation, not the certificate.
async fn check_revocation(peer: &Peer, store: &Store, now: crate::clock::Timestamp) -> Result<(), &'static str> {
    match peer {
        Peer::Unknown { .. } => Ok(()),
        Peer::Sandbox { identity, .. } => check_identity(identity, store, now).await,
    }
}

/// Whether a sandbox may (still) speak.
pub(super) async fn check_identity(
    identity: &SandboxIdentity,
    store: &Store,
    now: crate::clock::Timestamp,
) -> Result<(), &'static str> {
    if identity.not_after <= now {
        return Err("the certificate has expired");
    }
    let certificate = store.certificate(&identity.serial).await.map_err(|_| "the database is away")?;
    let sandbox = store.sandbox(identity.sandbox_id).await.map_err(|_| "the database is away")?;
    match (certificate, sandbox) {
        (Some(certificate), Some(sandbox)) if certificate.sandbox_id == sandbox.id => {
            if certificate.revoked_at.is_some() || sandbox.state != SandboxState::Active {
                Err("revoked: this sandbox may not connect any more")
            } else {
                Ok(())
            }
        }
        _ => Err("the certificate or its sandbox is not known here"),
    }
}

fn tls_configs(gateway: &Gateway) -> anyhow::Result<Tls> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(gateway.authority.certificate().clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let (chain, key) = gateway.authority.issue_server()?;
    let base =
        || ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[&rustls::version::TLS13]);
    let mut enroll = base()?.with_no_client_auth().with_single_cert(chain.clone(), key.clone_key())?;
    let mut session = base()?.with_client_cert_verifier(verifier).with_single_cert(chain, key)?;
    for config in [&mut enroll, &mut session] {
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session would carry on a certificate that has been revoked or has expired since.
        config.send_tls13_tickets = 0;
    }
    Ok(Tls { enroll: Arc::new(enroll), session: Arc::new(session) })
}
