//! TLS as the agent speaks it: version 1.3 only, HTTP/2 only, no system roots. Before enrolment the
//! authority is the one whose fingerprint is in the token; afterwards the one that came with the
//! certificate. There is no trust on first use and no switch to turn the check off.

use std::sync::Arc;

use anyhow::Context;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::identity::Identity;

/// For enrolment: trusts only the authority with this fingerprint, and shows no certificate.
pub(super) fn enrollment_config(ca_fingerprint: [u8; 32]) -> anyhow::Result<ClientConfig> {
    let provider = provider();
    let verifier = PinnedAuthority { ca_fingerprint, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous() // replaces the verifier by a stricter one
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(common(config))
}

/// For renewing a certificate that has ended: the authority is known, and there is none to show.
pub(super) fn server_authenticated_config(identity: &Identity) -> anyhow::Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(trusted(identity)?)
        .with_no_client_auth();
    Ok(common(config))
}

fn trusted(identity: &Identity) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for authority in &identity.ca_bundle_der {
        roots.add(CertificateDer::from(authority.clone())).context("the control plane's authority cannot be read")?;
    }
    Ok(roots)
}

/// For everything else: mutual TLS.
pub(super) fn session_config(identity: &Identity) -> anyhow::Result<ClientConfig> {
    let chain = identity.chain_der.iter().cloned().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key_der.clone()));
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(trusted(identity)?)
        .with_client_auth_cert(chain, key)
        .context("the agent's certificate and key do not fit")?;
    Ok(common(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn common(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A resumed session would carry on an identity that has been renewed since.
    config.resumption = Resumption::disabled();
    config
}

/// Accepts a chain only when the pinned authority is in it and has signed it.
#[derive(Debug)]
struct PinnedAuthority {
    ca_fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl PinnedAuthority {
    fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.provider.signature_verification_algorithms
    }
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_pinned =
            |certificate: &&CertificateDer<'_>| digest(&SHA256, certificate).as_ref() == self.ca_fingerprint;
        let authority = std::iter::once(end_entity).chain(intermediates).find(is_pinned).ok_or(OTHER_AUTHORITY)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, self.algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, self.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms().supported_schemes()
    }
}

/// What [`PinnedAuthority`] says when the pinned authority is not in the chain.
const OTHER_AUTHORITY: Error = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);

/// Whether a handshake failed because somebody else answered.
pub(super) fn is_other_authority(error: &std::io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    matches!(
        cause,
        Some(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure
                | CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }
        ))
    )
}
