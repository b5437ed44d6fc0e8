//! What our certificates say: root, intermediate, gateway, agent. Of a request only its public key is used.

use std::time::Duration;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};
use slipway_proto::{ENROLL_SERVER_NAME, SESSION_SERVER_NAME, limits};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::spiffe::sandbox_uri;
use crate::clock::Timestamp;
use crate::ids::SandboxId;
use crate::secrets::{random_bytes, sha256};

/// Of an agent's certificate: control planes that share a database have clocks of their own.
const AGENT_BACKDATE: Duration = Duration::from_secs(60);
/// Of what agents check by their own clocks, which may be far behind.
const BACKDATE: Duration = Duration::from_secs(24 * 60 * 60);

/// From when to when a certificate is valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub(super) begins: Timestamp,
    pub(super) ends: Timestamp,
}

/// An agent's certificate and what it certifies.
pub(super) struct AgentLeaf {
    pub(super) der: Vec<u8>,
    pub(super) serial: Vec<u8>,
    /// Of the public key.
    pub(super) key_sha256: [u8; 32],
}

/// A root with this name.
pub(super) fn root(name: &str, key: &KeyPair, life: Life) -> anyhow::Result<CertificateDer<'static>> {
    Ok(authority(name, 1, life).self_signed(key)?.der().clone())
}

/// An intermediate that signs certificates of agents and gateways, and no further authority.
pub(super) fn intermediate(
    name: &str,
    key: &KeyPair,
    root: &Issuer<'_, KeyPair>,
    life: Life,
) -> anyhow::Result<CertificateDer<'static>> {
    Ok(authority(name, 0, life).signed_by(key, root)?.der().clone())
}

fn authority(name: &str, authorities_below: u8, life: Life) -> CertificateParams {
    let mut params = params(life, BACKDATE);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(authorities_below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The gateway, under both of its names.
pub(super) fn gateway(
    key: &KeyPair,
    issuer: &Issuer<'_, KeyPair>,
    life: Life,
) -> anyhow::Result<CertificateDer<'static>> {
    let mut params = params(life, BACKDATE);
    params.serial_number = Some(SerialNumber::from_slice(&positive_serial()));
    params.subject_alt_names =
        vec![SanType::DnsName(ENROLL_SERVER_NAME.try_into()?), SanType::DnsName(SESSION_SERVER_NAME.try_into()?)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params.signed_by(key, issuer)?.der().clone())
}

/// The agent of a sandbox.
///
/// # Errors
/// When the request is malformed or not signed with its own key.
pub(super) fn agent(
    sandbox: SandboxId,
    csr_der: &[u8],
    issuer: &Issuer<'_, KeyPair>,
    life: Life,
) -> anyhow::Result<AgentLeaf> {
    anyhow::ensure!(csr_der.len() <= limits::CSR_BYTES, "the request is larger than {} bytes", limits::CSR_BYTES);
    // rcgen verifies the request's own signature while parsing.
    let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(csr_der))
        .context("the certificate request cannot be read")?;
    let serial = positive_serial();
    let mut params = params(life, AGENT_BACKDATE);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.subject_alt_names = vec![SanType::URI(sandbox_uri(sandbox).try_into()?)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(AgentLeaf {
        der: params.signed_by(&request.public_key, issuer)?.der().to_vec(),
        serial: serial.to_vec(),
        key_sha256: sha256(&request.public_key.subject_public_key_info()),
    })
}

/// Whether a root may have intermediates: those that were made before there were any may not.
pub(super) fn may_certify_authorities(root_der: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(root_der) else { return false };
    let constraints = certificate.basic_constraints();
    constraints.is_ok_and(|found| found.is_some_and(|found| found.value.path_len_constraint != Some(0)))
}

/// The common name of a certificate.
pub(super) fn name_of(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    certificate.subject().iter_common_name().next()?.as_str().ok().map(str::to_owned)
}

/// Whether `leaf` says that it was signed under the name of `authority`.
pub(super) fn names_as_issuer(leaf_der: &[u8], authority_der: &[u8]) -> bool {
    let parsed = (X509Certificate::from_der(leaf_der), X509Certificate::from_der(authority_der));
    let (Ok((_, leaf)), Ok((_, authority))) = parsed else { return false };
    leaf.issuer().as_raw() == authority.subject().as_raw()
}

fn params(life: Life, backdate: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = life.begins.minus(backdate).to_datetime();
    params.not_after = life.ends.to_datetime();
    params
}

/// 128 bits, of which the first is 0: DER would put a zero byte before a serial that looks negative,
/// and the first byte is never 0, so that what is stored is what the certificate shows.
fn positive_serial() -> [u8; 16] {
    let mut serial = random_bytes::<16>();
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}
