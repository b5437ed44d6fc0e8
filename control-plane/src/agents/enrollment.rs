//! Giving a sandbox its identity: enrolment by a single-use token.
//!
//! A token is bound to the first key it is used with. The same key may ask again for ten minutes, so
//! that a lost answer is harmless; another key means that somebody else has the token, and what was
//! issued is revoked.

use std::net::IpAddr;

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq;
use tonic::{Request, Response, Status};

use slipway_proto::token::EnrollmentToken as Token;
use slipway_proto::v1::enrollment_server::Enrollment;
use slipway_proto::v1::{
    ChallengeRenewalRequest, ChallengeRenewalResponse, EnrollRequest, EnrollResponse, IssuedCertificate,
    RenewExpiredRequest, RenewResponse,
};
use slipway_proto::{PROTOCOL, common_protocol, limits};

use super::admission::Admission;
use super::peer::address_of;
use super::renewal::Challenges;
use crate::audit::{Action, Actor, Entry, Facts};
use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::identity::Authority;
use crate::ids::SandboxId;
use crate::observe::metrics;
use crate::secrets::{random_bytes, sha256};
use crate::store::{AgentCertificate, Sandbox, SandboxState, Store, TokenUse, Tx};

/// The answer to a request for a token. Shown once.
pub struct EnrollmentToken {
    /// The token, with the authority's fingerprint in it.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Makes a token for a sandbox.
pub async fn new_enrollment_token(
    store: &Store,
    authority: &Authority,
    clock: &Clock,
    sandbox: SandboxId,
) -> Result<EnrollmentToken, Error> {
    let token = Token { secret: random_bytes(), ca_fingerprint: authority.fingerprint() };
    let now = clock.now();
    let expires_at = now.plus(limits::ENROLLMENT_TOKEN_LIFE);
    let mut tx = store.begin().await?;
    tx.insert_enrollment_token(&sha256(&token.secret), sandbox, now, expires_at).await?;
    tx.commit().await?;
    Ok(EnrollmentToken { token: token.encode(), expires_at })
}

pub(super) struct EnrollmentApi {
    admission: Admission,
    challenges: Challenges,
}

impl EnrollmentApi {
    pub(super) fn new(admission: Admission) -> Self {
        Self { admission, challenges: Challenges::default() }
    }
}

#[tonic::async_trait]
impl Enrollment for EnrollmentApi {
    async fn enroll(&self, request: Request<EnrollRequest>) -> Result<Response<EnrollResponse>, Status> {
        let address = address_of(&request);
        let request = request.into_inner();
        if common_protocol(PROTOCOL, request.protocol.unwrap_or_default()).is_none() {
            return Err(incompatible(&request.agent_version));
        }
        let token = Token::parse(&request.token).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let exchanged = self.exchange(&token, &request.csr_der, address.map(|address| address.ip())).await;
        metrics().enrollment_ended(if exchanged.is_ok() { "enrolled" } else { "refused" });
        let certificate = exchanged?;
        tracing::info!(sandbox.id = %certificate.sandbox_id, ?address, "an agent enrolled");
        Ok(Response::new(EnrollResponse {
            sandbox_id: certificate.sandbox_id.to_string(),
            certificate: Some(self.admission.answer(&certificate)),
        }))
    }

    async fn challenge_renewal(
        &self,
        _: Request<ChallengeRenewalRequest>,
    ) -> Result<Response<ChallengeRenewalResponse>, Status> {
        let nonce = self.challenges.nonce(self.admission.clock.now());
        Ok(Response::new(ChallengeRenewalResponse { nonce }))
    }

    async fn renew_expired(&self, request: Request<RenewExpiredRequest>) -> Result<Response<RenewResponse>, Status> {
        let address = address_of(&request).map(|address| address.ip());
        let renewed = self.admission.renew_expired(&self.challenges, &request.into_inner(), address).await?;
        Ok(Response::new(RenewResponse { certificate: Some(self.admission.answer(&renewed)) }))
    }
}

impl EnrollmentApi {
    async fn exchange(
        &self,
        token: &Token,
        csr_der: &[u8],
        address: Option<IpAddr>,
    ) -> Result<AgentCertificate, Status> {
        let admission = &self.admission;
        let digest = sha256(&token.secret);
        let now = admission.clock.now();
        let mut tx = admission.store.begin().await.map_err(Error::from)?;
        let Some(known) = tx.enrollment_token(&digest).await.map_err(Error::from)? else {
            return Err(Status::permission_denied("this enrolment token is not known here; create a new one"));
        };
        let sandbox = tx.sandbox(known.sandbox_id).await.map_err(Error::from)?;
        let sandbox = sandbox
            .filter(|sandbox| sandbox.state == SandboxState::Active)
            .ok_or_else(|| Status::permission_denied("revoked: this sandbox may not connect any more"))?;
        let issued = admission
            .authority
            .issue_agent(known.sandbox_id, csr_der, admission.settings.certificate_life, None)
            .map_err(|error| Status::invalid_argument(format!("{error:#}")))?;
        match judge(&known, &issued.key_sha256, now) {
            Presented::Fresh => {}
            Presented::Expired => {
                return Err(Status::permission_denied(format!(
                    "this enrolment token expired at {}; create a new one",
                    known.expires_at
                )));
            }
            Presented::Again => {
                let serial = known.used_serial.as_deref().unwrap_or_default();
                let first = tx.known_certificate(serial).await.map_err(Error::from)?;
                // Revoked also when the token was used with two keys: nobody gets it any more.
                return first.map(|first| first.certificate).filter(|first| first.revoked_at.is_none()).ok_or_else(
                    || Status::permission_denied("what this enrolment token gave was revoked; create a new one"),
                );
            }
            Presented::Stolen => {
                self.revoke_stolen(tx, &known, &sandbox, address).await?;
                return Err(Status::permission_denied(
                    "this enrolment token was used with another key before; both are refused now. Create a new one",
                ));
            }
        }
        tx.insert_certificate(&issued.record, now).await.map_err(Error::from)?;
        tx.use_enrollment_token(&digest, now, &issued.key_sha256, &issued.record.serial).await.map_err(Error::from)?;
        let actor = Actor::agent(sandbox.id, &sandbox.name, address);
        let facts = about(&sandbox, &issued.record.serial);
        tx.record(&Entry::done(Action::AgentEnroll, actor, facts, now)).await.map_err(Error::from)?;
        tx.commit().await.map_err(Error::from)?;
        Ok(issued.record)
    }

    /// Two have the token: what it gave is revoked, whoever of them got it, and what came of that by renewal.
    async fn revoke_stolen(
        &self,
        mut tx: Tx,
        known: &TokenUse,
        sandbox: &Sandbox,
        address: Option<IpAddr>,
    ) -> Result<(), Status> {
        let now = self.admission.clock.now();
        let serial = known.used_serial.as_deref().unwrap_or_default();
        if tx.revoke_lineage(sandbox.id, serial, now).await.map_err(Error::from)? > 0 {
            let facts = about(sandbox, serial).with("reason", "its enrolment token was used with two keys");
            let actor = Actor::system().by_request(None, address);
            tx.record(&Entry::done(Action::AgentRevoke, actor, facts, now)).await.map_err(Error::from)?;
        }
        tx.commit().await.map_err(Error::from)?;
        self.admission.sessions.disconnect(sandbox.id);
        tracing::error!(sandbox.id = %sandbox.id, "an enrolment token was used with two keys; the certificate it gave is revoked");
        Ok(())
    }
}

fn about(sandbox: &Sandbox, serial: &[u8]) -> Facts {
    let facts = Facts::of(sandbox.user_id, "sandbox", sandbox.id.as_uuid());
    facts.with("certificate_serial", HEXLOWER.encode(serial))
}

/// What it means that a token comes with this key.
#[derive(Debug, PartialEq, Eq)]
enum Presented {
    /// For the first time, in time.
    Fresh,
    /// Too late, whoever has it.
    Expired,
    /// By the same key, whose answer was lost.
    Again,
    /// By another key: somebody else has it.
    Stolen,
}

fn judge(known: &TokenUse, key_sha256: &[u8], now: Timestamp) -> Presented {
    let (Some(used), Some(at)) = (&known.used_key_sha256, known.used_at) else {
        return if known.expires_at <= now { Presented::Expired } else { Presented::Fresh };
    };
    let is_same = bool::from(used.as_slice().ct_eq(key_sha256));
    // The first answer may be lost in the last second of the token's life.
    let ends = if is_same { at.plus(limits::ENROLLMENT_TOKEN_LIFE) } else { known.expires_at };
    match is_same {
        _ if ends <= now => Presented::Expired,
        true => Presented::Again,
        false => Presented::Stolen,
    }
}

impl Admission {
    pub(super) fn answer(&self, certificate: &AgentCertificate) -> IssuedCertificate {
        IssuedCertificate {
            chain_der: self.authority.chain_of(&certificate.leaf_der),
            ca_bundle_der: self.authority.roots().iter().map(|root| root.to_vec()).collect(),
            not_after_unix_seconds: certificate.not_after.as_seconds(),
            server_time_unix_seconds: self.clock.now().as_seconds(),
        }
    }
}

/// Versions that do not meet say so plainly on both sides.
pub(super) fn incompatible(agent_version: &str) -> Status {
    Status::failed_precondition(format!(
        "slipway {} and slipway-agent {agent_version} do not understand each other; install versions at most one minor apart",
        env!("CARGO_PKG_VERSION")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SandboxId;
    use std::time::Duration;

    #[test]
    fn a_token_is_judged_by_key_and_time() {
        let made = Timestamp::from_millis(1_000_000);
        let minutes = |count: u64| made.plus(Duration::from_secs(count * 60));
        let fresh = TokenUse {
            sandbox_id: SandboxId::new(),
            expires_at: minutes(10),
            used_at: None,
            used_key_sha256: None,
            used_serial: None,
        };
        assert_eq!(judge(&fresh, &[1], minutes(9)), Presented::Fresh);
        assert_eq!(judge(&fresh, &[1], minutes(10)), Presented::Expired);

        let used = TokenUse { used_at: Some(minutes(9)), used_key_sha256: Some(vec![1]), ..fresh };
        assert_eq!(judge(&used, &[1], minutes(9)), Presented::Again);
        assert_eq!(judge(&used, &[2], minutes(9)), Presented::Stolen);
        // The token has ended; who used it in time may still ask for the answer, and nobody else does harm.
        assert_eq!(judge(&used, &[1], minutes(18)), Presented::Again);
        assert_eq!(judge(&used, &[2], minutes(11)), Presented::Expired);
        assert_eq!(judge(&used, &[1], minutes(19)), Presented::Expired);
    }
}
