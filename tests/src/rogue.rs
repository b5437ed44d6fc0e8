//! A hostile agent: speaks the protocol by hand and says whatever a test wants it to say.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use slipway_proto::v1::enrollment_client::EnrollmentClient;
use slipway_proto::v1::{EnrollRequest, EnrollResponse};
use slipway_proto::{ENROLL_SERVER_NAME, PROTOCOL, SESSION_SERVER_NAME};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::control_plane::ControlPlane;

/// A key that nobody else has.
pub struct RogueKey(KeyPair);

impl RogueKey {
    /// A new key.
    pub fn generate() -> Self {
        Self(KeyPair::generate().expect("a key"))
    }

    fn csr(&self) -> Vec<u8> {
        CertificateParams::default().serialize_request(&self.0).expect("a request").der().to_vec()
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.0.serialize_der()).into()
    }

    /// A certificate for this key that some other authority made.
    pub fn self_signed(&self, san_uri: &str) -> Vec<CertificateDer<'static>> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![rcgen::SanType::URI(san_uri.try_into().expect("ASCII"))];
        vec![params.self_signed(&self.0).expect("signs").der().clone()]
    }
}

/// Uses an enrolment token with a key.
pub async fn enroll(control_plane: &ControlPlane, token: &str, key: &RogueKey) -> Result<EnrollResponse, Status> {
    let channel = connect(control_plane, ENROLL_SERVER_NAME, None)
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let request = EnrollRequest {
        token: token.to_owned(),
        csr_der: key.csr(),
        agent_version: "0.1.0".to_owned(),
        protocol: Some(PROTOCOL),
    };
    EnrollmentClient::new(channel).enroll(request).await.map(tonic::Response::into_inner)
}

/// Opens a connection to the session services with a certificate, or without one.
pub async fn session_channel(
    control_plane: &ControlPlane,
    identity: Option<(&RogueKey, Vec<CertificateDer<'static>>)>,
) -> anyhow::Result<Channel> {
    connect(control_plane, SESSION_SERVER_NAME, identity).await
}

/// The chain of an enrolment's answer.
pub fn chain(response: &EnrollResponse) -> Vec<CertificateDer<'static>> {
    let certificate = response.certificate.as_ref().expect("has a certificate");
    certificate.chain_der.iter().map(|der| CertificateDer::from(der.clone())).collect()
}

/// Opens a connection to the enrolment service, and sends nothing.
pub async fn enrollment_channel(control_plane: &ControlPlane) -> anyhow::Result<Channel> {
    connect(control_plane, ENROLL_SERVER_NAME, None).await
}

/// A TLS connection to the session services over which nobody speaks HTTP/2 yet.
pub async fn session_stream(
    control_plane: &ControlPlane,
    key: &RogueKey,
    chain: Vec<CertificateDer<'static>>,
) -> anyhow::Result<TlsStream<TcpStream>> {
    let (connector, address) = connector(control_plane, Some((key, chain)))?;
    let name = ServerName::try_from(SESSION_SERVER_NAME)?;
    Ok(connector.connect(name, TcpStream::connect(address).await?).await?)
}

async fn connect(
    control_plane: &ControlPlane,
    server_name: &'static str,
    identity: Option<(&RogueKey, Vec<CertificateDer<'static>>)>,
) -> anyhow::Result<Channel> {
    let (connector, address) = connector(control_plane, identity)?;
    let channel = Endpoint::from_static("http://slipway")
        .connect_with_connector(tower::service_fn(move |_| {
            let connector = connector.clone();
            async move {
                let tcp = TcpStream::connect(address).await?;
                let name = ServerName::try_from(server_name).map_err(std::io::Error::other)?;
                connector.connect(name, tcp).await.map(TokioIo::new)
            }
        }))
        .await?;
    Ok(channel)
}

fn connector(
    control_plane: &ControlPlane,
    identity: Option<(&RogueKey, Vec<CertificateDer<'static>>)>,
) -> anyhow::Result<(TlsConnector, SocketAddr)> {
    let address: SocketAddr = control_plane.agent_url.trim_start_matches("https://").parse()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustAnybody));
    let mut config = match identity {
        Some((key, chain)) => builder.with_client_auth_cert(chain, key.private())?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok((TlsConnector::from(Arc::new(config)), address))
}

/// A rogue does not care whom it talks to.
#[derive(Debug)]
struct TrustAnybody;

impl ServerCertVerifier for TrustAnybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
