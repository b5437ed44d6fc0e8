//! One HTTP/2 connection to the control plane. TCP and TLS are made here, before tonic sees them:
//! its errors would hide who answered and why the handshake failed.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use slipway_proto::{SESSION_SERVER_NAME, limits};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};

use super::identity::Identity;
use super::tls;

/// Sent but unacknowledged bytes older than this end a connection (the system's own limit is about 15 minutes).
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the control plane listens for agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    host: String,
    port: u16,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not of the form https://HOST:PORT");
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| wrong())?;
        let (Some("https"), Some(host), Some(port)) = (uri.scheme_str(), uri.host(), uri.port_u16()) else {
            return Err(wrong());
        };
        if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
            return Err(wrong());
        }
        Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What a connection is for; decides the HTTP/2 windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Session and logs: small messages.
    Control,
    /// Artifacts. A connection of its own, because streams share the connection's window.
    Bulk,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("the control plane at {address} cannot be reached")]
    Unreachable { address: Address, source: io::Error },
    #[error("the control plane at {address} does not answer")]
    TimedOut { address: Address },
    #[error("the TLS handshake with the control plane at {address} failed")]
    Handshake { address: Address, source: io::Error },
    #[error(
        "the control plane at {address} presents another certificate authority than the one in the token; wrong address, or somebody is in between"
    )]
    OtherAuthority { address: Address },
    #[error("the control plane at {address} does not speak HTTP/2 as expected")]
    Http { address: Address, source: tonic::transport::Error },
    #[error("TLS cannot be set up")]
    Setup(#[source] anyhow::Error),
}

/// Connects with the sandbox's certificate.
pub(crate) async fn connect_session(
    address: &Address,
    identity: &Identity,
    purpose: Purpose,
) -> Result<Channel, ConnectError> {
    let config = tls::session_config(identity).map_err(ConnectError::Setup)?;
    connect(address, config, SESSION_SERVER_NAME, purpose).await
}

/// Connects by the given server name.
pub(super) async fn connect(
    address: &Address,
    config: ClientConfig,
    server_name: &'static str,
    purpose: Purpose,
) -> Result<Channel, ConnectError> {
    let timed_out = || ConnectError::TimedOut { address: address.clone() };
    let unreachable = |source| ConnectError::Unreachable { address: address.clone(), source };
    let tcp = timeout(limits::CONNECT_TIMEOUT, TcpStream::connect((address.host.as_str(), address.port)))
        .await
        .map_err(|_| timed_out())?
        .map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(unreachable)?;
    // Not every sandbox kernel knows it; HTTP/2 PINGs find a dead peer as well.
    let _ = setsockopt(&tcp, TcpUserTimeout, &u32::try_from(TCP_USER_TIMEOUT.as_millis()).unwrap_or(u32::MAX));

    let name = ServerName::try_from(server_name).map_err(|error| ConnectError::Setup(error.into()))?;
    let stream = timeout(limits::CONNECT_TIMEOUT, TlsConnector::from(Arc::new(config)).connect(name, tcp))
        .await
        .map_err(|_| timed_out())?
        .map_err(|source| {
            if tls::is_other_authority(&source) {
                ConnectError::OtherAuthority { address: address.clone() }
            } else {
                ConnectError::Handshake { address: address.clone(), source }
            }
        })?;

    // Handed over once: when the connection is lost, the caller makes a new one and resynchronises.
    let stream = Mutex::new(Some(stream));
    let connector = tower::service_fn(move |_: Uri| {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(stream.map(TokioIo::new).ok_or(io::Error::from(io::ErrorKind::NotConnected)))
    });
    let (stream_window, connection_window) = match purpose {
        Purpose::Control => (limits::CONTROL_STREAM_WINDOW_BYTES, limits::CONTROL_CONNECTION_WINDOW_BYTES),
        Purpose::Bulk => (limits::BULK_STREAM_WINDOW_BYTES, limits::BULK_CONNECTION_WINDOW_BYTES),
    };
    Endpoint::from_static("http://slipway")
        .initial_stream_window_size(stream_window)
        .initial_connection_window_size(connection_window)
        .http2_keep_alive_interval(limits::AGENT_PING_INTERVAL)
        .keep_alive_timeout(limits::PING_TIMEOUT)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(limits::HEADER_LIST_BYTES)
        .connect_with_connector(connector)
        .await
        .map_err(|source| ConnectError::Http { address: address.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(text.parse::<Address>().ok().map(|address| address.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn addresses_are_https_with_a_port() {
        check("https://127.0.0.1:7071", Some("127.0.0.1:7071"));
        check("https://slipway.example:7071/", Some("slipway.example:7071"));
        check("https://[::1]:7071", Some("[::1]:7071"));
        check("http://127.0.0.1:7071", None);
        check("https://127.0.0.1", None);
        check("https://127.0.0.1:7071/agents", None);
        check("127.0.0.1:7071", None);
        check("", None);
    }
}
