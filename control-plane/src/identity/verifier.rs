//! Verifies that a client certificate is one of ours. Whether its time is over is not asked here but after the
//! handshake, where the agent can be told in words: a TLS alert says neither why nor what to do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::clock::Clock;

/// Accepts certificates that a root of ours stands behind, by the control plane's own clock.
pub struct AgentVerifier {
    webpki: Arc<dyn ClientCertVerifier>,
    clock: Clock,
}

impl AgentVerifier {
    /// Trusts these roots.
    pub fn new(
        roots: impl IntoIterator<Item = CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root)?;
        }
        Ok(Self { webpki: WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider).build()?, clock })
    }
}

impl fmt::Debug for AgentVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentVerifier").field(&self.webpki).finish()
    }
}

impl ClientCertVerifier for AgentVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    /// Verifies the chain as of now, or as of the nearest time at which the certificate is valid.
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let (_, certificate) =
            X509Certificate::from_der(end_entity).map_err(|_| Error::from(CertificateError::BadEncoding))?;
        let validity = certificate.validity();
        let (first, last) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        let seconds = self.clock.now().as_seconds().min(last).max(first);
        let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        self.webpki.verify_client_cert(end_entity, intermediates, time)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
