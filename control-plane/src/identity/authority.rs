//! The certificate authority: signs agents' certificates and the gateway's own.
//!
//! Its key lives in the database, sealed with the master key. What an agent's certificate says is
//! policy here; of the agent's request only the public key is used.

use std::time::Duration;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use slipway_proto::{ENROLL_SERVER_NAME, SESSION_SERVER_NAME, limits};

use super::spiffe::sandbox_uri;
use crate::clock::{Clock, Timestamp};
use crate::ids::{AuthorityId, SandboxId};
use crate::secrets::{Record, Vault, random_bytes, sha256};
use crate::store::{AgentCertificate, Store};

const AUTHORITY_LIFE: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);
/// The gateway's certificate is made anew at each start.
const SERVER_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Clocks differ; a certificate is valid a little before it was made.
const BACKDATE: Duration = Duration::from_secs(60);
const TABLE: &str = "certificate_authorities";

/// The authority, ready to sign.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    clock: Clock,
}

/// A certificate made for an agent.
pub struct Issued {
    /// For the database.
    pub record: AgentCertificate,
    /// SHA-256 of the public key it certifies.
    pub key_sha256: [u8; 32],
}

impl Authority {
    /// Opens the stored authority, or makes one on the first start.
    pub async fn load_or_create(store: &Store, vault: &Vault, clock: Clock) -> anyhow::Result<Self> {
        let (certificate, key) = match store.authority().await? {
            Some((id, certificate, sealed)) => {
                let record = Record::of_installation(TABLE, id.as_bytes());
                (certificate, KeyPair::try_from(vault.open(record, &sealed).await?.as_slice())?)
            }
            None => Self::create(store, vault, clock.now()).await?,
        };
        let certificate = CertificateDer::from(certificate);
        let issuer = Issuer::from_ca_cert_der(&certificate, key).context("the stored authority is damaged")?;
        Ok(Self { issuer, certificate, clock })
    }

    async fn create(store: &Store, vault: &Vault, now: Timestamp) -> anyhow::Result<(Vec<u8>, KeyPair)> {
        let key = KeyPair::generate()?;
        let id = AuthorityId::new();
        let not_after = now.plus(AUTHORITY_LIFE);
        let mut params = params(now, not_after);
        params.distinguished_name.push(DnType::CommonName, format!("Slipway agents {id}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.der().to_vec();
        let record = Record::of_installation(TABLE, id.as_bytes());
        let sealed = vault.seal(record, key.serialized_der()).await?;
        store.insert_authority(id, &certificate, &sealed, now, not_after).await?;
        Ok((certificate, key))
    }

    /// What agents must trust.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of the authority's certificate: the pin in every enrolment token.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.certificate)
    }

    /// Certifies the public key of `csr_der` for a sandbox. Nothing else of the request counts.
    ///
    /// # Errors
    /// When the request is malformed or not signed with its own key.
    pub fn issue_agent(&self, sandbox: SandboxId, csr_der: &[u8]) -> anyhow::Result<Issued> {
        anyhow::ensure!(csr_der.len() <= limits::CSR_BYTES, "the request is larger than {} bytes", limits::CSR_BYTES);
        // rcgen verifies the request's own signature while parsing.
        let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(csr_der))
            .context("the certificate request cannot be read")?;
        let now = self.clock.now();
        let not_after = now.plus(limits::CERTIFICATE_LIFE);
        let serial = positive_serial();
        let mut params = params(now, not_after);
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.subject_alt_names = vec![SanType::URI(sandbox_uri(sandbox).try_into()?)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&request.public_key, &self.issuer)?;
        Ok(Issued {
            record: AgentCertificate {
                serial: serial.to_vec(),
                sandbox_id: sandbox,
                leaf_der: certificate.der().to_vec(),
                not_after,
                revoked_at: None,
            },
            key_sha256: sha256(&request.public_key.subject_public_key_info()),
        })
    }

    /// Makes the gateway's own chain and key for both of its names.
    pub fn issue_server(&self) -> anyhow::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let key = KeyPair::generate()?;
        let now = self.clock.now();
        let mut params = params(now, now.plus(SERVER_LIFE));
        params.serial_number = Some(SerialNumber::from_slice(&positive_serial()));
        params.subject_alt_names =
            vec![SanType::DnsName(ENROLL_SERVER_NAME.try_into()?), SanType::DnsName(SESSION_SERVER_NAME.try_into()?)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok((chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }
}

fn params(now: Timestamp, not_after: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = now.minus(BACKDATE).to_datetime();
    params.not_after = not_after.to_datetime();
    params
}

/// 128 bits, of which the first is 0: DER would put a zero byte before a serial that looks negative,
/// and the first byte is never 0, so that what is stored is what the certificate shows.
fn positive_serial() -> [u8; 16] {
    let mut serial = random_bytes::<16>();
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SandboxIdentity;
    use x509_parser::prelude::{FromDer, X509Certificate};

    async fn authority() -> Authority {
        let store = crate::store::in_memory().await;
        let vault = crate::secrets::vault_over(&store).await;
        Authority::load_or_create(&store, &vault, Clock::system()).await.expect("authority")
    }

    #[tokio::test]
    async fn an_agents_certificate_says_what_we_say_whatever_it_asked_for() {
        let authority = authority().await;
        let key = KeyPair::generate().expect("key");
        let mut wish = CertificateParams::new(vec!["evil.example".to_owned()]).expect("params");
        wish.distinguished_name.push(DnType::CommonName, "root");
        wish.subject_alt_names.push(SanType::URI("spiffe://slipway.internal/sandbox/x".try_into().expect("ascii")));
        let csr = wish.serialize_request(&key).expect("request");

        let sandbox = SandboxId::new();
        let issued = authority.issue_agent(sandbox, csr.der()).expect("issued");
        let identity = SandboxIdentity::from_certificate(&issued.record.leaf_der).expect("one identity");
        assert_eq!(identity.sandbox_id, sandbox);
        assert_eq!(identity.serial, issued.record.serial);

        let (_, certificate) = X509Certificate::from_der(&issued.record.leaf_der).expect("parses");
        assert_eq!(certificate.subject().iter().count(), 0);
        let names = certificate.subject_alternative_name().expect("well-formed").expect("present");
        assert!(names.critical, "an empty subject makes the names critical (RFC 5280, 4.2.1.6)");
        assert_eq!(names.value.general_names.len(), 1);
        assert!(!certificate.is_ca());
        let usage = certificate.extended_key_usage().expect("well-formed").expect("present").value;
        assert!(usage.client_auth && !usage.server_auth);
    }

    #[tokio::test]
    async fn a_request_that_is_not_signed_with_its_key_is_refused() {
        let authority = authority().await;
        let key = KeyPair::generate().expect("key");
        let csr = CertificateParams::default().serialize_request(&key).expect("request");
        let mut der = csr.der().to_vec();
        let last = der.len() - 1;
        der[last] ^= 1;
        assert!(authority.issue_agent(SandboxId::new(), &der).is_err());
        assert!(authority.issue_agent(SandboxId::new(), &[0; limits::CSR_BYTES + 1]).is_err());
    }

    #[tokio::test]
    async fn a_server_certificate_is_no_agent() {
        let (chain, _) = authority().await.issue_server().expect("issued");
        assert!(SandboxIdentity::from_certificate(&chain[0]).is_err());
    }
}
