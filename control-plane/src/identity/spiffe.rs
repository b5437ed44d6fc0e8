//! An agent's identity is the one URI in its certificate: `spiffe://<trust-domain>/sandbox/<id>`.
//! No message field can add to it or replace it.

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::clock::Timestamp;
use crate::ids::SandboxId;

/// Names this installation; agents of another one are strangers.
const TRUST_DOMAIN: &str = "slipway.internal";

/// What a verified client certificate says.
#[derive(Debug, Clone)]
pub struct SandboxIdentity {
    /// The sandbox it names.
    pub sandbox_id: SandboxId,
    /// Serial number, as stored.
    pub serial: Vec<u8>,
    /// When it ends; the connection must not outlive it.
    pub not_after: Timestamp,
}

/// A certificate of ours that does not name exactly one sandbox.
#[derive(Debug, thiserror::Error)]
#[error("the client certificate does not name one sandbox of this installation")]
pub struct InvalidIdentity;

/// The URI of a sandbox.
pub(super) fn sandbox_uri(id: SandboxId) -> String {
    format!("spiffe://{TRUST_DOMAIN}/sandbox/{id}")
}

impl SandboxIdentity {
    /// Reads a certificate whose chain TLS has verified.
    pub fn from_certificate(der: &[u8]) -> Result<Self, InvalidIdentity> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| InvalidIdentity)?;
        let names = certificate.subject_alternative_name().map_err(|_| InvalidIdentity)?.ok_or(InvalidIdentity)?;
        let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else { return Err(InvalidIdentity) };
        let prefix = format!("spiffe://{TRUST_DOMAIN}/sandbox/");
        let sandbox_id: SandboxId = uri.strip_prefix(&prefix).and_then(|id| id.parse().ok()).ok_or(InvalidIdentity)?;
        // A UUID has many spellings; only ours names a sandbox.
        if sandbox_uri(sandbox_id) != *uri {
            return Err(InvalidIdentity);
        }
        Ok(Self {
            sandbox_id,
            serial: certificate.tbs_certificate.raw_serial().to_vec(),
            not_after: Timestamp::from_millis(certificate.validity().not_after.timestamp().saturating_mul(1_000)),
        })
    }
}
