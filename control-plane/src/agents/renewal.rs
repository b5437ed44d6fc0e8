//! The next certificate of an agent that has one: by the connection it secures, or, when it has ended, by a
//! proof that its key is still held. Either way the new one is pending until it is used.

use std::net::IpAddr;
use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use slipway_proto::renewal_proof;
use slipway_proto::v1::identity_server::Identity;
use slipway_proto::v1::{RenewExpiredRequest, RenewRequest, RenewResponse};
use tonic::{Request, Response, Status};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::admission::{Admission, Refusal, is_present};
use super::peer::sandbox_of;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::identity::{SandboxIdentity, standing};
use crate::secrets::random_bytes;
use crate::store::{AgentCertificate, Tx};

/// A certificate is not renewed again in the first part of its life: so many renewals fit in one at most.
const MOST_RENEWALS_IN_A_LIFE: u32 = 10;
/// How long a nonce may be used.
const NONCE_LIFE: Duration = Duration::from_secs(60);
const NONCE_RANDOM_BYTES: usize = 16;
const NONCE_TIME_BYTES: usize = 8;

pub(super) struct IdentityApi(pub(super) Admission);

#[tonic::async_trait]
impl Identity for IdentityApi {
    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let next = self.0.renew(&sandbox_of(&request)?, &request.get_ref().csr_der).await?;
        Ok(Response::new(RenewResponse { certificate: Some(self.0.answer(&next)) }))
    }
}

impl Admission {
    /// Issues the successor of the certificate that is in use.
    pub(super) async fn renew(&self, identity: &SandboxIdentity, csr_der: &[u8]) -> Result<AgentCertificate, Status> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await.map_err(Error::from)?;
        let known = tx.known_certificate(&identity.serial).await.map_err(Error::from)?;
        is_present(standing(identity, known.as_ref(), self.settings.certificate_life, now))?;
        let present = known.ok_or(Refusal::Unknown)?.certificate;
        let earliest = self.settings.certificate_life / MOST_RENEWALS_IN_A_LIFE;
        if present.first_used_at.is_some_and(|first| now < first.plus(earliest)) {
            return Err(Status::resource_exhausted("this certificate is too new to be renewed"));
        }
        let next = self.insert_successor(&mut tx, &present, csr_der).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(next)
    }

    async fn insert_successor(
        &self,
        tx: &mut Tx,
        present: &AgentCertificate,
        csr_der: &[u8],
    ) -> Result<AgentCertificate, Status> {
        let next = self
            .authority
            .issue_agent(present.sandbox_id, csr_der, self.settings.certificate_life, Some(&present.lineage))
            .map_err(|error| Status::invalid_argument(format!("{error:#}")))?
            .record;
        tx.insert_successor(&next, self.clock.now()).await.map_err(Error::from)?;
        Ok(next)
    }

    /// Renews a certificate that has ended, as it does while a sandbox is paused. It must be the last one of
    /// its sandbox, and not too old.
    pub(super) async fn renew_expired(
        &self,
        challenges: &Challenges,
        request: &RenewExpiredRequest,
        address: Option<IpAddr>,
    ) -> Result<AgentCertificate, Status> {
        let now = self.clock.now();
        if !challenges.are_mine(&request.nonce, now) {
            return Err(Status::unavailable("the challenge is not valid any more; ask for another"));
        }
        let identity = SandboxIdentity::from_certificate(&request.certificate_der).map_err(|_| Refusal::Unknown)?;
        let mut tx = self.store.begin().await.map_err(Error::from)?;
        let known = tx.known_certificate(&identity.serial).await.map_err(Error::from)?;
        // What was sent is only as good as what we have of it.
        let known = known.filter(|known| known.certificate.leaf_der == request.certificate_der);
        if known.is_none() || !is_proven(request) {
            return Err(Refusal::Unknown.into());
        }
        let standing = standing(&identity, known.as_ref(), self.settings.certificate_life, now);
        match is_present(standing) {
            // Perhaps it has not ended by our clock: its agent's is ahead.
            Ok(()) | Err(Refusal::Expired) => {}
            // By now its agent has the next one, and would have asked with that.
            Err(Refusal::Superseded) => {
                drop(tx);
                let reason = "an expired certificate was to be renewed after its successor was used";
                self.quarantine(identity.sandbox_id, &identity.serial, reason, address).await?;
                return Err(Refusal::Quarantined.into());
            }
            Err(refusal) => return Err(refusal.into()),
        }
        let present = known.ok_or(Refusal::Unknown)?.certificate;
        let window = self.settings.expired_renewal;
        if present.not_after.plus(window) <= now {
            let hours = window.as_secs() / 3600;
            return Err(Status::failed_precondition(format!(
                "the certificate expired at {}, and this control plane renews expired ones for {hours} hours only",
                present.not_after
            )));
        }
        if present.first_used_at.is_none() {
            // Whoever holds its key uses it: the one before is superseded.
            self.note_first_use(&mut tx, &present, now).await?;
        }
        let next = self.insert_successor(&mut tx, &present, &request.csr_der).await?;
        tx.commit().await.map_err(Error::from)?;
        tracing::info!(sandbox.id = %next.sandbox_id, ?address, "an expired certificate was renewed");
        Ok(next)
    }
}

/// Whether the request is signed by the key of the certificate in it.
fn is_proven(request: &RenewExpiredRequest) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(&request.certificate_der) else { return false };
    let proof = renewal_proof(&request.nonce, &crate::secrets::sha256(&request.csr_der));
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &certificate.public_key().subject_public_key.data)
        .verify(&proof, &request.signature)
        .is_ok()
}

/// Nonces that need not be remembered: random bytes, a time, and our code over both.
pub(super) struct Challenges(hmac::Key);

impl Default for Challenges {
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self(key.expect("the operating system provides random bytes"))
    }
}

impl Challenges {
    pub(super) fn nonce(&self, now: Timestamp) -> Vec<u8> {
        let ends = now.plus(NONCE_LIFE).as_millis().to_be_bytes();
        let mut nonce = [random_bytes::<NONCE_RANDOM_BYTES>().as_slice(), &ends].concat();
        let code = hmac::sign(&self.0, &nonce);
        nonce.extend_from_slice(code.as_ref());
        nonce
    }

    fn are_mine(&self, nonce: &[u8], now: Timestamp) -> bool {
        let Some((signed, code)) = nonce.split_at_checked(NONCE_RANDOM_BYTES + NONCE_TIME_BYTES) else { return false };
        let Some(ends) = signed.last_chunk::<NONCE_TIME_BYTES>() else { return false };
        hmac::verify(&self.0, signed, code).is_ok() && now < Timestamp::from_millis(i64::from_be_bytes(*ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_a_minute_and_here_only() {
        let (ours, theirs, now) = (Challenges::default(), Challenges::default(), Timestamp::from_millis(1_000_000));
        let mut nonce = ours.nonce(now);
        assert_ne!(ours.nonce(now), nonce);
        assert!(ours.are_mine(&nonce, now.plus(NONCE_LIFE / 2)));
        assert!(!ours.are_mine(&nonce, now.plus(NONCE_LIFE)));
        assert!(!theirs.are_mine(&nonce, now));
        nonce[NONCE_RANDOM_BYTES] ^= 1;
        assert!(!ours.are_mine(&nonce, now));
        assert!(!ours.are_mine(&[], now));
    }
}
