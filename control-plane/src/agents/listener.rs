//! The TLS accept loop. TLS 1.3 only. The server name decides what is asked of a client: the
//! enrolment name takes anybody, the session name takes only certificates of our authority.
//!
//! tonic's own TLS is not used: it can neither look at the certificate before the first request nor
//! change its settings while it runs.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota};
use rustls::ServerConfig;
use rustls::server::Acceptor;
use slipway_proto::{ENROLL_SERVER_NAME, SESSION_SERVER_NAME, limits};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::connections::Counted;
use super::peer::{Connection, Peer};
use super::socket::Socket;
use crate::accept::{Accept, allow_many_connections};
use crate::clock::Clock;
use crate::identity::{AgentVerifier, Authority, MAINTAIN_INTERVAL, SandboxIdentity};
use crate::observe::metrics;

/// Connections in the middle of their handshake, at about 20 KiB each; further ones wait.
const HANDSHAKES: usize = 1_024;
/// Accepted connections that tonic has not taken yet.
const ACCEPTED_QUEUE: usize = 64;
/// Time to enrol, or to prove an expired certificate's key, on one connection.
const ENROLLMENT_TIME: Duration = Duration::from_secs(60);
/// Time to hear why one is refused.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// Connections whose peer is known, until the gateway stops.
pub(super) fn accept(
    listener: TcpListener,
    gateway: &Gateway,
) -> anyhow::Result<impl Stream<Item = io::Result<Connection>> + use<>> {
    allow_many_connections();
    let (tls_sender, tls) = watch::channel(Arc::new(Tls::new(&gateway.admission.authority, gateway.clock.clone())?));
    tokio::spawn(maintain_authority(gateway.clone(), tls_sender));
    let (sender, receiver) = mpsc::channel(ACCEPTED_QUEUE);
    let most =
        usize::try_from(gateway.admission.settings.connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
    let accept = Accept::new(listener, most, gateway.stop.clone());
    let (handshakes, pace) =
        (Arc::new(Semaphore::new(HANDSHAKES)), Pace::new(gateway.admission.settings.handshakes_per_second));
    let gateway = gateway.clone();
    tokio::spawn(async move {
        while let Some((tcp, slot)) = accept.next().await {
            let Ok(address) = tcp.peer_addr() else { continue };
            let most = gateway.admission.settings.unauthenticated_connections_per_address;
            let Some(counted) = gateway.connections.count_stranger(address.ip(), most) else {
                tracing::debug!(%address, "too many connections of one address that show no certificate");
                continue;
            };
            let paced = async {
                pace.wait().await;
                // Fails only for a semaphore that was closed, and nobody closes this one.
                handshakes.clone().acquire_owned().await.ok()
            };
            let handshaking = tokio::select! {
                () = gateway.stop.cancelled() => return,
                handshaking = paced => handshaking,
            };
            let (gateway, tls, sender) = (gateway.clone(), tls.borrow().clone(), sender.clone());
            tokio::spawn(async move {
                let connection = greet(tcp, address, &tls, &gateway, slot, counted).await;
                drop(handshaking);
                metrics().handshake_ended(match &connection {
                    Ok(connection) if matches!(connection.peer, Peer::Refused { .. }) => "refused",
                    Ok(_) => "accepted",
                    Err(_) => "failed",
                });
                match connection {
                    Ok(connection) => drop(sender.send(Ok(connection)).await),
                    // Port scans and load balancers' probes end here all day.
                    Err(error) => tracing::debug!(%address, %error, "TLS handshake with an agent failed"),
                }
            });
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// Shakes hands and finds out what the peer may do.
async fn greet(
    tcp: TcpStream,
    address: SocketAddr,
    tls: &Tls,
    gateway: &Gateway,
    slot: Option<OwnedSemaphorePermit>,
    counted: Counted,
) -> io::Result<Connection> {
    let handshake = tokio::time::timeout(limits::CONNECT_TIMEOUT, handshake(tcp, tls));
    let (mut stream, identity) = handshake.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let cut = CancellationToken::new();
    let socket = stream.get_mut().0;
    let Some(identity) = identity else {
        socket.open(ENROLLMENT_TIME, cut);
        let peer = Peer::Unknown { address };
        return Ok(Connection { stream, peer, _slot: slot, _counted: Some(counted), _registered: None });
    };
    // Registered before it is judged, so that a revocation that comes in between finds it.
    let most = gateway.admission.settings.connections_per_sandbox;
    let registered = gateway.connections.register(identity.sandbox_id, &identity.serial, cut.clone(), most);
    match gateway.admission.admit(&identity, address.ip()).await {
        Ok(()) => {
            // A connection never outlives its certificate.
            socket.open(identity.not_after.since(gateway.clock.now()), cut.clone());
            let peer = Peer::Sandbox { identity, address, cut };
            Ok(Connection { stream, peer, _slot: slot, _counted: None, _registered: Some(registered) })
        }
        Err(refusal) => {
            tracing::warn!(sandbox.id = %identity.sandbox_id, %address, ?refusal, "refused an agent");
            socket.open(REFUSAL_TIME, cut);
            let peer = Peer::Refused { refusal, address };
            Ok(Connection { stream, peer, _slot: slot, _counted: Some(counted), _registered: None })
        }
    }
}

/// The identity, when the peer came by the session name.
async fn handshake(tcp: TcpStream, tls: &Tls) -> io::Result<(TlsStream<Socket>, Option<SandboxIdentity>)> {
    tcp.set_nodelay(true)?;
    let start = LazyConfigAcceptor::new(Acceptor::default(), Socket::new(tcp)).await?;
    let is_enrolling = match start.client_hello().server_name() {
        Some(ENROLL_SERVER_NAME) => true,
        Some(SESSION_SERVER_NAME) => false,
        other => return Err(io::Error::other(format!("unknown server name {other:?}"))),
    };
    let config = if is_enrolling { &tls.enroll } else { &tls.session };
    let stream = start.into_stream(config.clone()).await?;
    if is_enrolling {
        return Ok((stream, None));
    }
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let leaf = certificates.first().ok_or_else(|| io::Error::other("no client certificate"))?;
    let identity = SandboxIdentity::from_certificate(leaf).map_err(io::Error::other)?;
    Ok((stream, Some(identity)))
}

/// So many handshakes a second, as many at once; the others wait their turn.
struct Pace {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        let quota = Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN));
        let clock = DefaultClock::default();
        Self { limiter: DefaultDirectRateLimiter::direct_with_clock(quota, clock.clone()), clock }
    }

    async fn wait(&self) {
        while let Err(early) = self.limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
    }
}

/// How handshakes are made now.
struct Tls {
    enroll: Arc<ServerConfig>,
    session: Arc<ServerConfig>,
}

impl Tls {
    fn new(authority: &Authority, clock: Clock) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(AgentVerifier::new(authority.roots(), provider.clone(), clock)?);
        let server = authority.server();
        let (chain, key) = (server.chain.clone(), server.key.clone_key());
        let base =
            || ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[&rustls::version::TLS13]);
        let mut enroll = base()?.with_no_client_auth().with_single_cert(chain.clone(), key.clone_key())?;
        let mut session = base()?.with_client_cert_verifier(verifier).with_single_cert(chain, key)?;
        for config in [&mut enroll, &mut session] {
            config.alpn_protocols = vec![b"h2".to_vec()];
            // A resumed session would carry on a certificate that has been revoked or has expired since.
            config.send_tls13_tickets = 0;
        }
        Ok(Self { enroll: Arc::new(enroll), session: Arc::new(session) })
    }
}

/// Replaces what the authority signs with, and what handshakes show, when it is time. Connections that are
/// open stay.
async fn maintain_authority(gateway: Gateway, tls: watch::Sender<Arc<Tls>>) {
    loop {
        tokio::select! {
            () = gateway.stop.cancelled() => return,
            () = tokio::time::sleep(MAINTAIN_INTERVAL) => {}
        }
        let next = match gateway.admission.authority.maintain().await {
            Ok(false) => continue,
            Ok(true) => Tls::new(&gateway.admission.authority, gateway.clock.clone()),
            Err(error) => Err(error),
        };
        match next {
            Ok(next) => drop(tls.send_replace(Arc::new(next))),
            Err(error) => tracing::error!(error = format!("{error:#}"), "the certificate authority cannot be renewed"),
        }
    }
}
